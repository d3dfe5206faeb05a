"""The sign-up form: how it is read, and the pages that answer it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from fastapi import Request, Response

from newsletter.words import Words
from subscribers import lists
from subscribers.addresses import AddressInvalid, EmailAddress
from subscribers.consent import FORM
from subscribers.tables import List, OwnField

from .choices import list_choices
from .evidence import evidence_of
from .forms import Form, Problem
from .joining import Entry
from .pages import SIGN_UP
from .security import policy
from .site import Site
from .work import PATIENCE, Judgement, Verdict

_TRAP = "homepage"
"""A field that no person sees; what fills it in is a robot."""
_CARRIED = ("email", "name", "lists", "children", "language")
"""What a person typed, which the page that asks for patience carries on."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for the form, or with it."""

    request: Request
    site: Site
    form: Form
    words: Words
    offered: Sequence[List]
    now: datetime

    @classmethod
    def of(cls, request: Request, site: Site, form: Form) -> "Visit":
        """A visit as things stand now."""
        with site.app.database.reading() as session:
            offered = lists.public(session, site.app.organization.id)
        return cls(request, site, form, site.pages.words(request), offered, site.app.clock.now())

    @property
    def is_trapped(self) -> bool:
        """Whether a robot filled in what no person sees."""
        return bool(self.form.one(_TRAP))

    def entry(self) -> Entry | None:
        """What the form says, or None where it has `problems`."""
        address, chosen = self._address(), self._chosen()
        if address is None or not chosen:
            return None
        own = {OwnField.NAME: self.form.one("name"), OwnField.LANGUAGE: self._language("")}
        return Entry(
            address=address,
            own={field: text for field, text in own.items() if text},
            lists=chosen,
            children=self.site.school().told(self.form.many("children"), ()),
            evidence=evidence_of(self.request, self.site, self.words, FORM, self._wording()),
        )

    def problems(self) -> list[Problem]:
        """What is wrong in the form, from its top."""
        problems = [] if self._address() else [Problem("email", self.words("problem.email"))]
        return problems if self._chosen() else [*problems, Problem("lists", self.words("problem.lists"))]

    def judged(self) -> Judgement:
        """What the form's challenge and solution come to."""
        return self.site.work().judge(self.form.one("challenge"), self.form.one("solution"), self.now)

    def form_page(self, problems: Sequence[Problem] = ()) -> Response:
        """The form as it was filled in, with what is wrong."""
        if not self.offered:
            return self.site.pages.message(self.request, self.words, "subscribe.nothing")
        school = self.site.school()
        first_made = sorted(self.offered, key=lambda list_: list_.id)[:1]
        ticked = self.form.many("lists") if self.form.values else [list_.slug for list_ in first_made]
        shown = {
            "email": self.form.one("email"),
            "name": self.form.one("name"),
            "lists": list_choices(self.offered, self.words.language, ticked),
            "bands": school.choices(self.words, self.form.many("children")),
            "school_year": school.year,
            "languages": self.site.pages.languages.named,
            "language": self._language(self.words.language),
            "wording": self._wording(),
            "trap": _TRAP,
        }
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
        response = self.site.pages.render(
            self.request, self.words, "subscribe", status, form=shown | self._work(), problems=problems
        )
        if self.site.work().is_asked:
            response.headers["Content-Security-Policy"] = policy(self.site.pages.images, script=True)
        return response

    def waiting_page(self, judged: Judgement) -> Response:
        """Ask for the rest of the patience that is asked for instead of a solution; nothing typed is lost."""
        is_begun = judged.verdict is Verdict.TOO_EARLY
        return self.site.pages.render(
            self.request,
            self.words,
            "waiting",
            wait=self.words.span(judged.seconds_left(self.now) if is_begun else PATIENCE.total_seconds()),
            challenge=self.form.one("challenge") if is_begun else self.site.work().ask(self.now),
            carried=[(name, value) for name in _CARRIED for value in self.form.many(name)],
        )

    def limit_page(self, until: datetime) -> Response:
        """Say when to try again; nothing of it depends on the address."""
        seconds = (until - self.now).total_seconds()
        response = self.site.pages.message(
            self.request,
            self.words,
            "subscribe.limit",
            HTTPStatus.TOO_MANY_REQUESTS,
            next_step=(SIGN_UP, self.words("error.next")),
            wait=self.words.span(seconds),
        )
        response.headers["Retry-After"] = str(int(seconds) + 1)
        return response

    def thanks(self, entry: Entry) -> Response:
        """The same for every address."""
        address = entry.address.mailed
        if any(list_.double_opt_in for list_ in entry.lists):
            return self.site.pages.render(self.request, self.words, "subscribed", address=address)
        return self.site.pages.message(self.request, self.words, "subscribed.done", address=address)

    def _work(self) -> dict[str, str | int]:
        """The challenge of the form before, as long as it counts, so that nobody works or waits twice; or a new one."""
        work = self.site.work()
        counts = self.judged().verdict in (Verdict.DONE, Verdict.TOO_EARLY)
        return {
            "most": work.most,
            "challenge": self.form.one("challenge") if counts else work.ask(self.now),
            "solution": self.form.one("solution") if counts else "",
        }

    def _chosen(self) -> list[List]:
        return [list_ for list_ in self.offered if list_.slug in self.form.many("lists")]

    def _address(self) -> EmailAddress | None:
        try:
            return EmailAddress.parse(self.form.one("email"))
        except AddressInvalid:
            return None

    def _language(self, otherwise: str) -> str:
        chosen = self.form.one("language")
        return chosen if chosen in self.site.pages.languages.codes else otherwise

    def _wording(self) -> str:
        return self.words("subscribe.wording", organization=self.site.app.organization.name)
