"""Jobs and tickets travel through Procrastinate, on the same PostgreSQL; what there is to do stands in the ledger.

Source: https://procrastinate.readthedocs.io (3.10). A ticket may be lost or doubled without harm, so it has neither a
lock nor a queueing lock.
"""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

import procrastinate
from psycopg import Connection
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.errors import NewsletterError
from newsletter.ledger.jobs import Job, JobKind, open_work
from subscribers.db import Database

QUEUE, SENDING_QUEUE, CALLING_QUEUE = "newsletter", "newsletter-sending", "newsletter-calling"
"""Sending has a queue of its own, so that a worker takes no more tickets for it than it has senders; calling has one so
that no campaign waits for a slow receiver."""
MOST_TICKETS = 16
"""So many for one campaign at once; more workers than that take turns."""
FIRST_TICKETS = 4
_QUEUED = text(
    "SELECT task_name, CAST(args ->> 'campaign_id' AS integer), count(*) FROM procrastinate_jobs "
    "WHERE queue_name IN (:queue, :sending, :calling) "
    "AND (status = 'todo' OR status = 'doing' AND task_name NOT IN ('send', 'call')) "
    "GROUP BY 1, 2"
)
"""A ticket for sending or calling that is worked on does not count: its worker may be dead, which shows much later."""
_KINDS = frozenset(JobKind)
_IS_THERE = text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")


class TicketsNotReady(NewsletterError):
    """The tables that carry work between machines are missing. Run `newsletter db upgrade`."""


class Tickets:
    """Puts jobs where workers find them."""

    def __init__(self, url: str) -> None:
        self._app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=conninfo(url)))

    def set_up(self, database: Database) -> None:
        """Make Procrastinate's tables where they are missing."""
        if not self._is_set_up(database):
            with self._app.open():
                self._app.schema_manager.apply_schema()

    def ensure(self, database: Database) -> None:
        """Raise `TicketsNotReady` where the tables are missing."""
        if not self._is_set_up(database):
            raise TicketsNotReady

    def enqueue(self, session: Session, job: Job) -> None:
        """Add a job in the caller's transaction; for sending, a few tickets at once, to be shared."""
        self._add(session, job, FIRST_TICKETS if job.kind is JobKind.SEND else 1)

    def again(self, session: Session, job: Job) -> None:
        """Add one ticket for what is left, or the job that follows."""
        self._add(session, job, 1)

    def top_up(self, session: Session, clock: Clock, others: Mapping[Job, int] = MappingProxyType({})) -> None:
        """Add what is missing: jobs that were lost, tickets for chunks that became ready again, and `others`."""
        queued = Counter({Job(JobKind(kind), campaign_id): count for kind, campaign_id, count in _queued(session)})
        for job, wanted in (open_work(session, clock, MOST_TICKETS) | dict(others)).items():
            self._add(session, job, wanted - queued[job])

    def _add(self, session: Session, job: Job, count: int) -> None:
        connection = cast("Connection", session.connection().connection.driver_connection)
        task = self._app.configure_task(name=job.kind.value, queue=queue_of(job.kind), connection=connection)
        for _ticket in range(count):
            task.defer(campaign_id=job.campaign_id)

    def _is_set_up(self, database: Database) -> bool:
        with database.reading() as session:
            return bool(session.scalar(_IS_THERE))


def queue_of(kind: JobKind) -> str:
    """Where jobs of a kind wait."""
    return {JobKind.SEND: SENDING_QUEUE, JobKind.CALL: CALLING_QUEUE}.get(kind, QUEUE)


def conninfo(url: str) -> str:
    """The database's URL as psycopg reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _queued(session: Session) -> list[tuple[str, int, int]]:
    rows = session.execute(_QUEUED, {"queue": QUEUE, "sending": SENDING_QUEUE, "calling": CALLING_QUEUE})
    return [(kind, campaign_id, count) for kind, campaign_id, count in rows if kind in _KINDS]
