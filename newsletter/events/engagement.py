"""What rules can ask of the mails we sent and of what became of them: `received`, `opened` and `clicked`."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from newsletter.ledger.tables import Campaign, CampaignKind, Delivery, DeliveryState
from subscribers.errors import NotFound
from subscribers.segments.contexts import Person, RuleContext
from subscribers.segments.questions import Field, Question, Values, within
from subscribers.segments.trees import Operator
from subscribers.segments.values import ValueInvalid
from subscribers.tables import Subscriber

from .tables import Actor, Event, EventKind

_MOST_DIGITS = 9


def _received(*such: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a campaign's mail to the subscriber was accepted; single mails, such as a confirmation, are none."""
    campaigns = select(Campaign.id).where(Campaign.kind == CampaignKind.BROADCAST)
    return (
        exists()
        .where(Delivery.subscriber_id == Subscriber.id, Delivery.state == DeliveryState.ACCEPTED)
        .where(Delivery.campaign_id.in_(campaigns), *such)
        .correlate(Subscriber)
    )


def _opened(*such: ColumnElement[bool]) -> ColumnElement[bool]:
    return _asked_for(EventKind.OPEN, *such)


def _clicked(*such: ColumnElement[bool]) -> ColumnElement[bool]:
    return _asked_for(EventKind.CLICK, *such)


def _asked_for(kind: EventKind, *such: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a person, and not a machine, opened a mail to the subscriber or followed a link in it."""
    return (
        exists()
        .where(Delivery.subscriber_id == Subscriber.id)
        .where(Event.campaign_id == Delivery.campaign_id, Event.seq == Delivery.seq)
        .where(Event.kind == kind, Event.actor == Actor.HUMAN, *such)
        .correlate(Subscriber)
    )


def _field(
    name: str,
    happened: Callable[..., ColumnElement[bool]],
    campaign_id: InstrumentedAttribute[int],
    at: InstrumentedAttribute[datetime],
    *,
    needs_tracking: bool,
) -> Field:
    """Something that happened with a campaign, at a moment."""

    def in_campaigns(ids: Values, _: RuleContext) -> ColumnElement[bool]:
        return happened(campaign_id.in_(list(map(int, ids))))

    def person_in_campaigns(person: Person, ids: Values, _: RuleContext) -> bool:
        return any(str(of) in ids for of, _ in person.happened.get(name, ()))

    def between(first: date, last: date, context: RuleContext) -> ColumnElement[bool]:
        return happened(at >= context.begin_of(first), at < context.begin_of(last + timedelta(days=1)))

    questions = {
        Operator.IS: Question(_campaign_id, in_campaigns, person_in_campaigns, _find),
        **within(between, lambda person: [day for _, day in person.happened.get(name, ())]),
    }
    return Field(name, questions, needs_tracking)


def _campaign_id(text: str, _: RuleContext) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ValueInvalid(f"{text!r} is not the number of a campaign; `newsletter campaigns list` shows them.")
    return str(int(text))


def _find(session: Session, campaign_id: str, context: RuleContext) -> None:
    found = select(Campaign.id).where(Campaign.id == int(campaign_id), Campaign.kind == CampaignKind.BROADCAST)
    if session.scalar(found.where(Campaign.organization_id == context.organization_id)) is None:
        raise NotFound(f"There is no campaign {campaign_id}. `newsletter campaigns list` shows those there are.")


FIELDS = (
    _field("received", _received, Delivery.campaign_id, Delivery.updated_at, needs_tracking=False),
    _field("opened", _opened, Event.campaign_id, Event.occurred_at, needs_tracking=True),
    _field("clicked", _clicked, Event.campaign_id, Event.occurred_at, needs_tracking=True),
)
"""Registered in every `RuleContext`."""
