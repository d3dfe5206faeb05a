"""How many copies something happened to: each copy counted once, however often and in whichever order it is told."""

from collections import Counter as Multiset
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy.orm import Session

from subscribers.db import insert_into

from .tables import Actor, CampaignReach, EventKind, Reached

_KEY = ("campaign_id", "seq", "kind", "link_no", "actor")
_COUNTED_BY = ("campaign_id", "kind", "link_no", "actor")


class Reach(NamedTuple):
    """Something happened to a copy: to one link of it, or to the copy where `link_no` is 0."""

    campaign_id: int
    seq: int
    kind: EventKind
    actor: Actor
    link_no: int = 0


def count(session: Session, reaches: Iterable[Reach]) -> None:
    """Count the copies that this is new of, in the caller's transaction. The database says which are new."""
    # Always in the same order, so that two processes that count the same copies never wait for each other.
    rows = [reach._asdict() for reach in sorted(set(reaches))]
    if not rows:
        return
    new = insert_into(session, Reached).on_conflict_do_nothing(index_elements=_KEY)
    counted_by = (getattr(Reached, name) for name in _COUNTED_BY)
    first = session.execute(new.returning(*counted_by), rows, execution_options={"synchronize_session": False})
    growth = Multiset(map(tuple, first))
    if growth:
        _grow(session, growth)


def _grow(session: Session, growth: Multiset[tuple[object, ...]]) -> None:
    rows = [dict(zip(_COUNTED_BY, key, strict=True), copies=growth[key]) for key in sorted(growth)]
    statement = insert_into(session, CampaignReach)
    more = {"copies": CampaignReach.copies + statement.excluded["copies"]}
    session.execute(statement.on_conflict_do_update(index_elements=_COUNTED_BY, set_=more), rows)
