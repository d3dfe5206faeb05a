"""Whether webhooks reach their receivers, and whether what they ask for is gathered."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.webhooks import gathering, webhooks
from newsletter.webhooks.tables import CallState, Webhook, WebhookState
from newsletter.webhooks.vault import SecretUnreadable

from .findings import Finding, error, ok, warning

_LONG = timedelta(hours=1)


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
    dead, waiting = counts[CallState.DEAD], counts[CallState.WAITING]
    if webhook.state is not WebhookState.ACTIVE:
        remedy = f"When that is mended: newsletter webhooks resume {webhook.id}"
        return warning(about, f"It is {webhook.state}. {webhook.reason} Calls that wait: {waiting:,}.", remedy)
    try:
        app.telling.vault.open(webhook.secret)
    except SecretUnreadable as unreadable:
        return error(about, str(unreadable), f"newsletter webhooks rotate {webhook.id} gives it a new secret.")
    if webhook.failing_since is not None and app.clock.now() - webhook.failing_since > _LONG:
        sentence = (
            f"Its receiver has failed since {webhook.failing_since:%Y-%m-%d %H:%M} UTC. Calls that wait: {waiting:,}."
        )
        return warning(about, sentence, f"See what it answers: newsletter webhooks show {webhook.id}")
    if dead:
        return warning(
            about,
            f"Calls that were tried to the end and never taken: {dead:,}.",
            f"Make them again: newsletter webhooks replay {webhook.id} --dead",
        )
    return ok(about, f"Its receiver takes what it is told. Calls that wait: {waiting:,}.")
