"""How a file holds people: CSV or JSON lines."""

import csv
import json
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, TextIO, TypeAlias

from subscribers.formulas import neutralised

from .belongings import Attended
from .people import Person

COLUMNS = (
    "email",
    "name",
    "language",
    "timezone",
    "grades",
    "school",
    "roles",
    "tags",
    "household",
    "tracking",
    "place",
    "joined",
    "confirmed",
    "standing",
    "attended",
    "interests",
    "suppressed",
)
"""Of a CSV file; `attribute:NAME` for each attribute follow."""
Write: TypeAlias = Callable[[Sequence[Person]], None]


class Form(StrEnum):
    """What a file of people looks like."""

    CSV = "csv"
    """A header, then one line a person; where a cell has several words, `;` stands between."""
    JSONL = "jsonl"
    """One JSON object a line; where a person has several of a thing, a list."""


def csv_lines(file: TextIO, attributes: Sequence[str]) -> Write:
    """Write the header; what is returned writes people. No cell is a formula to a spreadsheet."""
    writer = csv.writer(file)
    writer.writerow((*COLUMNS, *(f"attribute:{name}" for name in attributes)))
    return lambda people: writer.writerows(_cells(person, attributes) for person in people)


def json_lines(file: TextIO) -> Write:
    """What is returned writes people."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    return lambda people: file.writelines(f"{encode(_object(person))}\n" for person in people)


def _cells(person: Person, attributes: Sequence[str]) -> list[str]:
    """Most of the cells are empty: of these nothing is asked."""
    told = person.attributes
    return [
        neutralised(person.email),
        person.name and neutralised(person.name),
        person.language,
        person.time_zone,
        ";".join(person.grades),
        person.school and neutralised(person.school),
        ";".join(person.roles),
        neutralised(";".join(person.tags)) if person.tags else "",
        person.household and neutralised(person.household),
        "yes" if person.tracking else "no",
        person.place and neutralised(person.place),
        person.joined,
        person.confirmed,
        person.standing,
        neutralised(";".join(map(_on_a_day, person.attended))) if person.attended else "",
        neutralised(";".join(person.interests)) if person.interests else "",
        person.suppressed,
        *(neutralised(_attribute(told[name])) if name in told else "" for name in attributes),
    ]


def _object(person: Person) -> dict[str, Any]:
    """The columns' names as keys, with `attributes` for all of these."""
    return {
        "email": person.email,
        "name": person.name,
        "language": person.language,
        "timezone": person.time_zone,
        "grades": person.grades,
        "school": person.school,
        "roles": person.roles,
        "tags": person.tags,
        "household": person.household,
        "tracking": person.tracking,
        "place": person.place,
        "joined": person.joined,
        "confirmed": person.confirmed,
        "standing": person.standing,
        "attended": [{"subject": one.subject, "on": one.on} for one in person.attended],
        "interests": person.interests,
        "suppressed": person.suppressed,
        "attributes": person.attributes,
    }


def _on_a_day(one: Attended) -> str:
    return f"{one.subject} ({one.on})" if one.on else one.subject


def _attribute(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
