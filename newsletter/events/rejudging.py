"""Judging again what was kept: when later requests tell more of it, and when the lists of today know more."""

from collections import Counter as Multiset
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError
from newsletter.ledger.states import get
from subscribers.db import Database

from . import reach
from .classify import BESIDE, Signal, Verdict, judge, verdict_of
from .judging import CopyKey, Judge, hidden_no
from .networks import Networks
from .reach import Reach
from .tables import Actor, Event, EventKind
from .visits import Visit

WEB = "web"
"""Who tells of our own pixel and links."""
PAGE = 2000
"""Copies."""
_ASKED = (EventKind.OPEN, EventKind.CLICK)
Moved = Multiset[tuple[Actor, Actor]]
"""How many events went from which actor to which."""


class EventsGone(NewsletterError):
    """Some of what came back is not kept any more, so its figures stay as they were counted."""


class _Kept(NamedTuple):
    """An event as it was kept."""

    id: int
    campaign_id: int
    seq: int
    kind: EventKind
    link_no: int | None
    actor: Actor
    detail: dict[str, Any]
    at: datetime

    @property
    def signals(self) -> tuple[str, ...]:
        """Why it was given to its actor."""
        return tuple(self.detail.get("signals", ()))

    def reaches(self, actor: Actor) -> Iterator[Reach]:
        """What it counts for, if it is this actor's."""
        return reach.of_request(self.campaign_id, self.seq, self.kind, actor, self.link_no)


class Moves(NamedTuple):
    """What events count for that are another actor's now, and what they counted for before."""

    come: AbstractSet[Reach]
    gone: AbstractSet[Reach]


_COLUMNS = (
    Event.id, Event.campaign_id, Event.seq, Event.kind, Event.link_no, Event.actor, Event.detail, Event.occurred_at
)  # fmt: skip
_Judged = tuple[_Kept, Verdict]


def look_back(session: Session, keys: Iterable[CopyKey], around: Sequence[datetime], by: Judge) -> Moves:
    """Judge anew what came to copies around these moments, in the caller's transaction: more is known now.

    Nobody else changes these events meanwhile, and what somebody changed just before is what is read.

    More company never makes less of a machine: signs are added, and none is taken away. Returned is what they count
    for, so that the caller counts all at once.
    """
    seqs = defaultdict(set)
    for campaign_id, seq in keys:
        seqs[campaign_id].add(seq)
    of_copies = or_(*(and_(Event.campaign_id == c, Event.seq.in_(of_c)) for c, of_c in seqs.items()))
    then = Event.occurred_at.between(min(around) - BESIDE, max(around) + BESIDE)
    hidden = {campaign_id: by.hidden_no(session, campaign_id) for campaign_id in seqs}
    judged = _judged(_kept(session, of_copies, then), hidden, by.lists.now())
    more = [(kept, verdict_of(frozenset({*verdict.signals, *map(Signal, kept.signals)}))) for kept, verdict in judged]
    changed = _changed(more)
    _write(session, changed)
    moved = [(kept, verdict) for kept, verdict in changed if kept.actor is not verdict.actor]
    return Moves(
        come={each for kept, verdict in moved for each in kept.reaches(verdict.actor)},
        gone={each for kept, _ in moved for each in kept.reaches(kept.actor)},
    )


def reclassify(
    database: Database,
    campaign_id: int,
    networks: Networks,
    *,
    dry_run: bool = False,
    progress: Callable[[int], object] = lambda copies: copies,
) -> Moved:
    """Judge all kept opens and clicks of a campaign by the lists of today, and count anew how many copies they reached.

    Each page is committed, and killed anywhere it is simply run again. Returns how many events went from which actor to
    which; those that stay are told too. Raises `CampaignNotFound` or `EventsGone`.
    """
    with database.reading() as session:
        get(session, campaign_id)
        if not reach.is_whole(session, campaign_id):
            raise EventsGone(
                f"Some of what came back of campaign {campaign_id} is no longer kept, so it stays as it is."
            )
        hidden = {campaign_id: hidden_no(session, campaign_id)}
    moved: Moved = Multiset()
    last = 0
    while (found := _page(database, campaign_id, last, hidden, networks, dry_run=dry_run)) is not None:
        last, judged = found
        moved.update((kept.actor, verdict.actor) for kept, verdict in judged)
        progress(len({kept.seq for kept, _ in judged}))
    if not dry_run:
        with database.writing() as session:
            reach.rebuild(session, campaign_id)
    return moved


def copies_of(session: Session, campaign_id: int) -> int:
    """How many copies have kept opens or clicks."""
    return session.scalars(
        select(func.count(Event.seq.distinct())).where(Event.campaign_id == campaign_id, Event.kind.in_(_ASKED))
    ).one()


def campaigns(session: Session) -> Sequence[int]:
    """The campaigns of which opens or clicks are kept."""
    return session.scalars(
        select(Event.campaign_id).where(Event.kind.in_(_ASKED)).distinct().order_by(Event.campaign_id)
    ).all()


def _page(
    database: Database,
    campaign_id: int,
    after: int,
    hidden: Mapping[int, int | None],
    networks: Networks,
    *,
    dry_run: bool,
) -> tuple[int, list[_Judged]] | None:
    """Judge the next copies; the last of them, and all their events. None: there is no more."""
    with database.reading() if dry_run else database.writing() as session:
        of_campaign = Event.campaign_id == campaign_id
        seqs = select(Event.seq).where(of_campaign, Event.kind.in_(_ASKED), Event.seq > after).distinct()
        last = session.scalar(select(func.max(seqs.order_by(Event.seq).limit(PAGE).subquery().c.seq)))
        if last is None:
            return None
        of_page = of_campaign, Event.seq > after, Event.seq <= last
        judged = _judged(_kept(session, *of_page, hold=not dry_run), hidden, networks)
        if not dry_run:
            _write(session, _changed(judged))
    return last, judged


def _kept(session: Session, *such: ColumnElement[bool], hold: bool = True) -> list[_Kept]:
    """To write them, hold them: else one that is emptied meanwhile, for its reader is erased, would be filled again."""
    kept = select(*_COLUMNS).where(Event.provider == WEB, Event.kind.in_(_ASKED), *such)
    if hold:
        kept = kept.order_by(Event.id).with_for_update(key_share=True)
    return [_Kept(*row) for row in session.execute(kept)]


def _judged(events: Iterable[_Kept], hidden: Mapping[int, int | None], networks: Networks) -> list[_Judged]:
    """Events beside their new verdicts. One of which too little is left, as after an erasure, keeps its own."""
    copies: dict[CopyKey, list[tuple[_Kept, Visit]]] = defaultdict(list)
    for kept in events:
        visit = Visit.kept(kept.at, kept.kind, kept.link_no, kept.detail, hidden[kept.campaign_id])
        if visit is not None:
            copies[kept.campaign_id, kept.seq].append((kept, visit))
    return [
        (kept, verdict)
        for of_copy in copies.values()
        for (kept, _), verdict in zip(of_copy, judge([visit for _, visit in of_copy], networks), strict=True)
    ]


def _changed(judged: Iterable[_Judged]) -> list[_Judged]:
    return [(kept, told) for kept, told in judged if (kept.actor, kept.signals) != (told.actor, told.signals)]


def _write(session: Session, changed: Iterable[_Judged]) -> None:
    rows = [
        {"id": kept.id, "actor": verdict.actor, "detail": {**kept.detail, "signals": list(verdict.signals)}}
        for kept, verdict in sorted(changed, key=lambda each: each[0].id)
    ]
    if rows:
        session.execute(update(Event), rows)
