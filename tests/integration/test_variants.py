from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.issues.document import Document, Section, SectionKind
from newsletter.rendering.variants import MOST_SECTIONS, Variant, variant_columns
from subscribers.db import Database
from subscribers.grades import Bands, RollOver
from subscribers.segments.rules import RuleContext
from subscribers.tables import Child, Household, Subscriber, Told
from tests.support.people import LONG_AGO, a_list, a_subscriber, an_organization

BANDS = Bands.parse("elementary=PK-5 middle=6-8 high=9-12")


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.writing() as opened:
        yield opened


def variant_in_sql(session: Session, *sections: tuple[str, ...], children: tuple[Child, ...]) -> Variant:
    """The variant of one family for an issue with sections of these bands."""
    list_ = a_list(session, an_organization(session))
    reader = a_subscriber(session, list_, "ann@maple.example")
    household = Household(organization_id=list_.organization_id, created_at=LONG_AGO)
    session.add(household)
    session.flush()
    reader.household_id = household.id
    for child in children:
        child.household_id, child.subscriber_id, child.created_at = household.id, reader.id, LONG_AGO
        session.add(child)
    session.flush()
    shown = tuple(Section(SectionKind.STORY, f"s{n}", bands) for n, bands in enumerate(sections))
    document = Document("2026-12", {}, {}, "", ("en",), shown)
    context = RuleContext(list_.organization_id, date(2026, 12, 1), RollOver(7, 1), BANDS)
    told = session.scalars(select(variant_columns(document, context)).select_from(Subscriber)).one()
    return Variant.parse(told)


def test_the_last_bit_of_the_longest_issue_is_kept(session: Session) -> None:
    sections = [("elementary",)] * (MOST_SECTIONS - 1) + [("high",)]
    ninth_grader = Child(told_by=Told.FAMILY, graduation_year=2030)
    assert variant_in_sql(session, *sections, children=(ninth_grader,)) == Variant("en", 1 << (MOST_SECTIONS - 1))


def test_a_reader_for_whom_there_is_nothing_has_an_empty_mask(session: Session) -> None:
    ninth_grader = Child(told_by=Told.FAMILY, graduation_year=2030)
    assert str(variant_in_sql(session, ("elementary",), ("middle",), children=(ninth_grader,))) == "en-0"


def test_a_household_without_children_sees_every_section(session: Session) -> None:
    assert variant_in_sql(session, ("elementary",), ("high",), (), children=()).mask == 0b111


def test_a_level_that_is_no_band_any_more_matches_nothing(session: Session) -> None:
    of_old = Child(told_by=Told.IMPORT, band="lower-school", end_year=2027)
    assert variant_in_sql(session, ("lower-school",), (), children=(of_old,)).mask == 0b10
