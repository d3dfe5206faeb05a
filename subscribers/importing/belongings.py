"""Roles, tags and participations of a page of readers: what the file tells is added, nothing is taken away."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Select, String, bindparam, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from subscribers.db import dialect_of
from subscribers.tables import Part, Participation, Role, SubscriberRole, SubscriberTag, Tag

from .bulk import among, change, fetch, insert, reserve
from .scopes import Changes, Reader, Scope

_ROLE, _TAG = ("subscriber_id", "role"), ("subscriber_id", "tag_id")
_PARTICIPATION = ("subscriber_id", "kind", "subject", "on_day")
_WORDS = {role: role.value for role in Role}
_LATER = "UPDATE participation SET on_day = ? WHERE subscriber_id = ? AND kind = ? AND subject = ?"


def add_roles(session: Session, found: Sequence[Reader], changes: Changes) -> None:
    """Add the roles that are not there."""
    telling = [reader for reader in found if reader.person.facts.roles]
    there = _there(session, telling, SubscriberRole.subscriber_id, SubscriberRole.role)
    rows = [row for r in telling for role in r.person.facts.roles if (row := (r.id, _WORDS[role])) not in there]
    insert(session, SubscriberRole, _ROLE, rows)
    changes.note("roles", [reader_id for reader_id, _ in rows])


def add_tags(session: Session, scope: Scope, found: Sequence[Reader], changes: Changes) -> None:
    """Add the tags that are not there."""
    telling = [reader for reader in found if reader.person.facts.tags]
    if not telling:
        return
    ids = _tag_ids(session, scope, {tag for reader in telling for tag in reader.person.facts.tags})
    there = _there(session, telling, SubscriberTag.subscriber_id, SubscriberTag.tag_id)
    rows = [row for r in telling for tag in r.person.facts.tags if (row := (r.id, ids[tag])) not in there]
    insert(session, SubscriberTag, _TAG, rows)
    changes.note("tags", [reader_id for reader_id, _ in rows])


def add_participations(session: Session, found: Sequence[Reader], changes: Changes) -> None:
    """Add the subjects that are not there, and later days of those that are."""
    telling = [reader for reader in found if reader.person.facts.attended or reader.person.facts.interests]
    there = _participations(session, telling)
    new, later = [], []
    for reader in telling:
        for kind, subject, day in _subjects(reader):
            at = (reader.id, kind.value, subject)
            if at not in there:
                new.append((*at, day and day.isoformat()))
            elif day and day > (there[at] or date.min):
                later.append((day.isoformat(), *at))
            else:
                continue
            changes.note("attended" if kind is Part.ATTENDED else "interests", [reader.id])
    insert(session, Participation, _PARTICIPATION, new)
    change(session, _LATER, later)


def _subjects(reader: Reader) -> list[tuple[Part, str, date | None]]:
    attended = [(Part.ATTENDED, subject, day) for subject, day in reader.person.facts.attended.items()]
    return attended + [(Part.INTEREST, subject, None) for subject in reader.person.facts.interests]


def _tag_ids(session: Session, scope: Scope, names: set[str]) -> dict[str, int]:
    """The ids of tags; those that are not there are made."""
    asked = {"organization": scope.organization_id, "names": sorted(names)}
    known = dict(fetch(session, _tags(dialect_of(session)), asked))
    missing = sorted(names - known.keys())
    ids = reserve(session, Tag, len(missing)) if missing else ()
    rows = [(tag_id, scope.organization_id, name) for tag_id, name in zip(ids, missing, strict=True)]
    insert(session, Tag, ("id", "organization_id", "name"), rows)
    return known | dict(zip(missing, ids, strict=True))


def _there(
    session: Session, telling: Sequence[Reader], of: InstrumentedAttribute[int], what: InstrumentedAttribute[Any]
) -> set[tuple[int, Any]]:
    """What those readers have who were there before."""
    known = [reader.id for reader in telling if reader.before]
    rows = fetch(session, _pairs(dialect_of(session), of, what), {"readers": known}) if known else ()
    return {(reader_id, value) for reader_id, value in rows}


@cache
def _pairs(dialect: str, of: InstrumentedAttribute[int], what: InstrumentedAttribute[Any]) -> Select[*tuple[Any, ...]]:
    plain = type_coerce(what, String) if what is SubscriberRole.role else what
    return select(of, plain).where(among(dialect, of, "readers"))


def _participations(session: Session, telling: Sequence[Reader]) -> dict[tuple[int, str, str], date | None]:
    known = [reader.id for reader in telling if reader.before]
    rows = fetch(session, _taken_part(dialect_of(session)), {"readers": known}) if known else ()
    return {(reader_id, kind, subject): day for reader_id, kind, subject, day in rows}


@cache
def _taken_part(dialect: str) -> Select[int, str, str, date | None]:
    return select(
        Participation.subscriber_id,
        type_coerce(Participation.kind, String),
        Participation.subject,
        Participation.on_day,
    ).where(among(dialect, Participation.subscriber_id, "readers"))


@cache
def _tags(dialect: str) -> Select[str, int]:
    of_organization = Tag.organization_id == bindparam("organization")
    return select(Tag.name, Tag.id).where(of_organization, among(dialect, Tag.name, "names"))
