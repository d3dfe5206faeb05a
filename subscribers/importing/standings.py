"""What becomes of a person, by how they stand here and how they stood with the service the file comes from.

Who left, here or there, stays out until they come back themselves; so does whose address bounced or who complained.
A yes that a reader gave here themselves outweighs what another service says of them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import StrEnum, auto
from functools import cache

from sqlalchemy import Select, String, bindparam, or_, select, type_coerce
from sqlalchemy.orm import Session

from subscribers.db import dialect_of
from subscribers.standings import Standing
from subscribers.tables import SubscriptionState, Suppression, SuppressionReason

from .bulk import among, change, fetch, insert, moment
from .consents import asked, said_yes
from .people import Person
from .scopes import Scope, Stored


class Here(StrEnum):
    """How a person stands here, on the list of the import."""

    NEW = auto()
    """Not on the list; perhaps on another."""
    PENDING = auto()
    ASKED = auto()
    """Pending, and it was asked for here: by them, as only their answer to the mail will tell."""
    CONFIRMED = auto()
    AGREED = auto()
    """Confirmed, and they said yes themselves, behind a mailed link."""
    LEFT = auto()


class Fate(StrEnum):
    """What the import does with a person."""

    TAKE = auto()
    """Take all the file says; what is pending may become confirmed."""
    STAY_OUT = auto()
    """Change nothing: they left, or are suppressed."""
    LEAVE = auto()
    """Keep them as unsubscribed, with a no in the consent ledger."""
    WAIT = auto()
    """Leave their own question open: only they can answer it, no import."""
    SUPPRESS = auto()
    """Never mail the address again."""
    KEEP = auto()
    """Change nothing: what holds here says the same, or more."""


_ON = (Standing.SUBSCRIBED, Standing.PENDING)
_BAD = (Standing.BOUNCED, Standing.COMPLAINED, Standing.SUPPRESSED)
FATES: Mapping[tuple[Here, Standing], Fate] = {
    **{(here, standing): Fate.TAKE for here in Here for standing in _ON},
    **{(here, standing): Fate.SUPPRESS for here in Here for standing in _BAD},
    **{(Here.LEFT, standing): Fate.STAY_OUT for standing in _ON},
    **{(Here.AGREED, standing): Fate.KEEP for standing in _BAD},
    (Here.NEW, Standing.UNSUBSCRIBED): Fate.LEAVE,
    (Here.PENDING, Standing.UNSUBSCRIBED): Fate.LEAVE,
    (Here.ASKED, Standing.UNSUBSCRIBED): Fate.WAIT,
    (Here.CONFIRMED, Standing.UNSUBSCRIBED): Fate.LEAVE,
    (Here.AGREED, Standing.UNSUBSCRIBED): Fate.KEEP,
    (Here.LEFT, Standing.UNSUBSCRIBED): Fate.KEEP,
}
"""Every pair."""
_TOLD = "told by an import"
_SUPPRESSION = ("organization_id", "address_hash", "reason", "detail", "created_at")
_COMPLAINED_TOO = (
    "UPDATE suppression SET reason = ?, detail = ? "
    "WHERE organization_id = ? AND address_hash = ? AND list_id IS NULL AND lifted_at IS NULL"
)
_REASONS = {
    Standing.BOUNCED: SuppressionReason.BOUNCE,
    Standing.COMPLAINED: SuppressionReason.COMPLAINT,
    Standing.SUPPRESSED: SuppressionReason.IMPORT,
}


def decide(
    session: Session, scope: Scope, people: Sequence[Person], stored: Mapping[str, Stored]
) -> dict[Fate, list[Person]]:
    """The people of a page by what becomes of them. Nobody is made who is suppressed already."""
    suppressed = _suppressed(session, scope, people) if people else frozenset()
    decided: dict[Fate, list[Person]] = {fate: [] for fate in Fate}
    own = _their_own(session, scope, people, stored)
    for person in people:
        known = stored.get(person.address.key)
        here = Here.NEW if known is None else _stands(known, is_own=known.id in own)
        fate = FATES[here, person.facts.standing]
        if person.hashed in suppressed and (fate is Fate.TAKE or (fate is Fate.LEAVE and known is None)):
            fate = Fate.STAY_OUT
        decided[fate].append(person)
    return decided


def suppress(session: Session, scope: Scope, people: Sequence[Person]) -> None:
    """Suppress people everywhere, by the hash of their address; what staff lifted stays lifted.

    Of an address that bounced and whose reader complained, the complaint is kept.
    """
    if not people:
        return
    asked = {"organization": scope.organization_id, "hashes": [person.hashed for person in people]}
    known: dict[str, set[tuple[str, bool]]] = defaultdict(set)
    for hashed, reason, is_lifted in fetch(session, _reasons(dialect_of(session)), asked):
        known[hashed].add((reason, is_lifted))
    now = moment(session)(scope.now)
    new, too = [], []
    for person in people:
        reason = _REASONS[person.facts.standing].value
        found = known[person.hashed]
        if not {is_lifted for _, is_lifted in found} - {True} and (reason, True) not in found:
            new.append((scope.organization_id, person.hashed, reason, _TOLD, now))
        elif person.facts.standing is Standing.COMPLAINED and (SuppressionReason.BOUNCE, False) in found:
            too.append((reason, _TOLD, scope.organization_id, person.hashed))
    insert(session, Suppression, _SUPPRESSION, new)
    change(session, _COMPLAINED_TOO, too)


def _stands(known: Stored, *, is_own: bool) -> Here:
    if known.state is None:
        return Here.NEW
    if known.has_left:
        return Here.LEFT
    if known.state == SubscriptionState.PENDING:
        return Here.ASKED if is_own else Here.PENDING
    return Here.AGREED if is_own else Here.CONFIRMED


def _their_own(session: Session, scope: Scope, people: Sequence[Person], stored: Mapping[str, Stored]) -> set[int]:
    """Those who are on the list by their own doing, of the people whom the file tells something against."""
    against = (stored.get(person.address.key) for person in people if person.facts.standing not in _ON)
    on_it = [known for known in against if known and known.state and not known.has_left]
    pending = [known.id for known in on_it if known.state == SubscriptionState.PENDING]
    confirmed = [known.id for known in on_it if known.state != SubscriptionState.PENDING]
    return asked(session, scope, pending) | said_yes(session, scope, confirmed)


def _suppressed(session: Session, scope: Scope, people: Sequence[Person]) -> frozenset[str]:
    asked = {"organization": scope.organization_id, "hashes": [person.hashed for person in people]}
    statement = _in_force(dialect_of(session))
    return frozenset(row[0] for row in fetch(session, statement, asked | {"list": scope.list_id}))


@cache
def _in_force(dialect: str) -> Select[str]:
    return select(Suppression.address_hash).where(
        Suppression.organization_id == bindparam("organization"),
        among(dialect, Suppression.address_hash, "hashes"),
        Suppression.lifted_at.is_(None),
        or_(Suppression.list_id.is_(None), Suppression.list_id == bindparam("list")),
    )


@cache
def _reasons(dialect: str) -> Select[str, str, bool]:
    return select(
        Suppression.address_hash, type_coerce(Suppression.reason, String), Suppression.lifted_at.is_not(None)
    ).where(
        Suppression.organization_id == bindparam("organization"),
        among(dialect, Suppression.address_hash, "hashes"),
        Suppression.list_id.is_(None),
    )
