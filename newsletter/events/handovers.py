"""What the next mail server refuses while a copy is handed to it, as far as that speaks of the address.

That server may be the reader's own, or a relay of ours that takes mail for everybody. So its troubles, and refusals
that nobody explains, say nothing of a reader here: they would silence a whole list for one machine of ours.
"""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.feedback import conversations
from newsletter.feedback.judging import judge
from newsletter.feedback.verdicts import Reason
from newsletter.ledger.settling import Settlement
from newsletter.tokens import DeliveryKey
from subscribers.addresses import without_addresses

from . import bounces, notices, refusals
from .notices import Notice
from .refusals import Patience
from .returned import printable
from .tables import EventKind

PROVIDER = "smtp"
_OF_THE_MAILBOX = frozenset({Reason.NO_SUCH_USER, Reason.MAILBOX_FULL, Reason.SUSPENDED})
"""Refusals for now that no server's trouble explains."""


def take(
    session: Session, clock: Clock, campaign_id: int, settlements: Iterable[Settlement], patience: Patience
) -> None:
    """Let the refusals among these outcomes of a campaign count, in the transaction that settles them.

    Call it before they are settled: readers are locked before copies. The same outcomes again change nothing.
    """
    refused = [
        notice
        for settlement in settlements
        if settlement.step is not None and settlement.is_rejection
        for notice in (_notice(clock, campaign_id, settlement),)
        if _is_of_the_address(notice)
    ]
    if refused:
        notices.take(session, clock, refused, patience)


def _notice(clock: Clock, campaign_id: int, settlement: Settlement) -> Notice:
    key, said = DeliveryKey(campaign_id, settlement.seq, settlement.attempt), settlement.error or ""
    judged = judge("", said, step=settlement.step)
    return Notice(
        provider=PROVIDER,
        event_id=f"{key.campaign_id}.{key.seq}.{key.attempt}",
        kind=EventKind.REFUSED,
        key=key,
        occurred_at=clock.now(),
        is_permanent=judged.permanent,
        status=conversations.status_in(said),
        reason=judged.reason,
        text=without_addresses(printable(said)),
    )


def _is_of_the_address(notice: Notice) -> bool:
    is_counted = notice.reason in _OF_THE_MAILBOX and refusals.counts(notice.reason, notice.status)
    return bounces.is_for_good(notice) or is_counted
