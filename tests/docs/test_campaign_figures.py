"""The SQL that docs/figures.md gives for the figures of a campaign says what the report says, on both databases."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Result, text
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.events import reach
from newsletter.events.tables import Actor, EventKind
from newsletter.feedback.judging import judge
from newsletter.feedback.verdicts import Reason
from newsletter.ledger.tables import DeliveryState
from newsletter.reports.campaigns import CampaignReport, campaign_report
from newsletter.reports.rollups import Rollups
from newsletter.settings import Tracking
from subscribers.db import Database, dialect_of
from subscribers.grades import Bands, RollOver
from subscribers.segments.rules import RuleContext
from tests.support.mixed_returns import LINKS, mixed
from tests.support.returns import Returns

_ROOT = Path(__file__).parents[2]
_STATEMENT = re.compile(r"^([A-Z][^\n]*):\n\n```sql\n(.*?)```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def returns(database: Database) -> Iterator[Returns]:
    with database.writing() as session:
        yield mixed(session)


def report_on(returns: Returns) -> CampaignReport:
    def context(day: date | None) -> RuleContext:
        bands = Bands.parse("elementary=PK-5 middle=6-8 high=9-12")
        return RuleContext(returns.list_.organization_id, day or date.min, RollOver.parse("07-01"), bands)

    return campaign_report(returns.session, returns.campaign_id, 1, Rollups(Clock(), Tracking.CONSENT, context))


def asked(returns: Returns, name: str, **given: Any) -> Any:
    return statement(returns, name, **given).scalar_one()


def statement(returns: Returns, name: str, **given: Any) -> Result[*tuple[Any, ...]]:
    found = _STATEMENT.findall((_ROOT / "docs" / "figures.md").read_text(encoding="utf-8"))
    sql = {re.split(r"[,(]", title)[0].strip(): sql for title, sql in found}[name]
    if dialect_of(returns.session) == "postgresql":
        sql = sql.replace("json_extract(detail, '$.reason')", "detail ->> 'reason'")
    moments = {key: _moment(value, returns.session) for key, value in given.items()}
    return returns.session.execute(text(sql), {"campaign": returns.campaign_id, **moments})


def _moment(value: Any, session: Session) -> Any:
    if isinstance(value, datetime) and dialect_of(session) == "sqlite":
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    return str(value) if isinstance(value, EventKind | Actor | DeliveryState) else value


def test_every_copy_is_where_the_table_says(returns: Returns) -> None:
    totals = report_on(returns).totals
    for state, copies in totals.states.items():
        assert asked(returns, "Copies in a state", state=state) == copies
    assert totals.states[DeliveryState.ACCEPTED] > totals.states[DeliveryState.EXCLUDED] > 0


def test_what_happened_to_copies_is_what_the_kept_facts_say(returns: Returns) -> None:
    totals = report_on(returns).totals
    said = {
        EventKind.DELIVERED: {Actor.HUMAN: totals.delivered},
        EventKind.BOUNCE: {Actor.HUMAN: totals.bounced},
        EventKind.COMPLAINT: {Actor.HUMAN: totals.complained},
        **{
            kind: {Actor.HUMAN: seen.human, Actor.MACHINE: seen.machine, Actor.UNKNOWN: seen.unknown}
            for kind, seen in ((EventKind.OPEN, totals.opened), (EventKind.CLICK, totals.clicked))
        },
    }
    for kind, by_actor in said.items():
        for actor, copies in by_actor.items():
            assert asked(returns, "Copies that something happened to", kind=kind, actor=actor) == copies > 0


def test_requests_are_what_the_counters_say_in_all_and_by_the_hour(returns: Returns) -> None:
    report = report_on(returns)
    assert asked(returns, "Requests", kind=EventKind.OPEN) == report.totals.opened.total > 0
    assert asked(returns, "Requests", kind=EventKind.CLICK) == report.totals.clicked.total > 0
    for hour in report.hours:
        said = {kind: asked(returns, "Requests of an hour", kind=kind, hour=hour.at) for kind in ("open", "click")}
        assert said == {"open": hour.opened, "click": hour.clicked}


def test_links_are_followed_from_so_many_copies(returns: Returns) -> None:
    for link in report_on(returns).links:
        for actor, copies in ((Actor.HUMAN, link.clicked.human), (Actor.MACHINE, link.clicked.machine)):
            assert asked(returns, "Copies that a link was followed from", link=link.no, actor=actor) == copies > 0
    assert len(report_on(returns).links) == len(LINKS)


def test_who_agreed(returns: Returns) -> None:
    assert asked(returns, "Agreed") == report_on(returns).totals.tracked > 0


def test_groups_of_readers(returns: Returns) -> None:
    report = report_on(returns)
    for name, groups in (("language", report.languages), ("role", report.roles), ("domain", report.domains)):
        shown = [group for group in groups if group.name not in ("", "others")]
        assert len(shown) > 1
        for group in shown:
            assert asked(returns, f"Readers by {name}", **{name: group.name}) == group.readers
            opened = asked(returns, f"Opened by {name}", **{name: group.name})
            assert opened == group.opened


def test_why_copies_came_back(returns: Returns) -> None:
    returned = report_on(returns).returned
    for reason, copies in (returned.hard_reasons + returned.soft_reasons).items():
        assert asked(returns, "Came back for a reason", reason=reason.value) == copies > 0


def test_why_copies_were_rejected(returns: Returns) -> None:
    refused, found = report_on(returns).refused, Counter[Reason]()
    for words, copies in statement(returns, "Rejected"):
        found[judge("", words).reason] += copies
    assert found == refused.reasons
    assert len(found) == 3
    assert refused.unknown == 0


def test_counting_anew_from_what_is_kept_changes_no_figure(returns: Returns) -> None:
    before = report_on(returns)
    reach.rebuild(returns.session, returns.campaign_id)
    assert report_on(returns) == before
