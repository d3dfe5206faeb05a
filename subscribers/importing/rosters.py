"""Who is missing from a school's roster has left the school: marked, not unsubscribed, and mailed again once named."""

from collections.abc import Container, Iterator, Sequence
from functools import cache

from sqlalchemy import Delete, Select, Update, and_, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from subscribers import consent
from subscribers.db import dialect_of
from subscribers.errors import NewsletterError
from subscribers.tables import Child, Subscriber, Subscription, SubscriptionState, Told

from .bulk import among
from .scopes import Scope

_FEW = 5
_SHARE = 0.1
_HALF = 0.5
_AT_ONCE = 10_000


class RosterRefused(NewsletterError):
    """Nobody is marked as left. Compare the file with the one before, then allow it with `--allow-leavers N`."""


def refusal(count: int, members: int, read: int, unreadable: int, allowed: int | None) -> str:
    """Why so many may not leave, and what to do; empty where they may.

    `members` is how many there were before this roster, `read` how many lines it has, and `unreadable` how many of
    these may name anybody.
    """
    if not count or (read and allowed is not None and count <= allowed):
        return ""
    if not read:
        return "Nobody is marked as left: the file names nobody. Give one that names everybody who is there."
    of_all = f"{count:,} of {members:,} people"
    way_out = f"Everybody else is imported. If that is right, import it again with --allow-leavers {count}."
    if unreadable:
        lines = "1 line" if unreadable == 1 else f"{unreadable:,} lines"
        return (
            f"Nobody is marked as left: {lines} of the file could not be read, and any of the {of_all} whom "
            f"it does not name may stand there. {way_out}"
        )
    too_many = _too_many(count, members) if allowed is None else f"more than the {allowed:,} that were allowed"
    missing = f"{of_all} are missing from this roster, which is {too_many}."
    return f"Nobody is marked as left: {missing} {way_out}" if too_many else ""


def _too_many(count: int, members: int) -> str:
    """What part of the members is more than can be believed; empty where it is not."""
    if count >= members:
        return "everybody"
    if count > members * _HALF:
        return "more than half"
    return "more than one in ten" if count > _FEW and count > members * _SHARE else ""


def count_members(session: Session, scope: Scope) -> int:
    """How many earlier rosters of the list named who have not left. Who said yes here themselves is no member."""
    members = select(func.count()).select_from(_members().subquery())
    return session.execute(members, {"list": scope.list_id}).scalar_one()


def leavers(session: Session, scope: Scope, named: Container[int]) -> list[int]:
    """The ids of members whose address key's hash is not among those named."""
    options = {"yield_per": _AT_ONCE}
    members = session.execute(_members(), {"list": scope.list_id}, execution_options=options)
    return [reader_id for reader_id, key in members if hash(key) not in named]


def mark(session: Session, scope: Scope, leaving: Sequence[int]) -> None:
    """Mark them as off the roster, and forget the children that imports told, but of those who get another list."""
    dialect, there = dialect_of(session), {"synchronize_session": False}
    for ids in _pieces(leaving):
        session.execute(
            _off(dialect), {"list": scope.list_id, "readers": ids, "now": scope.now}, execution_options=there
        )
        session.execute(_children(dialect), {"readers": ids}, execution_options=there)


def _pieces(ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield list(ids[start : start + _AT_ONCE])


@cache
def _members() -> Select[int, str]:
    return (
        select(Subscription.subscriber_id, Subscriber.address_key)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscription.list_id == bindparam("list"), Subscription.roster_id.is_not(None))
        .where(Subscription.off_roster_at.is_(None), ~consent.own_yes(Subscription))
    )


@cache
def _off(dialect: str) -> Update:
    of_list = and_(Subscription.list_id == bindparam("list"), Subscription.off_roster_at.is_(None))
    leaving = update(Subscription).where(of_list, among(dialect, Subscription.subscriber_id, "readers"))
    return leaving.values(off_roster_at=bindparam("now"))


@cache
def _children(dialect: str) -> Delete:
    elsewhere = aliased(Subscription)
    on_another = exists().where(
        elsewhere.subscriber_id == Child.subscriber_id,
        elsewhere.off_roster_at.is_(None),
        or_(elsewhere.roster_id.is_not(None), elsewhere.state == SubscriptionState.CONFIRMED),
    )
    told = and_(Child.told_by == Told.IMPORT, among(dialect, Child.subscriber_id, "readers"))
    return delete(Child).where(told, ~on_another)
