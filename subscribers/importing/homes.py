"""Where the people of a page live: a household the file names, the one they have, or a new one for their children."""

from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Select, bindparam, delete, exists, select, update
from sqlalchemy.orm import Session

from subscribers.db import dialect_of
from subscribers.tables import Child, Household, Subscriber

from .bulk import among, fetch, insert, moment, reserve
from .people import Person
from .scopes import Reader, Scope, Stored


def assign(
    session: Session, scope: Scope, people: Sequence[Person], stored: Mapping[str, Stored]
) -> dict[str, int | None]:
    """The household of each person, by address key; None for who needs none."""
    named = _named(session, scope, {person.household for person in people if person.household})
    before = {key: reader.household_id for key, reader in stored.items()}
    home_of = {p.address.key: named.get(p.household) or before.get(p.address.key) for p in people}
    homeless = [
        p.address.key for p in people if p.facts.children and p.facts.children.told and home_of[p.address.key] is None
    ]
    return home_of | dict(zip(homeless, _made(session, scope, [None] * len(homeless)), strict=True))


def follow(session: Session, known: Sequence[tuple[Reader, Stored]]) -> None:
    """Let the children that readers told of move with them, and remove unnamed households that nobody is left in.

    The readers' own rows say where they live now.
    """
    moved = [reader.id for reader, before in known if before.household_id not in (None, reader.household_id)]
    if not moved:
        return
    there, dialect = {"synchronize_session": False}, dialect_of(session)
    home = select(Subscriber.household_id).where(Subscriber.id == Child.subscriber_id).scalar_subquery()
    children = update(Child).where(among(dialect, Child.subscriber_id, "moved")).values(household_id=home)
    session.execute(children, {"moved": moved}, execution_options=there)
    movers = set(moved)
    left = {before.household_id for reader, before in known if reader.id in movers}
    somebody = exists().where(Subscriber.household_id == Household.id)
    empty = delete(Household).where(among(dialect, Household.id, "left"), Household.key.is_(None), ~somebody)
    session.execute(empty, {"left": list(left)}, execution_options=there)


def _named(session: Session, scope: Scope, keys: set[str]) -> dict[str, int]:
    """The households of these names; those that are not there are made."""
    if not keys:
        return {}
    asked = {"organization": scope.organization_id, "names": sorted(keys)}
    known = dict(fetch(session, _of_keys(dialect_of(session)), asked))
    missing = sorted(keys - known.keys())
    return known | dict(zip(missing, _made(session, scope, missing), strict=True))


def _made(session: Session, scope: Scope, keys: Sequence[str | None]) -> Sequence[int]:
    """New households, with these names."""
    if not keys:
        return ()
    ids, now = reserve(session, Household, len(keys)), moment(session)(scope.now)
    rows = [(household_id, scope.organization_id, key, now) for household_id, key in zip(ids, keys, strict=True)]
    insert(session, Household, ("id", "organization_id", "key", "created_at"), rows)
    return ids


@cache
def _of_keys(dialect: str) -> Select[str | None, int]:
    of_organization = Household.organization_id == bindparam("organization")
    return select(Household.key, Household.id).where(of_organization, among(dialect, Household.key, "names"))
