"""Where somebody writes the section of an issue that they were asked for: behind a signed link, until its deadline.

Looking changes nothing; what is sent in takes the place of what was sent in before.
"""

from dataclasses import dataclass
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from newsletter import checks
from newsletter.campaigns.submission_letters import last_day
from newsletter.errors import NewsletterError
from newsletter.issues import media, submissions
from newsletter.issues.document import Document
from newsletter.issues.submissions import MOST_WORDS
from newsletter.issues.tables import Issue, Submission, SubmissionState
from newsletter.issues.word_differences import count
from newsletter.rendering import dates
from newsletter.rendering.excerpts import excerpt
from newsletter.rendering.pictures import Picture, Pictures
from newsletter.tokens import ReaderPurpose, TokenInvalid
from newsletter.words import Words

from .forms import Problem, TextFormOf
from .site import Site, SiteOf

router = APIRouter()
_PATH = "/submit/{token}"
_FIELD = "text"
_SEND = "send"


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at a submission."""

    request: Request
    site: Site
    submission: Submission
    month: str
    words: Words

    @classmethod
    def of(cls, session: Session, request: Request, site: Site, token: str) -> "Visit":
        """What a link names. Raises `TokenInvalid`."""
        claim = site.app.signer.read_reader_token(token, ReaderPurpose.SUBMIT)
        submission = submissions.by_public_id(session, claim.public_id)
        if submission is None:
            raise TokenInvalid
        month = session.get_one(Issue, submission.issue_id).month
        return cls(request, site, submission, month, site.pages.words(request, submission.language))

    @property
    def is_open(self) -> bool:
        """Whether a text is still taken."""
        return submissions.is_open(self.submission, self.site.app.clock.now())

    @property
    def due(self) -> str:
        """The last day, in words."""
        return last_day(self.submission, self.site.app.settings.timezone, self.words.language)

    def problems(self, text: str) -> list[Problem]:
        """What is wrong with a text, for its writer to put right: what would keep the issue from being sent."""
        number = count(text)
        if not text.strip():
            return [Problem(_FIELD, self.words("submit.empty"))]
        if number > MOST_WORDS:
            return [Problem(_FIELD, self.words("submit.long", words=f"{number:,}", most=f"{MOST_WORDS:,}"))]
        app = self.site.app
        try:
            pictures = self._pictures(app.confined(media.references, self._draft(text)))
            found = app.confined(checks.check, self._draft(text), app.check_context(None, pictures))
        except NewsletterError as too_much:
            return [Problem(_FIELD, str(too_much))]
        place = f"section {self.submission.section_key}, {self.submission.language}"
        return [
            Problem(
                _FIELD,
                self.words("submit.problem", line=fault.line, problem=f"{fault.sentence} {fault.remedy}"),
            )
            for fault in checks.blocking(found)
            if fault.place == place
        ]

    def page(self, text: str, problems: list[Problem], *, notice: str = "", preview: Markup | None = None) -> Response:
        """The form, and below it how the text will look."""
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
        return self.site.pages.render(
            self.request,
            self.words,
            "submit",
            status,
            month=dates.month(self.month, self.words.language),
            due=self.due,
            note=self.submission.note,
            language=self.submission.language,
            direction=dates.direction(self.submission.language),
            text=text,
            problems=problems,
            notice=notice,
            preview=preview,
        )

    def closed_page(self) -> Response:
        """Say why no text is taken any more."""
        told = {SubmissionState.MERGED: "submit.merged", SubmissionState.DECLINED: "submit.declined"}
        key = told.get(self.submission.state, "submit.late")
        status = HTTPStatus.OK if self.submission.state is SubmissionState.MERGED else HTTPStatus.GONE
        return self.site.pages.message(self.request, self.words, key, status, due=self.due)

    def preview(self, text: str) -> Markup | None:
        """How a text will look, worked out apart; None where there is nothing to show, or it cannot be shown."""
        if not text.strip():
            return None
        confined = self.site.app.confined
        try:
            pictures = self._pictures(confined(media.references, self._draft(text)))
            return Markup(confined(excerpt, text, pictures))  # noqa: S704 - it is clean
        except NewsletterError:
            return None

    def _pictures(self, targets: set[str]) -> Pictures:
        with self.site.app.database.reading() as session:
            stored = media.resolved(session, self.site.app.organization.id, targets)
        return {target: Picture(facts.url("")) for target, facts in stored.items()}

    def _draft(self, text: str) -> Document:
        return submissions.draft(self.submission, self.month, text)


@router.api_route(_PATH, methods=["GET", "HEAD"])
def show(token: str, request: Request, site: SiteOf) -> Response:
    """What is asked for, and what was sent in so far."""
    with site.app.database.reading() as session:
        visit = Visit.of(session, request, site, token)
    if not visit.is_open:
        return visit.closed_page()
    return visit.page(visit.submission.text, [], preview=visit.preview(visit.submission.text))


@router.post(_PATH)
def write(token: str, request: Request, form: TextFormOf, site: SiteOf) -> Response:
    """Show how a text will look, or take it; one with problems comes back as it was written."""
    text = form.one(_FIELD)
    with site.app.database.reading() as session:
        visit = Visit.of(session, request, site, token)
    if not visit.is_open:
        return visit.closed_page()
    problems = visit.problems(text)
    preview = visit.preview(text)
    if problems or form.one("action") != _SEND:
        return visit.page(text, problems, notice="" if problems else visit.words("submit.unsent"), preview=preview)
    with site.app.database.writing() as session:
        taken = Visit.of(session, request, site, token)
        if not taken.is_open:
            return taken.closed_page()
        submissions.submit(session, taken.submission, text, site.app.clock.now())
    return visit.page(text, [], notice=visit.words.html("submit.saved", due=visit.due), preview=preview)
