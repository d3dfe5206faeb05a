"""Guardians of one household: each gets one mail, in their own language, that fits all its children."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from . import households
from .errors import NewsletterError
from .grades import Bands, RollOver
from .households import home_of
from .tables import Child, Household, Subscriber


class SharesNoHousehold(NewsletterError):
    """Nobody else is in this household, so there is nothing to take apart."""


class SamePerson(NewsletterError):
    """A household is linked to another person's: name two addresses."""


def of_household(session: Session, reader: Subscriber) -> Sequence[Subscriber]:
    """Everybody of the reader's household, the reader too, by address."""
    if reader.household_id is None:
        return [reader]
    of_home = select(Subscriber).where(Subscriber.household_id == reader.household_id)
    return session.scalars(of_home.order_by(Subscriber.address_key)).all()


def describe(session: Session, reader: Subscriber, day: date, roll_over: RollOver, bands: Bands) -> dict[str, Any]:
    """A household as staff see it, ready for JSON."""
    household = None if reader.household_id is None else session.get_one(Household, reader.household_id)
    children = households.children_of(session, reader)
    return {
        "household": household.key if household else None,
        "guardians": [
            {"address": guardian.address, "name": guardian.name, "language": guardian.language}
            for guardian in of_household(session, reader)
        ],
        "children": households.describe_all(session, children, day, roll_over, bands),
        "bands": sorted(households.bands_of(children, day, roll_over, bands), key=bands.names.index),
    }


def link(session: Session, reader: Subscriber, other: Subscriber, now: datetime) -> bool:
    """Make two households one, with everybody and every child of both. Returns whether they were two.

    Which of a household's children are the same is not decided here: see `households.each_once`.
    """
    if reader.id == other.id:
        raise SamePerson
    _lock(session, reader, other)
    if reader.household_id is not None and reader.household_id == other.household_id:
        return False
    home, left = _home(session, reader, other, now), {reader.household_id, other.household_id}
    _move(session, home, [reader.id, other.id])
    for household_id in left - {None, home}:
        _move(
            session, home, session.scalars(select(Subscriber.id).where(Subscriber.household_id == household_id)).all()
        )
        _remove_if_empty(session, household_id)
    return True


def unlink(session: Session, reader: Subscriber, now: datetime) -> None:
    """Let a reader be a household of their own, with the children they told of. Raises `SharesNoHousehold`."""
    _lock(session, reader)
    if len(of_household(session, reader)) == 1:
        raise SharesNoHousehold(f"Nobody shares a household with {reader.address}; there is nothing to take apart.")
    left = reader.household_id
    has_told = session.scalar(select(exists().where(Child.subscriber_id == reader.id)))
    reader.household_id = None
    if has_told:
        _move(session, home_of(session, reader, now), [reader.id])
    session.flush()
    _remove_if_empty(session, left)


def _lock(session: Session, *readers: Subscriber) -> None:
    """One after another, always in the same order, so that two who link at once wait for each other."""
    for reader in sorted(readers, key=lambda reader: reader.id):
        session.refresh(reader, with_for_update=True)


def _home(session: Session, reader: Subscriber, other: Subscriber, now: datetime) -> int:
    """The household to live in: one that an import named, so that the next import finds them together."""
    of_both = [home for home in (reader.household_id, other.household_id) if home is not None]
    named = select(Household.id).where(Household.id.in_(of_both), Household.key.is_not(None)).order_by(Household.id)
    return session.scalar(named.limit(1)) or next(iter(of_both), None) or home_of(session, reader, now)


def _move(session: Session, household_id: int, reader_ids: Sequence[int]) -> None:
    """Let readers, and the children they told of, live in a household."""
    values = {"household_id": household_id}
    session.execute(update(Subscriber).where(Subscriber.id.in_(reader_ids)).values(values))
    session.execute(update(Child).where(Child.subscriber_id.in_(reader_ids)).values(values))


def _remove_if_empty(session: Session, household_id: int | None) -> None:
    """An import may name its own again; no one else can come back to an empty household."""
    somebody = exists().where(Subscriber.household_id == Household.id)
    empty = delete(Household).where(Household.id == household_id, Household.key.is_(None), ~somebody)
    session.execute(empty, execution_options={"synchronize_session": False})
