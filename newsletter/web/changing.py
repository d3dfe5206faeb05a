"""What a reader changes about what they get: one form, or one button, in one transaction."""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request
from sqlalchemy import update
from sqlalchemy.orm import Session

from newsletter.campaigns import personal_letters
from newsletter.events import unsubscribes
from newsletter.settings import Tracking
from newsletter.words import Words
from subscribers import answers, consent, lists, subscribers, subscriptions
from subscribers.consent import MAIL, Evidence
from subscribers.tables import (
    Frequency,
    List,
    OwnField,
    Purpose,
    Subscriber,
    Subscription,
    SubscriptionState,
)

from .evidence import evidence_of
from .forms import Form
from .joining import current_lists
from .site import Site

PAUSE = timedelta(days=31)
"""Long enough that one issue of a monthly list falls into it."""
_SAVED, _SAVED_NONE = "preferences.saved", "preferences.saved_none"


@dataclass(frozen=True, slots=True)
class Change:
    """What one reader changes with one request. What a button does returns the key of what the page then says."""

    request: Request
    site: Site
    session: Session
    reader: Subscriber
    form: Form

    def save(self) -> str:
        """Take every answer of the form."""
        self._take_lists()
        self._take_children()
        self._take_tracking()
        self._take_own()
        self.reader.updated_at = self.site.app.clock.now()
        if self.form.one("frequency") in set(Frequency):
            of_reader = update(Subscription).where(Subscription.subscriber_id == self.reader.id)
            self.session.execute(of_reader.values(frequency=Frequency(self.form.one("frequency"))))
        return _SAVED if current_lists(self.session, self.reader) else _SAVED_NONE

    def leave_all(self) -> str:
        """Leave every list."""
        self._leave(None, self._words()("unsubscribe.all_button"))
        return _SAVED_NONE

    def pause(self) -> str:
        """Pause the list of the button."""
        for list_ in self._named():
            subscriptions.pause(self.session, self.reader, list_, self.site.app.clock.now() + PAUSE)
        return _SAVED

    def resume(self) -> str:
        """Go on with the list of the button."""
        for list_ in self._named():
            subscriptions.resume(self.session, self.reader, list_)
        return _SAVED

    def mail_link(self) -> str:
        """Mail the reader the link to what is held about them. Whoever asks twice in a window is told the same."""
        app = self.site.app
        if not personal_letters.can_be_mailed(self.session, app.organization, self.reader):
            return ""
        language, window = self.reader.language or self._words().language, app.settings.signup_window_minutes
        personal_letters.send_link(self.session, app.clock, self.reader, language, timedelta(minutes=window))
        return "preferences.mailed"

    def _take_lists(self) -> None:
        words, ticked = self._words(), set(self.form.many("lists"))
        current = {list_.id for list_ in current_lists(self.session, self.reader)}
        # By id, as a sign-up does: two that change the same reader's subscriptions never wait for each other.
        for list_ in sorted(lists.shown_to(self.session, self.reader), key=lambda list_: list_.id):
            name = lists.name_in(list_, words.language)
            if list_.slug in ticked and list_.id not in current:
                self._join(list_, words("confirm.wording", organization=self.site.app.organization.name, list=name))
            elif list_.slug not in ticked and list_.id in current:
                self._leave(list_, words("unsubscribe.button", list=name))

    def _join(self, list_: List, wording: str) -> None:
        now, evidence = self.site.app.clock.now(), self._evidence(wording)
        subscriptions.subscribe(self.session, self.reader, list_, SubscriptionState.PENDING, now, evidence=evidence)
        # The token came to the reader's own mailbox, which is all that a confirmation proves.
        subscriptions.confirm(self.session, self.reader, list_, now, evidence=evidence)

    def _leave(self, list_: List | None, wording: str) -> None:
        now = self.site.app.clock.now()
        unsubscribes.leave(self.session, self.reader, list_, now, evidence=self._evidence(wording))

    def _take_children(self) -> None:
        """What the reader says now holds for what they said before and for what an import said of them."""
        school, now = self.site.school(), self.site.app.clock.now()
        told = school.told(self.form.many("children"), answers.own_children(self.session, self.reader))
        answers.take(self.session, self.reader, told, school.bands, school.end_year, now)

    def _take_tracking(self) -> None:
        agrees = self.form.one("tracking") == "yes"
        if self.site.app.settings.tracking is not Tracking.CONSENT or agrees == self.reader.tracking:
            return
        wording = self._words()("tracking.wording", organization=self.site.app.organization.name)
        consent.record(
            self.session,
            self.reader,
            Purpose.TRACKING,
            agrees,
            evidence=self._evidence(wording),
            now=self.site.app.clock.now(),
        )

    def _take_own(self) -> None:
        told = {OwnField.NAME: self.form.one("name"), OwnField.PLACE: self.form.one("place")}
        if self.form.one("language") in self.site.pages.languages.codes:
            told[OwnField.LANGUAGE] = self.form.one("language")
        subscribers.note_own(self.reader, told, self.site.app.clock.now())

    def _named(self) -> list[List]:
        """The list whose button was pressed, as far as the reader gets it."""
        slug = self.form.one("list")
        confirmed = current_lists(self.session, self.reader)
        return [list_ for list_ in confirmed if list_.slug == slug]

    def _evidence(self, wording: str) -> Evidence:
        return evidence_of(self.request, self.site, self._words(), MAIL, wording)

    def _words(self) -> Words:
        return self.site.pages.words(self.request, self.reader.language)
