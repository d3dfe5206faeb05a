"""Who sees what of an issue: counted as a campaign would have it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.app import App
from newsletter.campaigns.sightings import sightings
from newsletter.issues.parsing import parse
from newsletter.ledger.tables import Delivery
from subscribers import lists
from subscribers.segments.rules import Rule
from tests.support import school
from tests.support.commands import CommandLine


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[App]:
    with school.a_school(database_url, f"file://{tmp_path / 'outbox'}", tmp_path) as opened:
        school.add_family(opened, "sixth@families.example", grades="6", language="es")
        yield opened


def counted(app: App, text: str, rule: str = "") -> tuple[list[int], int, int]:
    """Readers by section, readers in all, and those for whom there is nothing."""
    document = parse(text)
    with app.database.reading() as session:
        list_ = lists.get(session, app.organization.id, "families")
        seen = sightings(session, document, list_.id, Rule.parse(rule), app.rule_context())
    return [seen.of_section(at) for at in range(len(document.sections))], seen.readers, seen.without_any


def test_each_section_is_counted_for_the_families_that_it_is_for(app: App) -> None:
    assert counted(app, school.ISSUE) == ([4, 2, 2], 4, 0)
    assert counted(app, school.ISSUE, "language = es") == ([2, 1, 0], 2, 0)


def test_languages_and_rules_of_sections_are_counted_too(app: App) -> None:
    text = school.ISSUE.replace("bands=elementary", "languages=es").replace("bands=high", 'rule="grade > 5"')
    assert counted(app, text) == ([4, 2, 3], 4, 0)


def test_who_would_get_nothing_is_counted(app: App) -> None:
    text = school.ISSUE.replace("{#everyone must=know}", "{#everyone bands=high}")
    assert counted(app, text) == ([2, 2, 2], 4, 1)


def test_the_counts_are_those_of_the_snapshot(app: App) -> None:
    campaign_id = school.a_scheduled_campaign(app)
    school.snapshot(app, campaign_id)
    document = parse(school.ISSUE)
    with app.database.reading() as session:
        list_ = lists.get(session, app.organization.id, "families")
        seen = sightings(session, document, list_.id, Rule.everyone(), app.rule_context())
        sent = list(session.scalars(select(Delivery.variant).where(Delivery.campaign_id == campaign_id)))
    assert {str(variant): count for variant, count in seen.readers_of.items()} == {v: sent.count(v) for v in sent}


def test_the_command_shows_who_sees_each_section(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    transport = f"file://{tmp_path / 'outbox'}"
    with school.a_school(sqlite_url, transport, tmp_path):
        pass
    command = CommandLine(tmp_path, monkeypatch, capsys).of_school(sqlite_url, transport)
    shown = [line.split() for line in command.do("issues", "show", "1").out.splitlines()]
    assert ["3", "readers", "of", "families", "would", "get", "3", "variants", "today."] in shown
    assert ["little", "tip", "elementary", "en", "es", "2"] in shown
    told = command.do("issues", "show", "1", "--json").json()
    assert [section["readers"] for section in told["sections"]] == [3, 2, 2]
    assert (told["list"], told["readers"], told["readers_without_any"], told["variants"]) == ("families", 3, 0, 3)
