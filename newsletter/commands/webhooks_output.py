"""What `newsletter webhooks` says."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from newsletter.webhooks import webhooks as store
from newsletter.webhooks.calling import name_of
from newsletter.webhooks.outcomes import in_words
from newsletter.webhooks.tables import CallState, Webhook, WebhookAttempt, WebhookCall, WebhookState
from subscribers.tables import List

from .output import some

_SECRET = "Its secret, shown this once:"  # noqa: S105 - a heading
_FEW = 3


def facts(session: Session, webhook: Webhook) -> dict[str, Any]:
    """A webhook as JSON has it; never its secret."""
    list_ = session.get(List, webhook.list_id) if webhook.list_id else None
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": store.topics_of(session, webhook),
        "list": list_.slug if list_ else None,
        "with_addresses": webhook.with_addresses,
        "state": webhook.state.value,
        "reason": webhook.reason,
        "failures": webhook.failures,
        "failing_since": webhook.failing_since,
        "created_at": webhook.created_at,
        **{state.value: count for state, count in store.counts(session, webhook.id).items()},
    }


def call_facts(call: WebhookCall, answers: Sequence[WebhookAttempt]) -> dict[str, Any]:
    """A call as JSON has it, with each try."""
    return {
        "id": call.id,
        "webhook_id": name_of(call),
        "event": call.topic.value,
        "state": call.state.value,
        "happened_at": call.created_at,
        "next_try_at": call.next_at,
        "tries": [answer_facts(answer) for answer in answers],
    }


def answer_facts(last: WebhookAttempt | None) -> dict[str, Any] | None:
    """One try as JSON has it; null where there was none."""
    if last is None:
        return None
    return {"at": last.at, "status": last.status, "milliseconds": last.milliseconds, "answer": last.answer}


def created(console: Console, told: dict[str, Any]) -> None:
    """A webhook was made."""
    of_list = f" of the list {told['list']}" if told["list"] else ""
    _line(console, f"Webhook {told['id']} tells {told['url']} of {some(len(told['events']), 'event')}{of_list}.")
    _line(console, f"{_SECRET} {told['secret']}")
    _line(console, f"Next: newsletter webhooks test {told['id']}")


def table(console: Console, rows: list[dict[str, Any]]) -> None:
    """Every webhook."""
    _line(console, some(len(rows), "webhook"))
    if not rows:
        _line(console, "Next: newsletter webhooks create https://other.example/hook --on subscriber.confirmed")
        return
    grid = Table("id", "address", "events", "state", "done", "waiting", "dead", box=None, pad_edge=False)
    for row in rows:
        events = ", ".join(row["events"]) if len(row["events"]) <= _FEW else f"{len(row['events'])} kinds"
        numbers = (f"{row[state]:,}" for state in ("done", "waiting", "dead"))
        grid.add_row(str(row["id"]), Text(row["url"]), events, row["state"], *numbers)
    console.print(grid)
    _line(console, f"Next: newsletter webhooks show {rows[0]['id']}")


def shown(console: Console, told: dict[str, Any], zone: ZoneInfo) -> None:
    """One webhook, its last answer, and some calls."""
    _line(console, f"Webhook {told['id']} is {told['state']}. {told['reason']}".rstrip())
    _line(console, f"  Calls: {told['url']}")
    _line(console, f"  Tells: {', '.join(told['events'])}")
    of_list, people = told["list"] or "all lists", "addresses" if told["with_addresses"] else "public ids only"
    _line(console, f"  Of: {of_list}; of people: {people}")
    states = ("done", "waiting", "dead", "dropped")
    _line(console, "  " + ", ".join(f"{told[state]:,} {state}" for state in states))
    if told["failing_since"]:
        since = f"{_moment(told['failing_since'], zone)} {zone.key}"
        _line(console, f"  It has failed {some(told['failures'], 'time')} since {since}.")
    last = told["last_answer"]
    if last:
        words = in_words(last["status"], last["answer"])
        _line(console, f"  Last answer ({_moment(last['at'], zone)} {zone.key}): {words}")
    else:
        _line(console, "  Last answer: none is known")
    calls(console, told, told["calls"], zone)


def calls(console: Console, of_webhook: dict[str, Any], rows: list[dict[str, Any]], zone: ZoneInfo) -> None:
    """Calls of a webhook; when they happened is as `replay --since` takes it."""
    webhook_id = of_webhook["id"]
    if not rows:
        _line(console, f"There are no calls. Next: newsletter webhooks test {webhook_id}")
        return
    columns = ("call", "event", f"happened ({zone.key})", "state", "tries", "last answer", "next try")
    grid = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        last = row["tries"][-1] if row["tries"] else None
        answer = f"{last['status'] or 'none'} in {last['milliseconds']:,} ms: {last['answer'][:60]}" if last else ""
        following = _moment(row["next_try_at"], zone) if row["next_try_at"] else ""
        happened, tries = _moment(row["happened_at"], zone), str(len(row["tries"]))
        grid.add_row(str(row["id"]), row["event"], happened, row["state"], tries, Text(answer), following)
    console.print(grid)
    resuming = [f"newsletter webhooks resume {webhook_id}"] if of_webhook["state"] != WebhookState.ACTIVE else []
    replaying = [f"newsletter webhooks replay {webhook_id} --dead"] if of_webhook[CallState.DEAD] else []
    if resuming or replaying:
        _line(console, f"Next: {', then '.join([*resuming, *replaying])}")


def tested(console: Console, told: dict[str, Any]) -> None:
    """A ping was answered, or not."""
    if told["status"] is None:
        _line(console, f"Webhook {told['webhook']} did not answer: {told['answer']}")
    else:
        took = f"{told['status']} in {told['milliseconds']:,} ms"
        _line(console, f"Webhook {told['webhook']} answered {took}: {told['answer'] or '(nothing)'}")
    if not told["ok"]:
        _line(console, f"Only an answer from 200 to 299 is a yes. Next: newsletter webhooks show {told['webhook']}")


def paused(console: Console, told: dict[str, Any]) -> None:
    """No calls any more."""
    _line(console, f"Webhook {told['id']} is paused; its calls gather. Next: newsletter webhooks resume {told['id']}")


def resumed(console: Console, told: dict[str, Any]) -> None:
    """Calls again."""
    waiting = some(told["waiting"], "call")
    _line(
        console, f"Webhook {told['id']} is called again; {waiting} waited. Next: newsletter webhooks show {told['id']}"
    )


def removed(console: Console, told: dict[str, Any]) -> None:
    """Gone."""
    _line(console, f"Webhook {told['id']} is removed, with {some(told['waiting'], 'call')} that waited.")
    _line(console, "Next: newsletter webhooks list")


def replayed(console: Console, told: dict[str, Any]) -> None:
    """Calls are made again."""
    _line(console, f"{some(told['calls'], 'call')} of webhook {told['webhook']} will be made again.")
    if told["state"] != "active":
        _line(console, f"It is {told['state']}. Next: newsletter webhooks resume {told['webhook']}")
        return
    _line(console, f"Next: newsletter run, which makes them; newsletter webhooks show {told['webhook']}")


def rotated(console: Console, told: dict[str, Any]) -> None:
    """A new secret."""
    until = f"{told['former_until']:%Y-%m-%d %H:%M} UTC"
    _line(console, f"Webhook {told['webhook']} has a new secret; until {until} the former one signs too.")
    _line(console, f"{_SECRET} {told['secret']}")
    _line(console, f"Next: give it to the receiver, then newsletter webhooks test {told['webhook']}")


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
