"""What a provider tells of a campaign, as a long stream of events; and all that is left when it was taken."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Executable, func, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.events import notices, sendgrid
from newsletter.events.tables import CampaignReach, CampaignStat, Event, Reached
from newsletter.ledger.tables import Campaign, Delivery, DeliveryState
from newsletter.tokens import DeliveryKey, Signer
from subscribers.db import Database
from subscribers.tables import ConsentRecord, Subscriber, Subscription, Suppression

from .people import a_sending_campaign
from .sendgrid.records import Taken
from .sendgrid.webhooks import MOST_COPIES, event, written

SIGNER = Signer(["k" * 40])
_AT = 1_796_212_800
_HARD = {"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 <reader@x.example>: no such user"}
_SOFT = {"type": "blocked", "status": "5.7.1", "reason": "550 5.7.1 blocked by a list of spammers"}
_FULL = {"type": "bounce", "status": "4.2.2", "reason": "452 4.2.2 mailbox full"}
_LATER = {"response": "451 4.3.0 try again"}
_THREADS = 4
_WEEK = 7 * 24 * 3600
_COPIES = 5
"""So many copies a reader gets, one each week: as many as let refusals for now count."""

_OF_CAMPAIGN = {
    "copies": (Delivery.seq, Delivery.state, Delivery.attempt, Delivery.provider_id, Delivery.error),
    "events": (Event.seq, Event.kind, Event.actor, Event.occurred_at, Event.detail),
    "reached": (Reached.seq, Reached.kind, Reached.link_no, Reached.actor),
    "reach": (CampaignReach.kind, CampaignReach.link_no, CampaignReach.actor, CampaignReach.copies),
}

FATES: Sequence[Sequence[tuple[str, Mapping[str, Any]]]] = (
    (("processed", {}), ("delivered", {})),
    (("processed", {}), ("delivered", {}), ("open", {}), ("click", {})),
    (("processed", {}), ("delivered", {}), ("open", {"sg_machine_open": True}), ("unsubscribe", {})),
    (("processed", {}), ("deferred", _LATER), ("delivered", {}), ("spamreport", {})),
    (("processed", {}), ("deferred", _LATER), ("bounce", _SOFT)),
    (("processed", {}), ("bounce", _HARD)),
    (("processed", {}), ("delivered", {}), ("bounce", _HARD)),
    (("processed", {}), ("delivered", {}), ("spamreport", {}), ("unsubscribe", {}), ("group_unsubscribe", {})),
    (("processed", {}), ("delivered", {}), ("bounce", _HARD), ("spamreport", {})),
    (("processed", {}), ("dropped", {"reason": "Bounced Address"})),
    (("processed", {}), ("dropped", {"reason": "Unsubscribed Address"}), ("open", {})),
    (("dropped", {"reason": "Spam Reporting Address"}), ("processed", {})),
    (("processed", {}), ("delivered", {}), ("group_resubscribe", {}), ("a word of next year", {})),
    (("processed", {}), ("bounce", _FULL)),
    (),
)
"""What can become of a copy, in the order in which it happens."""
FULL = len(FATES) - 2
"""The fate that counts."""


def an_unsettled_campaign(database: Database, copies: int) -> int:
    """A campaign of which every copy was attempted once and nobody knows more. Its organization is its own."""
    campaign_id = a_sending_campaign(database, copies)
    of_campaign = Delivery.campaign_id == campaign_id
    with database.writing() as session:
        session.execute(update(Delivery).where(of_campaign).values(state=DeliveryState.UNKNOWN, attempt=1))
    return campaign_id


def share(database: Database, campaign_id: int, copies: int) -> None:
    """Let each reader get several of the copies, one each week."""
    readers = _readers(copies)
    with database.writing() as session:
        rows = session.execute(
            select(Delivery.seq, Delivery.subscriber_id, Delivery.to_address).where(Delivery.campaign_id == campaign_id)
        )
        of = {seq: (reader_id, address) for seq, reader_id, address in rows}
        for seq in range(readers + 1, copies + 1):
            reader_id, address = of[(seq - 1) % readers + 1]
            copy = update(Delivery).where(Delivery.campaign_id == campaign_id, Delivery.seq == seq)
            values = {"subscriber_id": reader_id, "to_address": address, "occurrence": (seq - 1) // readers}
            session.execute(copy.values(values))


def _readers(copies: int) -> int:
    return -(-copies // _COPIES)


def stream_of(campaign_id: int, fates: Sequence[int]) -> list[dict[str, Any]]:
    """All events of a campaign whose first copy meets the first of these fates, and so on."""
    weeks = {seq: (seq - 1) // _readers(len(fates)) - _COPIES for seq in range(1, len(fates) + 1)}
    return [
        event(a_copy(campaign_id, seq), word, _AT + weeks[seq] * _WEEK + at, **facts)
        for seq, fate in enumerate(fates, 1)
        for at, (word, facts) in enumerate(FATES[fate])
    ]


def a_copy(
    campaign_id: int, seq: int, attempt: int = 1, sign: Callable[[DeliveryKey], str] = SIGNER.delivery_key
) -> Taken:
    """One copy, as SendGrid took it at that attempt."""
    key = sign(DeliveryKey(campaign_id, seq, attempt))
    return Taken(key, f"reader{seq}@school.example", f"message-{seq}")


def shuffled(events: Sequence[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """Each of them once, often or as often as has been seen (half of them twice or more), in any order."""
    chance = random.Random(seed)  # noqa: S311 - the same shuffle each time
    every = [one for one in events for _ in range(min(int(chance.paretovariate(1)), MOST_COPIES))]
    chance.shuffle(every)
    return every


def tell(database: Database, clock: Clock, events: Sequence[dict[str, Any]], a_call: int) -> None:
    """Bring them in, so many to a call, several calls at a time, as the web does."""
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(lambda raw: take(database, clock, raw), _bodies(events, a_call)):
            pass


def tell_in_order(database: Database, clock: Clock, events: Sequence[dict[str, Any]], a_call: int) -> None:
    """Bring them in as they happened, one call after the other."""
    for raw in _bodies(events, a_call):
        take(database, clock, raw)


def _bodies(events: Sequence[dict[str, Any]], a_call: int) -> Iterator[bytes]:
    for at in range(0, len(events), a_call):
        yield written(events[at : at + a_call])


def take(database: Database, clock: Clock, raw: bytes) -> None:
    """Bring one call in; each of its events must be readable."""
    told = sendgrid.read(raw, SIGNER)
    assert not told.broken
    with database.writing() as session:
        notices.take(session, clock, told.notices)


def end_of(database: Database, campaign_id: int) -> dict[str, Any]:
    """Everything that a stream leaves: every copy, event, figure, suppression and consent; no names of our own."""
    with database.reading() as session:
        organization_id = session.get_one(Campaign, campaign_id).organization_id
        return dict(_left(session, campaign_id, organization_id))


def _left(session: Session, campaign_id: int, organization_id: int) -> Iterator[tuple[str, list[Any]]]:
    for name, columns in _OF_CAMPAIGN.items():
        yield name, _rows(session, select(*columns).where(columns[0].class_.campaign_id == campaign_id))
    requests = select(CampaignStat.kind, func.sum(CampaignStat.count)).group_by(CampaignStat.kind)
    yield "requests", _rows(session, requests.where(CampaignStat.campaign_id == campaign_id))
    why = Suppression.reason, Suppression.detail, Suppression.is_counted
    suppressed = select(Suppression.address_hash, Suppression.list_id, *why)
    yield "suppressed", _rows(session, suppressed.where(Suppression.organization_id == organization_id))
    standing = select(Subscriber.address, Subscription.state).join(Subscription)
    yield "standing", _rows(session, standing.where(Subscriber.organization_id == organization_id))
    consent = select(Subscriber.address, ConsentRecord.given, ConsentRecord.source, ConsentRecord.wording)
    of_reader = consent.join(Subscriber, Subscriber.id == ConsentRecord.subscriber_id)
    yield "consent", _rows(session, of_reader.where(ConsentRecord.organization_id == organization_id))


def _rows(session: Session, statement: Executable) -> list[Any]:
    return sorted((tuple(row) for row in session.execute(statement)), key=repr)
