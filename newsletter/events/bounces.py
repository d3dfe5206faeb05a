"""Whom refusals silence: the one policy of suppression, whoever tells of them.

Providers do, mail that comes back does, and so does the next mail server as a copy is handed to it.
A refusal for good and a complaint silence at once. Refusals that speak of us, of this mail or of how much we send
silence nobody, ever. Any other refusal counts: so many copies in a row, over so many days, without one that arrived.
All of it follows from what is known and when that happened, never from the order in which it was told.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Row, and_, or_, select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.ledger.tables import Campaign, Delivery, DeliveryState
from subscribers import suppressions
from subscribers.addresses import EmailAddress, address_hash
from subscribers.tables import Organization, Subscriber, Suppression, SuppressionReason

from .refusals import (
    ARRIVED,
    NOT_OF_THE_ADDRESS,
    REFUSALS,
    Copy,
    Patience,
    Refusal,
    counts,
    ground,
    in_a_row,
    still_in_a_row,
)
from .tables import Event, EventKind

if TYPE_CHECKING:
    from .notices import Notice

_MOST_GROUNDS = 9
"""So many of the last refusals are kept beside the first."""
_Sent: TypeAlias = Row[int, int, str, int | None]


class _Reader(NamedTuple):
    """A reader at one address: what came back from another that they had says nothing of this one."""

    id: int | None
    address: str


def is_for_good(notice: "Notice") -> bool:
    """Whether a notice alone says that the address never takes a mail."""
    is_refusal = notice.kind in REFUSALS and notice.is_permanent and notice.is_proven
    return is_refusal and notice.reason not in NOT_OF_THE_ADDRESS


def outweighed(session: Session, told: Collection["Notice"]) -> frozenset["Notice"]:
    """Those of what is told that happened before staff lifted the suppression of the copy's address.

    What is told again happened when it was told first.
    """
    of_events = Event.provider.in_({n.provider for n in told}), Event.event_id.in_({n.event_id for n in told})
    kept = select(Event.provider, Event.event_id, Event.occurred_at).where(*of_events)
    first = {(provider, event_id): at for provider, event_id, at in session.execute(kept)} if told else {}
    found = set()
    for organization, theirs in _by_organization(session, list(told)):
        copies = _copies_of(session, theirs)
        lifted = _lifted(session, organization, copies.values())
        for notice in theirs:
            copy, at = copies.get(_at(notice)), first.get((notice.provider, notice.event_id), notice.occurred_at)
            if copy is not None and _is_before(at, lifted.get(copy.to_address)):
                found.add(notice)
    return frozenset(found)


def weigh(session: Session, clock: Clock, new: Sequence["Notice"], patience: Patience) -> None:
    """Silence whom these notices, told for the first time and kept, give reason to; in the caller's transaction."""
    for organization, told in _by_organization(session, new):
        _weigh(session, clock, organization, told, patience)


def running(session: Session, organization: Organization, reader: Subscriber, now: datetime) -> list[Refusal]:
    """The reader's copies that were refused for now and count, since the last that arrived, or since a lift."""
    one, hashed = _Reader(reader.id, reader.address), reader.address_hash
    since = suppressions.last_lifted(session, organization.id, [hashed]).get(hashed)
    told, taken = _told(session, [one]).get(one, []), _taken(session, [one]).get(one, {})
    return still_in_a_row(told, taken, since, now)


def _weigh(
    session: Session, clock: Clock, organization: Organization, new: Sequence["Notice"], patience: Patience
) -> None:
    """By what is proven alone: the rest is kept, and says nothing of anybody."""
    proven = [n for n in new if n.is_proven]
    complaints = [n for n in proven if EventKind.COMPLAINT in (n.kind, n.recalls)]
    refusals = [n for n in proven if n.kind in REFUSALS]
    copies = _copies_of(session, [*complaints, *refusals])
    doubted = _doubted(session, organization, proven)
    _hold(session, [*copies.values(), *doubted])
    lifted = _lifted(session, organization, [*copies.values(), *doubted])
    for notice in [*complaints, *filter(is_for_good, refusals)]:
        copy = copies.get(_at(notice))
        if copy is not None and not _is_before(notice.occurred_at, lifted.get(copy.to_address)):
            _suppress(session, clock, organization, copy.to_address, notice)
    # One that does not count itself tells that its copy has not arrived, so that a count may go over it.
    returned = [copies[_at(n)] for n in refusals if _at(n) in copies and not is_for_good(n)]
    patient = _count(session, clock, organization, _readers([*returned, *doubted]), lifted, patience)
    for reader in patient.intersection(_readers(doubted)):
        suppressions.undo_count(session, organization, EmailAddress.parse(reader.address))


def _suppress(session: Session, clock: Clock, organization: Organization, address: str, notice: "Notice") -> None:
    """For what a notice alone says: a refusal for good, or a complaint."""
    is_bounce, text, campaign_id = notice.kind in REFUSALS, notice.text, notice.key.campaign_id
    reason = SuppressionReason.BOUNCE if is_bounce else SuppressionReason.COMPLAINT
    why = ground(campaign_id, notice.occurred_at, notice.status, notice.reason, text, is_permanent=is_bounce)
    to = EmailAddress.parse(address)
    suppressions.suppress(session, organization, to, reason, now=clock.now(), detail=text, grounds=[why])


def _count(
    session: Session,
    clock: Clock,
    organization: Organization,
    readers: Sequence[_Reader],
    lifted: Mapping[str, datetime],
    patience: Patience,
) -> set[_Reader]:
    """Silence each reader whose copies were refused too often in a row. Returns those whose were not."""
    told, taken = _told(session, readers), _taken(session, readers)
    patient = set()
    for reader in readers:
        run = in_a_row(told[reader], taken[reader], lifted.get(reader.address), patience)
        if not run:
            patient.add(reader)
            continue
        suppressions.suppress(
            session,
            organization,
            EmailAddress.parse(reader.address),
            SuppressionReason.BOUNCE,
            now=clock.now(),
            detail=run[-1].text,
            grounds=[refusal.ground() for refusal in (run[0], *run[1:][-_MOST_GROUNDS:])],
            is_counted=True,
        )
    return patient


def _told(session: Session, readers: Collection[_Reader]) -> Mapping[_Reader, list[Event]]:
    """What is kept of everything that was returned by or arrived at each reader."""
    found: dict[_Reader, list[Event]] = defaultdict(list)
    if readers:
        copy = and_(Delivery.campaign_id == Event.campaign_id, Delivery.seq == Event.seq)
        rows = select(Delivery.subscriber_id, Delivery.to_address, Event).join(Event, copy).where(_sent_to(readers))
        for reader_id, address, event in session.execute(rows.where(Event.kind.in_((*REFUSALS, *ARRIVED)))):
            found[_Reader(reader_id, address)].append(event)
    return found


def _taken(session: Session, readers: Collection[_Reader]) -> Mapping[_Reader, dict[Copy, datetime]]:
    """When each of the readers' copies was taken by the next server."""
    found: dict[_Reader, dict[Copy, datetime]] = defaultdict(dict)
    if readers:
        columns = Delivery.subscriber_id, Delivery.to_address, Delivery.campaign_id, Delivery.seq, Delivery.updated_at
        rows = select(*columns).where(_sent_to(readers), Delivery.state == DeliveryState.ACCEPTED)
        for reader_id, address, campaign_id, seq, at in session.execute(rows):
            found[_Reader(reader_id, address)][campaign_id, seq] = at
    return found


def _sent_to(readers: Collection[_Reader]) -> ColumnElement[bool]:
    return Delivery.subscriber_id.in_({reader.id for reader in readers})


def _doubted(session: Session, organization: Organization, told: Sequence["Notice"]) -> list[_Sent]:
    """The copies, told late to have arrived or to have come back earlier, that a count in force goes over.

    Only such a word may undo a count, and not any: what it rests on may have been let go of, or be too little for the
    settings of today.
    """
    telling = [n for n in told if n.kind is EventKind.DELIVERED or _is_counted(n)]
    copies = _copies_of(session, telling)
    spans = {one.address_hash: _span(one) for one in _counted_of(session, organization, _addresses(copies.values()))}
    found = []
    for notice in telling if spans else ():
        copy = copies.get(_at(notice))
        span = spans.get(_hash(organization, copy.to_address)) if copy is not None else None
        if copy is not None and span is not None and span[0] < notice.occurred_at < span[1]:
            found.append(copy)
    return found


def _is_counted(notice: "Notice") -> bool:
    return notice.kind in REFUSALS and not notice.is_permanent and counts(notice.reason, notice.status)


def _addresses(copies: Iterable[_Sent]) -> set[str]:
    return {copy.to_address for copy in copies}


def _span(counted: Suppression) -> tuple[datetime, datetime]:
    """From the first refusal that was counted to the last."""
    times = [datetime.fromisoformat(ground["at"]) for ground in counted.grounds or ()]
    return (min(times), max(times)) if times else (counted.created_at, counted.created_at)


def _counted_of(session: Session, organization: Organization, addresses: Collection[str]) -> list[Suppression]:
    hashes = {_hash(organization, address) for address in addresses}
    return suppressions.counted_among(session, organization.id, hashes) if hashes else []


def _lifted(session: Session, organization: Organization, copies: Collection[_Sent]) -> Mapping[str, datetime]:
    """When the suppression of each copy's address was last lifted by staff, where it was."""
    hashes = {copy.to_address: _hash(organization, copy.to_address) for copy in copies}
    lifted = suppressions.last_lifted(session, organization.id, hashes.values()) if hashes else {}
    return {address: lifted[hashed] for address, hashed in hashes.items() if hashed in lifted}


def _is_before(at: datetime, lifted_at: datetime | None) -> bool:
    return lifted_at is not None and at <= lifted_at


def _hash(organization: Organization, address: str) -> str:
    return address_hash(EmailAddress.parse(address).key, organization.salt)


def _by_organization(session: Session, notices: Sequence["Notice"]) -> Iterator[tuple[Organization, list["Notice"]]]:
    """Whose campaigns these are of; what is of none that is kept is left out."""
    campaigns = {notice.key.campaign_id for notice in notices}
    if not campaigns:
        return
    owners = select(Campaign.id, Campaign.organization_id).where(Campaign.id.in_(campaigns))
    owner_of = {campaign.id: campaign.organization_id for campaign in session.execute(owners)}
    for organization_id in sorted(set(owner_of.values())):
        theirs = [notice for notice in notices if owner_of.get(notice.key.campaign_id) == organization_id]
        yield session.get_one(Organization, organization_id), theirs


def _hold(session: Session, copies: Iterable[_Sent]) -> None:
    """Let two transactions about the same readers come one after the other, so that none is left out of a count."""
    ids = {copy.subscriber_id for copy in copies if copy.subscriber_id is not None}
    if ids:
        held = select(Subscriber.id).where(Subscriber.id.in_(ids)).order_by(Subscriber.id)
        session.execute(held.with_for_update(key_share=True)).all()


def _copies_of(session: Session, notices: Sequence["Notice"]) -> Mapping[Copy, _Sent]:
    """The copies that notices are about, as the ledger knows them; those of nobody any more are missing."""
    seqs: dict[int, set[int]] = defaultdict(set)
    for notice in notices:
        seqs[notice.key.campaign_id].add(notice.key.seq)
    if not seqs:
        return {}
    columns = Delivery.campaign_id, Delivery.seq, Delivery.to_address, Delivery.subscriber_id
    of = or_(*(and_(Delivery.campaign_id == id_, Delivery.seq.in_(of_id)) for id_, of_id in seqs.items()))
    rows = session.execute(select(*columns).where(of, Delivery.to_address != ""))
    return {(row.campaign_id, row.seq): row for row in rows}


def _readers(copies: Iterable[_Sent]) -> list[_Reader]:
    """Whose copies these are, in the order of the readers; copies to nobody, such as tests, are nobody's."""
    found = {_Reader(copy.subscriber_id, copy.to_address) for copy in copies if copy.subscriber_id is not None}
    return sorted(found, key=lambda reader: (reader.id or 0, reader.address))


def _at(notice: "Notice") -> Copy:
    return notice.key.campaign_id, notice.key.seq
