"""The root group: names every command, loads its module only when it is called, and says errors in one place."""

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from subscribers.errors import NewsletterError

# name -> (module, attribute, one line of help); the help stands here so that `--help` loads no module.
COMMANDS = {
    "init": ("setup", "init", "Write a configuration with a new secret key and make the database."),
    "doctor": ("doctor", "doctor", "Say what is wrong with this installation."),
    "db": ("setup", "db", "Bring the database up to date, check it, or let go of what was kept long enough."),
    "version": ("setup", "version", "Print the version."),
    "demo": ("demo", "demo", "Run the whole job once with made-up families and a local inbox."),
    "run": ("run", "run", "Serve the pages, keep the schedule and send, in one process."),
    "worker": ("machines", "worker", "Send and prepare campaigns beside any number of other workers."),
    "scheduler": ("machines", "scheduler", "Keep the schedule for the workers, beside any number of others."),
    "lists": ("lists", "lists", "Make and show the lists that people subscribe to."),
    "subscribers": ("subscribers", "subscribers", "Import, add, show, unsubscribe and suppress subscribers."),
    "households": ("households", "households", "Show, join and part the households of guardians."),
    "segments": ("segments", "segments", "Name rules that choose subscribers, and count them."),
    "media": ("media", "media", "Add and show the pictures and files that issues use."),
    "issues": ("issues", "issues", "Import, check, preview and test issues."),
    "workshops": ("workshops", "workshops", "Say once when and where a workshop is."),
    "submissions": ("submissions", "submissions", "Ask others for sections of an issue, and take them in."),
    "campaigns": ("campaigns", "campaigns", "Aim an issue at an audience, schedule it, and follow it."),
    "series": ("series", "series", "Open the next issue's draft by itself, and remind the editor."),
    "send": ("send", "send", "Run the senders here until a campaign ends."),
    "feedback": ("feedback", "feedback", "Read what came back by mail: bounces, complaints, automatic replies."),
    "webhooks": ("webhooks", "webhooks", "Tell other systems what happens here."),
    "reports": ("reports", "reports", "Show what came back."),
}

# What a child process needs for the texts that a command reads.
_MODULES_FOR_TEXTS: Mapping[tuple[str, ...], str] = {
    ("issues", "import"): "newsletter.checks",
    ("issues", "check"): "newsletter.checks",
    ("issues", "preview"): "newsletter.sending.previews",
    ("issues", "gallery"): "newsletter.sending.galleries",
    ("issues", "test"): "newsletter.sending.previews",
    ("campaigns", "approve"): "newsletter.checks",
    ("campaigns", "schedule"): "newsletter.checks",
}


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of a working day."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"newsletter.commands.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show each command's line without loading it."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def root() -> None:
    """Newsletters for school communities: one issue, every family its own view, every copy accounted for."""


class ArgumentUnreadable(NewsletterError):
    """What was typed is not text in UTF-8. Rename the file, or type the words anew."""


def run(arguments: list[str] | None = None) -> Any:
    """Run the command line; a person's mistake becomes one sentence on stderr and exit code 1."""
    said = sys.argv[1:] if arguments is None else arguments
    try:
        _refuse_bytes(said)
        _start_child(*said[:2])
        return root.main(args=said, prog_name="newsletter")
    except NewsletterError as error:
        sentence = str(error)
    except OverflowError:
        sentence = "There is no number as large as the one that you gave."
    except Exception as error:
        told = _of_the_database(error)
        if told is None:
            raise
        sentence = told
    click.echo(f"Error: {sentence}", err=True)
    sys.exit(1)


def _start_child(*command: str) -> None:
    """Where the command reads texts, let a child load its modules while this process loads those of the command."""
    module = _MODULES_FOR_TEXTS.get(command)
    if module is not None:
        from newsletter.confinement.children import confined  # noqa: PLC0415 - other commands need none

        confined().start(module)


def _refuse_bytes(arguments: Sequence[str]) -> None:
    """Raise `ArgumentUnreadable` where an argument is no text: of other bytes Python makes lone surrogates."""
    try:
        " ".join(arguments).encode()
    except UnicodeEncodeError as error:
        raise ArgumentUnreadable from error


def _of_the_database(error: Exception) -> str | None:
    """What an error of SQLAlchemy's says; None of another. The package is not loaded for a command without it."""
    loaded = sys.modules.get("sqlalchemy.exc")
    if loaded is None or not isinstance(error, loaded.DatabaseError | loaded.InterfaceError):
        return None
    if isinstance(error, loaded.OperationalError | loaded.InterfaceError):
        return "The database cannot be reached or written. Nothing is lost; see that it runs, and try again."
    if isinstance(error, loaded.DataError) and "out of range" in str(error.orig):
        return "There is no number as large as the one that you gave."
    if "malformed" in str(error.orig) or "not a database" in str(error.orig):
        return "The database's file is damaged, or is no database. Put a copy that is whole in its place."
    return None
