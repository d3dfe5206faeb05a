"""Whom returned mail silences: the one policy of suppression, for what providers tell and for what comes by mail.

A refusal for good and a complaint silence at once. Refusals that speak of us, of this mail or of how much we send
silence nobody, ever. Any other refusal counts: so many copies in a row, over so many days, without one that arrived.
All of it follows from what is known and when that happened, never from the order in which it was told.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Row, and_, or_, select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.feedback.verdicts import Reason
from newsletter.ledger.tables import Delivery, DeliveryState
from subscribers import organizations, suppressions
from subscribers.addresses import EmailAddress, address_hash
from subscribers.tables import Organization, Subscriber, Suppression, SuppressionReason

from .tables import Event, EventKind

if TYPE_CHECKING:
    from .notices import Notice

NOT_OF_THE_ADDRESS = frozenset({Reason.BLOCKED, Reason.POLICY, Reason.CONTENT, Reason.RATE})
"""Refusals that say nothing of the mailbox: they never silence a reader, and never count."""
SETTLED = timedelta(days=5)
"""So long servers try at most (RFC 5321, 4.5.4.1): a copy that was taken and not returned by then has arrived."""
_ARRIVED = (EventKind.DELIVERED, EventKind.OPEN, EventKind.CLICK)
_LONGEST_GROUNDS = 10
_Copy: TypeAlias = tuple[int, int]
_Sent: TypeAlias = Row[int, int, str, int | None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How many copies in a row, over at least how many days, are refused for now before an address is silenced."""

    copies: int = 3
    days: int = 14

    def is_over(self, refused: Sequence["Refusal"]) -> bool:
        """Whether these refusals, of as many copies, are enough."""
        return len(refused) >= self.copies and refused[-1].at - refused[0].at >= timedelta(days=self.days)


class Refusal(NamedTuple):
    """A copy that was refused for now."""

    at: datetime
    campaign_id: int
    seq: int
    status: str
    reason: str
    text: str

    def ground(self) -> dict[str, Any]:
        """As a suppression keeps it."""
        return _ground(self.campaign_id, self.at, self.status, self.reason, self.text, is_permanent=False)


class _Reader(NamedTuple):
    """A reader at one address: what came back from another that they had says nothing of this one."""

    id: int | None
    address: str


def is_for_good(notice: "Notice") -> bool:
    """Whether a notice alone says that the address never takes a mail."""
    return notice.kind is EventKind.BOUNCE and notice.is_permanent and notice.reason not in NOT_OF_THE_ADDRESS


def counts(reason: str, status: str) -> bool:
    """Whether a refusal for now is one of those that are counted. What is about security (RFC 3463, X.7) is not."""
    return reason not in NOT_OF_THE_ADDRESS and not status[1:].startswith(".7.")


def weigh(session: Session, clock: Clock, new: Sequence["Notice"], patience: Patience) -> None:
    """Silence whom these notices, told for the first time and kept, give reason to; in the caller's transaction."""
    complaints = [n for n in new if EventKind.COMPLAINT in (n.kind, n.recalls)]
    refusals = [n for n in new if n.kind is EventKind.BOUNCE]
    arrived = [n for n in new if n.kind is EventKind.DELIVERED]
    copies = _copies_of(session, [*complaints, *refusals])
    organization = organizations.the(session)
    undone = _wrongly_counted(session, organization, arrived)
    _hold(session, [*copies.values(), *undone])
    lifted = _lifted(session, organization, [*copies.values(), *undone])
    for reason, notices in (
        (SuppressionReason.COMPLAINT, complaints),
        (SuppressionReason.BOUNCE, filter(is_for_good, refusals)),
    ):
        for notice in notices:
            copy = copies.get(_at(notice))
            if copy is not None and not _is_before(notice.occurred_at, lifted.get(copy.to_address)):
                _suppress(session, clock, organization, copy.to_address, notice, reason)
    counted = {copies[_at(n)] for n in refusals if _at(n) in copies and not is_for_good(n)}
    _count(session, clock, organization, _readers([*counted, *undone]), lifted, patience)


def _suppress(
    session: Session,
    clock: Clock,
    organization: Organization,
    address: str,
    notice: "Notice",
    reason: SuppressionReason,
) -> None:
    at, is_permanent = notice.occurred_at, reason is SuppressionReason.BOUNCE
    text, campaign_id = notice.text, notice.key.campaign_id
    ground = _ground(campaign_id, at, notice.status, notice.reason, text, is_permanent=is_permanent)
    to = EmailAddress.parse(address)
    suppressions.suppress(session, organization, to, reason, now=clock.now(), detail=text, grounds=[ground])


def _count(
    session: Session,
    clock: Clock,
    organization: Organization,
    readers: Sequence[_Reader],
    lifted: Mapping[str, datetime],
    patience: Patience,
) -> None:
    """Let the suppression that rests on each reader's count be what the count is now."""
    told, taken = _told(session, readers), _taken(session, readers)
    counted = {one.address_hash for one in _counted_of(session, organization, [one.address for one in readers])}
    for reader in readers:
        address = EmailAddress.parse(reader.address)
        run = _run(told[reader], taken[reader], lifted.get(reader.address), patience)
        if run:
            suppressions.suppress(
                session,
                organization,
                address,
                SuppressionReason.BOUNCE,
                now=clock.now(),
                detail=run[-1].text,
                grounds=[refusal.ground() for refusal in run[:_LONGEST_GROUNDS]],
                is_counted=True,
            )
        elif _hash(organization, reader.address) in counted:
            suppressions.undo_count(session, organization, address)


def _run(
    told: Iterable[Event], taken: Mapping[_Copy, datetime], since: datetime | None, patience: Patience
) -> list[Refusal]:
    """The first refusals in a row that are enough, one a copy; none where there are not so many."""
    proven = [event for event in told if not event.detail.get("unproven")]
    returned = {(event.campaign_id, event.seq) for event in proven if event.kind is EventKind.BOUNCE}
    silent = sorted(at for copy, at in taken.items() if copy not in returned)
    arrived = sorted(event.occurred_at for event in proven if event.kind in _ARRIVED)
    run: list[Refusal] = []
    for refusal in sorted(_counted(proven)):
        if since is not None and refusal.at <= since:
            continue
        if run and _has_arrived(run[-1].at, refusal.at, arrived, silent):
            run = []
        if all((refusal.campaign_id, refusal.seq) != (known.campaign_id, known.seq) for known in run):
            run.append(refusal)
        if patience.is_over(run):
            return run
    return []


def _has_arrived(after: datetime, before: datetime, arrived: Sequence[datetime], silent: Sequence[datetime]) -> bool:
    """Whether a copy arrived between two refusals: it was told so, or nobody returned it in all the time there was."""
    return any(after < at < before for at in arrived) or any(after < at <= before - SETTLED for at in silent)


def _counted(told: Iterable[Event]) -> Iterator[Refusal]:
    for event in told:
        facts = event.detail
        status, reason = facts.get("status", ""), facts.get("reason", Reason.OTHER)
        if event.kind is EventKind.BOUNCE and not facts.get("permanent") and counts(reason, status):
            text = facts.get("text", "")
            yield Refusal(event.occurred_at, event.campaign_id, event.seq, status, reason, text)


def _told(session: Session, readers: Collection[_Reader]) -> Mapping[_Reader, list[Event]]:
    """What is kept of everything that was returned by or arrived at each reader."""
    found: dict[_Reader, list[Event]] = defaultdict(list)
    if readers:
        copy = and_(Delivery.campaign_id == Event.campaign_id, Delivery.seq == Event.seq)
        rows = select(Delivery.subscriber_id, Delivery.to_address, Event).join(Event, copy).where(_sent_to(readers))
        for reader_id, address, event in session.execute(rows.where(Event.kind.in_((EventKind.BOUNCE, *_ARRIVED)))):
            found[_Reader(reader_id, address)].append(event)
    return found


def _taken(session: Session, readers: Collection[_Reader]) -> Mapping[_Reader, dict[_Copy, datetime]]:
    """When each of the readers' copies was taken by the next server."""
    found: dict[_Reader, dict[_Copy, datetime]] = defaultdict(dict)
    if readers:
        columns = Delivery.subscriber_id, Delivery.to_address, Delivery.campaign_id, Delivery.seq, Delivery.updated_at
        rows = select(*columns).where(_sent_to(readers), Delivery.state == DeliveryState.ACCEPTED)
        for reader_id, address, campaign_id, seq, at in session.execute(rows):
            found[_Reader(reader_id, address)][campaign_id, seq] = at
    return found


def _sent_to(readers: Collection[_Reader]) -> ColumnElement[bool]:
    return Delivery.subscriber_id.in_({reader.id for reader in readers})


def _wrongly_counted(session: Session, organization: Organization, arrived: Sequence["Notice"]) -> list[_Sent]:
    """The copies, told late to have arrived, whose readers are silenced for a count that goes over that time."""
    copies = _copies_of(session, arrived)
    addresses = {copy.to_address for copy in copies.values()}
    spans = {one.address_hash: _span(one) for one in _counted_of(session, organization, addresses)}
    if not spans:
        return []
    found = []
    for notice in arrived:
        copy = copies.get(_at(notice))
        if copy is not None:
            first, last = spans.get(_hash(organization, copy.to_address), (notice.occurred_at, notice.occurred_at))
            found += [copy] if first < notice.occurred_at < last else []
    return found


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


def _hold(session: Session, copies: Iterable[_Sent]) -> None:
    """Let two transactions about the same readers come one after the other, so that none is left out of a count."""
    ids = {copy.subscriber_id for copy in copies if copy.subscriber_id is not None}
    if ids:
        held = select(Subscriber.id).where(Subscriber.id.in_(ids)).order_by(Subscriber.id)
        session.execute(held.with_for_update(key_share=True)).all()


def _copies_of(session: Session, notices: Sequence["Notice"]) -> Mapping[_Copy, _Sent]:
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


def _at(notice: "Notice") -> _Copy:
    return notice.key.campaign_id, notice.key.seq


def _ground(
    campaign_id: int, at: datetime, status: str, reason: str, text: str, *, is_permanent: bool
) -> dict[str, Any]:
    return {
        "campaign": campaign_id,
        "at": at.isoformat(),
        "permanent": is_permanent,
        "status": status,
        "reason": str(reason),
        "text": text,
    }
