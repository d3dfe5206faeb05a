"""Several hundred random people with everything that a rule can ask about, and the same people as rules see them."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.events import engagement
from newsletter.events.tables import Actor, Event, EventKind
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState, Delivery, DeliveryState
from subscribers import households, subscribers
from subscribers.grades import Bands, RollOver, grade_of
from subscribers.segments.rules import Person, RuleContext
from subscribers.tables import (
    Child,
    Household,
    List,
    Organization,
    Part,
    Participation,
    Role,
    School,
    Subscriber,
    SubscriberRole,
    SubscriberTag,
    Subscription,
    SubscriptionState,
    Tag,
    Told,
)

DAY = date(2026, 12, 1)
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
BANDS = Bands.parse("elementary=PK-5 middle=6-8 high=9-12")
ROLL_OVER = RollOver(7, 1)
ZONE = "America/Chicago"
SCHOOLS = ("Maple Elementary", "Oak High", "Straße 7")
TAGS = ("volunteers", "fair 2026", "and", 'a "quoted" one', "ÑANDÚ", "100%_[x]*")
SUBJECTS = ("reading", "Math at home", "ÑANDÚ", "Autumn talk", "Coding", "b\\s")
PLACES = ("", "Springfield", "SPRINGFIELD", "San José", "SAN JOSÉ", "Straße", "50% [off]*", "İzmir", "a]b", "ΣΟΦΟΣ")
TOLD: tuple[Any, ...] = (
    5, 5.0, 2.5, -1, 10**40, 1e300, 5e-324, 123456789012345, 123456789012345.12, 0.3, 0.1 + 0.2,
    True, False, None, [5], {"5": 5},
    "5", "Large", "large", "NORTH", "", "Nord-Süd",
)  # fmt: skip
CAMPAIGNS = (1, 2)


def context_of(organization: Organization) -> RuleContext:
    """The first of December in Chicago, with all that the product can ask about."""
    return RuleContext(organization.id, DAY, ROLL_OVER, BANDS, ZONE, engagement.FIELDS)


def populate(session: Session, chance: random.Random, people: int) -> Organization:
    """Write an organization with two lists, two campaigns and so many people."""
    organization = Organization(name="Maple", salt="pepper", created_at=NOON)
    session.add(organization)
    session.flush()
    own = {"organization_id": organization.id}
    lists = [List(slug=slug, name=slug, created_at=NOON, **own) for slug in ("families", "teachers")]
    schools = [School(name=name, **own) for name in SCHOOLS]
    tags = [Tag(name=name, **own) for name in TAGS]
    kinds = (CampaignKind.BROADCAST, CampaignKind.BROADCAST, CampaignKind.STREAM)
    campaigns = [Campaign(kind=kind, state=CampaignState.SENT, created_at=NOON, **own) for kind in kinds]
    homes = [Household(created_at=NOON, **own) for _ in range(people)]
    session.add_all([*lists, *schools, *tags, *campaigns, *homes])
    session.flush()
    readers = [_subscriber(chance, n, organization, homes, schools) for n in range(people)]
    session.add_all(readers)
    session.flush()
    for seq, reader in enumerate(readers, 1):
        session.add_all(_around(chance, reader, lists, schools, tags))
        for campaign in campaigns:
            session.add_all(_sent(chance, campaign, seq, reader))
    session.flush()
    return organization


def person_of(session: Session, reader: Subscriber, context: RuleContext) -> Person:
    """A subscriber of the database as rules see them, read otherwise than rules do."""
    children = households.children_of(session, reader)
    facts = subscribers.describe(session, reader, context.day, context.roll_over, context.bands)
    took_part = session.scalars(select(Participation).where(Participation.subscriber_id == reader.id)).all()
    years = [child.graduation_year for child in children if child.graduation_year is not None]
    return Person(
        bands=frozenset(facts["bands"]),
        grades=frozenset(grade_of(year, context.end_year) for year in years),
        schools=_schools_of(session, reader, context),
        language=reader.language,
        roles=frozenset(facts["roles"]),
        tags=frozenset(facts["tags"]),
        lists=frozenset(row["list"] for row in facts["lists"] if row["state"] == "confirmed"),
        time_zone=reader.time_zone,
        place=reader.place,
        joined=_day(reader.created_at),
        tracking=reader.tracking,
        interests=frozenset(part.subject for part in took_part if part.kind == Part.INTEREST),
        attended={part.subject: part.on_day for part in took_part if part.kind == Part.ATTENDED},
        attributes=reader.attributes,
        happened=_happened(session, reader),
    )


def _subscriber(
    chance: random.Random, n: int, organization: Organization, homes: list[Household], schools: list[School]
) -> Subscriber:
    told = {name: chance.choice(TOLD) for name in ("size", "bus-route", "other") if chance.random() < 0.7}
    return Subscriber(
        organization_id=organization.id,
        public_id=f"public{n}",
        address=f"r{n}@x.example",
        address_key=f"r{n}@x.example",
        address_hash=f"hash{n}",
        language=chance.choice(("", "en", "es", "es-MX", "zh")),
        time_zone=chance.choice(("", "America/Chicago", "Europe/Madrid")),
        place=chance.choice(PLACES),
        school_id=chance.choice((None, None, schools[0].id, schools[1].id)),
        attributes=told,
        household_id=chance.choice((None, homes[n].id, homes[n].id, homes[n // 2].id)),
        tracking=chance.random() < 0.5,
        created_at=_moment(chance),
        updated_at=NOON,
    )


def _moment(chance: random.Random) -> datetime:
    """Often at the very beginning of a day in Chicago, or just before it."""
    day = datetime.combine(DAY - timedelta(days=chance.choice((0, 1, 2, 29, 30, 89, 90, 268))), NOON.time())
    begin = day.replace(hour=0, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
    return begin + timedelta(microseconds=chance.choice((-1, 0, 1))) + timedelta(hours=chance.choice((0, 0, 7, 24)))


def _around(
    chance: random.Random, reader: Subscriber, lists: list[List], schools: list[School], tags: list[Tag]
) -> Iterator[Any]:
    for list_ in lists:
        state = chance.choice((None, *SubscriptionState))
        if state is not None:
            yield Subscription(subscriber_id=reader.id, list_id=list_.id, state=state, created_at=NOON)
    for role in chance.sample(list(Role), chance.randint(0, 2)):
        yield SubscriberRole(subscriber_id=reader.id, role=role)
    for tag in chance.sample(tags, chance.randint(0, 2)):
        yield SubscriberTag(subscriber_id=reader.id, tag_id=tag.id)
    for kind in Part:
        for subject in chance.sample(SUBJECTS, chance.randint(0, 2)):
            day = chance.choice((None, DAY, DAY + timedelta(days=1), DAY - timedelta(days=chance.randint(0, 400))))
            yield Participation(subscriber_id=reader.id, kind=kind, subject=subject, on_day=day)
    for _ in range(chance.choice((0, 1, 1, 2, 3)) if reader.household_id else 0):
        yield _child(chance, reader, schools)


def _child(chance: random.Random, reader: Subscriber, schools: list[School]) -> Child:
    year = chance.randint(2025, 2043) if chance.random() < 0.7 else None
    return Child(
        household_id=reader.household_id,
        subscriber_id=reader.id,
        told_by=chance.choice(list(Told)),
        graduation_year=year,
        band=chance.choice(BANDS.names) if year is None else None,
        end_year=chance.choice((None, 2025, 2026, 2027)) if year is None else None,
        school_id=chance.choice((None, *(school.id for school in schools))),
        created_at=NOON,
    )


def _sent(chance: random.Random, campaign: Campaign, seq: int, reader: Subscriber) -> Iterator[Any]:
    state = chance.choice((None, DeliveryState.ACCEPTED, DeliveryState.ACCEPTED, DeliveryState.REJECTED))
    if state is None:
        return
    own = {"campaign_id": campaign.id, "seq": seq}
    yield Delivery(subscriber_id=reader.id, to_address=reader.address, state=state, updated_at=_moment(chance), **own)
    for n, kind in enumerate((EventKind.OPEN, EventKind.CLICK, EventKind.OPEN, EventKind.DELIVERED)):
        if chance.random() < 0.4:
            yield Event(
                provider="web",
                event_id=f"{campaign.id}-{seq}-{n}",
                kind=kind,
                actor=chance.choice((Actor.HUMAN, Actor.HUMAN, Actor.MACHINE)),
                occurred_at=_moment(chance),
                received_at=NOON,
                **own,
            )


def _schools_of(session: Session, reader: Subscriber, context: RuleContext) -> frozenset[str]:
    """The reader's own, and those of children who have not left."""
    known = {school.id: school.name for school in session.scalars(select(School))}
    told = session.scalars(select(Child).where(Child.household_id == reader.household_id)).all()
    ids = {reader.school_id, *(child.school_id for child in told if _goes_to_school(child, context.end_year))}
    return frozenset(known[key] for key in ids if key is not None)


def _goes_to_school(child: Child, end_year: int) -> bool:
    if child.graduation_year is not None:
        return child.graduation_year >= end_year
    return child.end_year is None or child.end_year >= end_year - 1


def _happened(session: Session, reader: Subscriber) -> dict[str, frozenset[tuple[int, date]]]:
    copies = session.scalars(select(Delivery).where(Delivery.subscriber_id == reader.id)).all()
    mails = [copy for copy in copies if copy.state == DeliveryState.ACCEPTED and copy.campaign_id in CAMPAIGNS]
    found = {"received": frozenset((mail.campaign_id, _day(mail.updated_at)) for mail in mails)}
    for name, kind in (("opened", EventKind.OPEN), ("clicked", EventKind.CLICK)):
        events = (
            event
            for copy in copies
            for event in session.scalars(
                select(Event).where(Event.campaign_id == copy.campaign_id, Event.seq == copy.seq, Event.kind == kind)
            )
        )
        found[name] = frozenset((e.campaign_id, _day(e.occurred_at)) for e in events if e.actor == Actor.HUMAN)
    return found


def _day(moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(ZONE)).date()
