"""`newsletter subscribers child`: what staff correct about one child of a reader's household."""

import click
from rich.console import Console
from sqlalchemy.orm import Session

from newsletter.app import App
from subscribers import corrections
from subscribers import households as homes
from subscribers.grades import GradeInvalid
from subscribers.retelling import ChildTold
from subscribers.schools import parse_school
from subscribers.tables import Subscriber

from .households import facts_of, household, reader_of
from .output import json_option, opened, say

_ADD, _REPEATS, _MOVED_AWAY, _REMOVE, _SCHOOL = "add", "repeats", "moved_away", "remove", "school"


@click.command()
@click.argument("address")
@click.option("--grade", required=True, metavar="GRADE", help="The grade we have the child in now, or its band.")
@click.option("--repeats", is_flag=True, help="It repeats a grade: it is a grade lower from now on.")
@click.option("--moved-away", is_flag=True, help="It left; it counts as one who finished school.")
@click.option("--add", is_flag=True, help="The family has this child too.")
@click.option("--remove", is_flag=True, help="Forget the child, until somebody tells of it again.")
@click.option("--school", metavar="NAME", help="Its school, alone or with --add.")
@json_option
def child(address: str, grade: str, school: str | None, as_json: bool, **changes: bool) -> None:
    """Correct one child: a repeated grade, a move, another school; or add or remove one.

    An import that tells the old grade again does not undo it; one that agrees makes it plain. The school is another
    matter: an import that names one decides it.
    """
    step = _step([name for name, is_said in changes.items() if is_said], school)
    name = parse_school(school) if school is not None else ""
    with opened() as app, app.database.writing() as session:
        reader = reader_of(session, app, address)
        _correct(session, app, reader, _child(app, grade, name), step)
        facts = facts_of(session, app, reader)
        say(facts, lambda console: _shown(console, facts, step), as_json=as_json)


def _step(changes: list[str], school: str | None) -> str:
    """The one thing to do. A school goes alone, or with a child that is added."""
    if len(changes) > 1 or (changes != [_ADD] and bool(changes) == (school is not None)):
        raise click.UsageError("Say one of --repeats, --moved-away, --school NAME, --remove, or --add.")
    return changes[0] if changes else _SCHOOL


def _child(app: App, grade: str, school: str) -> ChildTold:
    words = f"{grade} @ {school}" if school else grade
    told = homes.parse_children(words, app.today(), app.settings.roll_over, app.settings.grade_bands)
    if len(told) != 1:
        raise GradeInvalid("Name one child at a time, by one grade.")
    return told[0]


def _correct(session: Session, app: App, reader: Subscriber, told: ChildTold, step: str) -> None:
    if step == _ADD:
        corrections.add(session, reader, told, app.clock.now())
    elif step == _REPEATS:
        corrections.repeat(session, reader, told)
    elif step == _MOVED_AWAY:
        corrections.move_away(session, reader, told, app.settings.roll_over.end_year(app.today()))
    elif step == _REMOVE:
        corrections.remove(session, reader, told)
    else:
        corrections.move_to(session, reader, told, told.school)


def _shown(console: Console, facts: dict[str, object], step: str) -> None:
    said = {
        _ADD: "The child is added.",
        _REPEATS: "The child repeats a grade: it is a grade lower from now on.",
        _MOVED_AWAY: "The child has moved away.",
        _REMOVE: "The child is removed.",
        _SCHOOL: "The child's school is changed.",
    }
    console.print(said[step])
    household(console, facts)
