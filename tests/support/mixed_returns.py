"""A campaign of which much came back, in any order, some of it twice; figures are counted as it comes."""

from collections import Counter as Multiset
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from sqlalchemy.orm import Session

from newsletter.events import reach
from newsletter.events.counters import Counter, grow
from newsletter.events.tables import Actor, Event, EventKind
from newsletter.feedback.verdicts import Reason
from newsletter.ledger.tables import Delivery, DeliveryState, Exclusion
from subscribers.db import insert_into
from subscribers.tables import Role, Subscriber, SubscriberRole

from .returns import SENT_AT, Returns

LINKS = (2, 3, 4)
COPIES = 60
_EVENTS = 400
_DOMAINS = ("gmail.example", "gmail.example", "school.example", "smiths.example")
_SAID = (
    "550 5.1.1 <{0}>: Recipient address rejected: User unknown",
    "554 5.7.1 Service unavailable; Client host [203.0.113.9] blocked using zen.spamhaus.org",
    "552 5.2.2 <{0}> mailbox full",
)
"""What servers answer, with the address that they refuse."""
_ASKED = (EventKind.OPEN, EventKind.CLICK)


@dataclass(frozen=True)
class _Told:
    """One fact, as it comes; told again, it has the same id."""

    id: int
    kind: EventKind
    seq: int
    actor: Actor
    link_no: int | None
    hour: int


def mixed(session: Session, seed: int = 6) -> Returns:
    """Copies of every state, language, role and band; requests of persons, machines and nobody knows whom."""
    random, returns = Random(seed), Returns(session)  # noqa: S311 - chance that can be repeated
    for no in LINKS:
        returns.link(no, f"https://school.example/{no}")
    _copies(returns, random)
    told = [_told(number, random) for number in range(_EVENTS)]
    told += random.sample(told, _EVENTS // 4)
    random.shuffle(told)
    for at in range(0, len(told), 7):
        _take(session, returns.campaign_id, told[at : at + 7])
    _withdraw(session, random)
    return returns


def _copies(returns: Returns, random: Random) -> None:
    for n in range(COPIES):
        state = random.choice((DeliveryState.ACCEPTED,) * 6 + (DeliveryState.REJECTED, DeliveryState.EXCLUDED))
        seq = returns.copy(
            state,
            variant=random.choice(("en-1", "en-3", "pt-BR-7")),
            agreed=n % 3 > 0,
            reason=Exclusion.SUPPRESSED if state is DeliveryState.EXCLUDED else None,
            graduating=random.choice(((), (2037,), (2030,), (2037, 2030))),
        )
        copy = returns.session.get_one(Delivery, (returns.campaign_id, seq))
        copy.to_address = f"reader{seq}@{random.choice(_DOMAINS)}"
        if state is DeliveryState.REJECTED:
            copy.error = _SAID[seq % len(_SAID)].format(copy.to_address)
        for role in random.sample(list(Role), random.randrange(3)):
            returns.session.add(SubscriberRole(subscriber_id=copy.subscriber_id, role=role))
    returns.session.flush()


def _told(number: int, random: Random) -> _Told:
    kind = random.choice((EventKind.OPEN, EventKind.CLICK, EventKind.DELIVERED, EventKind.BOUNCE, EventKind.COMPLAINT))
    actor = random.choice(list(Actor)) if kind in _ASKED else Actor.HUMAN
    link_no = random.choice(LINKS) if kind is EventKind.CLICK else None
    return _Told(number, kind, random.randint(1, COPIES), actor, link_no, random.randrange(50))


def _take(session: Session, campaign_id: int, group: list[_Told]) -> None:
    """What every writer of events does: new ones are kept, and count for the copies that they are the first of."""
    new = [one for one in group if _is_new(session, campaign_id, one)]
    reaches = [each for one in new for each in reach.of_request(campaign_id, one.seq, one.kind, one.actor, one.link_no)]
    reach.count(session, reaches)
    requests = Multiset(
        Counter.at(campaign_id, one.kind, SENT_AT + timedelta(hours=one.hour), one.actor, one.link_no or 0)
        for one in new
        if one.kind in _ASKED
    )
    if requests:
        grow(session, requests)


def _is_new(session: Session, campaign_id: int, told: _Told) -> bool:
    is_hard = told.id % 2 == 0
    at = SENT_AT + timedelta(hours=told.hour, minutes=told.id % 60)
    row = {
        "provider": "mixed",
        "event_id": str(told.id),
        "kind": told.kind,
        "campaign_id": campaign_id,
        "seq": told.seq,
        "link_no": told.link_no,
        "actor": told.actor,
        "detail": {"reason": Reason.NO_SUCH_USER if is_hard else Reason.MAILBOX_FULL, "permanent": is_hard},
        "occurred_at": at,
        "received_at": at,
    }
    kept = insert_into(session, Event).values(**row).on_conflict_do_nothing(index_elements=["provider", "event_id"])
    return session.scalar(kept.returning(Event.id)) is not None


def _withdraw(session: Session, random: Random) -> None:
    """Some of those who had agreed take it back."""
    readers = session.query(Subscriber).filter(Subscriber.tracking).all()
    for reader in random.sample(readers, len(readers) // 4):
        reader.tracking = False
    session.flush()
