"""Segments that staff saved: a name for a rule."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from subscribers.db import insert_into
from subscribers.errors import NewsletterError, NotFound
from subscribers.tables import Segment

from .fields import SEGMENT
from .rules import Asked, Rule, RuleContext, RuleInvalid
from .trees import Comparison, Node, Not, Value, any_of, comparisons, mapped

DEEPEST = 20
"""So many segments may name one another in a row."""


class SegmentsTooDeep(RuleInvalid):
    """Too many segments name one another in a row. Write the rule of one of them out instead of its name."""


class SegmentExists(NewsletterError):
    """There is a segment of this name already. `newsletter segments list` shows it."""


class SegmentInUse(NewsletterError):
    """Something names this segment. Change that first."""


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
    if rule.tree is None or not _names_of(rule):
        return rule
    return Rule.parse(str(mapped(rule.tree, lambda comparison: _replaced(session, comparison, context, within))))


def create(session: Session, name: str, rule: Rule, context: RuleContext, now: datetime) -> Segment:
    """Save a rule under a name. Raises what `resolved` raises, `SegmentNameMissing` or `SegmentExists`."""
    name = _name(name)
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
        raise _exists(name)
    return segment


def edit(session: Session, segment: Segment, rule: Rule, context: RuleContext, now: datetime) -> None:
    """Give a segment another rule.

    Raises what `resolved` raises, and `SegmentInUse` where a segment that names this one could not any more.
    """
    _hold(session, segment)
    resolved(session, rule, context, segment.name)
    segment.rule, segment.updated_at = str(rule), now
    session.flush()
    _check_naming(session, segment, context)


def rename(session: Session, segment: Segment, name: str, now: datetime) -> None:
    """Give a segment another name, also in the rules that name it. Raises `SegmentNameMissing` or `SegmentExists`."""
    before, after = segment.name, _name(name)
    _hold(session, segment)
    if any(other.name == after for other in all_of(session, segment.organization_id) if other is not segment):
        raise _exists(after)
    for other in _naming(session, segment):
        tree = Rule.parse(other.rule).tree
        renamed = tree and mapped(tree, lambda comparison: _renamed(comparison, before, after))
        other.rule, other.updated_at = str(Rule.parse(str(renamed))), now
    segment.name, segment.updated_at = after, now
    session.flush()


def delete(session: Session, segment: Segment) -> None:
    """Delete a segment. Raises `SegmentInUse` where another names it."""
    _hold(session, segment)
    naming = ", ".join(repr(other.name) for other in _naming(session, segment))
    if naming:
        raise SegmentInUse(
            f"Segment {segment.name!r} is not deleted: the rule of {naming} names it. "
            "Change that first with `newsletter segments edit`."
        )
    session.delete(segment)
    session.flush()


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


def _hold(session: Session, segment: Segment) -> None:
    """Keep others from changing segments until the transaction ends: two changes at once could name each other."""
    of_organization = select(Segment).where(Segment.organization_id == segment.organization_id).order_by(Segment.id)
    session.scalars(of_organization.with_for_update(), execution_options={"populate_existing": True}).all()


def _find(session: Session, asked: Asked, context: RuleContext) -> None:
    if asked.question.find is None:
        return
    for written, value in zip(asked.comparison.values, asked.values, strict=True):
        try:
            asked.question.find(session, value, context)
        except NotFound as error:
            raise NotFound(f"At {written.at}: {error}") from error


def _names_of(rule: Rule) -> set[str]:
    """The segments that a rule names."""
    named = comparisons(rule.tree) if rule.tree else ()
    return {_clean(value.text) for comparison in named if comparison.name == SEGMENT for value in comparison.values}


def _naming(session: Session, segment: Segment) -> list[Segment]:
    """The other segments whose rules name one."""
    others = all_of(session, segment.organization_id)
    return [other for other in others if other is not segment and segment.name in _names_of(_saved_rule(other))]


def _saved_rule(segment: Segment) -> Rule:
    """Its rule; that of everyone, which names nobody, where an older version wrote one that cannot be read now."""
    try:
        return Rule.parse(segment.rule)
    except RuleInvalid:
        return Rule.everyone()


def _check_naming(session: Session, segment: Segment, context: RuleContext) -> None:
    """Raise what is wrong now with a segment that names a changed one, also by way of another."""
    for other in _naming(session, segment):
        try:
            rule_for(session, context, other.name, None)
        except (RuleInvalid, NotFound) as error:
            raise SegmentInUse(f"Segment {other.name!r} names {segment.name!r}, and could not: {error}") from error
        _check_naming(session, other, context)


def _renamed(comparison: Comparison, before: str, after: str) -> Comparison:
    if comparison.name != SEGMENT:
        return comparison
    values = (Value(after) if _clean(value.text) == before else value for value in comparison.values)
    return replace(comparison, values=tuple(values))


def _replaced(session: Session, comparison: Comparison, context: RuleContext, within: tuple[str, ...]) -> Node:
    if comparison.name != SEGMENT:
        return comparison
    found = any_of(*(_rule_of(session, value, context, within) for value in comparison.values))
    return Not(found) if comparison.is_negated else found


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


def _name(text: str) -> str:
    name = _clean(text)
    if not name:
        raise SegmentNameMissing
    return name


def _exists(name: str) -> SegmentExists:
    return SegmentExists(f"There is a segment {name!r} already. `newsletter segments list` shows it.")


def _clean(name: str) -> str:
    return " ".join(name.split())
