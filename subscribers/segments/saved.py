"""Segments that staff saved: a name for a rule."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from subscribers.db import insert_into
from subscribers.errors import NewsletterError, NotFound
from subscribers.tables import Segment

from .fields import SEGMENT
from .rules import Asked, Rule, RuleContext, RuleInvalid
from .trees import AllOf, AnyOf, Comparison, Node, Not, Value, any_of, comparisons

DEEPEST = 20
"""So many segments may name one another in a row."""


class SegmentsTooDeep(RuleInvalid):
    """Too many segments name one another in a row. Write the rule of one of them out instead of its name."""


class SegmentExists(NewsletterError):
    """There is a segment of this name already. `newsletter segments list` shows it."""


class SegmentNameMissing(NewsletterError):
    """A segment needs a name, such as "high school"."""


def resolved(session: Session, rule: Rule, context: RuleContext, *within: str) -> Rule:
    """The rule, checked, with the rules of the segments it names in their place.

    This is what a campaign keeps: whatever becomes of a segment later moves nobody. `within` names the segments that
    it is the rule of, the outermost first. Raises `RuleInvalid` where the rule cannot be, such as for an unknown band,
    a segment that comes back to itself or too many in a row, and `NotFound` where it names a list, school, campaign or
    segment that there is not: a mistyped list would choose nobody, or with `!=` everybody. A tag may be put on people
    later.
    """
    if len(within) > DEEPEST:
        raise SegmentsTooDeep(
            f"More than {DEEPEST} segments name one another in a row: {', '.join(within[:3])} and so on. "
            "Write the rule of one of them out instead of its name."
        )
    for asked in rule.asked(context):
        _find(session, asked, context)
    if rule.tree is None or all(comparison.name != SEGMENT for comparison in comparisons(rule.tree)):
        return rule
    return Rule.parse(str(_replaced(session, rule.tree, context, within)))


def create(session: Session, name: str, rule: Rule, context: RuleContext, now: datetime) -> Segment:
    """Save a rule under a name. Raises what `resolved` raises, `SegmentNameMissing` or `SegmentExists`."""
    name = _clean(name)
    if not name:
        raise SegmentNameMissing
    resolved(session, rule, context, name)
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
    """The rule of the named segment, or else of the text; without either, everyone. Raises what `resolved` raises."""
    if name is None:
        return resolved(session, Rule.parse(text or ""), context)
    segment = get(session, context.organization_id, name)
    return resolved(session, Rule.parse(segment.rule), context, segment.name)


def all_of(session: Session, organization_id: int) -> Sequence[Segment]:
    """Every segment, by name."""
    of_organization = select(Segment).where(Segment.organization_id == organization_id)
    return session.scalars(of_organization.order_by(Segment.name)).all()


def _find(session: Session, asked: Asked, context: RuleContext) -> None:
    if asked.question.find is None:
        return
    for written, value in zip(asked.comparison.values, asked.values, strict=True):
        try:
            asked.question.find(session, value, context)
        except NotFound as error:
            raise NotFound(f"At {written.at}: {error}") from error


def _replaced(session: Session, node: Node, context: RuleContext, within: tuple[str, ...]) -> Node:
    match node:
        case Comparison() if node.name == SEGMENT:
            found = any_of(*(_rule_of(session, value, context, within) for value in node.values))
            return Not(found) if node.is_negated else found
        case Comparison():
            return node
        case Not(part):
            return Not(_replaced(session, part, context, within))
        case AllOf(parts) | AnyOf(parts):
            return type(node)(tuple(_replaced(session, part, context, within) for part in parts))


def _rule_of(session: Session, written: Value, context: RuleContext, within: tuple[str, ...]) -> Node:
    name = _clean(written.text)
    if name in within:
        raise RuleInvalid(f"At {written.at}: segment {name!r} would come back to itself: {', '.join((*within, name))}.")
    try:
        segment = get(session, context.organization_id, name)
    except NotFound as error:
        raise NotFound(f"At {written.at}: {error}") from error
    try:
        rule = resolved(session, Rule.parse(segment.rule), context, *within, name)
    except SegmentsTooDeep:
        raise  # each of them would say that it is in it
    except (RuleInvalid, NotFound) as error:
        raise type(error)(f"In segment {name!r}: {error}") from error
    if rule.tree is None:
        raise RuleInvalid(f"At {written.at}: segment {name!r} chooses everyone. Leave it out.")
    return rule.tree


def _clean(name: str) -> str:
    return " ".join(name.split())
