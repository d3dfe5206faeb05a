"""A page of people is written with a handful of statements, whatever its size; the same page again changes nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy.orm import Session

from subscribers import schools
from subscribers.tables import Purpose

from . import belongings, children, homes, joining, readers, standings
from .consents import Answer, record
from .people import Person
from .recognition import recognise
from .scopes import Changes, Reader, Scope, Stored
from .standings import Fate


@dataclass(slots=True)
class Tally:
    """What became of people: the first five are all of them, each once."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    suppressed: int = 0
    """Who left, bounced, complained or is suppressed, and stays out."""
    unsubscribed: int = 0
    """Who left where the file comes from, and is kept as unsubscribed now."""
    returned: int = 0
    """Whom a roster names again."""
    changes: Counter[str] = field(default_factory=Counter)
    """How many of those updated have something new, by field."""

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def counts(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {one.name: getattr(self, one.name) for one in fields(self)} | {"changes": dict(self.changes)}


def write(session: Session, scope: Scope, people: Sequence[Person]) -> Tally:
    """Write people of different addresses; part of the caller's transaction.

    Raises `ChangedMeanwhile` where somebody else was quicker: then the transaction is lost, and done again.
    """
    settled, known_people, unknown = recognise(session, scope, people)
    stored = readers.stored(session, scope, known_people)
    decided = standings.decide(session, scope, [*known_people, *unknown], stored)
    taken, leaving = decided[Fate.TAKE], [person.without_facts() for person in decided[Fate.LEAVE]]
    changes = Changes()
    created = _take(session, scope, taken, stored, changes)
    _leave(session, scope, leaving, stored)
    joining.wait(session, scope, [stored[person.address.key] for person in decided[Fate.WAIT]])
    standings.suppress(session, scope, decided[Fate.SUPPRESS])
    returned = joining.name_on_roster(session, scope, settled, stored)
    known = {stored[person.address.key].id for person in taken if person.address.key in stored}
    changes.note("roster", returned & known)
    updated = changes.readers() & known
    return Tally(
        created=created,
        updated=len(updated) + len(decided[Fate.WAIT]),
        unchanged=len(settled) + len(taken) - created - len(updated) + len(decided[Fate.KEEP]),
        suppressed=len(decided[Fate.STAY_OUT]) + len(decided[Fate.SUPPRESS]),
        unsubscribed=len(leaving),
        returned=len(returned),
        changes=changes.counts(updated),
    )


def _take(
    session: Session, scope: Scope, people: Sequence[Person], stored: Mapping[str, Stored], changes: Changes
) -> int:
    """Take all the file says of people. Returns how many of them are new."""
    known_schools = schools.ids_of(session, scope.organization_id, _schools(people))
    home_of = homes.assign(session, scope, people, stored)
    new = [person for person in people if person.address.key not in stored]
    created = readers.insert_people(session, scope, new, home_of, known_schools)
    found = [_reader(person, created, stored, home_of) for person in people]
    tracking = readers.update(session, scope, found, known_schools, changes)
    tracking |= {created[person.address.key]: True for person in new if person.facts.tracking}
    record(session, scope, Purpose.TRACKING, (Answer(*answer) for answer in tracking.items()))
    joining.take_in(session, scope, found, changes)
    belongings.add_roles(session, found, changes)
    belongings.add_tags(session, scope, found, changes)
    belongings.add_participations(session, found, changes)
    children.replace(session, scope, found, known_schools, changes)
    return len(created)


def _leave(session: Session, scope: Scope, people: Sequence[Person], stored: Mapping[str, Stored]) -> None:
    new = [person for person in people if person.address.key not in stored]
    created = readers.insert_people(session, scope, new, {}, {})
    joining.leave(session, scope, [_reader(person, created, stored, {}) for person in people])


def _reader(
    person: Person, created: Mapping[str, int], stored: Mapping[str, Stored], home_of: Mapping[str, int | None]
) -> Reader:
    key = person.address.key
    before = stored.get(key)
    return Reader(before.id if before else created[key], person, home_of.get(key), before)


def _schools(people: Sequence[Person]) -> set[str]:
    told = {id(person.facts): person.facts for person in people}.values()
    of_children = (facts.children.schools for facts in told if facts.children)
    return {facts.school for facts in told if facts.school}.union(*of_children)
