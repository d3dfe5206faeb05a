import random

import pytest
from sqlalchemy import select

from newsletter.issues.document import Body, Document, Section, SectionKind
from newsletter.rendering.variants import Profile, Variant, role_masks, variant_columns, variant_of
from subscribers import audience, households
from subscribers.db import Database
from subscribers.segments import saved
from subscribers.segments.rules import Rule
from subscribers.tables import Subscriber
from tests.support.crowd import NOON, context_of, person_of, populate
from tests.support.rules import random_rule

PEOPLE, RULES = 500, 2_000
SEGMENTS = {
    "upper": "band in (middle, high)",
    "near": "place starts s and not segment = upper",
    "big": "attribute.size > 4 or language != en",
}


@pytest.mark.slow
def test_sql_and_python_choose_the_same_people(database: Database) -> None:
    chance = random.Random(2026)  # noqa: S311 - the same people and rules each time
    with database.writing() as session:
        context = context_of(populate(session, chance, PEOPLE))
        for name, text in SEGMENTS.items():
            saved.create(session, name, Rule.parse(text), context, NOON)
    texts = [random_rule(chance, segments=list(SEGMENTS)) for _ in range(RULES)]
    with database.reading() as session:
        readers = session.scalars(select(Subscriber)).all()
        people = {reader.id: person_of(session, reader, context) for reader in readers}
        sizes = set()
        for text in texts:
            rule = saved.resolved(session, Rule.parse(text), context)
            chosen = set(session.scalars(select(Subscriber.id).where(rule.where(context))))
            matches = rule.matcher(context)
            assert chosen == {key for key, person in people.items() if matches(person)}, text
            sizes.add(len(chosen))
        assert audience.count_chosen(session, rule, context) == len(chosen)
    assert len(sizes) > 200, "the rules are of no use if they all choose the same"


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
    sections += (
        Section(SectionKind.STORY, "spanish", languages=("es",)),
        Section(SectionKind.STORY, "both", ("high",), languages=("en", "zh"), rule="not tag = volunteers"),
        Section(SectionKind.STORY, "ruled", rule="grade > 5 or clicked within 30 days"),
    )
    with database.writing() as session:
        context = context_of(populate(session, random.Random(7), 60))  # noqa: S311 - the same people each time
    for languages in (("en", "es"), ("es-MX", "en"), ("zh",)):
        document = Document("2026-12", dict.fromkeys(languages, "x"), {}, "", languages, sections)
        with database.reading() as session:
            rows = session.execute(select(Subscriber, variant_columns(document, context))).all()
            for reader, told in rows:
                person = person_of(session, reader, context)
                children = households.children_of(session, reader)
                profile = Profile(person, bool(children))
                assert Variant.parse(told) == variant_of(document, profile, context), (reader.language, profile)
            roles = role_masks(document)
            assert roles is not None
            at_once = select(Subscriber, variant_columns(document, context, roles)).outerjoin(
                roles, roles.c.subscriber_id == Subscriber.id
            )
            assert sorted((reader.id, told) for reader, told in session.execute(at_once)) == sorted(
                (reader.id, told) for reader, told in rows
            )
