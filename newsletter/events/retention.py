"""How long things are kept: one clock for each, what is past it, and how that goes.

Counters and states stay for ever; they hold no person.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Row, Select, delete, func, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.ledger import forgetting
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState, Delivery, Schedule, ScheduleKind
from newsletter.settings import Settings
from subscribers import consent, lapses, signups
from subscribers.db import Database, insert_into
from subscribers.tables import ConsentRecord, SignUpCount

from . import persons, reach, replies
from .tables import Event

EVERY = timedelta(days=1)
TURN = timedelta(minutes=5)
"""A process that died at it is succeeded after this time."""
PAGE = 500
PAGES = 20
"""So many in one tick: nothing that is due waits long for it."""
_Rows: TypeAlias = Select[*tuple[Any, ...]]
_Found: TypeAlias = Sequence[Row[*tuple[Any, ...]]]
_ENDED = (CampaignState.SENT, CampaignState.CANCELLED)


@dataclass(frozen=True, slots=True)
class RetentionClock:
    """One kind of thing that is kept so many days; None: for ever."""

    name: str
    days: int | None
    due: Callable[[datetime], _Rows]
    """What is past a moment: rows that name it, with `since` when it counts."""
    forget: Callable[[Session, _Found, "Cut"], int]
    """Lets go of such rows, as far as they are still past it. Returns how many there were."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The moment before which a thing is past its time, and the moment it is."""

    before: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """How much is past its time, and since when the oldest of it counts."""

    rows: int
    oldest: datetime | None


def clocks(settings: Settings) -> tuple[RetentionClock, ...]:
    """Every clock. A mail loses its reader before what came back of it goes: never is one called unopened for that."""
    events, persons_, pending = (
        days or None for days in (settings.keep_events_days, settings.keep_persons_days, settings.keep_pending_days)
    )
    return (
        RetentionClock("readers of issues", events, _copies, _forget_copies),
        RetentionClock("readers of single mails", events, _single_mails, _forget_copies),
        RetentionClock("opens, clicks and bounces", events, _events, _forget_events),
        RetentionClock("unconfirmed sign-ups", pending, lapses.unconfirmed, _forget_unconfirmed),
        RetentionClock("letters by people", pending, replies.old, _forget_replies),
        RetentionClock("people who left", persons_, lapses.gone, _forget_gone),
        RetentionClock("origins of consents", settings.keep_evidence_days, _origins, _forget_origins),
        RetentionClock("ended counts of sign-ups", 0, _ended_counts, _forget_ended_counts),
    )


def due(session: Session, kept: Sequence[RetentionClock], now: datetime) -> dict[str, Due]:
    """What would go now, by the names of the clocks."""
    found = {}
    for clock in kept:
        past = _past(clock, now)
        if past is None:
            found[clock.name] = Due(0, None)
        else:
            rows = past.subquery()
            found[clock.name] = Due(*session.execute(select(func.count(), func.min(rows.c.since))).one())
    return found


def purge(
    database: Database,
    kept: Sequence[RetentionClock],
    now: datetime,
    *,
    pages: int | None = None,
    progress: Callable[[int], object] = lambda rows: rows,
) -> tuple[Mapping[str, int], bool]:
    """Let go of what is past its time, page by page, each committed. Returns how much went, and whether that was all.

    With `pages`, at most so many. Killed anywhere, it goes on when called again.
    """
    went = dict.fromkeys((clock.name for clock in kept), 0)
    done = 0
    for clock in kept:
        while done != pages and (rows := _page(database, clock, now)):
            with database.writing() as session:
                gone = clock.forget(session, rows, Cut(_before(clock, now), now))
            went[clock.name] += gone
            done += 1
            progress(gone)
            if not gone:
                break  # somebody else was faster, or came back
    if done:
        database.wipe()
    return went, done != pages


def is_time(session: Session, clock: Clock) -> bool:
    """Whether nobody has purged for a day, or is at it."""
    return session.scalar(select(Schedule.id).where(_IS_PURGE, Schedule.next_at > clock.sql())) is None


def take_turn(session: Session, clock: Clock, organization_id: int) -> bool:
    """Whether it is this process that purges now. It says by `end_turn` that it is done; else another one goes on."""
    row = {"organization_id": organization_id, "kind": ScheduleKind.PURGE, "subject_id": organization_id}
    first = insert_into(session, Schedule).values(**row, next_at=clock.sql())
    session.execute(first.on_conflict_do_nothing(index_elements=["kind", "subject_id"]))
    mine = update(Schedule).where(_IS_PURGE, Schedule.next_at <= clock.sql()).values(next_at=clock.sql(TURN))
    return session.scalar(mine.returning(Schedule.id)) is not None


def end_turn(session: Session, clock: Clock, *, is_all: bool) -> None:
    """The next turn is tomorrow, or at once where there is more."""
    session.execute(update(Schedule).where(_IS_PURGE).values(next_at=clock.sql(EVERY if is_all else timedelta())))


_IS_PURGE = Schedule.kind == ScheduleKind.PURGE


def _past(clock: RetentionClock, now: datetime) -> _Rows | None:
    return None if clock.days is None else clock.due(_before(clock, now))


def _before(clock: RetentionClock, now: datetime) -> datetime:
    return now - timedelta(days=clock.days or 0)


def _page(database: Database, clock: RetentionClock, now: datetime) -> _Found:
    past = _past(clock, now)
    if past is None:
        return ()
    with database.reading() as session:
        return session.execute(past.limit(PAGE)).all()


def _copies(before: datetime) -> _Rows:
    """Copies of campaigns that ended before a moment."""
    ended = select(Delivery.campaign_id, Delivery.seq, Campaign.finished_at.label("since")).join(
        Campaign, Campaign.id == Delivery.campaign_id
    )
    of_campaign = (Campaign.kind == CampaignKind.BROADCAST, Campaign.state.in_(_ENDED), Campaign.finished_at < before)
    return ended.where(*of_campaign, Delivery.subscriber_id > 0)  # a range of the index that keeps a copy unique


def _single_mails(before: datetime) -> _Rows:
    mails = select(Delivery.campaign_id, Delivery.seq, Delivery.updated_at.label("since"))
    mails = mails.join(Campaign, Campaign.id == Delivery.campaign_id)
    to_somebody = (Campaign.kind == CampaignKind.STREAM, Delivery.to_address != "", ~forgetting.NOT_BEGUN)
    return mails.where(*to_somebody, Delivery.updated_at < before)


def _forget_copies(session: Session, rows: _Found, cut: Cut) -> int:
    del cut  # what has ended stays so
    seqs: dict[int, list[int]] = defaultdict(list)
    for campaign_id, seq, _ in rows:
        seqs[campaign_id].append(seq)
    return sum(forgetting.forget_copies(session, campaign_id, seqs[campaign_id]) for campaign_id in sorted(seqs))


def _events(before: datetime) -> _Rows:
    return select(Event.id, Event.received_at.label("since")).where(Event.received_at < before).order_by(Event.id)


def _forget_events(session: Session, rows: _Found, cut: Cut) -> int:
    """How many copies they reached stays counted; which copies that were goes with them."""
    del cut
    columns = Event.campaign_id, Event.seq, Event.kind, Event.actor, Event.link_no
    old = delete(Event).where(Event.id.in_([row.id for row in rows])).returning(*columns)
    gone = session.execute(old, execution_options={"synchronize_session": False}).all()
    reach.forget(session, (each for row in gone for each in reach.of_request(*row)))
    return len(gone)


def _forget_unconfirmed(session: Session, rows: _Found, cut: Cut) -> int:
    """The sign-up, and the person where there was nothing else."""
    count, alone = lapses.lapse(session, [(row.subscriber_id, row.list_id) for row in rows])
    persons.forget(session, alone, cut.now)
    return count


def _forget_replies(session: Session, rows: _Found, cut: Cut) -> int:
    return replies.forget(session, [row.id for row in rows], cut.now)


def _forget_gone(session: Session, rows: _Found, cut: Cut) -> int:
    ids = lapses.still_gone(session, [row.subscriber_id for row in rows], cut.before)
    return persons.forget(session, ids, cut.now)


def _origins(before: datetime) -> _Rows:
    records = select(ConsentRecord.id, ConsentRecord.recorded_at.label("since"))
    return records.where(ConsentRecord.recorded_at < before, consent.has_place())


def _forget_origins(session: Session, rows: _Found, cut: Cut) -> int:
    del cut
    return consent.forget_places(session, [row.id for row in rows])


def _ended_counts(before: datetime) -> _Rows:
    return select(SignUpCount.kind, SignUpCount.ends_at.label("since")).where(SignUpCount.ends_at <= before)


def _forget_ended_counts(session: Session, rows: _Found, cut: Cut) -> int:
    del rows  # all at once: they are small, and hold nobody
    return signups.forget_ended(session, cut.before)
