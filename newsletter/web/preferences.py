"""What a reader gets: shown, and changed as they wish."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from newsletter.events import unsubscribes
from newsletter.settings import Tracking
from newsletter.tokens import ReaderPurpose
from subscribers import consent, households, lists, subscriptions
from subscribers.tables import (
    Child,
    Frequency,
    List,
    Purpose,
    Subscriber,
    Subscription,
    SubscriptionState,
    Told,
)

from .choices import list_choices
from .evidence import evidence_of
from .forms import Form, FormOf
from .joining import lists_in
from .site import Site, SiteOf, masked
from .words import Words

router = APIRouter()
_PATH = "/preferences/{token}"
_SOURCE = "form"
_SAVE, _LEAVE_ALL = "save", "leave-all"


@router.api_route(_PATH, methods=["GET", "HEAD"])
def show(token: str, request: Request, site: SiteOf) -> Response:
    """The form, as things stand."""
    with site.app.database.reading() as session:
        reader, _ = site.reader_of(session, ReaderPurpose.PREFERENCES, token)
        return _page(request, site, session, reader, is_saved=False)


@router.post(_PATH)
def save(token: str, request: Request, form: FormOf, site: SiteOf) -> Response:
    """Save the form, or leave everything. A request without either button changes nothing."""
    with site.app.database.writing() as session:
        reader, _ = site.reader_of(session, ReaderPurpose.PREFERENCES, token)
        change = _Change(request, site, session, reader, form)
        action = form.one("action")
        if action == _SAVE:
            change.save()
        elif action == _LEAVE_ALL:
            change.leave(None)
        session.flush()
        return _page(request, site, session, reader, is_saved=action in (_SAVE, _LEAVE_ALL))


@dataclass(frozen=True, slots=True)
class _Change:
    """One reader's form being saved in one transaction."""

    request: Request
    site: Site
    session: Session
    reader: Subscriber
    form: Form

    def save(self) -> None:
        """Take every answer of the form."""
        self._take_lists()
        self._take_children()
        self._take_tracking()
        chosen = self.form.one("language")
        if chosen in self.site.pages.catalogue.languages:
            self.reader.language = chosen
        self.reader.name = self.form.one("name")
        self.reader.updated_at = self.site.app.clock.now()
        if self.form.one("frequency") in set(Frequency):
            of_reader = update(Subscription).where(Subscription.subscriber_id == self.reader.id)
            self.session.execute(of_reader.values(frequency=Frequency(self.form.one("frequency"))))

    def leave(self, list_: List | None) -> None:
        """Leave a list, or all where it is None."""
        words = self._words()
        wording = words("unsubscribe.all_button") if list_ is None else words("unsubscribe.button", list=list_.name)
        evidence = evidence_of(self.request, words, _SOURCE, wording)
        unsubscribes.leave(self.session, self.reader, list_, self.site.app.clock.now(), evidence=evidence)

    def _take_lists(self) -> None:
        ticked = set(self.form.many("lists"))
        current = {list_.id for list_ in lists_in(self.session, self.reader, SubscriptionState.CONFIRMED)}
        for list_ in lists.all_of(self.session, self.site.app.organization.id):
            if list_.slug in ticked and list_.id not in current:
                self._join(list_)
            elif list_.slug not in ticked and list_.id in current:
                self.leave(list_)

    def _join(self, list_: List) -> None:
        words, now = self._words(), self.site.app.clock.now()
        wording = words("confirm.wording", organization=self.site.app.organization.name, list=list_.name)
        evidence = evidence_of(self.request, words, _SOURCE, wording)
        subscriptions.subscribe(self.session, self.reader, list_, SubscriptionState.PENDING, now, evidence=evidence)
        # The token came to the reader's own mailbox, which is all that a confirmation proves.
        subscriptions.confirm(self.session, self.reader, list_, now, evidence=evidence)

    def _take_children(self) -> None:
        """What the reader says now replaces what they said and what an import said of them."""
        now = self.site.app.clock.now()
        told = self.site.school().told(self.form.many("children"), _own_children(self.session, self.reader))
        households.set_children(self.session, self.reader, (), Told.IMPORT, now)
        households.set_children(self.session, self.reader, told, Told.FAMILY, now)

    def _take_tracking(self) -> None:
        agrees = self.form.one("tracking") == "yes"
        if self.site.app.settings.tracking is not Tracking.CONSENT or agrees == self.reader.tracking:
            return
        words = self._words()
        wording = words("tracking.wording", organization=self.site.app.organization.name)
        evidence = evidence_of(self.request, words, _SOURCE, wording)
        consent.record(
            self.session, self.reader, Purpose.TRACKING, agrees, evidence=evidence, now=self.site.app.clock.now()
        )

    def _words(self) -> Words:
        return self.site.pages.words(self.request, self.reader.language)


def _page(request: Request, site: Site, session: Session, reader: Subscriber, *, is_saved: bool) -> Response:
    words = site.pages.words(request, reader.language)
    school = site.school()
    offered = lists.all_of(session, site.app.organization.id)
    chosen = {list_.slug for list_ in lists_in(session, reader, SubscriptionState.CONFIRMED)}
    form = {
        "lists": list_choices(offered, chosen),
        "bands": school.choices(words, school.values_of(_own_children(session, reader))),
        "school_year": school.year,
        "languages": site.pages.languages,
        "language": site.pages.catalogue.words(reader.language, words.language).language,
        "frequencies": list(Frequency),
        "frequency": _frequency(session, reader),
        "name": reader.name,
        "asks_tracking": site.app.settings.tracking is Tracking.CONSENT,
        "tracking": reader.tracking,
    }
    return site.pages.render(
        request, words, "preferences", form=form, is_saved=is_saved, address=masked(reader.address)
    )


def _own_children(session: Session, reader: Subscriber) -> Sequence[Child]:
    """The children that this reader, or an import of this reader, told us of; not those of others in the household."""
    return session.scalars(select(Child).where(Child.subscriber_id == reader.id)).all()


def _frequency(session: Session, reader: Subscriber) -> Frequency:
    chosen = select(Subscription.frequency).where(Subscription.subscriber_id == reader.id)
    return session.scalar(chosen.limit(1)) or Frequency.EVERY
