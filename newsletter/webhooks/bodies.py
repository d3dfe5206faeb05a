"""What a call says. It is made when the call is sent, and holds no more of a person than the receiver needs."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from newsletter.events.consents import may_track
from newsletter.events.tables import Event
from newsletter.ledger.tables import Campaign, Delivery, Link
from newsletter.settings import Tracking
from subscribers.tables import List, Subscriber, Suppression

from .tables import Topic, Webhook, WebhookCall


@dataclass(frozen=True, slots=True)
class Context:
    """Whom a body is for, and of whom opens and clicks may be kept today."""

    webhook: Webhook
    tracking: Tracking


@dataclass(frozen=True, slots=True)
class Told:
    """When something happened, and what is said of it."""

    at: datetime
    facts: Mapping[str, Any]


def body(session: Session, call: WebhookCall, context: Context) -> bytes | None:
    """The JSON that is sent; None where there is nobody to tell of any more, or their consent was taken back."""
    told = _TELLERS[call.topic](session, call, context)
    if told is None:
        return None
    timestamp = told.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    document = {"type": call.topic.value, "timestamp": timestamp, "data": told.facts}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _reader(session: Session, call: WebhookCall, context: Context) -> Told:
    reader = session.get_one(Subscriber, call.subscriber_id)  # who is erased takes the call with them
    return Told(call.created_at, {"subscriber": _person(reader, context), "list": _slug(session, call.list_id)})


def _suppressed(session: Session, call: WebhookCall, context: Context) -> Told | None:
    suppression = session.get(Suppression, call.fact_id)
    if suppression is None:  # it went with its list
        return None
    told = _reader(session, call, context)
    return Told(suppression.created_at, {**told.facts, "reason": suppression.reason.value})


def _erased(session: Session, call: WebhookCall, context: Context) -> Told:
    del session, context
    return Told(call.created_at, {"subscriber": {"id": call.erased_id}})


def _bounced(session: Session, call: WebhookCall, context: Context) -> Told | None:
    found = _of_copy(session, call, context)
    if found is None:
        return None
    event, facts = found
    said = {name: event.detail.get(name) for name in ("permanent", "status", "reason")}
    return Told(event.occurred_at, facts | said)


def _complained(session: Session, call: WebhookCall, context: Context) -> Told | None:
    found = _of_copy(session, call, context)
    return None if found is None else Told(found[0].occurred_at, found[1])


def _followed(session: Session, call: WebhookCall, context: Context) -> Told | None:
    """An open or a click: only of readers of whom it may be kept today."""
    agreed = may_track(context.tracking)
    found = _of_copy(session, call, context, agreed)
    if found is None:
        return None
    event, facts = found
    facts["by"] = event.actor.value
    if call.topic is Topic.CLICKED:
        link = session.get(Link, (event.campaign_id, event.link_no or 0))
        facts["link"] = link.target if link else None
    return Told(event.occurred_at, facts)


def _campaign(session: Session, call: WebhookCall, context: Context) -> Told | None:
    del context
    campaign = session.get(Campaign, call.campaign_id)
    if campaign is None:
        return None
    facts = {"campaign": _sending(session, campaign), "copies": campaign.audience}
    if call.topic is Topic.STOPPED:
        facts["reason"] = campaign.stop_reason
    return Told(call.created_at, facts)


def _ping(session: Session, call: WebhookCall, context: Context) -> Told:
    del session
    return Told(call.created_at, {"webhook": context.webhook.id})


_TELLERS: Mapping[Topic, Callable[[Session, WebhookCall, Context], Told | None]] = {
    Topic.SUBSCRIBED: _reader,
    Topic.CONFIRMED: _reader,
    Topic.UNSUBSCRIBED: _reader,
    Topic.SUPPRESSED: _suppressed,
    Topic.ERASED: _erased,
    Topic.BOUNCED: _bounced,
    Topic.COMPLAINED: _complained,
    Topic.OPENED: _followed,
    Topic.CLICKED: _followed,
    Topic.STARTED: _campaign,
    Topic.SENT: _campaign,
    Topic.STOPPED: _campaign,
    Topic.PING: _ping,
}


def _of_copy(session: Session, call: WebhookCall, context: Context, *which: Any) -> tuple[Event, dict[str, Any]] | None:
    """The event, its reader and its campaign; None where one of them is gone, or not one of `which`."""
    row: Row[Event, Subscriber, Campaign] | None = session.execute(
        select(Event, Subscriber, Campaign)
        .join(Campaign, Campaign.id == Event.campaign_id)
        .join(Delivery, (Delivery.campaign_id == Event.campaign_id) & (Delivery.seq == Event.seq))
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Event.id == call.fact_id, *which)
    ).one_or_none()
    if row is None:
        return None
    event, reader, campaign = row
    return event, {"subscriber": _person(reader, context), "campaign": _sending(session, campaign)}


def _person(reader: Subscriber, context: Context) -> dict[str, Any]:
    address = {"address": reader.address} if context.webhook.with_addresses else {}
    return {"id": reader.public_id, **address}


def _sending(session: Session, campaign: Campaign) -> dict[str, Any]:
    """A campaign, or the kind of single mail, such as `confirm`."""
    list_ = _slug(session, campaign.list_id)
    return {"id": campaign.id, "issue": campaign.issue_id, "list": list_, "mail": campaign.stream}


def _slug(session: Session, list_id: int | None) -> str | None:
    return session.scalar(select(List.slug).where(List.id == list_id)) if list_id else None
