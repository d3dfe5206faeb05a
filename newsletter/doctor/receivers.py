"""Whether webhooks reach their receivers, and whether what they ask for is gathered."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.webhooks import gathering, webhooks
from newsletter.webhooks.outcomes import in_words, is_yes
from newsletter.webhooks.tables import CallState, Webhook, WebhookAttempt, WebhookState
from newsletter.webhooks.vault import SecretUnreadable

from .findings import Finding, error, ok, warning


def examine(session: Session, app: App) -> Iterator[Finding]:
    """Look at each webhook; without any there is nothing to say."""
    missing = gathering.missing(session)
    if missing:
        yield error(
            "webhooks",
            f"The database does not gather all that webhooks ask for: {', '.join(missing)} is missing.",
            "Run: newsletter db upgrade",
        )
    for webhook in webhooks.all_of(session, app.organization.id):
        yield _webhook(session, app, webhook)


def _webhook(session: Session, app: App, webhook: Webhook) -> Finding:
    about, counts = f"webhook {webhook.id}", webhooks.counts(session, webhook.id)
    waiting = f"Calls that wait: {counts[CallState.WAITING]:,}."
    if webhook.state is not WebhookState.ACTIVE:
        remedy = f"When that is mended: newsletter webhooks resume {webhook.id}"
        return warning(about, f"It is {webhook.state}. {webhook.reason} {waiting}", remedy)
    try:
        app.telling.vault.open(webhook.secret)
    except SecretUnreadable as unreadable:
        return error(about, str(unreadable), f"newsletter webhooks rotate {webhook.id} gives it a new secret.")
    last = webhooks.last_answer(session, webhook.id)
    if webhook.failing_since is not None:
        return _failing(app, webhook, webhook.failing_since, last, waiting)
    if counts[CallState.DEAD]:
        return warning(
            about,
            f"Calls that were tried to the end and never taken: {counts[CallState.DEAD]:,}.",
            f"Make them again: newsletter webhooks replay {webhook.id} --dead",
        )
    return _heard(app, webhook, last, counts[CallState.WAITING])


def _failing(app: App, webhook: Webhook, since: datetime, last: WebhookAttempt | None, waiting: str) -> Finding:
    times = "once" if webhook.failures == 1 else f"{webhook.failures:,} times"
    said = f"It has failed {times} since {_moment(app, since)}."
    answered = _answered(app, last) if last else "What it answered is not kept any more."
    return warning(
        f"webhook {webhook.id}",
        f"{said} {waiting} {answered}",
        f"See its calls: newsletter webhooks show {webhook.id}",
    )


def _heard(app: App, webhook: Webhook, last: WebhookAttempt | None, count: int) -> Finding:
    """What is known of a receiver that does not fail."""
    about, waiting = f"webhook {webhook.id}", f"Calls that wait: {count:,}."
    if last is not None and not is_yes(last.status):
        sentence = f"It was not called again since it failed. {waiting} {_answered(app, last)}"
        return warning(about, sentence, f"Try it: newsletter webhooks test {webhook.id}")
    if webhook.turn_at is None and count:
        sentence = f"It was not called yet. {waiting}"
        return warning(about, sentence, "Calls are made by: newsletter run, or newsletter worker")
    if webhook.turn_at is None:
        return ok(about, "It was not called yet.")
    return ok(about, f"Its receiver takes what it is told. {waiting}")


def _answered(app: App, last: WebhookAttempt) -> str:
    return f"Last answer ({_moment(app, last.at)}): {in_words(last.status, last.answer)}"


def _moment(app: App, at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(app.settings.timezone)):%Y-%m-%d %H:%M %Z}"
