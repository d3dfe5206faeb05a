"""What nobody could settle, and what a person, or a provider long after the call, says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, exists, func, null, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.tokens import DeliveryKey
from subscribers.addresses import without_addresses

from .settling import IS_ERASED
from .states import StepRefused, get, locked, move
from .tables import Campaign, CampaignState, Chunk, ChunkState, Delivery, DeliveryState

RETRYABLE = (DeliveryState.REJECTED, DeliveryState.UNKNOWN)
"""The states from which a person may open a delivery again."""
_UNSETTLED = (DeliveryState.PENDING, DeliveryState.ATTEMPTING, DeliveryState.DEFERRED, DeliveryState.UNKNOWN)
_MOST_REASONS = 20
_OTHERS = "other reasons"
_NO_REASON = {
    DeliveryState.PENDING: "not begun",
    DeliveryState.ATTEMPTING: "a sender has it in hand, or died with it",
    DeliveryState.DEFERRED: "refused for now",
    DeliveryState.UNKNOWN: "no answer came",
}
_S = CampaignState
_WHY_NOT: Mapping[CampaignState, str] = {
    _S.PAUSED: "Campaign {0} is paused. Go on with it first: newsletter campaigns resume {0}",
    _S.STOPPED: "Campaign {0} is stopped. When that is mended: newsletter campaigns resume {0}",
    _S.CANCELLED: "Campaign {0} was cancelled and stays so. For a new one: newsletter campaigns copy {0}",
}


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Deliveries of one state that are not settled for one reason."""

    state: DeliveryState
    why: str
    count: int
    since: datetime
    """When the first of them came into this state."""
    next_at: datetime | None


def unsettled(session: Session, campaign_id: int) -> list[Unsettled]:
    """What of a campaign is open or unknown, by state and reason, the most frequent reasons first.

    Reasons are told without addresses, so that servers that name each reader give one and the same.
    """
    rows = session.execute(
        select(Delivery.state, Delivery.error, func.count(), func.min(Delivery.updated_at), func.min(Delivery.next_at))
        .where(Delivery.campaign_id == campaign_id, Delivery.state.in_(_UNSETTLED))
        .group_by(Delivery.state, Delivery.error)
    )
    found: dict[tuple[DeliveryState, str], list[Unsettled]] = {}
    for state, error, copies, since, next_at in rows:
        why = without_addresses(error) if error else _NO_REASON[state]
        found.setdefault((state, why), []).append(Unsettled(state, why, copies, since, next_at))
    groups = sorted((_joined(alike, why) for (_, why), alike in found.items()), key=lambda one: -one.count)
    return [group for state in _UNSETTLED for group in _shortened([one for one in groups if one.state is state])]


def ensure_retryable(session: Session, campaign_id: int) -> None:
    """Raise `StepRefused` where a campaign's deliveries cannot be opened again: it is neither sending nor sent."""
    _refuse_unless_begun(get(session, campaign_id))


def count(session: Session, campaign_id: int, state: DeliveryState) -> int:
    """How many deliveries of a campaign are in a state."""
    return session.scalars(select(func.count()).select_from(Delivery).where(*_in(state, campaign_id))).one()


def retry(session: Session, clock: Clock, campaign_id: int, state: DeliveryState) -> int:
    """Open again the deliveries that are in one of the states `RETRYABLE`. Returns how many.

    This is the one transition that opens a finished row, and only a person asks for it. Nothing but the state
    changes: the attempt's number stays, so the next one has a key of its own, and consent is read again before it. A
    campaign that is sent is sending again. Those whose chunk a sender holds stay as they are. Raises `StepRefused`.
    """
    campaign = locked(session, campaign_id)
    _refuse_unless_begun(campaign)
    opened = sum(_reopen(session, clock, campaign_id, state, lo, hi) for lo, hi in _free(session, campaign_id, state))
    if opened and campaign.state == _S.SENT:
        move(session, campaign_id, _S.SENDING, finished_at=None)
    return opened


def reject(session: Session, clock: Clock, key: DeliveryKey, reason: str, provider_id: str | None) -> bool:
    """The provider says later that it did not send an attempt that it took. Returns whether that is new.

    It outweighs every other word about that attempt, so it may come before or after them.
    """
    changed = session.scalar(
        update(Delivery)
        .where(Delivery.campaign_id == key.campaign_id, Delivery.seq == key.seq, Delivery.attempt == key.attempt)
        .where(Delivery.state.in_((DeliveryState.ATTEMPTING, DeliveryState.UNKNOWN, DeliveryState.ACCEPTED)))
        .values(
            state=DeliveryState.REJECTED,
            error=case((IS_ERASED, null()), else_=reason),
            provider_id=case((IS_ERASED, null()), else_=func.coalesce(Delivery.provider_id, provider_id)),
            updated_at=clock.sql(),
        )
        .returning(Delivery.seq),
        execution_options={"synchronize_session": False},
    )
    return changed is not None


def _shortened(groups: list[Unsettled]) -> list[Unsettled]:
    """Servers may number each refusal; the rare ones are one group."""
    shown, rest = groups[:_MOST_REASONS], groups[_MOST_REASONS:]
    if not rest:
        return shown
    return [*shown, _joined(rest, _OTHERS)]


def _joined(groups: Sequence[Unsettled], why: str) -> Unsettled:
    """Groups of one state as one."""
    return Unsettled(
        groups[0].state,
        why,
        count=sum(group.count for group in groups),
        since=min(group.since for group in groups),
        next_at=min((group.next_at for group in groups if group.next_at), default=None),
    )


def _refuse_unless_begun(campaign: Campaign) -> None:
    if campaign.state not in (_S.SENDING, _S.SENT):
        not_yet = "Campaign {0} is {1}; nothing of it was sent yet."
        raise StepRefused(_WHY_NOT.get(campaign.state, not_yet).format(campaign.id, campaign.state))


def _free(session: Session, campaign_id: int, state: DeliveryState) -> list[tuple[int, int]]:
    """Make ready the chunks that hold such deliveries, but for those a sender holds; the range of each."""
    holds_some = exists().where(*_in(state, campaign_id), Delivery.seq.between(Chunk.lo, Chunk.hi))
    freed = session.execute(
        update(Chunk)
        .where(Chunk.campaign_id == campaign_id, Chunk.state.in_((ChunkState.DONE, ChunkState.READY)), holds_some)
        .values(state=ChunkState.READY, fence=Chunk.fence + 1, not_before=None)
        .returning(Chunk.lo, Chunk.hi),
        execution_options={"synchronize_session": False},
    )
    return sorted((lo, hi) for lo, hi in freed)


def _reopen(session: Session, clock: Clock, campaign_id: int, state: DeliveryState, lo: int, hi: int) -> int:
    opened = session.scalars(
        update(Delivery)
        .where(*_in(state, campaign_id), Delivery.seq.between(lo, hi))
        .values(state=DeliveryState.PENDING, updated_at=clock.sql())
        .returning(Delivery.seq),
        execution_options={"synchronize_session": False},
    )
    return len(opened.all())


def _in(state: DeliveryState, campaign_id: int) -> tuple[ColumnElement[bool], ...]:
    return Delivery.campaign_id == campaign_id, Delivery.state == state
