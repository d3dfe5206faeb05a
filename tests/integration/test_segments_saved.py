from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy.orm import Session

from newsletter.events import engagement
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState
from subscribers import lists, organizations
from subscribers.db import Database
from subscribers.errors import NewsletterError, NotFound
from subscribers.grades import Bands, RollOver
from subscribers.segments import saved
from subscribers.segments.rules import Rule, RuleContext, RuleInvalid
from subscribers.tables import School

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


def test_a_segment_may_be_named_in_another_rule(session: Session, context: RuleContext) -> None:
    saved.create(session, "Spanish upper", Rule.parse("band = upper and language = es"), context, NOW)
    outer = Rule.parse('not segment = "spanish upper" and segment in ("Spanish upper", Older) or tag = x')
    with pytest.raises(
        NotFound, match=r"At character 15: There is no segment 'spanish upper'\. Segments: Spanish upper"
    ):
        saved.resolved(session, outer, context)
    saved.create(session, "Older", Rule.parse('segment = "Spanish upper" or grade = 12'), context, NOW)
    outer = Rule.parse('segment != "Spanish  upper" and segment in ("Spanish upper", Older) or tag = x')
    assert str(saved.resolved(session, outer, context)) == (
        "(not (band = upper and language = es)"
        " and ((band = upper and language = es) or (band = upper and language = es) or grade = 12)) or tag = x"
    )
    assert saved.get(session, context.organization_id, "Older").rule == 'segment = "Spanish upper" or grade = 12'
    assert str(saved.rule_for(session, context, "Older", None)) == "(band = upper and language = es) or grade = 12"


def test_a_segment_may_not_come_back_to_itself(session: Session, context: RuleContext) -> None:
    with pytest.raises(RuleInvalid, match="At character 11: segment 'a' would come back to itself: a, a"):
        saved.create(session, "a", Rule.parse("segment = a"), context, NOW)
    saved.create(session, "a", Rule.parse("band = upper"), context, NOW)
    saved.create(session, "b", Rule.parse("tag = x and segment = a"), context, NOW)
    saved.get(session, context.organization_id, "a").rule = "segment = b"
    for name, sentence in (("a", "In segment 'b': .* 'a' .* itself: a, b, a"), ("b", "In segment 'a': .*: b, a, b")):
        with pytest.raises(RuleInvalid, match=sentence):
            saved.rule_for(session, context, name, None)


def test_a_segment_of_everyone_says_nothing_in_another_rule(session: Session, context: RuleContext) -> None:
    saved.create(session, "All", Rule.everyone(), context, NOW)
    with pytest.raises(RuleInvalid, match="At character 11: segment 'All' chooses everyone"):
        saved.rule_for(session, context, None, "segment = All and band = upper")


def test_segments_in_one_another_grow_to_no_more_than_can_be_kept(session: Session, context: RuleContext) -> None:
    saved.create(session, "n0", Rule.parse("tag = abcdefghijklmnopqrstuvwxyz"), context, NOW)
    with pytest.raises(RuleInvalid, match="too long"):
        for n in range(1, 20):
            denied = f"segment = n{n - 1} or tag = x{n} and segment = n{n - 1}"
            saved.create(session, f"n{n}", Rule.parse(denied), context, NOW)


def test_what_became_wrong_in_a_segment_is_said_with_its_name(session: Session, context: RuleContext) -> None:
    saved.create(session, "Upper", Rule.parse("band = upper"), context, NOW)
    saved.get(session, context.organization_id, "Upper").rule = "band = uper"
    with pytest.raises(RuleInvalid, match="In segment 'Upper': At character 8: 'uper' is not a band"):
        saved.rule_for(session, context, None, "tag = x or segment = Upper")


def test_a_school_must_be_known_and_a_tag_need_not(session: Session, context: RuleContext) -> None:
    with pytest.raises(NotFound, match="At character 10: There is no school 'Maple'; no school is known yet"):
        saved.rule_for(session, context, None, "school = Maple")
    session.add(School(organization_id=context.organization_id, name="Maple Elementary"))
    with pytest.raises(NotFound, match="At character 11: There is no school 'maple elementry'; did you mean Maple El"):
        saved.rule_for(session, context, None, 'school != "maple elementry"')
    assert saved.rule_for(session, context, None, 'school contains elementary and tag = "not yet"').tree is not None


def test_a_campaign_in_a_rule_must_be_one(session: Session, context: RuleContext) -> None:
    context = replace(context, more_fields=engagement.FIELDS)
    own = {"organization_id": context.organization_id, "state": CampaignState.SENT, "created_at": NOW}
    session.add_all(Campaign(kind=kind, **own) for kind in (CampaignKind.BROADCAST, CampaignKind.STREAM))
    session.flush()
    assert saved.rule_for(session, context, None, "opened = 1 and not clicked in (1, 01)").tree is not None
    for text, sentence in (
        ("opened = 2", "At character 10: There is no campaign 2"),
        ("received = 99999999999999", "is not the number of a campaign"),
        ("clicked contains 1", "clicked does not go with 'contains'; it takes =, !=, in, not in, within N days."),
    ):
        with pytest.raises(NewsletterError, match=sentence):
            saved.rule_for(session, context, None, text)


def test_segments_in_segments_end_somewhere(session: Session, context: RuleContext) -> None:
    saved.create(session, "s0", Rule.parse("band = upper"), context, NOW)
    for n in range(1, saved.DEEPEST):
        saved.create(session, f"s{n}", Rule.parse(f"segment = s{n - 1}"), context, NOW)
    deepest = f"segment = s{saved.DEEPEST - 1}"
    assert str(saved.resolved(session, Rule.parse(deepest), context)) == "band = upper"
    with pytest.raises(RuleInvalid, match=r"^More than 20 segments .* in a row: one-more, s19, s18 and so on\. Write"):
        saved.create(session, "one-more", Rule.parse(deepest), context, NOW)
