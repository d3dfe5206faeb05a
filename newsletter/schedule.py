"""One idempotent tick over the due-table. The table is the truth: any number of schedulers may tick at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from newsletter.campaigns import arms, preparing, series
from newsletter.campaigns.recurrence import Recurrence, RecurrenceInvalid
from newsletter.campaigns.times import TimeZoneInvalid
from newsletter.clock import Clock
from newsletter.events import retention
from newsletter.events.retention import RetentionClock
from newsletter.ledger import balance
from newsletter.ledger.jobs import Enqueue, Job, JobKind, nobody
from newsletter.ledger.states import get, move
from newsletter.ledger.tables import Campaign, CampaignState, Schedule, ScheduleKind, ScheduleRun
from newsletter.sending import recovery
from newsletter.settings import Tracking
from subscribers import organizations, subscriptions
from subscribers.db import Database

TICK_SECONDS = 5
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Scheduler:
    """Looks at what is due. Each step of `tick` may run twice, or at once elsewhere, without harm."""

    database: Database
    clock: Clock
    journals: Path
    grace: timedelta
    today: Callable[[], date]
    rule_context_of: preparing.RuleContextOf
    limits: preparing.Limits
    enqueue: Enqueue = nobody
    tracking: Tracking = Tracking.CONSENT
    kept: Sequence[RetentionClock] = ()
    take_over: Callable[[], object] = bool
    """Writes the opens and clicks that dead processes of this host left in their spools."""
    roll_up: Callable[[], int | None] = lambda: None
    """Counts one campaign whose report is to be ready, or to outlive its readers; None: there is none left."""

    def tick(self) -> None:
        """Fire what is due, go on with snapshots, mend what dead senders left, and end what is done.

        Nothing is let go of while a campaign waits to be counted.
        """
        self.end_pauses()
        self.fire()
        self.prepare()
        recovery.sweep(self.database, self.clock, self.journals)
        self.finish()
        self.tend()

    def tend(self) -> None:
        """Take over what dead processes of this host left, count what reports need, and let go of what is old.

        What is counted still needs what is old: it is let go of when nothing is left to count. A count that fails is
        said, and keeps nobody's data longer.
        """
        self.take_over()
        try:
            is_counted = self.roll_up() is None
        except OperationalError:
            raise
        except Exception:  # noqa: BLE001 - a report may be missed, what is to be forgotten may not
            _log.exception("A campaign could not be counted for its report.")
            is_counted = True
        if is_counted:
            self.purge()

    def end_pauses(self) -> None:
        """Go on with the lists of readers whose pause is over."""
        now = self.clock.now()
        with self.database.reading() as session:
            is_over = subscriptions.is_pause_over(session, now)
        if is_over:
            with self.database.writing() as session:
                subscriptions.end_pauses(session, now)

    def fire(self) -> None:
        """Let due campaigns begin; hold those whose time passed by more than the grace time."""
        with self.database.reading() as session:
            is_due = Schedule.next_at <= self.clock.sql(), Schedule.kind != ScheduleKind.PURGE
            due = session.scalars(select(Schedule).where(*is_due)).all()
        for schedule in due:
            if schedule.next_at is not None:
                with self.database.writing() as session:
                    self._fire_one(session, schedule.id, schedule.next_at)

    def prepare(self) -> None:
        """Go on with every snapshot that is not whole."""
        with self.database.reading() as session:
            unfinished = session.scalars(select(Campaign.id).where(Campaign.state == CampaignState.PREPARING)).all()
        for campaign_id in unfinished:
            self.prepare_one(campaign_id)

    def prepare_one(self, campaign_id: int) -> None:
        """Go on with a snapshot."""
        preparing.prepare(
            self.database,
            self.clock,
            campaign_id,
            self.today(),
            self.rule_context_of,
            self.limits,
            enqueue=self.enqueue,
        )

    def finish(self) -> None:
        """End the campaigns of which nothing is open."""
        with self.database.reading() as session:
            campaigns = balance.sending_broadcasts(session)
        for campaign_id in campaigns:
            self.finish_one(campaign_id)

    def finish_one(self, campaign_id: int) -> None:
        """End a campaign if nothing of it is open. One whose sum is broken is said, and holds up no other."""
        try:
            with self.database.writing() as session:
                balance.finish(session, self.clock, campaign_id)
        except balance.SumBroken as broken:
            _log.error(str(broken))

    def purge(self) -> None:
        """Once a day, let go of what was kept long enough: a few pages in each tick, until that is all."""
        with self.database.reading() as session:
            if not self.kept or not retention.is_time(session, self.clock):
                return
            organization_id = organizations.the(session).id
        with self.database.writing() as session:
            if not retention.take_turn(session, self.clock, organization_id):
                return
        _, is_all = retention.purge(self.database, self.kept, self.clock.now(), pages=retention.PAGES)
        with self.database.writing() as session:
            retention.end_turn(session, self.clock, is_all=is_all)

    def _fire_one(self, session: Session, schedule_id: int, fire_at: datetime) -> None:
        """Win the due time by taking it out of the table; the run's primary key refuses a second one."""
        won = session.scalars(
            update(Schedule)
            .where(Schedule.id == schedule_id, Schedule.next_at == fire_at)
            .values(next_at=None)
            .returning(Schedule)
        ).one_or_none()
        if won is None:
            return
        now = session.scalars(select(self.clock.sql())).one()
        session.add(ScheduleRun(schedule_id=schedule_id, fire_at=fire_at, run_at=now))
        match won.kind:
            case ScheduleKind.CAMPAIGN:
                campaign = get(session, won.subject_id)
                # One by each reader's own clock fires before its time: so early that nobody anywhere is left out.
                is_late = now - max(fire_at, campaign.scheduled_at or fire_at) > self.grace
                move(session, campaign.id, CampaignState.HELD if is_late else CampaignState.PREPARING)
                if not is_late:
                    self.enqueue(session, Job(JobKind.PREPARE, won.subject_id))
            case ScheduleKind.WINNER:
                arms.decide(session, self.clock, won.subject_id, self.tracking)
                self.enqueue(session, Job(JobKind.SEND, won.subject_id))
            case ScheduleKind.SERIES:
                won.next_at = next_time(Recurrence.parse(won.cron), won.tz, now)
                series.open_draft(session, self.clock, won.subject_id, fire_at, won.next_at)


def next_time(rule: Recurrence, zone: str, after: datetime) -> datetime:
    """When a rule falls due next after a moment, in UTC.

    A time that the spring skips is an hour later; of an hour that the autumn repeats only the first counts. Raises
    `RecurrenceInvalid` where it never falls due.
    """
    try:
        trigger = CronTrigger(**rule.fields, timezone=ZoneInfo(zone))
    except ZoneInfoNotFoundError as error:
        raise TimeZoneInvalid(f"{zone!r} is not a time zone. Write it like America/Chicago.") from error
    except ValueError as error:
        raise RecurrenceInvalid from error
    found = trigger.get_next_fire_time(None, after + timedelta(seconds=1))
    while found is not None and found.fold:
        found = trigger.get_next_fire_time(None, found.astimezone(UTC) + timedelta(minutes=1))
    if found is None:
        raise RecurrenceInvalid
    due: datetime = found.astimezone(UTC)
    return due


def start(tick_once: Callable[[], None], seconds: float = TICK_SECONDS) -> BackgroundScheduler:
    """Tick every few seconds in a thread of its own until the returned scheduler is shut down."""

    def tick() -> None:
        try:
            tick_once()
        except OperationalError as error:
            _log.warning("The database cannot be reached; the next tick tries again.", error=str(error.orig))

    background = BackgroundScheduler(timezone="UTC")
    background.add_job(tick, "interval", seconds=seconds, max_instances=1, coalesce=True)
    background.start()
    return background
