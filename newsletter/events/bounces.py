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

from sqlalchemy import Row, and_, or_, select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.feedback.verdicts import Reason
from newsletter.ledger.tables import Campaign, Delivery, DeliveryState
from subscribers import organizations, suppressions
from subscribers.addresses import EmailAddress
from subscribers.tables import Organization, Subscriber, SuppressionReason

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
_Sent: TypeAlias = Row[int, int, str, int | None, int]


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

    id: int
    address: str
    organization_id: int


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
    _hold(session, copies.values())
    for notice in complaints:
        _suppress(session, clock, notice, copies.get(_at(notice)), SuppressionReason.COMPLAINT)
    for notice in filter(is_for_good, refusals):
        _suppress(session, clock, notice, copies.get(_at(notice)), SuppressionReason.BOUNCE)
    counted = {copies[_at(n)] for n in refusals if _at(n) in copies and not is_for_good(n)}
    _count(session, clock, _readers([*counted, *_wrongly_counted(session, arrived)]), patience)


def _suppress(
    session: Session,
    clock: Clock,
    notice: "Notice",
    copy: _Sent | None,
    reason: SuppressionReason,
) -> None:
    """Silence the address of a copy, unless staff lifted that after what is told now happened."""
    if copy is None or not copy.to_address:
        return
    organization, address = session.get_one(Organization, copy.organization_id), EmailAddress.parse(copy.to_address)
    lifted_at = suppressions.last_lifted(session, organization, address)
    if lifted_at is not None and notice.occurred_at <= lifted_at:
        return
    at, permanent = notice.occurred_at, reason is SuppressionReason.BOUNCE
    ground = _ground(copy.campaign_id, at, notice.status, notice.reason, notice.text, is_permanent=permanent)
    suppressions.suppress(session, organization, address, reason, now=clock.now(), detail=notice.text, grounds=[ground])


def _count(session: Session, clock: Clock, readers: Sequence[_Reader], patience: Patience) -> None:
    """Let the suppression that rests on each reader's count be what the count is now."""
    told, taken = _told(session, readers), _taken(session, readers)
    for reader in readers:
        organization, address = (
            session.get_one(Organization, reader.organization_id),
            EmailAddress.parse(reader.address),
        )
        since = suppressions.last_lifted(session, organization, address)
        run = _run(told[reader.id], taken[reader.id], since, patience)
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
        else:
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


def _told(session: Session, readers: Collection[_Reader]) -> Mapping[int | None, list[Event]]:
    """What is kept of everything that was returned by or arrived at each reader."""
    found: dict[int | None, list[Event]] = defaultdict(list)
    if readers:
        copy = and_(Delivery.campaign_id == Event.campaign_id, Delivery.seq == Event.seq)
        rows = select(Delivery.subscriber_id, Event).join(Event, copy).where(_sent_to(readers))
        for reader_id, event in session.execute(rows.where(Event.kind.in_((EventKind.BOUNCE, *_ARRIVED)))):
            found[reader_id].append(event)
    return found


def _taken(session: Session, readers: Collection[_Reader]) -> Mapping[int | None, dict[_Copy, datetime]]:
    """When each of the readers' copies was taken by the next server."""
    found: dict[int | None, dict[_Copy, datetime]] = defaultdict(dict)
    if readers:
        columns = Delivery.subscriber_id, Delivery.campaign_id, Delivery.seq, Delivery.updated_at
        rows = select(*columns).where(_sent_to(readers), Delivery.state == DeliveryState.ACCEPTED)
        for reader_id, campaign_id, seq, at in session.execute(rows):
            found[reader_id][campaign_id, seq] = at
    return found


def _sent_to(readers: Collection[_Reader]) -> Any:
    return or_(*(and_(Delivery.subscriber_id == one.id, Delivery.to_address == one.address) for one in readers))


def _wrongly_counted(session: Session, arrived: Sequence["Notice"]) -> Iterator[_Sent]:
    """The copies, told late to have arrived, whose readers are silenced for a count that goes over that time."""
    if not arrived:
        return
    organization = organizations.the(session)
    if not suppressions.is_any_counted(session, organization.id):
        return
    times = {_at(notice): notice.occurred_at for notice in arrived}
    for at, copy in _copies_of(session, arrived).items():
        if not copy.to_address:
            continue
        found = suppressions.in_force_everywhere(session, organization, EmailAddress.parse(copy.to_address))
        if found is not None and found.is_counted and found.grounds:
            first, last = (datetime.fromisoformat(found.grounds[end]["at"]) for end in (0, -1))
            if first < times[at] < last:
                yield copy


def _hold(session: Session, copies: Iterable[_Sent]) -> None:
    """Let two transactions about the same readers come one after the other, so that none is left out of a count."""
    ids = {copy.subscriber_id for copy in copies if copy.subscriber_id is not None}
    if ids:
        held = select(Subscriber.id).where(Subscriber.id.in_(ids)).order_by(Subscriber.id)
        session.execute(held.with_for_update(key_share=True)).all()


def _copies_of(session: Session, notices: Sequence["Notice"]) -> Mapping[_Copy, _Sent]:
    """The copies that notices are about, as the ledger knows them; those that are purged are missing."""
    seqs: dict[int, set[int]] = defaultdict(set)
    for notice in notices:
        seqs[notice.key.campaign_id].add(notice.key.seq)
    if not seqs:
        return {}
    columns = Delivery.campaign_id, Delivery.seq, Delivery.to_address, Delivery.subscriber_id, Campaign.organization_id
    of = or_(*(and_(Delivery.campaign_id == id_, Delivery.seq.in_(of_id)) for id_, of_id in seqs.items()))
    rows = session.execute(select(*columns).join(Campaign, Campaign.id == Delivery.campaign_id).where(of))
    return {(row.campaign_id, row.seq): row for row in rows}


def _readers(copies: Iterable[_Sent]) -> list[_Reader]:
    """Whose copies these are, in the order of the readers; copies to nobody, such as tests, are nobody's."""
    found = {
        _Reader(copy.subscriber_id, copy.to_address, copy.organization_id)
        for copy in copies
        if copy.subscriber_id is not None and copy.to_address
    }
    return sorted(found)


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
