"""Workshops typed once: kept, shown in issues, and frozen when a campaign is bound."""

import email
import email.policy
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from newsletter import workshops
from newsletter.app import App
from newsletter.campaigns import lifecycle
from newsletter.checks import IssueHasFaults
from newsletter.errors import NotFound
from newsletter.issues import issues
from newsletter.issues.document import Document
from newsletter.issues.tables import Revision
from newsletter.ledger.states import get
from newsletter.rendering.variants import visible
from newsletter.sending.previews import family_of
from newsletter.workshops import WorkshopExists, WorkshopFacts, WorkshopInvalid
from subscribers import lists, subscribers
from subscribers.addresses import EmailAddress
from subscribers.segments import saved
from subscribers.segments.rules import Rule, RuleInvalid
from subscribers.tables import List
from tests.support import school
from tests.support.commands import CommandLine

FACTS = {
    "name": "One team",
    "starts": "2026-12-08 18:00",
    "ends": "2026-12-08 19:30",
    "time_zone": "America/Chicago",
    "place": "Library",
    "url": "",
}
ISSUE = """\
---
month: 2026-12
subject: {en: One team}
preheader: {en: A workshop}
---
:::: section event {#team workshop=one-team rule="segment = helpers"}
::: lang en
## Come to our workshop
:::
::::

:::: section story {#all}
::: lang en
## For all
:::
::::
"""


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[App]:
    with school.a_school(database_url, f"file://{tmp_path / 'outbox'}", tmp_path) as opened:
        with opened.database.writing() as session:
            facts = WorkshopFacts.parse(**FACTS)
            workshops.create(session, opened.organization.id, "one-team", facts, opened.clock.now())
            saved.create(session, "helpers", Rule.parse("band = elementary"), opened.rule_context(), opened.clock.now())
            issues.import_document(session, opened.organization.id, ISSUE, "editor", opened.clock.now())
        yield opened


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": " "}, "needs a name"),
        ({"starts": ""}, "needs a name, a beginning"),
        ({"starts": "Tuesday at six"}, "'Tuesday at six' is no date and time"),
        ({"starts": "2026-12-08T18:00+01:00"}, "without an offset"),
        ({"ends": "2026-12-08 17:00"}, "before it begins"),
        ({"time_zone": "Chicago"}, "no time zone 'Chicago'"),
        ({"place": ""}, "a place or a link"),
        ({"url": "javascript:alert(1)"}, "is no web page"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(wrong: dict[str, str], sentence: str) -> None:
    with pytest.raises(WorkshopInvalid, match=sentence):
        WorkshopFacts.parse(**(FACTS | wrong))


def test_two_workshops_have_two_names_in_links(app: App) -> None:
    with app.database.writing() as session:
        facts = WorkshopFacts.parse(**FACTS)
        with pytest.raises(WorkshopExists, match="workshops edit one-team"):
            workshops.create(session, app.organization.id, "one-team", facts, app.clock.now())
        with pytest.raises(WorkshopInvalid, match="cannot stand in a link"):
            workshops.create(session, app.organization.id, "One team", facts, app.clock.now())


def test_a_campaign_keeps_the_facts_and_rules_that_it_was_bound_with(app: App) -> None:
    with app.database.writing() as session:
        campaign = lifecycle.create(
            session, app.clock, 2, lifecycle.Aim(lists.get(session, app.organization.id, "families"))
        )
        lifecycle.schedule(session, campaign.id, app.clock.now(), "UTC", app.gate(), needs_approval=False)
        workshop = workshops.get(session, app.organization.id, "one-team")
        workshops.edit(
            session, workshop, workshops.facts_of(workshop, starts="2027-01-12 18:00", ends=""), app.clock.now()
        )
    with app.database.reading() as session:
        bound = session.get_one(Revision, get(session, campaign.id).revision_id)
        event = issues.document_of(bound).sections[0]
        assert (event.attributes["starts"], event.attributes["place"]) == ("2026-12-08T18:00", "Library")
        assert event.rule == "band = elementary"
        newest = app.binder().bound(session, issues.document_of(issues.latest(session, issues.get(session, 2))))
        assert newest.sections[0].attributes == {
            "workshop": "one-team",
            "starts": "2027-01-12T18:00",
            "timezone": "America/Chicago",
            "place": "Library",
        }


def test_binding_what_did_not_change_adds_no_revision(app: App) -> None:
    for _ in range(2):
        with app.database.writing() as session:
            list_ = lists.get(session, app.organization.id, "families")
            campaign = lifecycle.create(session, app.clock, 2, lifecycle.Aim(list_))
            lifecycle.approve(session, app.clock, campaign.id, app.gate())
    with app.database.reading() as session:
        issue = issues.get(session, 2)
        assert issues.latest(session, issue).no == 1
        assert [revision.bound_from_id is None for revision in issues.revisions(session, issue)] == [True, False]


def test_people_go_on_from_what_they_saved_not_from_what_a_campaign_was_bound_to(app: App) -> None:
    with app.database.writing() as session:
        campaign = lifecycle.create(
            session, app.clock, 2, lifecycle.Aim(lists.get(session, app.organization.id, "families"))
        )
        lifecycle.approve(session, app.clock, campaign.id, app.gate())
        copied = issues.copy(session, issues.get(session, 2), "2027-01", "editor", app.clock.now())
        (event, _) = issues.document_of(issues.latest(session, copied)).sections
    assert (event.rule, event.attributes) == ("segment = helpers", {"workshop": "one-team"})


def test_an_edit_that_is_saved_while_a_campaign_is_bound_comes_after_it(app: App) -> None:
    edited = ISSUE.replace("Come to our workshop", "Please come")

    def save() -> None:
        with app.database.writing() as session:
            issue = issues.get(session, 2)
            issues.import_document(session, app.organization.id, edited, "Ben", app.clock.now(), issue=issue)

    saving = threading.Thread(target=save)

    def refuse(session: Session, document: Document, list_: List) -> None:
        del session, document, list_
        saving.start()
        saving.join(0.3)
        assert saving.is_alive(), "it waits for the campaign"

    with app.database.writing() as session:
        campaign = lifecycle.create(
            session, app.clock, 2, lifecycle.Aim(lists.get(session, app.organization.id, "families"))
        )
        lifecycle.approve(session, app.clock, campaign.id, replace(app.gate(), refuse=refuse))
    saving.join()
    with app.database.reading() as session:
        assert issues.latest(session, issues.get(session, 2)).author == "Ben"
        bound = session.get_one(Revision, get(session, campaign.id).revision_id)
        assert "Come to our workshop" in bound.document


def test_a_family_sees_the_section_that_its_segment_is_for(app: App) -> None:
    with app.database.reading() as session:
        document = app.binder().bound(session, issues.document_of(issues.latest(session, issues.get(session, 2))))
        seen = {}
        for address in school.FAMILIES:
            reader = subscribers.get(session, app.organization.id, EmailAddress.parse(address))
            family = family_of(session, document, reader, app.rule_context())
            seen[address] = [section.key for section in visible(document, family.variant)]
    assert seen == {
        "both@families.example": ["team", "all"],
        "ninth@families.example": ["all"],
        "spanish@families.example": ["team", "all"],
    }


def test_what_is_not_there_is_found_before_sending(app: App) -> None:
    with app.database.writing() as session:
        issue = issues.get(session, 2)
        text = ISSUE.replace("one-team", "two-teams").replace('rule="segment = helpers"', "")
        text = text.replace("{#all}", '{#all rule="shoe = 43"}')
        issues.import_document(session, app.organization.id, text, "editor", app.clock.now(), issue=issue)
        document = issues.document_of(issues.latest(session, issue))
        found = app.findings(session, document, None)
        list_ = lists.get(session, app.organization.id, "families")
        campaign = lifecycle.create(session, app.clock, 2, lifecycle.Aim(list_))
        with pytest.raises((NotFound, RuleInvalid, IssueHasFaults)):
            lifecycle.approve(session, app.clock, campaign.id, app.gate())
    told = {(finding.line, finding.place): (finding.sentence, finding.remedy) for finding in found}
    assert told[6, "section team"] == (
        "There is no workshop 'two-teams'. `newsletter workshops list` shows them.",
        "Correct workshop=... in the section's first line.",
    )
    assert told[12, "section all"][0].startswith("At character 1: there is no field 'shoe'")
    assert told[12, "section all"][1] == "Correct rule=... in the section's first line."


def test_the_commands_add_change_and_show_workshops(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    transport = f"file://{tmp_path / 'out'}"
    with school.a_school(sqlite_url, transport, tmp_path):
        pass
    command = CommandLine(tmp_path, monkeypatch, capsys).of_school(sqlite_url, transport)
    assert "There is no workshop yet." in command("workshops", "list").out
    made = command(
        "workshops", "create", "one-team", "--name", "One team", "--starts", "2026-12-08 18:00", "--place", "Library",
        "--timezone", "America/Chicago",
    )  # fmt: skip
    assert [" ".join(line.split()) for line in made.out.splitlines()] == [
        "Workshop one-team is added: One team",
        "Tue, Dec 8, 6:00 PM CST; Library",
        "Next: write in an issue :::: section event {#one-team workshop=one-team}",
    ]
    changed = command("workshops", "edit", "one-team", "--place", "Gym", "--json").json()
    assert (changed["place"], changed["starts"]) == ("Gym", "2026-12-08T18:00")
    assert command("workshops", "list", "--json").json() == [changed]
    assert command("workshops", "show", "one-team", "--json").json() == changed
    assert "1 workshop" in command("workshops", "list").out
    refused = command("workshops", "show", "two")
    assert (refused.code, refused.err) == (
        1,
        "Error: There is no workshop 'two'. `newsletter workshops list` shows them.\n",
    )


def test_a_test_mail_shows_the_facts_of_the_workshop_too(
    app: App, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = CommandLine(tmp_path, monkeypatch, capsys).of_school(database_url, f"file://{tmp_path / 'outbox'}")
    assert app.organization.id == 1
    command.do("issues", "test", "2", "--to", "editor@school.example", "--grade", "2")
    (file,) = (tmp_path / "outbox").glob("*.eml")
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    text = next(part for part in mail.walk() if part.get_content_type() == "text/plain").get_content()
    assert "Tuesday, December 8, 2026" in text
    assert "Library" in text
    with app.database.reading() as session:
        assert issues.latest(session, issues.get(session, 2)).no == 1
