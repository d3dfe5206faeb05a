"""Lists: what one subscribes to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from . import names, subscriptions
from .errors import NewsletterError, NotFound
from .tables import List, Subscriber, Subscription

FOREMOST_FIRST = (List.is_public.desc(), List.id)
"""The order in which a list is taken where none is named."""


class SlugInvalid(NewsletterError):
    """A list's short name has lower-case letters, digits and hyphens only, such as family-news."""


class ListExists(NewsletterError):
    """There is a list of this name already. `newsletter lists list` shows it."""


class ListFacts(TypedDict, total=False):
    """What can be told of a list, each checked already. An empty identity falls back to the settings."""

    name: str
    description: str
    names: dict[str, str]
    """By language; an empty one takes the name in that language away."""
    descriptions: dict[str, str]
    double_opt_in: bool
    welcome: bool
    is_public: bool
    from_address: str
    reply_to: str
    postal_address: str
    theme: str
    utm: dict[str, str]
    """By parameter, such as `utm_source`; an empty one takes it away."""


def create(
    session: Session,
    organization_id: int,
    slug: str,
    name: str,
    *,
    now: datetime,
    double_opt_in: bool = True,
    description: str = "",
) -> List:
    """Make a list. Raises `SlugInvalid` or `ListExists`."""
    if not names.SLUG.fullmatch(slug):
        raise SlugInvalid
    if _find(session, organization_id, slug) is not None:
        raise ListExists(f"There is a list {slug!r} already. `newsletter lists list` shows it.")
    list_ = List(
        organization_id=organization_id,
        slug=slug,
        name=" ".join(name.split()) or slug,
        description=description,
        double_opt_in=double_opt_in,
        created_at=now,
    )
    session.add(list_)
    session.flush()
    return list_


def edit(session: Session, list_: List, facts: ListFacts) -> None:
    """Change what is told; what is not told stays, and texts of other languages too."""
    for name, value in facts.items():
        if isinstance(value, dict):
            merged = {**getattr(list_, name), **value}
            setattr(list_, name, {key: text for key, text in merged.items() if text})
        else:
            setattr(list_, name, value)
    session.flush()


def get(session: Session, organization_id: int, slug: str) -> List:
    """The list of this slug. Raises `NotFound`, naming those there are."""
    found = _find(session, organization_id, slug)
    if found is None:
        known = ", ".join(list_.slug for list_ in all_of(session, organization_id)) or "none yet"
        raise NotFound(f"There is no list {slug!r}. Lists: {known}. Make one with `newsletter lists create`.")
    return found


def all_of(session: Session, organization_id: int) -> Sequence[List]:
    """Every list, by name."""
    of_organization = select(List).where(List.organization_id == organization_id)
    return session.scalars(of_organization.order_by(List.name, List.id)).all()


def public(session: Session, organization_id: int) -> Sequence[List]:
    """The lists that anybody may join, by name."""
    return [list_ for list_ in all_of(session, organization_id) if list_.is_public]


def foremost(session: Session, organization_id: int) -> List | None:
    """In whose name is written to who is on no list: the first public one, or the first there is."""
    named = select(List).where(List.organization_id == organization_id)
    return session.scalars(named.order_by(*FOREMOST_FIRST).limit(1)).one_or_none()


def shown_to(session: Session, subscriber: Subscriber) -> Sequence[List]:
    """The lists that a reader may join or leave, by name: the public ones, and of the hidden ones those they are on."""
    theirs = select(Subscription.list_id).where(Subscription.subscriber_id == subscriber.id, subscriptions.is_current())
    shown = select(List).where(
        List.organization_id == subscriber.organization_id, or_(List.is_public, List.id.in_(theirs))
    )
    return session.scalars(shown.order_by(List.name, List.id)).all()


def name_in(list_: List, language: str) -> str:
    """The list's public name for a reader of a language: in it, in its kind without a region, or the list's own."""
    return in_language(list_.names, language) or list_.name


def description_in(list_: List, language: str) -> str:
    """What the list is about, chosen as its name is."""
    return in_language(list_.descriptions, language) or list_.description


def in_language(texts: Mapping[str, str], language: str) -> str:
    """The text in a language, or in its kind without a region; empty where there is none."""
    return texts.get(language) or texts.get(language.partition("-")[0]) or ""


def _find(session: Session, organization_id: int, slug: str) -> List | None:
    of_slug = select(List).where(List.organization_id == organization_id, List.slug == slug)
    return session.scalars(of_slug).one_or_none()
