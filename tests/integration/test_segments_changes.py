from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from newsletter.campaigns import segments
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState
from subscribers import organizations
from subscribers.db import Database
from subscribers.grades import Bands, RollOver
from subscribers.segments import saved
from subscribers.segments.rules import Rule, RuleContext, RuleInvalid
from subscribers.tables import Segment

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.writing() as opened:
        yield opened


@pytest.fixture
def context(session: Session) -> RuleContext:
    organization = organizations.create(session, "Maple", NOW)
    return RuleContext(organization.id, date(2026, 12, 1), RollOver(7, 1), Bands.parse("lower=PK-5 upper=6-12"))


def make(session: Session, context: RuleContext, **rules: str) -> dict[str, Segment]:
    return {name: saved.create(session, name, Rule.parse(rule), context, NOW) for name, rule in rules.items()}


def a_campaign(session: Session, context: RuleContext, segment: str, state: CampaignState) -> Campaign:
    facts = {"organization_id": context.organization_id, "kind": CampaignKind.BROADCAST, "created_at": NOW}
    campaign = Campaign(state=state, segment=segment, rule="band = upper", **facts)
    session.add(campaign)
    session.flush()
    return campaign


def test_an_edited_segment_chooses_by_its_new_rule_wherever_it_is_named(session: Session, context: RuleContext) -> None:
    made = make(session, context, a="band = upper", b="segment = a and language = es")
    saved.edit(session, made["a"], Rule.parse("BAND=lower"), context, LATER)
    assert (made["a"].rule, made["a"].updated_at) == ("band = lower", LATER)
    assert str(saved.rule_for(session, context, "b", None)) == "band = lower and language = es"


def test_an_edit_that_would_come_back_to_the_segment_is_refused(session: Session, context: RuleContext) -> None:
    made = make(session, context, a="band = upper", b="segment = a", c="segment = b")
    with pytest.raises(RuleInvalid, match="segment 'a' would come back to itself: a, c, b, a"):
        saved.edit(session, made["a"], Rule.parse("segment = c"), context, LATER)


def test_an_edit_that_others_could_not_name_is_refused(session: Session, context: RuleContext) -> None:
    made = make(session, context, a="band = upper", b="segment = a")
    with pytest.raises(saved.SegmentInUse, match=r"Segment 'b' names 'a', and could not: .*chooses everyone. Leave it"):
        saved.edit(session, made["a"], Rule.everyone(), context, LATER)


def test_an_edit_that_makes_a_row_of_segments_too_long_is_refused(session: Session, context: RuleContext) -> None:
    rules = {f"s{n}": f"segment = s{n - 1}" if n else "band = upper" for n in range(saved.DEEPEST)}
    made = make(session, context, **rules, x="band = lower", y="segment = x")
    with pytest.raises(saved.SegmentInUse, match="Segment 'y' names 'x'"):
        saved.edit(session, made["x"], Rule.parse(f"segment = s{saved.DEEPEST - 2}"), context, LATER)


def test_a_renamed_segment_is_named_so_in_every_rule(session: Session, context: RuleContext) -> None:
    made = make(session, context, a="band = upper", c="tag = a", b='not segment in ("a", c) and tag = a')
    before = saved.rule_for(session, context, "b", None)
    campaign = a_campaign(session, context, "a", CampaignState.SENT)
    segments.rename(session, made["a"], "  Upper  school ", LATER)
    session.refresh(campaign)
    assert made["a"].name == campaign.segment == "Upper school"
    assert made["b"].rule == 'not segment in ("Upper school", c) and tag = a'
    assert made["c"].rule == "tag = a"
    assert saved.rule_for(session, context, "b", None) == before


def test_a_name_that_is_taken_or_empty_is_refused(session: Session, context: RuleContext) -> None:
    made = make(session, context, a="band = upper", b="band = lower")
    with pytest.raises(saved.SegmentExists, match="There is a segment 'b' already"):
        segments.rename(session, made["a"], "b", LATER)
    with pytest.raises(saved.SegmentNameMissing):
        segments.rename(session, made["a"], "  ", LATER)
    segments.rename(session, made["a"], " a ", LATER)
    assert made["a"].name == "a"


def test_a_segment_that_others_name_is_not_deleted(session: Session, context: RuleContext) -> None:
    made = make(session, context, a="band = upper", b="segment = a", c="not segment = a")
    with pytest.raises(saved.SegmentInUse, match="'a' is not deleted: the rule of 'b', 'c' names it"):
        segments.delete(session, made["a"])
    for name in "bca":
        segments.delete(session, made[name])
    assert saved.all_of(session, context.organization_id) == []


def test_a_segment_that_a_scheduled_campaign_goes_to_is_not_deleted(session: Session, context: RuleContext) -> None:
    made = make(session, context, a="band = upper")
    campaign = a_campaign(session, context, "a", CampaignState.SCHEDULED)
    with pytest.raises(saved.SegmentInUse, match=f"campaign {campaign.id} waits to go to it. Cancel that first"):
        segments.delete(session, made["a"])
    campaign.state = CampaignState.SENT
    session.flush()
    segments.delete(session, made["a"])


def test_a_rule_of_an_older_version_that_cannot_be_read_is_in_nobodys_way(
    session: Session, context: RuleContext
) -> None:
    made = make(session, context, a="band = upper", b="segment = a", old="band = lower")
    made["old"].rule = "tag = 'board'"
    saved.rename(session, made["a"], "seniors", LATER)
    saved.edit(session, made["old"], Rule.parse("tag = board"), context, LATER)
    made["old"].rule = "tag = 'board'"
    saved.delete(session, made["old"])
    assert [segment.name for segment in saved.all_of(session, context.organization_id)] == ["b", "seniors"]
