"""What any process does for others that died: their journals first, then the leases that ran out."""

from pathlib import Path

from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.events import handovers
from newsletter.ledger import claims, sweeping
from subscribers.db import Database

from .journal import Records, dead_journals


def sweep(database: Database, clock: Clock, journals: Path) -> int:
    """Settle what dead senders of this host held, then end leases that ran out, and put away what was cancelled.

    Returns how many rows it settled.
    """
    settled = 0
    for owner, records in dead_journals(journals):
        with database.writing() as session:
            settled += mend(session, clock, owner, records)
    with database.reading() as session:
        if not claims.is_overdue(session, clock) and not sweeping.is_left_over(session):
            return settled
    with database.writing() as session:
        return settled + sweeping.expire(session, clock) + sweeping.put_away(session, clock)


def mend(session: Session, clock: Clock, owner: str, records: Records) -> int:
    """Settle what a broken-off sender held by what its journal says, in the caller's transaction.

    What it was refused is told as the sender would have told it; if it had, that changes nothing. Returns how many rows
    it settled.
    """
    answers = records.answers()
    for campaign_id, answered in answers.items():
        handovers.take(session, clock, campaign_id, answered)
    return sweeping.recover(session, clock, owner, records.verdict, answers)
