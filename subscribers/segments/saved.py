"""Segments that staff saved: a name for a rule."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from subscribers.errors import NewsletterError, NotFound
from subscribers.tables import Segment

from .rules import Rule, RuleContext


class SegmentExists(NewsletterError):
    """There is a segment of this name already. `newsletter segments list` shows it."""


def create(session: Session, name: str, rule: Rule, context: RuleContext, now: datetime) -> Segment:
    """Save a rule under a name. Raises `RuleInvalid` where a value of it cannot be, or `SegmentExists`."""
    rule.where(context)
    name = " ".join(name.split())
    if _find(session, context.organization_id, name) is not None:
        raise SegmentExists(f"There is a segment {name!r} already. `newsletter segments list` shows it.")
    segment = Segment(
        organization_id=context.organization_id, name=name, rule=str(rule), created_at=now, updated_at=now
    )
    session.add(segment)
    session.flush()
    return segment


def get(session: Session, organization_id: int, name: str) -> Segment:
    """The segment of a name. Raises `NotFound`, naming those there are."""
    found = _find(session, organization_id, " ".join(name.split()))
    if found is None:
        known = ", ".join(segment.name for segment in all_of(session, organization_id)) or "none yet"
        raise NotFound(f"There is no segment {name!r}. Segments: {known}. Make one with `newsletter segments create`.")
    return found


def rule_of(session: Session, organization_id: int, name: str) -> Rule:
    """The rule of a segment. Raises `NotFound`."""
    return Rule.parse(get(session, organization_id, name).rule)


def all_of(session: Session, organization_id: int) -> Sequence[Segment]:
    """Every segment, by name."""
    of_organization = select(Segment).where(Segment.organization_id == organization_id)
    return session.scalars(of_organization.order_by(Segment.name)).all()


def _find(session: Session, organization_id: int, name: str) -> Segment | None:
    of_name = select(Segment).where(Segment.organization_id == organization_id, Segment.name == name)
    return session.scalars(of_name).one_or_none()
