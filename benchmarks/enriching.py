"""What the seeded families told, did and got: all that a rule can ask about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    String,
    case,
    cast,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from newsletter.events.tables import Actor, Event, EventKind
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState, Delivery, DeliveryState
from subscribers.db import Database, dialect_of
from subscribers.tables import (
    Child,
    Part,
    Participation,
    Role,
    School,
    Subscriber,
    SubscriberRole,
    SubscriberTag,
    Tag,
    Told,
)

from .seeding import each, fill, numbers, trust_ourselves

_SCHOOLS = 50
_TAGS = ("board", "volunteers", "fair 2026", "choir")
_PLACES = ("Springfield", "San José", "Oak Hill", "62704", "Spring Valley", "Riverton", "")
_ZONES = ("America/Chicago", "America/New_York", "Europe/Madrid", "")
_SUBJECTS = ("reading", "Math at home", "Coding", "Bridges")
_DAYS = 1_825
"""The families joined over five years."""
_SENT_DAYS_AGO = (60, 10)


def enrich(database: Database, families: int) -> None:
    """Add to `seed` what rules ask about.

    A third child for one in seven, so that a million families have 1.5 million children; schools, places, zones, tags,
    interests and workshops; and two campaigns that everybody got, with opens and clicks.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    with database.writing() as session:
        if not database.is_sqlite:
            trust_ourselves(session)
        n = numbers(session, families)
        _schools(session)
        _children(session, n, now)
        _told(session, now)
        _tags(session, n)
        _took_part(session, n, now)
        for days in _SENT_DAYS_AGO:
            _sent(session, n, now - timedelta(days=days))
        session.execute(text("DROP TABLE seed"))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # As new as a table that grew: none of the rows that the updates left behind.
        for statement in (
            ("ANALYZE",) if database.is_sqlite else ("VACUUM FULL subscriber", "VACUUM FULL child", "VACUUM ANALYZE")
        ):
            connection.execute(text(statement))


def _schools(session: Session) -> None:
    rows = [{"id": n + 1, "organization_id": 1, "name": f"School {n + 1}"} for n in range(_SCHOOLS)]
    session.execute(insert(School), rows)


def _children(session: Session, n: ColumnElement[int], now: datetime) -> None:
    fill(
        session, Child, select(n).where(n % 7 == 1),
        household_id=n, subscriber_id=n, told_by=literal(Told.FAMILY.value), graduation_year=null(),
        band=_one_of(n, ("elementary", "middle", "high")), end_year=literal(now.year + 1), created_at=literal(now),
    )  # fmt: skip
    session.execute(update(Child).values(school_id=Child.household_id % _SCHOOLS + 1))


def _told(session: Session, now: datetime) -> None:
    n: ColumnElement[int] = Subscriber.id.expression
    attributes = [{"size": size, "bus-route": route} for size in range(1, 13) for route in ("North", "South", "12")]
    session.execute(
        update(Subscriber).values(
            place=_one_of(n, _PLACES),
            time_zone=_one_of(n, _ZONES),
            school_id=case((n % 20 == 0, n % _SCHOOLS + 1)),
            attributes=case(*((n % len(attributes) == k, literal(told, JSON)) for k, told in enumerate(attributes))),
            created_at=_days_before(session, now, n % _DAYS),
        )
    )
    fill(session, SubscriberRole, select(n).where(n % 20 == 0), subscriber_id=n, role=literal(Role.EDUCATOR.value))


def _tags(session: Session, n: ColumnElement[int]) -> None:
    session.execute(insert(Tag), [{"id": k, "organization_id": 1, "name": name} for k, name in enumerate(_TAGS, 1)])
    for tag_id, every in enumerate((50, 4, 3, 1_000), 1):
        fill(session, SubscriberTag, select(n).where(n % every == 0), subscriber_id=n, tag_id=literal(tag_id))


def _took_part(session: Session, n: ColumnElement[int], now: datetime) -> None:
    for subject, every in zip(_SUBJECTS, (3, 5, 40, 500), strict=True):
        for part, shift in ((Part.INTEREST, 0), (Part.ATTENDED, 1)):
            fill(
                session, Participation, select(n).where((n + shift) % every == 0),
                subscriber_id=n, kind=literal(part.value), subject=literal(subject),
                on_day=literal((now - timedelta(days=every * 9)).date()),
            )  # fmt: skip


def _sent(session: Session, n: ColumnElement[int], at: datetime) -> None:
    """A campaign to everybody. Of those who agreed, every second opened it and one in five followed a link."""
    campaign = Campaign(
        organization_id=1, kind=CampaignKind.BROADCAST, state=CampaignState.SENT, list_id=1, created_at=at
    )
    session.add(campaign)
    session.flush()
    own = {"campaign_id": literal(campaign.id), "seq": n}
    fill(
        session, Delivery, select(n),
        **own, subscriber_id=n, to_address=literal("reader") + cast(n, String) + literal("@families.example"),
        occurrence=literal(0), variant=literal("en-1"), attempt=literal(1), updated_at=literal(at),
        state=each(n, 200, DeliveryState.REJECTED, DeliveryState.ACCEPTED),
    )  # fmt: skip
    asked = ((EventKind.OPEN, Actor.HUMAN, 2), (EventKind.OPEN, Actor.MACHINE, 4), (EventKind.CLICK, Actor.HUMAN, 5))
    for kind, actor, every in asked:
        fill(
            session, Event, select(n).where(n % 3 == 0, (n + campaign.id) % every == 0),
            **own, provider=literal("web"), actor=literal(actor.value), kind=literal(kind.value),
            event_id=literal(f"{campaign.id}-{kind}-{actor}-") + cast(n, String), detail=literal({}, JSON),
            occurred_at=literal(at + timedelta(hours=2)), received_at=literal(at + timedelta(hours=2)),
        )  # fmt: skip


def _one_of(n: ColumnElement[int], words: tuple[str, ...]) -> ColumnElement[str]:
    return case(*((n % len(words) == k, word) for k, word in enumerate(words)))


def _days_before(session: Session, now: datetime, days: ColumnElement[int]) -> ColumnElement[Any]:
    if dialect_of(session) == "postgresql":
        return literal(now) - days * literal_column("interval '1 day'")
    return func.strftime(
        "%Y-%m-%d %H:%M:%f000", f"{now:%Y-%m-%d %H:%M:%S}", literal("-") + cast(days, String) + " days"
    )
