"""Who is silenced by what the next mail server says while a copy is handed to it.

That server may be the reader's own, or a relay of ours that takes mail for everybody. A relay in trouble refuses all
that we bring, often in the words it has for readers. So only one answer counts here: to RCPT, for good, in words that
say there is no such mailbox and nothing besides. All else waits for what comes back.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.feedback import conversations, judging
from newsletter.feedback.conversations import Step
from newsletter.feedback.verdicts import Reason
from newsletter.ledger.settling import Settlement
from newsletter.ledger.tables import Delivery, DeliveryState
from newsletter.tokens import DeliveryKey
from subscribers.addresses import without_addresses

from . import notices
from .notices import Notice
from .returned import printable
from .tables import EventKind

PROVIDER = "smtp"
_SUSPICIOUS = 5
"""So many of a group, if they are more than half of it, are a fault of the server's rather than of so many readers."""


def take(session: Session, clock: Clock, campaign_id: int, settlements: Collection[Settlement]) -> None:
    """Let the refusals among these outcomes of a campaign count, in the transaction that settles them.

    Call it before they are settled: it holds readers, and who erases one holds the reader before the copies. The same
    outcomes again change nothing.
    """
    gone = {settlement.seq: settlement for settlement in settlements if _is_gone(settlement)}
    if not gone or (len(gone) >= _SUSPICIOUS and 2 * len(gone) > len(settlements)):
        return
    begun = select(Delivery.seq, Delivery.updated_at).where(
        Delivery.campaign_id == campaign_id, Delivery.seq.in_(gone), Delivery.to_address != ""
    )
    told = [_notice(campaign_id, gone[seq], at) for seq, at in session.execute(begun)]
    notices.take(session, clock, told)


def _is_gone(settlement: Settlement) -> bool:
    """Whether the server said that there is no such mailbox."""
    if settlement.step is not Step.RECIPIENT or settlement.state is not DeliveryState.REJECTED:
        return False
    said = settlement.error or ""
    return judging.judge("", said, step=settlement.step).permanent and judging.says_only_unknown(said)


def _notice(campaign_id: int, refused: Settlement, at: datetime) -> Notice:
    """`at` is when the copy was begun: told late, it is still known to be older than what was done since."""
    said = refused.error or ""
    return Notice(
        provider=PROVIDER,
        event_id=f"{campaign_id}.{refused.seq}.{refused.attempt}",
        kind=EventKind.REFUSED,
        key=DeliveryKey(campaign_id, refused.seq, refused.attempt),
        occurred_at=at,
        is_permanent=True,
        status=conversations.status_in(said),
        reason=Reason.NO_SUCH_USER,
        text=without_addresses(printable(said)),
    )
