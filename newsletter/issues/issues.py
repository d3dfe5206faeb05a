"""Issues in the store: each saved document is one more revision, and none is ever changed."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError, NotFound

from .document import Document
from .front_matter import MONTH
from .parsing import parse
from .skeletons import MonthInvalid
from .tables import Issue, Revision
from .writing import write


class IssueNotFound(NotFound):
    """There is no such issue. `newsletter issues list` shows them."""


class RevisionNotFound(NotFound):
    """There is no such revision of an issue."""


class MonthDiffers(NewsletterError):
    """This file is for another month than the issue. Import it as a new issue, without --issue."""


def import_document(
    session: Session, organization_id: int, text: str, author: str, now: datetime, *, issue: Issue | None = None
) -> Issue:
    """Save a file as a new issue, or as the next revision of one of the same month.

    Raises `DocumentInvalid` with every problem, `MonthDiffers`.
    """
    month = parse(text).month
    if issue is None:
        issue = Issue(organization_id=organization_id, month=month, created_at=now, updated_at=now)
        session.add(issue)
        session.flush()
    elif issue.month != month:
        raise MonthDiffers(
            f"This file is for {month}, and issue {issue.id} is for {issue.month}. Import it as a new one."
        )
    save(session, issue, text, author, now)
    return issue


def save(session: Session, issue: Issue, text: str, author: str, now: datetime) -> Revision:
    """Add a revision; the same text as the newest again adds none. Raises `DocumentInvalid`."""
    parse(text)
    hold(session, issue)  # two who save at once get two numbers
    newest = _newest(session, issue)
    digest = hashlib.sha256(text.encode()).hexdigest()
    if newest is not None and newest.digest == digest:
        return newest
    issue.updated_at = now
    return _add(session, issue, Revision(document=text, digest=digest, author=author, created_at=now))


def hold(session: Session, issue: Issue) -> None:
    """Let nobody else save or bind the issue until this transaction ends."""
    session.refresh(issue, with_for_update=True)


def bind(session: Session, issue: Issue, saved: Revision, text: str, author: str, now: datetime) -> Revision:
    """The revision of a campaign: the saved one with what it refers to written in; the same text again adds none.

    It is not the issue's newest: people go on from what they saved. The caller holds the issue.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()
    same = select(Revision).where(Revision.bound_from_id == saved.id, Revision.digest == digest)
    before = session.scalars(same).one_or_none()
    if before is not None:
        return before
    bound = Revision(document=text, digest=digest, author=author, created_at=now, bound_from_id=saved.id)
    return _add(session, issue, bound)


def copy(session: Session, last: Issue, month: str, author: str, now: datetime) -> Issue:
    """Begin an issue for a month as another one is now: its sections, theme and translations with their sources.

    Dates of events stay as they are, and the checks name those that are past. Raises `MonthInvalid`.
    """
    if not MONTH.fullmatch(month):
        raise MonthInvalid
    text = write(replace(document_of(latest(session, last)), month=month))
    return import_document(session, last.organization_id, text, author, now)


def restore(session: Session, issue: Issue, no: int, author: str, now: datetime) -> Revision:
    """Save the text of an earlier revision as the newest; none is ever taken away. Raises `RevisionNotFound`."""
    return save(session, issue, numbered(session, issue, no).document, author, now)


def get(session: Session, issue_id: int) -> Issue:
    """An issue by its id. Raises `IssueNotFound`."""
    issue = session.get(Issue, issue_id)
    if issue is None:
        raise IssueNotFound(f"There is no issue {issue_id}. `newsletter issues list` shows them.")
    return issue


def all_of(session: Session, organization_id: int) -> Sequence[Issue]:
    """Every issue of an organization, the newest month first."""
    of_organization = select(Issue).where(Issue.organization_id == organization_id)
    return session.scalars(of_organization.order_by(Issue.month.desc(), Issue.id.desc())).all()


def before(session: Session, issue: Issue) -> Issue:
    """The last issue before one: of the latest earlier month, or begun earlier for the same. Raises `IssueNotFound`."""
    earlier = or_(Issue.month < issue.month, and_(Issue.month == issue.month, Issue.id < issue.id))
    of_organization = select(Issue).where(Issue.organization_id == issue.organization_id, earlier)
    found = session.scalars(of_organization.order_by(Issue.month.desc(), Issue.id.desc()).limit(1)).one_or_none()
    if found is None:
        raise IssueNotFound(f"There is no issue before issue {issue.id}.")
    return found


def latest(session: Session, issue: Issue) -> Revision:
    """The newest revision of an issue. Raises `RevisionNotFound`."""
    newest = _newest(session, issue)
    if newest is None:
        raise RevisionNotFound(f"Issue {issue.id} has no text yet. Import a file for it.")
    return newest


def revisions(session: Session, issue: Issue) -> Sequence[Revision]:
    """Every state of an issue, the oldest first: those that people saved and those that campaigns are bound to."""
    return session.scalars(select(Revision).where(Revision.issue_id == issue.id).order_by(Revision.no)).all()


def earlier(session: Session, issue: Issue, after: Revision) -> Revision:
    """What a person saved last before a revision; itself, where that was the first."""
    of_issue = select(Revision).where(Revision.issue_id == issue.id, Revision.bound_from_id.is_(None))
    found = of_issue.where(Revision.no < after.no).order_by(Revision.no.desc()).limit(1)
    return session.scalars(found).one_or_none() or after


def numbered(session: Session, issue: Issue, no: int) -> Revision:
    """A revision by its number within the issue. Raises `RevisionNotFound`."""
    of_number = select(Revision).where(Revision.issue_id == issue.id, Revision.no == no)
    found = session.scalars(of_number).one_or_none()
    if found is None:
        raise RevisionNotFound(
            f"Issue {issue.id} has no revision {no}. `newsletter issues history {issue.id}` shows them."
        )
    return found


def revision(session: Session, revision_id: int) -> Revision:
    """A revision by its id. Raises `RevisionNotFound`."""
    found = session.get(Revision, revision_id)
    if found is None:
        raise RevisionNotFound(f"There is no revision {revision_id}.")
    return found


def document_of(revision: Revision) -> Document:
    """What a revision says."""
    return parse(revision.document)


def _add(session: Session, issue: Issue, revision: Revision) -> Revision:
    """Give a revision the issue's next number."""
    last = session.scalar(select(func.max(Revision.no)).where(Revision.issue_id == issue.id)) or 0
    revision.issue_id, revision.no = issue.id, last + 1
    session.add(revision)
    session.flush()
    return revision


def _newest(session: Session, issue: Issue) -> Revision | None:
    of_issue = select(Revision).where(Revision.issue_id == issue.id, Revision.bound_from_id.is_(None))
    return session.scalars(of_issue.order_by(Revision.no.desc()).limit(1)).one_or_none()
