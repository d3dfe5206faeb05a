from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy.orm import Session

from subscribers import lists, organizations
from subscribers.db import Database
from subscribers.errors import NotFound
from subscribers.grades import Bands, RollOver
from subscribers.segments import saved
from subscribers.segments.rules import Rule, RuleContext, RuleInvalid

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.writing() as opened:
        yield opened


@pytest.fixture
def context(session: Session) -> RuleContext:
    organization = organizations.create(session, "Maple", NOW)
    return RuleContext(organization.id, date(2026, 12, 1), RollOver(7, 1), Bands.parse("lower=PK-5 upper=6-12"))


def test_a_segment_keeps_its_rule_as_it_is_written_out(session: Session, context: RuleContext) -> None:
    made = saved.create(session, "  Upper   school ", Rule.parse("BAND=upper AND not(language=es)"), context, NOW)
    assert (made.name, made.rule) == ("Upper school", "band = upper and not language = es")
    assert saved.get(session, context.organization_id, "Upper  school") is made
    assert saved.rule_for(session, context, "Upper school", None) == Rule.parse(made.rule)


def test_segments_are_listed_by_name(session: Session, context: RuleContext) -> None:
    for name in ("b", "a"):
        saved.create(session, name, Rule.everyone(), context, NOW)
    assert [segment.name for segment in saved.all_of(session, context.organization_id)] == ["a", "b"]


def test_a_name_is_given_once(session: Session, context: RuleContext) -> None:
    saved.create(session, "upper", Rule.everyone(), context, NOW)
    with pytest.raises(saved.SegmentExists, match="There is a segment 'upper' already"):
        saved.create(session, "upper", Rule.parse("band = upper"), context, NOW)
    assert saved.get(session, context.organization_id, "upper").rule == ""


def test_a_segment_needs_a_name(session: Session, context: RuleContext) -> None:
    with pytest.raises(saved.SegmentNameMissing, match="needs a name"):
        saved.create(session, " ", Rule.everyone(), context, NOW)


def test_a_rule_with_a_value_that_cannot_be_is_not_saved(session: Session, context: RuleContext) -> None:
    with pytest.raises(RuleInvalid, match="did you mean upper"):
        saved.create(session, "x", Rule.parse("band = uper"), context, NOW)
    assert saved.all_of(session, context.organization_id) == []


def test_a_rule_may_not_name_a_list_there_is_not(session: Session, context: RuleContext) -> None:
    lists.create(session, context.organization_id, "families", "Families", now=NOW)
    with pytest.raises(NotFound, match="There is no list 'familys'"):
        saved.rule_for(session, context, None, "band = upper and not list = familys")
    assert saved.rule_for(session, context, None, "list = Families") == Rule.parse("list = Families")


def test_no_name_and_no_text_choose_everyone(session: Session, context: RuleContext) -> None:
    assert saved.rule_for(session, context, None, None) == Rule.everyone()


def test_an_unknown_segment_is_refused_with_those_there_are(session: Session, context: RuleContext) -> None:
    with pytest.raises(NotFound, match="Segments: none yet"):
        saved.rule_for(session, context, "nobody", None)
    saved.create(session, "upper", Rule.everyone(), context, NOW)
    with pytest.raises(NotFound, match="Segments: upper"):
        saved.rule_for(session, context, "nobody", None)
