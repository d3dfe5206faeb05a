"""Sections that somebody outside is asked to write until a deadline, and how the editor takes them into the issue."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError, NotFound
from subscribers import languages

from . import issues, writing
from .document import Body, Document, Section, SectionKind
from .front_matter import LANGUAGE
from .tables import Issue, Revision, Submission, SubmissionState

KINDS = tuple(
    kind
    for kind in SectionKind
    if kind not in (SectionKind.DIVIDER, SectionKind.BUTTON, SectionKind.IMAGE, SectionKind.MJML)
)
"""What others may be asked for: text, and nothing that stands in the letter as it is typed."""
MOST_WORDS = 5_000
_LONGEST_NOTE = 1_000
_KEY = re.compile(r"[\w.:-]+")
_S = SubmissionState
_STEPS: Mapping[SubmissionState, frozenset[SubmissionState]] = {
    _S.SUBMITTED: frozenset({_S.OPEN, _S.SUBMITTED}),
    _S.MERGED: frozenset({_S.SUBMITTED}),
    _S.DECLINED: frozenset({_S.OPEN, _S.SUBMITTED}),
}
"""To each state, from which."""


class SubmissionNotFound(NotFound):
    """There is no such submission. `newsletter submissions list` shows them."""


class RequestInvalid(NewsletterError):
    """This cannot be asked for."""


class KindChanged(NewsletterError):
    """The section is of another kind now than the one that was asked for. Ask again."""


class NothingSubmitted(NewsletterError):
    """No text has come yet, so there is nothing to take into the issue."""


class SubmissionSettled(NewsletterError):
    """This submission was merged or declined before. Ask again where you want another text."""


class SubmissionClosed(NewsletterError):
    """The deadline has passed, or the text is not wanted any more."""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody is asked for."""

    section_key: str
    kind: SectionKind
    language: str
    name: str
    address: str
    """As it is mailed."""
    due_at: datetime
    """The moment from which nothing is taken any more."""
    note: str = ""


def ask(session: Session, issue: Issue, request: Request, now: datetime) -> Submission:
    """Note that somebody is asked for a section; one that is there keeps its kind. Raises `RequestInvalid`."""
    request = replace(request, kind=_kind_wanted(issues.document_of(issues.latest(session, issue)), request))
    _refuse_invalid(request, now)
    made = Submission(
        issue_id=issue.id,
        section_key=request.section_key,
        kind=request.kind.value,
        language=request.language,
        asked_name=request.name,
        asked_address=request.address,
        note=request.note,
        due_at=request.due_at,
        created_at=now,
    )
    session.add(made)
    session.flush()
    return made


def get(session: Session, submission_id: int) -> Submission:
    """A submission by its number. Raises `SubmissionNotFound`."""
    found = session.get(Submission, submission_id)
    if found is None:
        raise SubmissionNotFound(f"There is no submission {submission_id}. `newsletter submissions list` shows them.")
    return found


def by_public_id(session: Session, public_id: str) -> Submission | None:
    """The submission that a link names."""
    return session.scalars(select(Submission).where(Submission.public_id == public_id)).one_or_none()


def all_of(session: Session, organization_id: int, issue: Issue | None = None) -> Sequence[Submission]:
    """Every submission of an organization, or of one issue, by its deadline."""
    of_organization = select(Submission).join(Issue, Issue.id == Submission.issue_id)
    asked = of_organization.where(Issue.organization_id == organization_id)
    if issue is not None:
        asked = asked.where(Submission.issue_id == issue.id)
    return session.scalars(asked.order_by(Submission.due_at, Submission.id)).all()


def is_open(submission: Submission, now: datetime) -> bool:
    """Whether a text is still taken."""
    return submission.state in _STEPS[_S.SUBMITTED] and now < submission.due_at


def submit(session: Session, submission: Submission, text: str, now: datetime) -> None:
    """Keep what was written, in place of what came before. Raises `SubmissionClosed`."""
    if not is_open(submission, now) or not _move(session, submission, _S.SUBMITTED, text=text, submitted_at=now):
        raise SubmissionClosed


def merge(session: Session, submission: Submission, author: str, now: datetime) -> Revision:
    """Take a text into its issue as the next revision: in place of that section's text in its language, or at the end.

    Raises `NothingSubmitted`, `SubmissionSettled`, `KindChanged`, `DocumentInvalid`.
    """
    issue = session.get_one(Issue, submission.issue_id)
    issues.hold(session, issue)  # who saves meanwhile waits, so that nothing is lost of either
    session.refresh(submission, with_for_update=True)
    if submission.state is _S.OPEN:
        raise NothingSubmitted
    if not _move(session, submission, _S.MERGED):
        raise SubmissionSettled
    document = with_text(issues.document_of(issues.latest(session, issue)), submission)
    written_by = submission.asked_name or submission.asked_address
    return issues.save(session, issue, writing.write(document), f"{written_by} (merged by {author})", now)


def decline(session: Session, submission: Submission) -> None:
    """Let a submission go; what was written is kept with it. Raises `SubmissionSettled`."""
    if not _move(session, submission, _S.DECLINED):
        raise SubmissionSettled


def forget(session: Session, addresses: Sequence[str]) -> int:
    """Take people out of what they were asked for; what they wrote and is in no issue goes too. Returns how many."""
    asked = session.scalars(select(Submission).where(is_asked_of(addresses))).all()
    for submission in asked:
        submission.asked_name = submission.asked_address = submission.text = ""
        if submission.state in _STEPS[_S.DECLINED]:
            submission.state = _S.DECLINED
    session.flush()
    return len(asked)


def draft(submission: Submission, month: str, text: str) -> Document:
    """A document of that one section, to be checked and shown; lines count from the text's first."""
    body = Body(submission.language, text, line=1)
    section = Section(SectionKind(submission.kind), submission.section_key, bodies=(body,))
    subject = {submission.language: month}
    return Document(month, subject, {}, "", (submission.language,), (section,))


def is_asked_of(addresses: Sequence[str]) -> ColumnElement[bool]:
    """Whether a submission was asked of one of these addresses, however it is written there."""
    theirs = func.lower(Submission.asked_address).in_([address.lower() for address in addresses])
    return and_(Submission.asked_address > "", theirs)


def with_text(document: Document, submission: Submission) -> Document:
    """The document with what was written in it; a translation names its original. Raises `KindChanged`."""
    body = Body(submission.language, submission.text)
    before = document.section(submission.section_key)
    if before is None:
        added = Section(SectionKind(submission.kind), submission.section_key, bodies=(body,))
        return replace(document, sections=(*document.sections, added))
    if before.kind != submission.kind:
        raise KindChanged(
            f"Section {before.key} is of kind {before.kind} now, and one of kind {submission.kind} was asked for. "
            "Decline this text, or ask for another one."
        )
    after = _with_body(before, replace(body, source=_source(document, before, body.language)))
    return replace(document, sections=tuple(after if section is before else section for section in document.sections))


def _kind_wanted(document: Document, request: Request) -> SectionKind:
    section = document.section(request.section_key)
    return request.kind if section is None else section.kind


def _source(document: Document, section: Section, language: str) -> str | None:
    """The digest by which a translation is known as stale later; the original has none."""
    if language == document.original:
        return None
    return next((body.digest for body in section.bodies if body.language == document.original), None)


def _with_body(section: Section, body: Body) -> Section:
    if all(one.language != body.language for one in section.bodies):
        return replace(section, bodies=(*section.bodies, body))
    return replace(
        section,
        bodies=tuple(body if one.language == body.language else one for one in section.bodies),
    )


def _refuse_invalid(request: Request, now: datetime) -> None:
    if not _KEY.fullmatch(request.section_key):
        raise RequestInvalid(f"{request.section_key!r} is no key of a section; use one such as reading.")
    if request.kind not in KINDS:
        raise RequestInvalid(f"Others cannot be asked for a section of kind {request.kind}.")
    if not LANGUAGE.fullmatch(request.language) or not languages.is_known(request.language):
        raise RequestInvalid(f"{request.language!r} is not a language; use a code such as en or pt-BR.")
    if request.due_at <= now:
        raise RequestInvalid("This deadline has passed already. Choose a later day.")
    if len(request.note) > _LONGEST_NOTE:
        raise RequestInvalid(f"The note is longer than {_LONGEST_NOTE} characters. Make it shorter.")


def _move(session: Session, submission: Submission, state: SubmissionState, **values: object) -> bool:
    """Take a step, where the row is still in a state that it starts from. Returns whether it was."""
    expected = Submission.state.in_(list(_STEPS[state]))
    step = update(Submission).where(Submission.id == submission.id, expected).values(state=state, **values)
    moved = session.scalar(step.returning(Submission.id), execution_options={"synchronize_session": False})
    session.refresh(submission)
    return moved is not None
