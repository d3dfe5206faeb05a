"""`newsletter issues preview` and `test`: an issue as a family gets it, on the screen or in a mailbox."""

import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.text import Text
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.campaigns import streams
from newsletter.campaigns.gates import bound_revision
from newsletter.campaigns.streams import TestIssue
from newsletter.engine.embedded import send_campaign
from newsletter.errors import NewsletterError
from newsletter.issues import issues as store
from newsletter.issues.document import Document
from newsletter.ledger import listing
from newsletter.ledger import streams as ledger_streams
from newsletter.ledger.tables import DeliveryState
from newsletter.rendering.appearances import in_the_dark, without_pictures
from newsletter.rendering.variants import visible
from newsletter.sending.previews import Family, Preview, family_of, family_with
from newsletter.sending.previews import preview as make_preview
from newsletter.tokens import Signer
from subscribers import subscribers
from subscribers.addresses import EmailAddress
from subscribers.grades import parse_grade
from subscribers.tables import List, Role

from .files import write_bytes
from .named import list_named, newest
from .output import json_option, opened, say
from .send import NOT_FINISHED

_HTML = "html"
_Command = TypeVar("_Command", bound=Callable[..., Any])
_OPEN = (DeliveryState.PENDING, DeliveryState.ATTEMPTING, DeliveryState.DEFERRED)
_id = click.argument("issue_id", type=int, metavar="ID")


class NoListYet(NewsletterError):
    """A test mail goes out in a list's name. Make one first: newsletter lists create families --name "Families"."""


def _family_options(command: _Command) -> _Command:
    """Add whom it is for: `--as`, or `--grade`, `--role` and `--language`; and `--list`, in whose name."""
    for option in (
        click.option("--list", "slug", help="The list in whose name it is; the first by default."),
        click.option("--language", default="", help="The family's language."),
        click.option(
            "--role",
            "roles",
            multiple=True,
            type=click.Choice([role.value for role in Role]),
            help="What the reader is.",
        ),
        click.option("--grade", "grades", multiple=True, help="A child's grade, such as K or 9; once for each child."),
        click.option("--as", "as_address", metavar="ADDRESS", help="As this subscriber gets it."),
    ):
        command = option(command)
    return command


def appearance_options(command: _Command) -> _Command:
    """Add how a mail program shows it: `--dark`, `--images-off`."""
    dark = click.option("--dark", is_flag=True, help="As a program shows it whose reader asked for dark colours.")
    images_off = click.option("--images-off", is_flag=True, help="As a program shows it that fetches no pictures.")
    return dark(images_off(command))


@click.command()
@_id
@_family_options
@click.option(
    "--format",
    "form",
    type=click.Choice([_HTML, "text", "eml"]),
    default=_HTML,
    show_default=True,
    help="As a page, as text, or as the whole mail.",
)
@appearance_options
@click.option("--out", type=click.Path(path_type=Path), help="Write it to this file.")
@json_option
def preview(
    issue_id: int, form: str, dark: bool, images_off: bool, out: Path | None, as_json: bool, **family: Any
) -> None:
    """Show the issue as one family gets it."""
    if (dark or images_off) and form != _HTML:
        raise click.UsageError("--dark and --images-off go with --format html.")
    with opened() as app, app.database.reading() as session:
        document = newest(session, app, issue_id)
        list_ = list_named(session, app, family.pop("slug"))
        chosen = _family(session, app, document, **family)
        made = _made(session, app, document, chosen, list_)
    keys = [section.key for section in visible(document, made.variant)]
    facts = {"id": issue_id, "variant": str(made.variant), "language": made.variant.language, "sections": keys}
    html = seen_as(made.rendered.html, dark=dark, images_off=images_off)
    _put_out(replace(made, rendered=replace(made.rendered, html=html)), form, out, facts, as_json=as_json)


@click.command()
@_id
@_family_options
@click.option("--to", "addresses", multiple=True, required=True, help="Where to send it; may be given again.")
@json_option
def test(issue_id: int, addresses: tuple[str, ...], as_json: bool, **family: Any) -> None:
    """Really send the issue to ADDRESS, as one family gets it."""
    with opened() as app:
        with app.database.writing() as session:
            numbers = _append(session, app, issue_id, [EmailAddress.parse(text) for text in addresses], **family)
        rows = _send(app, numbers)
    say(rows, lambda console: _sent(console, rows), as_json=as_json)
    sys.exit(_exit_code({row["state"] for row in rows}))


def _family(
    session: Session,
    app: App,
    document: Document,
    *,
    as_address: str | None,
    grades: tuple[str, ...],
    language: str,
    roles: tuple[str, ...],
) -> Family:
    context = app.rule_context()
    if as_address is None:
        return family_with(document, [parse_grade(grade) for grade in grades], language, roles, context)
    if grades or language or roles:
        raise click.UsageError("Give --as, or --grade, --role and --language, not both.")
    reader = subscribers.get(session, app.organization.id, EmailAddress.parse(as_address))
    return family_of(session, document, reader, context)


def _made(session: Session, app: App, document: Document, family: Family, list_: List | None) -> Preview:
    edition = app.edition(session, document, list_)
    return app.confined(make_preview, edition, family, Signer.unknown(), app.clock.now())


def seen_as(html: str, *, dark: bool, images_off: bool) -> str:
    """A mail as some readers' programs show it."""
    html = in_the_dark(html) if dark else html
    return without_pictures(html) if images_off else html


def _put_out(made: Preview, form: str, out: Path | None, facts: dict[str, Any], *, as_json: bool) -> None:
    content = {_HTML: made.rendered.html.encode(), "text": made.rendered.text.encode(), "eml": made.message}[form]
    facts |= {"subject": made.rendered.subject, "format": form}
    if out is None and not as_json:
        click.echo(content, nl=False)
        return
    if out is None:
        facts |= {"content": content.decode()}
    else:
        write_bytes(out, content)
        facts |= {"out": str(out)}
    say(facts, lambda console: _written(console, facts), as_json=as_json)


def _written(console: Console, facts: dict[str, Any]) -> None:
    console.print(Text(f"{facts['out']} holds issue {facts['id']} in {facts['language']}: {facts['subject']}"))
    console.print(f"Sections: {', '.join(facts['sections'])}")
    console.print(f"Next: newsletter issues test {facts['id']} --to you@example.org")


def _append(
    session: Session, app: App, issue_id: int, to: list[EmailAddress], *, slug: str | None, **family: Any
) -> list[int]:
    """Put one mail for each address into the test stream; their numbers there."""
    list_ = list_named(session, app, slug)
    if list_ is None:
        raise NoListYet
    revision = bound_revision(session, store.get(session, issue_id), app.binder(), app.clock.now())
    document = store.document_of(revision)
    chosen = _family(session, app, document, **family)
    _made(session, app, document, chosen, list_)  # what cannot be made, the sender is not asked to make
    shown = TestIssue(list_.id, revision.id, chosen.variant)
    send = (streams.send_test(session, app.clock, app.organization, one, shown, chosen.name) for one in to)
    return [number for number in send if number is not None]


def _send(app: App, numbers: list[int]) -> list[dict[str, Any]]:
    """Run a sender until the test stream is empty; what became of these mails."""
    with app.database.writing() as session:
        campaign_id = ledger_streams.ensure(session, app.clock, app.organization.id, streams.TEST)
    send_campaign(app.scheduler(), app.sending(), campaign_id, stop=threading.Event())
    with app.database.reading() as session:
        rows = [row for row in listing.deliveries(session, campaign_id, None) if row["seq"] in numbers]
    return [{key: row[key] for key in ("to", "state", "reason", "error")} for row in rows]


def _exit_code(states: set[DeliveryState]) -> int:
    if states <= {DeliveryState.ACCEPTED}:
        return 0
    return NOT_FINISHED if states <= {DeliveryState.ACCEPTED, *_OPEN} else 1


def _sent(console: Console, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        why = row["error"] or row["reason"] or ""
        console.print(Text(f"{row['to']}: {row['state']}{f', {why}' if why else ''}"))
