"""The report on a large campaign beside a bare `SELECT count(*)` of the events that it is about."""

import statistics
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import JSON, String, cast, func, insert, literal, null, select, text
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.commands.reports import report_on
from newsletter.events import reach
from newsletter.events.counters import Counter, grow
from newsletter.events.tables import Actor, Event, EventKind
from newsletter.ledger.tables import Campaign, Link
from newsletter.reports.campaigns import CampaignReport
from subscribers.db import dialect_of
from tests.support.installation import Installation

from .bench import KINDS, NAMES, Bench
from .installations import fill, opened
from .pairs import FEW, Bar, Row, alternate, seconds_of, spread
from .seeding import as_autovacuum_would, each, numbers
from .seeding import fill as fill_table
from .tracking import sent_campaign

BAR = Bar(200, of="measured", is_ceiling=True)
_BESIDE = "a bare SELECT count(*) of the events"
_EVENTS_OF_COPY = 10
_BACK = 50
"""One copy in so many came back."""


def rows(bench: Bench) -> Iterator[Row]:
    """One row a database."""
    for kind in KINDS:
        yield _row(bench, kind)


def _row(bench: Bench, kind: str) -> Row:
    events = bench.sizes.report_events
    with bench.database(kind) as (folder, url):
        bench.say(f"reports, {NAMES[kind]}: writing {events:,} events")
        installation = Installation(folder, url, "file:outbox")
        fill(installation, url, events // _EVENTS_OF_COPY)
        with opened(url, folder) as app:
            campaign_id = sent_campaign(app)
            written = _write(app, campaign_id)
            bench.say(f"reports, {NAMES[kind]}: {written:,} events; counting their copies")
            counting = seconds_of(lambda: app.rollups.make(app.database, campaign_id))
            bench.say(f"reports, {NAMES[kind]}: measuring")
            pairs = alternate(lambda: _ours(app, campaign_id), lambda: _bare(app, campaign_id), bench.sizes.rounds)
            wrong = tuple(_wrong(app, report_on(app, campaign_id)))
        command = [_milliseconds_of(installation, campaign_id) for _ in range(bench.sizes.rounds or FEW)]
    notes = (
        f"rounds {spread([ours for ours, _ in pairs], 1)}",
        f"the whole command {statistics.median(command):,.0f} ms ({spread(command)})",
        f"the tick's count of the copies, once in a while: {counting:.1f} s",
    )
    return Row(f"report on {written:,} events, {NAMES[kind]}", "ms", _BESIDE, BAR, tuple(pairs), notes, wrong)


def _ours(app: App, campaign_id: int) -> float:
    return 1000 * seconds_of(lambda: report_on(app, campaign_id))


def _bare(app: App, campaign_id: int) -> float:
    return 1000 * seconds_of(lambda: _events(app, campaign_id))


def _milliseconds_of(installation: Installation, campaign_id: int) -> float:
    return 1000 * seconds_of(lambda: installation.do("reports", "campaign", str(campaign_id)))


def _events(app: App, campaign_id: int, *kinds: EventKind) -> int:
    counted = select(func.count()).select_from(Event).where(Event.campaign_id == campaign_id)
    with app.database.reading() as session:
        return session.scalars(counted.where(Event.kind.in_(kinds)) if kinds else counted).one()


def _wrong(app: App, report: CampaignReport) -> Iterator[str]:
    """What the report says, counted from the events themselves."""
    for name, kind, said in (
        ("opens", EventKind.OPEN, report.totals.opened.total),
        ("clicks", EventKind.CLICK, report.totals.clicked.total),
        ("bounces", EventKind.BOUNCE, report.totals.bounced),
    ):
        counted = _events(app, report.campaign_id, kind)
        if counted != said:
            yield f"{said:,} {name} in the report, {counted:,} in the database"


def _write(app: App, campaign_id: int) -> int:
    """Ten events a copy, written by the database itself; what else is counted as they come is counted here afterwards.

    Four opens of a person and one of a machine, three clicks of a person and one of nobody knows whom, over twenty
    links and thirty days; all were delivered, and of one copy in fifty a notice came back instead.
    """
    with app.database.writing() as session:
        _write_links(session, campaign_id)
        _write_events(session, campaign_id, session.get_one(Campaign, campaign_id).audience)
    with app.database.writing() as session:
        reach.rebuild(session, campaign_id)
        _count_requests(session, campaign_id, app.clock.now())
    as_autovacuum_would(app.database)
    return _events(app, campaign_id)


_LINKS = 20
_FIRST = 1_000
_HOURS = 30 * 24
_ASKED = (
    *(4 * [(EventKind.OPEN, Actor.HUMAN)]),
    (EventKind.OPEN, Actor.MACHINE),
    *(3 * [(EventKind.CLICK, Actor.HUMAN)]),
    (EventKind.CLICK, Actor.UNKNOWN),
)


def _write_links(session: Session, campaign_id: int) -> None:
    numbered = range(_FIRST, _FIRST + _LINKS)
    rows = [{"campaign_id": campaign_id, "no": no, "target": f"https://maple.example/{no}"} for no in numbered]
    session.execute(insert(Link), rows)


def _write_events(session: Session, campaign_id: int, copies: int) -> None:
    n = numbers(session, copies)
    now = func.now() if dialect_of(session) == "postgresql" else func.strftime("%Y-%m-%d %H:%M:%f000", "now")
    told = each(n, _BACK, EventKind.BOUNCE.value, EventKind.DELIVERED.value)
    asked = [(told, Actor.HUMAN), *((literal(kind.value), actor) for kind, actor in _ASKED)]
    for no, (kind, actor) in enumerate(asked):
        is_click = no > 0 and _ASKED[no - 1][0] is EventKind.CLICK
        fill_table(
            session, Event, select(n),
            provider=literal("web"), event_id=literal(f"{no}:") + cast(n, String), kind=kind,
            campaign_id=literal(campaign_id), seq=n, link_no=_FIRST + (n + no) % _LINKS if is_click else null(),
            actor=literal(actor.value), detail=literal({"reason": "mailbox-full", "permanent": False}, JSON),
            occurred_at=now, received_at=now,
        )  # fmt: skip
    session.execute(text("DROP TABLE seed"))


def _count_requests(session: Session, campaign_id: int, now: datetime) -> None:
    hour_no = (Event.seq // _LINKS % _HOURS).label("hour_no")
    keys = (Event.kind, func.coalesce(Event.link_no, 0), Event.actor, hour_no)
    asked = Event.campaign_id == campaign_id, Event.kind.in_((EventKind.OPEN, EventKind.CLICK))
    counted = session.execute(select(*keys, func.count()).where(*asked).group_by(*keys)).all()
    first = Counter.at(campaign_id, EventKind.OPEN, now, Actor.HUMAN).hour
    growth = {
        Counter(campaign_id, kind, link_no, first + timedelta(hours=no), actor): count
        for kind, link_no, actor, no, count in counted
    }
    grow(session, growth)
