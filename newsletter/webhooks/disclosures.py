"""What other systems were told of a person: part of all that is held about them (GDPR, article 15)."""

from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from newsletter.events import persons
from newsletter.ledger.tables import Delivery
from subscribers.tables import Subscriber

from .tables import Webhook, WebhookCall


def held(session: Session, reader: Subscriber) -> dict[str, Any]:
    """All that is held about a reader, ready for JSON: `events.persons.held`, then `told`.

    `told` has the calls of webhooks that are kept: to which machine, of what, whether with their address, what became
    of it, and when it happened.
    """
    return {**persons.held(session, reader), "told": [_told(*row) for row in session.execute(_calls(reader))]}


def _calls(reader: Subscriber) -> Any:
    of_copy = and_(Delivery.campaign_id == WebhookCall.campaign_id, Delivery.seq == WebhookCall.seq)
    copies = select(WebhookCall.id).join(Delivery, of_copy).where(Delivery.subscriber_id == reader.id)
    return (
        select(WebhookCall, Webhook)
        .join(Webhook, Webhook.id == WebhookCall.webhook_id)
        .where(or_(WebhookCall.subscriber_id == reader.id, WebhookCall.id.in_(copies)))
        .order_by(WebhookCall.id)
    )


def _told(call: WebhookCall, webhook: Webhook) -> dict[str, Any]:
    return {
        "to": urlsplit(webhook.url).hostname,
        "event": call.topic.value,
        "with_address": webhook.with_addresses,
        "state": call.state.value,
        "at": call.created_at.isoformat(),
    }
