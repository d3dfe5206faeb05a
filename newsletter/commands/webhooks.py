"""`newsletter webhooks`: other systems that are told what happens here."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy.orm import Session

from newsletter.campaigns.times import parse_past
from newsletter.webhooks import gathering
from newsletter.webhooks import webhooks as store
from newsletter.webhooks.tables import CallState, WebhookCall
from newsletter.webhooks.webhooks import Wish
from subscribers import lists

from . import webhooks_output as output
from .output import json_option, opened, say

_id = click.argument("webhook_id", metavar="ID", type=int)
_SHOWN = 10


@click.group()
def webhooks() -> None:
    """Tell other systems what happens here: each call signed, tried again for days, and kept to be replayed."""


@webhooks.command()
@click.argument("url")
@click.option("--on", "words", multiple=True, required=True, metavar="EVENT", help="What to tell; `all`: everything.")
@click.option("--list", "slug", help="Only what happens to this list.")
@click.option("--with-addresses", is_flag=True, help="Tell people's mail addresses, not only their public ids.")
@json_option
def create(url: str, words: tuple[str, ...], slug: str | None, with_addresses: bool, as_json: bool) -> None:
    """Tell a system at URL from now on. Its secret is shown this once."""
    topics = store.parse_topics(words)
    with opened() as app:
        store.refuse_address(app.telling.receivers, url)
        with app.database.reading() as session:
            list_id = lists.get(session, app.organization.id, slug).id if slug else None
        wish = Wish(url, topics, list_id, with_addresses)
        webhook, secret = store.set_up(app.database, app.telling.vault, app.organization.id, wish, app.clock.now())
        with app.database.reading() as session:
            facts = output.facts(session, webhook) | {"secret": secret}
    say(facts, lambda console: output.created(console, facts), as_json=as_json)


@webhooks.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show every webhook and how its calls stand."""
    with opened() as app, app.database.reading() as session:
        rows = [output.facts(session, webhook) for webhook in store.all_of(session, app.organization.id)]
    say(rows, lambda console: output.table(console, rows), as_json=as_json)


@webhooks.command()
@_id
@json_option
def show(webhook_id: int, as_json: bool) -> None:
    """Show one webhook, its last answer, and ten calls: those that were tried first, and when the next try is."""
    with opened() as app, app.database.reading() as session:
        webhook = store.get(session, webhook_id)
        facts = output.facts(session, webhook) | {
            "last_answer": output.answer_facts(store.last_answer(session, webhook_id)),
            "calls": _with_answers(session, store.tried_first(session, webhook_id, _SHOWN)),
        }
        zone = ZoneInfo(app.settings.timezone)
    say(facts, lambda console: output.shown(console, facts, zone), as_json=as_json)


@webhooks.command()
@_id
@json_option
def test(webhook_id: int, as_json: bool) -> None:
    """Call it once now, with the event `ping`, and print what it answers."""
    with opened() as app:
        with app.database.writing() as session:
            held = store.ping(session, app.clock, webhook_id)
        reply = app.telling.caller().make(held, is_test=True)
    facts = {
        "webhook": webhook_id,
        "ok": reply is not None and reply.is_success,
        "status": reply.status if reply else None,
        "milliseconds": reply.milliseconds if reply else 0,
        "answer": reply.text if reply else "",
    }
    say(facts, lambda console: output.tested(console, facts), as_json=as_json)
    if not facts["ok"]:
        raise SystemExit(1)


@webhooks.command()
@_id
@json_option
def pause(webhook_id: int, as_json: bool) -> None:
    """Make no calls until it is resumed; they gather and wait."""
    with opened() as app, app.database.writing() as session:
        facts = output.facts(session, store.pause(session, webhook_id))
    say(facts, lambda console: output.paused(console, facts), as_json=as_json)


@webhooks.command()
@_id
@json_option
def resume(webhook_id: int, as_json: bool) -> None:
    """Make calls again, those that waited first."""
    with opened() as app:
        gathering.lay(app.database)
        with app.database.writing() as session:
            facts = output.facts(session, store.resume(session, webhook_id))
    say(facts, lambda console: output.resumed(console, facts), as_json=as_json)


@webhooks.command()
@_id
@json_option
def remove(webhook_id: int, as_json: bool) -> None:
    """Tell a system nothing any more, and forget its calls."""
    with opened() as app:
        with app.database.reading() as session:
            facts = output.facts(session, store.get(session, webhook_id))
        store.take_down(app.database, webhook_id)
    say(facts, lambda console: output.removed(console, facts), as_json=as_json)


@webhooks.command()
@_id
@click.option("--state", type=click.Choice([state.value for state in CallState]), help="Only these.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="So many at most.")
@json_option
def calls(webhook_id: int, state: str | None, limit: int, as_json: bool) -> None:
    """Show the last calls of a webhook and what was answered."""
    with opened() as app, app.database.reading() as session:
        of_webhook = output.facts(session, store.get(session, webhook_id))
        rows = _with_answers(session, store.calls(session, webhook_id, CallState(state) if state else None, limit))
        zone = ZoneInfo(app.settings.timezone)
    say(rows, lambda console: output.calls(console, of_webhook, rows, zone), as_json=as_json)


@webhooks.command()
@_id
@click.option("--call", "call_id", type=int, help="This call.")
@click.option(
    "--since",
    "since_text",
    metavar="TIME",
    help="What happened since then, such as 2026-12-01 09:00, as `calls` shows it.",
)
@click.option("--dead", is_flag=True, help="All that were tried to the end and never taken.")
@json_option
def replay(webhook_id: int, call_id: int | None, since_text: str | None, dead: bool, as_json: bool) -> None:
    """Make calls again. They keep their ids, so a receiver that has one knows it."""
    if sum((call_id is not None, since_text is not None, dead)) != 1:
        raise click.UsageError("Give one of --call ID, --since TIME and --dead.")
    with opened() as app, app.database.writing() as session:
        since = parse_past(since_text, app.settings.timezone, app.clock.now()) if since_text else None
        count = store.replay(session, app.clock, webhook_id, call_id=call_id, since=since)
        facts = {"webhook": webhook_id, "calls": count, "state": store.get(session, webhook_id).state.value}
    say(facts, lambda console: output.replayed(console, facts), as_json=as_json)


@webhooks.command()
@_id
@json_option
def rotate(webhook_id: int, as_json: bool) -> None:
    """Give it a new secret, shown this once; for a day the former one signs too."""
    with opened() as app, app.database.writing() as session:
        webhook, secret = store.rotate(session, app.telling.vault, webhook_id, app.clock.now())
        facts = {"webhook": webhook_id, "secret": secret, "former_until": webhook.former_until}
    say(facts, lambda console: output.rotated(console, facts), as_json=as_json)


def _with_answers(session: Session, found: Sequence[WebhookCall]) -> list[dict[str, Any]]:
    answers = store.attempts(session, [call.id for call in found])
    return [output.call_facts(call, answers.get(call.id, [])) for call in found]
