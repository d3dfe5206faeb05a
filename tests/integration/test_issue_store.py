from datetime import UTC, datetime, timedelta

import pytest

from newsletter.issues import issues
from newsletter.issues.issues import IssueNotFound, MonthDiffers, RevisionNotFound
from newsletter.issues.parsing import DocumentInvalid
from newsletter.issues.tables import Issue
from subscribers.db import Database
from tests.support.issue_files import a_file, a_section
from tests.support.people import an_organization

NOW = datetime(2026, 12, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FIRST = a_file(a_section(en="One", es="Uno"))
SECOND = a_file(a_section(en="Two", es="Dos"))


def test_an_imported_file_is_a_new_issue_and_kept_byte_for_byte(database: Database) -> None:
    text = FIRST.replace("\n", "\r\n") + "\n\n"
    with database.writing() as session:
        issue = issues.import_document(session, an_organization(session).id, text, "Ana", NOW)
    with database.reading() as session:
        found = issues.get(session, issue.id)
        revision = issues.latest(session, found)
    assert (found.month, found.created_at, found.updated_at) == ("2026-12", NOW, NOW)
    assert (revision.no, revision.author, revision.document, revision.created_at) == (1, "Ana", text, NOW)


def test_a_second_file_is_the_next_revision_and_leaves_the_first_alone(database: Database) -> None:
    with database.writing() as session:
        organization_id = an_organization(session).id
        issue = issues.import_document(session, organization_id, FIRST, "Ana", NOW)
        first = issues.latest(session, issue)
        issues.import_document(session, organization_id, SECOND, "Luis", LATER, issue=issue)
    with database.reading() as session:
        found = issues.get(session, issue.id)
        latest = issues.latest(session, found)
        assert (latest.no, latest.author, found.updated_at) == (2, "Luis", LATER)
        assert issues.document_of(latest).sections[0].bodies[0].text == "Two\n"
        assert issues.revision(session, first.id).document == FIRST


def test_the_same_text_again_adds_no_revision(database: Database) -> None:
    with database.writing() as session:
        issue = issues.import_document(session, an_organization(session).id, FIRST, "Ana", NOW)
        again = issues.save(session, issue, FIRST, "Luis", LATER)
        assert (again.no, again.author, issue.updated_at) == (1, "Ana", NOW)


def test_a_file_with_problems_changes_nothing(database: Database) -> None:
    with database.writing() as session:
        organization_id = an_organization(session).id
        issue = issues.import_document(session, organization_id, FIRST, "Ana", NOW)
        with pytest.raises(DocumentInvalid):
            issues.import_document(session, organization_id, "no issue", "Ana", NOW)
        with pytest.raises(DocumentInvalid):
            issues.save(session, issue, "no issue", "Ana", NOW)
    with database.reading() as session:
        assert len(issues.all_of(session, organization_id)) == 1
        assert issues.latest(session, issue).no == 1


def test_a_file_of_another_month_is_no_revision(database: Database) -> None:
    with database.writing() as session:
        organization_id = an_organization(session).id
        issue = issues.import_document(session, organization_id, FIRST, "Ana", NOW)
        with pytest.raises(MonthDiffers, match=f"This file is for 2027-01, and issue {issue.id} is for 2026-12"):
            issues.import_document(session, organization_id, FIRST.replace("2026-12", "2027-01"), "", NOW, issue=issue)


def test_issues_are_listed_with_the_newest_month_first(database: Database) -> None:
    with database.writing() as session:
        organization_id = an_organization(session).id
        for month in ("2026-11", "2027-01", "2026-12", "2026-12"):
            issues.import_document(session, organization_id, FIRST.replace("2026-12", month), "Ana", NOW)
        found = issues.all_of(session, organization_id)
    assert [(issue.month, issue.id) for issue in found] == [
        ("2027-01", 2),
        ("2026-12", 4),
        ("2026-12", 3),
        ("2026-11", 1),
    ]


def test_what_there_is_not_is_said(database: Database) -> None:
    with database.writing() as session:
        organization_id = an_organization(session).id
        with pytest.raises(IssueNotFound, match=r"There is no issue 7\. `newsletter issues list` shows them\."):
            issues.get(session, 7)
        with pytest.raises(RevisionNotFound, match="There is no revision 7"):
            issues.revision(session, 7)
        bare = Issue(organization_id=organization_id, month="2026-12", created_at=NOW, updated_at=NOW)
        session.add(bare)
        session.flush()
        with pytest.raises(RevisionNotFound, match=f"Issue {bare.id} has no text yet"):
            issues.latest(session, bare)
