"""What a reader gets: shown, and changed as they wish."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.campaigns import personal_letters
from newsletter.rendering import dates
from newsletter.settings import Tracking
from newsletter.tokens import ReaderPurpose
from newsletter.words import Words
from subscribers import answers, lists, subscriptions
from subscribers.tables import Frequency, List, Subscriber, Subscription

from .changing import Change
from .choices import list_choices
from .forms import FormOf
from .site import Site, SiteOf, masked

router = APIRouter()
_PATH = "/preferences/{token}"
_ACTIONS: Mapping[str, Callable[[Change], str]] = {
    "save": Change.save,
    "leave-all": Change.leave_all,
    "pause": Change.pause,
    "resume": Change.resume,
    "mail-link": Change.mail_link,
}
"""What each button does."""


@router.api_route(_PATH, methods=["GET", "HEAD"])
def show(token: str, request: Request, site: SiteOf) -> Response:
    """The form, as things stand."""
    with site.app.database.reading() as session:
        reader, _ = site.reader_of(session, ReaderPurpose.PREFERENCES, token)
        return _page(request, site, session, reader)


@router.post(_PATH)
def save(token: str, request: Request, form: FormOf, site: SiteOf) -> Response:
    """Do what the pressed button says. A request without one changes nothing."""
    with site.app.database.writing() as session:
        reader, _ = site.reader_of(session, ReaderPurpose.PREFERENCES, token)
        action = _ACTIONS.get(form.one("action"))
        if action is None:
            return _page(request, site, session, reader)
        notice = action(Change(request, site, session, reader, form))
        session.flush()
        return _page(request, site, session, reader, notice)


@dataclass(frozen=True, slots=True)
class _Membership:
    """A list that the reader gets, as the part of the page for pauses shows it."""

    slug: str
    name: str
    paused_until: str
    """The day, in words; empty where it does not pause."""


def _page(request: Request, site: Site, session: Session, reader: Subscriber, notice: str = "") -> Response:
    """The page; `notice` is the key of what it says has been done."""
    words = site.pages.words(request, reader.language)
    school = site.school()
    offered = lists.shown_to(session, reader)
    memberships = _memberships(session, site, words, reader)
    form = {
        "lists": list_choices(offered, words.language, {membership.slug for membership in memberships}),
        "bands": school.choices(words, school.values_of(answers.own_children(session, reader))),
        "school_year": school.year,
        "languages": site.pages.languages.named,
        "language": site.pages.languages.words(reader.language, words.language).language,
        "frequencies": list(Frequency),
        "frequency": _frequency(session, reader),
        "name": reader.name,
        "place": reader.place,
        "asks_tracking": site.app.settings.tracking is Tracking.CONSENT,
        "tracking": reader.tracking,
    }
    return site.pages.render(
        request,
        words,
        "preferences",
        form=form,
        memberships=memberships,
        notice=notice,
        address=masked(reader.address),
        contact=_contact(session, site, reader),
    )


def _contact(session: Session, site: Site, reader: Subscriber) -> str:
    """Where a reader who cannot be sent the link writes to; empty where they can."""
    if personal_letters.can_be_mailed(session, site.app.organization, reader):
        return ""
    return site.contact(personal_letters.list_of(session, reader))


def _memberships(session: Session, site: Site, words: Words, reader: Subscriber) -> list[_Membership]:
    current = select(List, Subscription.paused_until).join(Subscription, Subscription.list_id == List.id)
    current = current.where(Subscription.subscriber_id == reader.id, subscriptions.is_current())
    zone = ZoneInfo(site.app.settings.timezone)
    return [
        _Membership(
            list_.slug,
            lists.name_in(list_, words.language),
            dates.long_day(until.astimezone(zone).date(), words.language) if until else "",
        )
        for list_, until in session.execute(current.order_by(List.name, List.id))
    ]


def _frequency(session: Session, reader: Subscriber) -> Frequency:
    chosen = select(Subscription.frequency).where(Subscription.subscriber_id == reader.id)
    return session.scalar(chosen.limit(1)) or Frequency.EVERY
