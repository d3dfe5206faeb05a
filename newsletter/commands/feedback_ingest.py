"""`newsletter feedback ingest`: bring mail that came back to the ledger."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from newsletter import mail_places
from newsletter.app import App
from newsletter.errors import NewsletterError
from newsletter.mail_places import ImapFolder, Maildir
from newsletter.mailboxes import imap, maildirs
from newsletter.mailboxes.taking import Taken, Trial
from newsletter.mailboxes.watching import take_all

from . import feedback_output as output
from .mail_files import mail_in
from .output import json_option, opened, say
from .signals import told_to_stop


class SourceMissing(NewsletterError):
    """Say where the mail is: a file or folder, --maildir, --imap, or NEWSLETTER_FEEDBACK."""


class OneSource(NewsletterError):
    """Give one place to take mail from: a file or folder, --maildir, or --imap."""


class NothingToWatch(NewsletterError):
    """Only a mailbox can be watched: give --maildir, --imap, or NEWSLETTER_FEEDBACK."""


class WatchChanges(NewsletterError):
    """A watch takes what it finds: leave out --dry-run and --json."""


@click.command()
@click.argument("path", required=False, type=click.Path(allow_dash=True))
@click.option("--imap", "url", metavar="URL", help="A mail server's folder: imaps://user@host/INBOX.")
@click.option("--maildir", metavar="DIR", help="A Maildir: what is new in it is taken and moved to cur.")
@click.option("--watch", "is_watch", is_flag=True, help="Go on looking until it is told to stop (Ctrl-C).")
@click.option("--dry-run", "is_dry", is_flag=True, help="Say what would be done, and do nothing.")
@json_option
def ingest(path: str | None, url: str | None, maildir: str | None, is_watch: bool, is_dry: bool, as_json: bool) -> None:
    """Take bounces and complaints from PATH (a message, an mbox, a folder of .eml) or from a mailbox.

    Each message is committed before the next; the same again changes nothing. The password of a mailbox comes from
    NEWSLETTER_FEEDBACK_PASSWORD. Without any place, it is that of NEWSLETTER_FEEDBACK.
    """
    with opened() as app:
        place = _place(app, path, url, maildir)
        if is_watch:
            _keep_watching(app, place, quiet=is_dry or as_json)
            return
        taken: list[list[Taken]] = []
        trouble: NewsletterError | None = None
        try:
            taken.extend(_messages(app, place, is_dry=is_dry))
        except NewsletterError as error:
            trouble = error
        facts = output.facts(taken, is_dry=is_dry)
        say(facts, lambda console: output.ingested(console, facts), as_json=as_json)
        if trouble is not None:
            raise trouble


def _place(app: App, path: str | None, url: str | None, maildir: str | None) -> str | ImapFolder | Maildir:
    given = [one for one in (path, url, maildir) if one]
    if len(given) > 1:
        raise OneSource
    if path:
        return path
    if url:
        return mail_places.parse_imap(url)
    place = Maildir(Path(maildir)) if maildir else mail_places.parse(app.settings.feedback)
    if place is None:
        raise SourceMissing
    return place


def _messages(app: App, place: str | ImapFolder | Maildir, *, is_dry: bool) -> Iterator[list[Taken]]:
    desk, password = app.returns.desk(), app.settings.feedback_password.get_secret_value()
    trial = Trial(desk)
    if isinstance(place, str):
        take = trial.look if is_dry else desk.take
        yield from (take(mail.file, mail.raw) for mail in mail_in(place))
    elif not is_dry:
        yield from take_all(desk, place, password)
    elif isinstance(place, Maildir):
        yield from (trial.look(str(file), maildirs.beginning(file)) for file in maildirs.unread(place.folder))
    else:
        yield from imap.look(trial, place, password)


def _keep_watching(app: App, place: str | ImapFolder | Maildir, *, quiet: bool) -> None:
    if isinstance(place, str):
        raise NothingToWatch
    if quiet:
        raise WatchChanges
    watch = app.returns.watch_over(place)
    click.echo(f"Watching {place}. Ctrl-C stops it.")
    stop = threading.Event()
    worker = threading.Thread(target=watch.keep, args=(stop, _say_one), daemon=True)
    with told_to_stop() as told:
        worker.start()
        told.wait()
    stop.set()
    worker.join(timeout=2)


def _say_one(taken: list[Taken]) -> None:
    facts: dict[str, Any] = output.facts([taken], is_dry=False)
    console = Console(highlight=False)
    for row in facts["rows"]:
        console.print(output.line(row), markup=False)
