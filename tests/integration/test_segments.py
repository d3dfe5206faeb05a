import random
from datetime import UTC, date, datetime

from hypothesis import HealthCheck, given, settings
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.issues.document import Body, Document, Section, SectionKind
from newsletter.rendering.variants import Profile, Variant, role_masks, variant_columns, variant_of
from subscribers import audience, households, lists, organizations, subscribers, subscriptions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.grades import Bands, RollOver, grade_of
from subscribers.households import ChildTold
from subscribers.segments.rules import Person, Rule, RuleContext
from subscribers.tables import Organization, Role, Subscriber, SubscriptionState, Told
from tests.support.rules import rules

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
BANDS = Bands.parse("elementary=PK-5 middle=6-8 high=9-12")
ROLL_OVER = RollOver(7, 1)
PEOPLE = 60
EVIDENCE = Evidence("staff")


def context_of(organization: Organization) -> RuleContext:
    return RuleContext(organization.id, date(2026, 12, 1), ROLL_OVER, BANDS)


def some_children(chance: random.Random) -> list[ChildTold]:
    told: list[ChildTold] = []
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        if chance.random() < 0.7:
            told.append(ChildTold(graduation_year=chance.randint(2025, 2041)))
        else:
            told.append(ChildTold(band=chance.choice(BANDS.names), end_year=chance.choice((None, 2025, 2026, 2027))))
    return told


def populate(session: Session, chance: random.Random) -> Organization:
    organization = organizations.create(session, "Maple", NOW)
    known = [lists.create(session, organization.id, slug, slug, now=NOW) for slug in ("families", "teachers")]
    for n in range(PEOPLE):
        reader = subscribers.add(
            session,
            organization,
            EmailAddress.parse(f"r{n}@x.example"),
            language=chance.choice(("", "en", "es", "es-MX", "zh")),
            roles=chance.sample(list(Role), chance.randint(0, 2)),
            tags=chance.sample(["volunteers", "fair 2026", "and", 'a "quoted" one'], chance.randint(0, 2)),
            now=NOW,
        )
        households.set_children(session, reader, some_children(chance), Told.FAMILY, NOW)
        for list_ in known:
            state = chance.choice((None, SubscriptionState.CONFIRMED, SubscriptionState.PENDING))
            if state is not None:
                subscriptions.subscribe(session, reader, list_, state, NOW, evidence=EVIDENCE)
    return organization


def person_of(session: Session, organization: Organization, reader: Subscriber) -> Person:
    context = context_of(organization)
    children = households.children_of(session, reader)
    facts = subscribers.describe(session, reader, context.day, ROLL_OVER, BANDS)
    return Person(
        bands=households.bands_of(children, context.day, ROLL_OVER, BANDS),
        grades=frozenset(
            grade_of(child.graduation_year, context.end_year) for child in children if child.graduation_year is not None
        ),
        language=reader.language,
        roles=frozenset(facts["roles"]),
        tags=frozenset(facts["tags"]),
        lists=frozenset(row["list"] for row in facts["lists"] if row["state"] == "confirmed"),
    )


def test_sql_and_python_choose_the_same_people(database: Database) -> None:
    with database.writing() as session:
        organization = populate(session, random.Random(2026))  # noqa: S311 - the same people each time
    with database.reading() as session:
        readers = session.scalars(select(Subscriber)).all()
        people = {reader.id: person_of(session, organization, reader) for reader in readers}
        context = context_of(organization)

        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        @given(rule=rules())
        def agree(rule: Rule) -> None:
            chosen = set(session.scalars(select(Subscriber.id).where(rule.where(context))))
            assert chosen == {key for key, person in people.items() if rule.matches(person, context)}
            assert audience.count_chosen(session, rule, context) == len(chosen)

        agree()


def test_sql_and_python_give_each_reader_the_same_variant(database: Database) -> None:
    aims = [
        ((), ()),
        (("elementary",), ()),
        (("middle", "high"), ()),
        ((), ("family",)),
        (("high",), ("educator", "family")),
        ((), ("organization",)),
        (("elementary",), ()),
    ]
    sections = tuple(
        Section(SectionKind.STORY, f"s{n}", bands, roles, bodies=(Body("en", "x"),))
        for n, (bands, roles) in enumerate(aims)
    )
    with database.writing() as session:
        organization = populate(session, random.Random(7))  # noqa: S311 - the same people each time
    context = context_of(organization)
    for languages in (("en", "es"), ("es-MX", "en"), ("zh",)):
        document = Document("2026-12", dict.fromkeys(languages, "x"), {}, "", languages, sections)
        with database.reading() as session:
            rows = session.execute(select(Subscriber, variant_columns(document, context))).all()
            for reader, told in rows:
                person = person_of(session, organization, reader)
                children = households.children_of(session, reader)
                profile = Profile(reader.language, person.bands, bool(children), person.roles)
                assert Variant.parse(told) == variant_of(document, profile), (reader.language, profile)
            roles = role_masks(document)
            assert roles is not None
            at_once = select(Subscriber, variant_columns(document, context, roles)).outerjoin(
                roles, roles.c.subscriber_id == Subscriber.id
            )
            assert sorted((reader.id, told) for reader, told in session.execute(at_once)) == sorted(
                (reader.id, told) for reader, told in rows
            )
