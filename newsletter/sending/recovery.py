"""What any process does for others that died: their journals first, then the leases that ran out."""

from pathlib import Path

from newsletter.clock import Clock
from newsletter.ledger import claims, sweeping
from subscribers.db import Database

from .journal import dead_journals


def sweep(database: Database, clock: Clock, journals: Path) -> int:
    """Settle what dead senders of this host held, then end leases that ran out, and put away what was cancelled.

    Returns how many rows it settled.
    """
    settled = 0
    for owner, records in dead_journals(journals):
        with database.writing() as session:
            settled += sweeping.recover(session, clock, owner, records.verdict, records.answers())
    with database.reading() as session:
        if not claims.is_overdue(session, clock) and not sweeping.is_left_over(session):
            return settled
    with database.writing() as session:
        return settled + sweeping.expire(session, clock) + sweeping.put_away(session, clock)
