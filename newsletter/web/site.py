"""What every route is handed."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.errors import NotFound
from newsletter.events.recording import Recorder
from newsletter.events.sendgrid_calls import WebhookKey
from newsletter.events.targets import Targets
from newsletter.issues.media_stores import Store
from newsletter.rendering.headers import Mailbox
from newsletter.rendering.pdf import Press
from newsletter.tokens import ReaderPurpose
from subscribers import subscribers
from subscribers.signups import Limits
from subscribers.tables import List, Subscriber

from .choices import School
from .pages import Pages
from .work import Work


class LinkDone(NotFound):
    """The reader or the list of this link is gone. There is nothing left to do for it."""


@dataclass(frozen=True, slots=True)
class Site:
    """The collaborators of the routes, made once by `application.create`."""

    app: App
    pages: Pages
    recorder: Recorder
    targets: Targets
    webhook_key: WebhookKey | None
    """By which SendGrid's calls are known; None where it is not set."""
    media_store: Store
    press: Press
    even_answer_seconds: float
    """The answer to a sign-up comes after a multiple of it, so that the time tells nothing about the address."""

    def reader_of(self, session: Session, purpose: ReaderPurpose, token: str) -> tuple[Subscriber, int]:
        """The reader that a token names, and its subject. Raises `TokenInvalid` or `LinkDone`."""
        claim = self.app.signer.read_reader_token(token, purpose)
        reader = subscribers.by_public_id(session, claim.public_id)
        if reader is None:
            raise LinkDone
        return reader, claim.subject_id

    def school(self) -> School:
        """Grades as they are today."""
        settings = self.app.settings
        return School(settings.grade_bands, settings.roll_over, self.app.today())

    def work(self) -> Work:
        """What a sign-up asks of a browser."""
        return Work(self.app.signer.challenge_keys, self.app.settings.signup_work)

    def sign_up_limits(self) -> Limits:
        """How many sign-ups are taken."""
        settings = self.app.settings
        return Limits(settings.signups_per_network, settings.signups_per_domain, settings.signups_per_hour)

    def contact(self, list_: List) -> str:
        """The address that answers for a list, where a person reads."""
        identity = self.app.identity(list_)
        return Mailbox.parse(identity.reply_to or identity.from_header).address

    def preferences_path(self, reader: Subscriber) -> str:
        """Where a reader who has just proven to be that reader sees what they chose."""
        return f"/preferences/{self.app.signer.reader_token(ReaderPurpose.PREFERENCES, reader.public_id)}"


async def _site(request: Request) -> Site:
    # Not a plain function: FastAPI would give each request a thread to look at one attribute.
    site: Site = request.app.state.site
    return site


SiteOf = Annotated[Site, Depends(_site)]


def masked(address: str) -> str:
    """An address that its owner knows and nobody learns: `m…@school.example`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…\u2060@{domain}"  # the joiner keeps it on one line
