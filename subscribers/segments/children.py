"""What a rule can ask about the children of a household, whoever of it told of them."""

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from subscribers.errors import NotFound
from subscribers.grades import LAST_GRADE, PRE_KINDERGARTEN, graduation_year_of
from subscribers.tables import Child, School, Subscriber

from . import values
from .contexts import Person, RuleContext
from .questions import Question, Questions, Values, choices, names
from .trees import Operator


def is_in_bands(bands: Values, context: RuleContext) -> ColumnElement[bool]:
    """Whether a child is in one of the bands, over `Child`. NULL stands for no.

    A child of whom only the level is known counts in the school year it was told in and one more.
    """
    chosen = [band for band in context.bands if band.name in bands]
    years = (Child.graduation_year.between(*band.graduation_years(context.end_year)) for band in chosen)
    return or_(*years, and_(Child.band.in_([band.name for band in chosen]), _is_believed(context)))


def bands() -> Questions:
    """The bands of the children."""
    return choices(
        values.band, lambda wanted, context: _has_child(is_in_bands(wanted, context)), lambda person: person.bands
    )


def grades() -> Questions:
    """The grades of the children; who has left school, or is not there yet, is in none."""
    return {
        Operator.IS: Question(values.grade, _has_child_in_grades, _person_has_child_in_grades),
        Operator.HAS: Question(values.grade, _has_child_in_grades, _person_has_child_in_grades),
        **{operator: _beyond(operator) for operator in (Operator.LESS, Operator.MORE)},
    }


def schools() -> Questions:
    """Where the children go to school, or the subscriber works."""
    return names(School.name, _is_at_school, lambda person: person.schools, _find_school)


def _has_child(such: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Child.household_id == Subscriber.household_id, such).correlate(Subscriber)


def _has_child_in_grades(wanted: Values, context: RuleContext) -> ColumnElement[bool]:
    years = [graduation_year_of(int(grade), context.end_year) for grade in wanted]
    return _has_child(Child.graduation_year.in_(years))


def _person_has_child_in_grades(person: Person, wanted: Values, _: RuleContext) -> bool:
    return not person.grades.isdisjoint(map(int, wanted))


def _beyond(operator: Operator) -> Question:
    """Whether a child's grade is below another, or above it."""

    def compile_(wanted: Values, context: RuleContext) -> ColumnElement[bool]:
        lowest, highest = _ends(operator, int(wanted[0]))
        first, last = (graduation_year_of(grade, context.end_year) for grade in (highest, lowest))
        return _has_child(Child.graduation_year.between(first, last))

    def evaluate(person: Person, wanted: Values, _: RuleContext) -> bool:
        lowest, highest = _ends(operator, int(wanted[0]))
        return any(lowest <= grade <= highest for grade in person.grades)

    return Question(values.grade, compile_, evaluate)


def _ends(operator: Operator, grade: int) -> tuple[int, int]:
    return (PRE_KINDERGARTEN, grade - 1) if operator is Operator.LESS else (grade + 1, LAST_GRADE)


def _is_at_school(such: ColumnElement[bool], context: RuleContext) -> ColumnElement[bool]:
    known = select(School.id).where(School.organization_id == context.organization_id, such)
    has_not_left = or_(
        Child.graduation_year >= context.end_year, and_(Child.graduation_year.is_(None), _is_believed(context))
    )
    works_there = and_(Subscriber.school_id.is_not(None), Subscriber.school_id.in_(known))
    return or_(works_there, _has_child(and_(Child.school_id.in_(known), has_not_left)))


def _is_believed(context: RuleContext) -> ColumnElement[bool]:
    return or_(Child.end_year.is_(None), Child.end_year >= context.end_year - 1)


def _find_school(session: Session, name: str, context: RuleContext) -> None:
    of_organization = select(School.name).where(School.organization_id == context.organization_id)
    known = session.scalars(of_organization.order_by(School.name)).all()
    if name not in known:
        hint = values.did_you_mean(name, known) if known else "no school is known yet."
        raise NotFound(f"There is no school {name!r}; {hint}")
