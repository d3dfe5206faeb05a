"""Claiming calls and settling them. A claim is a lease: it moves `next_at` to when somebody else may take the call.

So a call is made again where its worker was killed, and whoever comes back too late finds that the fence has moved on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, exists, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock

from . import outcomes
from .outcomes import Outcome, Reply
from .tables import CallState, Webhook, WebhookAttempt, WebhookCall, WebhookState

LEASE = timedelta(minutes=2)
"""More than a turn and its last call take, where that is answered as late as it may be."""
BATCH = 10
TURN = timedelta(seconds=5)
"""How long the calls of one claim are made before other webhooks may have a turn."""
PATIENCE = timedelta(days=5)
"""A webhook that has failed for so long is paused; its calls wait."""
_ANSWER_LENGTH = 200
_IS_WAITING = WebhookCall.state == literal_column(f"'{CallState.WAITING}'")
"""Written out, because SQLite takes the index of those that wait for nothing less."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A call that is ours until its lease ends."""

    call_id: int
    webhook_id: int
    fence: int


def claim(session: Session, clock: Clock) -> list[Claim]:
    """Lease the oldest due calls of the webhook whose turn it is; none where nothing is due."""
    webhook_id = session.scalar(
        select(Webhook.id)
        .where(_may_be_called(clock), exists().where(*_is_due(clock)))
        .order_by(Webhook.turn_at.asc().nulls_first(), Webhook.id)
        .limit(1)
    )
    if webhook_id is None:
        return []
    due = (
        select(WebhookCall.id)
        .where(*_is_due(clock, webhook_id))
        .order_by(WebhookCall.next_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(WebhookCall)
        .where(WebhookCall.id.in_(due))
        .values(next_at=clock.sql(LEASE), fence=WebhookCall.fence + 1)
        .returning(WebhookCall.id, WebhookCall.fence)
    )
    rows = session.execute(taken, execution_options={"synchronize_session": False}).all()
    session.execute(update(Webhook).where(Webhook.id == webhook_id).values(turn_at=clock.sql()))
    return [Claim(call_id, webhook_id, fence) for call_id, fence in sorted(rows)]


def wanted(session: Session, clock: Clock, most: int) -> int:
    """How many could make calls at once now: one for each batch that is due, `most` at most."""
    due = (
        select(WebhookCall.id)
        .join(Webhook, Webhook.id == WebhookCall.webhook_id)
        .where(_may_be_called(clock), *_is_due(clock))
        .limit(most * BATCH)
    )
    calls = session.scalars(select(func.count()).select_from(due.subquery())).one()
    return min(-(-calls // BATCH), most)


def settle(session: Session, clock: Clock, held: Claim, outcome: Outcome, reply: Reply | None) -> bool:
    """Write what became of a call. Returns False, and changes nothing, where the claim was taken away meanwhile."""
    mine = (WebhookCall.id == held.call_id, WebhookCall.fence == held.fence, _IS_WAITING)
    next_at = None if outcome.wait is None else clock.sql(outcome.wait)
    settled = update(WebhookCall).where(*mine).values(state=outcome.state, next_at=next_at)
    if reply is not None:
        settled = settled.values(tries=WebhookCall.tries + 1)
    if session.scalar(settled.returning(WebhookCall.id), execution_options={"synchronize_session": False}) is None:
        return False
    if reply is not None:
        _write_down(session, clock, held, reply)
    return True


def remember(session: Session, clock: Clock, webhook_id: int, reply: Reply) -> None:
    """What a reply tells of a webhook as a whole.

    After a failure all its calls leave the receiver alone for a while; for good where it is gone, and until a person
    looks where it has failed for days.
    """
    if reply.is_success:
        failed = update(Webhook).where(Webhook.id == webhook_id, Webhook.failures > 0)
        session.execute(failed.values(failures=0, failing_since=None, quiet_until=None))
    else:
        _failed(session, clock, webhook_id, reply)


def release(session: Session, clock: Clock, held: Sequence[Claim]) -> None:
    """Give back calls that were not made."""
    for one in held:
        mine = (WebhookCall.id == one.call_id, WebhookCall.fence == one.fence, _IS_WAITING)
        session.execute(
            update(WebhookCall).where(*mine).values(next_at=clock.sql(), fence=WebhookCall.fence + 1),
            execution_options={"synchronize_session": False},
        )


def _may_be_called(clock: Clock) -> ColumnElement[bool]:
    is_quiet_over = or_(Webhook.quiet_until.is_(None), Webhook.quiet_until <= clock.sql())
    return and_(Webhook.state == WebhookState.ACTIVE, is_quiet_over)


def _is_due(clock: Clock, webhook_id: int | None = None) -> tuple[ColumnElement[bool], ...]:
    of_webhook = WebhookCall.webhook_id == (Webhook.id if webhook_id is None else webhook_id)
    return of_webhook, _IS_WAITING, WebhookCall.next_at <= clock.sql()


def _write_down(session: Session, clock: Clock, held: Claim, reply: Reply) -> None:
    session.add(
        WebhookAttempt(
            call_id=held.call_id,
            at=clock.now(),
            status=reply.status,
            milliseconds=reply.milliseconds,
            answer=reply.text[:_ANSWER_LENGTH],
        )
    )
    session.flush()


def _failed(session: Session, clock: Clock, webhook_id: int, reply: Reply) -> None:
    webhook = session.get_one(Webhook, webhook_id, with_for_update={"key_share": True}, populate_existing=True)
    now = clock.now()
    webhook.failures += 1
    webhook.failing_since = webhook.failing_since or now
    webhook.quiet_until = now + outcomes.silence(webhook.failures)
    if reply.is_gone:
        webhook.state, webhook.reason = WebhookState.OFF, "The receiver answered 410: it is gone."
    elif webhook.state is WebhookState.ACTIVE and now - webhook.failing_since > PATIENCE:
        webhook.state, webhook.reason = WebhookState.PAUSED, f"It failed for {PATIENCE.days} days: {reply.text[:80]}"
    session.flush()
