"""How many copies something happened to: each copy counted once, however often and in whichever order it is told."""

from collections import Counter as Multiset
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Executable, and_, delete, false, func, literal, or_, select, text, true, union
from sqlalchemy import insert as insert_rows
from sqlalchemy.orm import Session

from subscribers.db import dialect_of, insert_for, json_rows

from .tables import PROVEN, UNCOUNTED, Actor, CampaignReach, Event, EventKind, Reached

_KEY = ("campaign_id", "seq", "kind", "link_no", "actor")
_COUNTED_BY = ("campaign_id", "kind", "link_no", "actor")
_CountedBy = tuple[int, EventKind, int, Actor]


class Reach(NamedTuple):
    """Something happened to a copy: to one link of it, or to the copy where `link_no` is 0."""

    campaign_id: int
    seq: int
    kind: EventKind
    actor: Actor
    link_no: int = 0


def count(session: Session, come: Iterable[Reach], gone: Iterable[Reach] = ()) -> None:
    """Count the copies that this is new of, in the caller's transaction. The database says which are new.

    Events that are another actor's now have `gone` from one count, and come to another: those of which no event is kept
    any more are counted no more. Whoever brings another event of the same waits, or was waited for and is seen.
    """
    gone = set(gone)
    growth = Multiset(_first_of(session, {*come, *gone}))
    growth.subtract(dict(_let_go(session, _without_events(session, gone))))
    changes = {key: copies for key, copies in growth.items() if copies}
    if changes:
        _grow(session, changes)


def of_request(campaign_id: int, seq: int, kind: EventKind, actor: Actor, link_no: int | None) -> Iterator[Reach]:
    """What an event counts for: its copy, and its link where it is of one."""
    yield Reach(campaign_id, seq, kind, actor)
    if link_no:
        yield Reach(campaign_id, seq, kind, actor, link_no)


def forget(session: Session, gone: Iterable[Reach]) -> None:
    """Events were let go of for their age, in the caller's transaction: which copies it were goes, how many stays."""
    gone = set(gone)
    _first_of(session, gone)
    for _ in _let_go(session, _without_events(session, gone)):
        pass


def is_whole(session: Session, campaign_id: int) -> bool:
    """Whether all is still kept that the figures of a campaign were counted from."""
    counted = select(func.coalesce(func.sum(CampaignReach.copies), 0)).where(CampaignReach.campaign_id == campaign_id)
    known = select(func.count()).select_from(Reached).where(Reached.campaign_id == campaign_id)
    return int(session.scalars(counted).one()) == session.scalars(known).one()


def rebuild(session: Session, campaign_id: int) -> None:
    """Count all copies of a campaign anew from what is kept of it, in the caller's transaction.

    Meanwhile nobody else counts. A campaign that is not whole any more would lose what it once counted.
    """
    if dialect_of(session) == "postgresql":
        session.execute(text("LOCK TABLE reached IN SHARE ROW EXCLUSIVE MODE"))
    for table in (Reached, CampaignReach):
        session.execute(delete(table).where(table.campaign_id == campaign_id))
    of_copies = select(Event.campaign_id, Event.seq, Event.kind, literal(0).label("link_no"), Event.actor)
    of_links = select(Event.campaign_id, Event.seq, Event.kind, Event.link_no, Event.actor).where(Event.link_no > 0)
    of_campaign = and_(Event.campaign_id == campaign_id, Event.kind != UNCOUNTED, PROVEN)
    session.execute(
        insert_rows(Reached).from_select(_KEY, union(of_copies.where(of_campaign), of_links.where(of_campaign)))
    )
    counted_by = [getattr(Reached, name) for name in _COUNTED_BY]
    counted = select(*counted_by, func.count()).where(Reached.campaign_id == campaign_id).group_by(*counted_by)
    session.execute(insert_rows(CampaignReach).from_select([*_COUNTED_BY, "copies"], counted))


def _first_of(session: Session, reaches: Iterable[Reach]) -> Iterable[_CountedBy]:
    """Write those that are not there, and return them by what they are counted by. All are held from now on."""
    # Always in the same order, so that two processes that count the same copies never wait for each other.
    rows = [tuple(reach) for reach in sorted(reaches)]
    if not rows:
        return ()
    first = session.connection().execute(_reach(dialect_of(session)), {"rows": rows})
    return [(campaign_id, kind, link_no, actor) for campaign_id, kind, link_no, actor in first]


def _let_go(session: Session, dead: Iterable[Reach]) -> Iterator[tuple[_CountedBy, int]]:
    """Let go of copies; how many of them were there, by what they were counted by."""
    seqs: dict[_CountedBy, list[int]] = defaultdict(list)
    for each in sorted(dead):
        seqs[each.campaign_id, each.kind, each.link_no, each.actor].append(each.seq)
    for counted_by in sorted(seqs):
        it = [getattr(Reached, name) == value for name, value in zip(_COUNTED_BY, counted_by, strict=True)]
        old = delete(Reached).where(*it, Reached.seq.in_(seqs[counted_by])).returning(Reached.seq)
        yield counted_by, len(session.scalars(old, execution_options={"synchronize_session": False}).all())


def _without_events(session: Session, reaches: AbstractSet[Reach]) -> AbstractSet[Reach]:
    """Those of them that no kept event counts for."""
    seqs = defaultdict(set)
    for each in reaches:
        seqs[each.campaign_id].add(each.seq)
    if not seqs:
        return reaches
    columns = Event.campaign_id, Event.seq, Event.kind, Event.actor, Event.link_no
    of_copies = or_(*(and_(Event.campaign_id == c, Event.seq.in_(of_c)) for c, of_c in seqs.items()))
    rows = session.execute(select(*columns).where(of_copies, Event.kind.in_(list(EventKind))).distinct())
    return reaches - {each for row in rows for each in of_request(*row)}


@lru_cache
def _reach(dialect: str) -> Executable:
    """Write that something happened to copies, and hold what is there; tells by what each that is new is counted.

    `DO NOTHING` would hold nothing: what an event counts on could be let go of before the event is to be seen.
    """
    row = json_rows(dialect, "rows")
    values = row[0].as_integer(), row[1].as_integer(), row[2].as_string(), row[4].as_integer(), row[3].as_string()
    new = insert_for(dialect, Reached).from_select(_KEY, select(*values).where(true()))
    counted_by = (getattr(Reached, name) for name in _COUNTED_BY)
    held = new.on_conflict_do_update(index_elements=_KEY, set_={"actor": new.excluded["actor"]}, where=false())
    return held.returning(*counted_by)


def _grow(session: Session, growth: Mapping[_CountedBy, int]) -> None:
    rows = [dict(zip(_COUNTED_BY, key, strict=True), copies=growth[key]) for key in sorted(growth)]
    session.connection().execute(_more(dialect_of(session)), rows)


@lru_cache
def _more(dialect: str) -> Executable:
    new = insert_for(dialect, CampaignReach)
    more = {"copies": CampaignReach.copies + new.excluded["copies"]}
    return new.on_conflict_do_update(index_elements=_COUNTED_BY, set_=more)
