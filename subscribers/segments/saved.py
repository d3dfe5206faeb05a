"""Segments that staff saved: a name for a rule."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from subscribers import lists
from subscribers.db import insert_into
from subscribers.errors import NewsletterError, NotFound
from subscribers.tables import Segment

from .rules import Rule, RuleContext


class SegmentExists(NewsletterError):
    """There is a segment of this name already. `newsletter segments list` shows it."""


class SegmentNameMissing(NewsletterError):
    """A segment needs a name, such as "high school"."""


def check(session: Session, rule: Rule, context: RuleContext) -> None:
    """Raise `RuleInvalid` where a value cannot be, or `NotFound` where the rule names a list there is not.

    A mistyped list would choose nobody, or with `!=` everybody. A tag may be put on people later.
    """
    rule.where(context)
    for slug in rule.values_of("list", context):
        lists.get(session, context.organization_id, slug)


def create(session: Session, name: str, rule: Rule, context: RuleContext, now: datetime) -> Segment:
    """Save a rule under a name. Raises what `check` raises, `SegmentNameMissing` or `SegmentExists`."""
    check(session, rule, context)
    name = _clean(name)
    if not name:
        raise SegmentNameMissing
    values = {
        "organization_id": context.organization_id,
        "name": name,
        "rule": str(rule),
        "created_at": now,
        "updated_at": now,
    }
    saved = insert_into(session, Segment).values(values).on_conflict_do_nothing().returning(Segment)
    segment = session.scalars(saved).one_or_none()
    if segment is None:
        raise SegmentExists(f"There is a segment {name!r} already. `newsletter segments list` shows it.")
    return segment


def get(session: Session, organization_id: int, name: str) -> Segment:
    """The segment of a name. Raises `NotFound`, naming those there are."""
    of_name = select(Segment).where(Segment.organization_id == organization_id, Segment.name == _clean(name))
    found = session.scalars(of_name).one_or_none()
    if found is None:
        known = ", ".join(segment.name for segment in all_of(session, organization_id)) or "none yet"
        raise NotFound(f"There is no segment {name!r}. Segments: {known}. Make one with `newsletter segments create`.")
    return found


def rule_for(session: Session, context: RuleContext, name: str | None, text: str | None) -> Rule:
    """The rule of the named segment, or else of the text; without either, everyone. Raises what `check` raises."""
    rule = Rule.parse(get(session, context.organization_id, name).rule if name is not None else text or "")
    check(session, rule, context)
    return rule


def all_of(session: Session, organization_id: int) -> Sequence[Segment]:
    """Every segment, by name."""
    of_organization = select(Segment).where(Segment.organization_id == organization_id)
    return session.scalars(of_organization.order_by(Segment.name)).all()


def _clean(name: str) -> str:
    return " ".join(name.split())
