"""Where the people of a page live: a household the file names, the one they have, or a new one for their children."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from subscribers.tables import Child, Household, Subscriber

from .bulk import insert_new
from .people import Person
from .scopes import Reader, Scope, Stored


def assign(
    session: Session, scope: Scope, people: Sequence[Person], stored: Mapping[str, Stored]
) -> dict[str, int | None]:
    """The household of each person, by address key; None for who needs none."""
    named = _named(session, scope, {person.household for person in people if person.household})
    before = {key: reader.household_id for key, reader in stored.items()}
    home_of = {p.address.key: named.get(p.household) or before.get(p.address.key) for p in people}
    homeless = [p.address.key for p in people if p.children and home_of[p.address.key] is None]
    return home_of | dict(zip(homeless, _unnamed(session, scope, len(homeless)), strict=True))


def follow(session: Session, known: Sequence[tuple[Reader, Stored]]) -> None:
    """Let the children that readers told of move with them, and remove unnamed households that nobody is left in.

    The readers' own rows say where they live now.
    """
    moved = [reader.id for reader, before in known if before.household_id not in (None, reader.household_id)]
    if not moved:
        return
    home = select(Subscriber.household_id).where(Subscriber.id == Child.subscriber_id).scalar_subquery()
    children = update(Child).where(Child.subscriber_id.in_(moved)).values(household_id=home)
    session.execute(children, execution_options={"synchronize_session": False})
    left = {before.household_id for reader, before in known if reader.id in set(moved)}
    somebody = exists().where(Subscriber.household_id == Household.id)
    empty = delete(Household).where(Household.id.in_(left), Household.key.is_(None), ~somebody)
    session.execute(empty, execution_options={"synchronize_session": False})


def _named(session: Session, scope: Scope, keys: set[str]) -> dict[str, int]:
    if not keys:
        return {}
    rows = [{"organization_id": scope.organization_id, "key": key, "created_at": scope.now} for key in sorted(keys)]
    insert_new(session, Household, rows)
    of_keys = select(Household.key, Household.id)
    of_keys = of_keys.where(Household.organization_id == scope.organization_id, Household.key.in_(keys))
    return {key: household_id for key, household_id in session.execute(of_keys) if key}


def _unnamed(session: Session, scope: Scope, count: int) -> list[int]:
    rows = [{"organization_id": scope.organization_id, "created_at": scope.now}] * count
    return [row.id for row in insert_new(session, Household, rows)]
