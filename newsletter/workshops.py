"""Workshops: when and where each is, typed once. A section names one, and gets its facts when the issue is bound."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from newsletter.errors import NewsletterError, NotFound
from newsletter.rendering.targets import is_web, on_the_wire
from subscribers import time_zones
from subscribers.db import Base
from subscribers.names import SLUG

_MINUTES = "minutes"


class Workshop(Base):
    """One workshop. Its times are what a clock on its wall shows, whatever becomes of the zone's rules till then."""

    __tablename__ = "workshop"
    __table_args__ = (UniqueConstraint("organization_id", "slug"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    slug: Mapped[str]
    name: Mapped[str]
    starts: Mapped[str]
    """`2026-12-08T18:00`."""
    ends: Mapped[str]
    """As `starts`; empty where it is not known."""
    time_zone: Mapped[str]
    place: Mapped[str]
    url: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class WorkshopInvalid(NewsletterError):
    """A workshop needs a name, a beginning such as 2026-12-08 18:00, a time zone, and a place or a link."""


class WorkshopExists(NewsletterError):
    """There is a workshop of this name in links already. `newsletter workshops list` shows it."""


@dataclass(frozen=True, slots=True)
class WorkshopFacts:
    """What is known of a workshop, already checked."""

    name: str
    starts: str
    ends: str
    time_zone: str
    place: str
    url: str

    @classmethod
    def parse(cls, *, name: str, starts: str, ends: str, time_zone: str, place: str, url: str) -> Self:
        """Read what a person typed; times are in the zone. Raises `WorkshopInvalid`."""
        made = cls(
            " ".join(name.split()), _minute(starts), _minute(ends), time_zone, " ".join(place.split()), url.strip()
        )
        if not made.name or not made.starts or not (made.place or made.url):
            raise WorkshopInvalid
        if time_zone not in time_zones.names():
            raise WorkshopInvalid(f"There is no time zone {time_zone!r}. Use a name such as America/Chicago.")
        if made.ends and made.ends <= made.starts:
            raise WorkshopInvalid(f"The workshop ends ({made.ends}) before it begins ({made.starts}).")
        if made.url and not is_web(on_the_wire(made.url)):
            raise WorkshopInvalid(f"{made.url!r} is no web page. Write one that begins with https://")
        return made


def create(session: Session, organization_id: int, slug: str, facts: WorkshopFacts, now: datetime) -> Workshop:
    """Add a workshop; `slug` is its name in links and sections. Raises `WorkshopInvalid`, `WorkshopExists`."""
    if not SLUG.fullmatch(slug):
        raise WorkshopInvalid(f"{slug!r} cannot stand in a link. Use small letters, digits and -, such as one-team.")
    if _found(session, organization_id, slug) is not None:
        raise WorkshopExists(f"There is a workshop {slug} already. Change it: newsletter workshops edit {slug}")
    made = Workshop(organization_id=organization_id, slug=slug, created_at=now, updated_at=now, **asdict(facts))
    session.add(made)
    session.flush()
    return made


def edit(session: Session, workshop: Workshop, facts: WorkshopFacts, now: datetime) -> None:
    """Give a workshop other facts. Issues that are bound already keep those they have."""
    for name, value in asdict(facts).items():
        setattr(workshop, name, value)
    workshop.updated_at = now
    session.flush()


def facts_of(workshop: Workshop, **changed: str | None) -> WorkshopFacts:
    """Its facts, some of them as they shall be; None leaves one as it is. Raises `WorkshopInvalid`."""
    given = {name: value for name, value in changed.items() if value is not None}
    kept = {name: getattr(workshop, name) for name in WorkshopFacts.__dataclass_fields__}
    return WorkshopFacts.parse(**(kept | given))


def get(session: Session, organization_id: int, slug: str) -> Workshop:
    """A workshop by its slug. Raises `NotFound`."""
    found = _found(session, organization_id, slug)
    if found is None:
        raise NotFound(f"There is no workshop {slug!r}. `newsletter workshops list` shows them.")
    return found


def all_of(session: Session, organization_id: int) -> Sequence[Workshop]:
    """Every workshop, the first to begin first."""
    of_organization = select(Workshop).where(Workshop.organization_id == organization_id)
    return session.scalars(of_organization.order_by(Workshop.starts, Workshop.slug)).all()


def event_facts(session: Session, organization_id: int, slug: str) -> Mapping[str, str]:
    """The attributes of a section that shows a workshop. Raises `NotFound`."""
    found = get(session, organization_id, slug)
    told = {
        "starts": found.starts,
        "ends": found.ends,
        "timezone": found.time_zone,
        "place": found.place,
        "url": found.url,
    }
    return {name: value for name, value in told.items() if value}


def _found(session: Session, organization_id: int, slug: str) -> Workshop | None:
    of_slug = select(Workshop).where(Workshop.organization_id == organization_id, Workshop.slug == slug)
    return session.scalars(of_slug).one_or_none()


def _minute(text: str) -> str:
    if not text.strip():
        return ""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise WorkshopInvalid(f"{text!r} is no date and time. Write it like 2026-12-08 18:00.") from error
    if moment.tzinfo is not None:
        raise WorkshopInvalid(f"Write {text!r} without an offset: the time zone says it.")
    return moment.isoformat(timespec=_MINUTES)
