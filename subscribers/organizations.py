"""The organization that owns an installation."""

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from .errors import NewsletterError
from .tables import Organization


class OrganizationMissing(NewsletterError):
    """There is no organization yet. Run `newsletter init`."""


def create(session: Session, name: str, now: datetime) -> Organization:
    """Make the organization, with a new salt for its address hashes."""
    organization = Organization(name=name, salt=secrets.token_urlsafe(32), created_at=now)
    session.add(organization)
    session.flush()
    return organization


def ensure(session: Session, name: str, now: datetime) -> bool:
    """Make the organization where there is none. Returns whether it was made."""
    if session.scalar(select(Organization.id)) is not None:
        return False
    create(session, name, now)
    return True


def the(session: Session) -> Organization:
    """The one organization. Raises `OrganizationMissing`."""
    organization = session.scalars(select(Organization)).one_or_none()
    if organization is None:
        raise OrganizationMissing
    return organization
