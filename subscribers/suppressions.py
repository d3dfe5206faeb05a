"""Addresses never to be mailed again. A suppression wins over every subscription."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from .addresses import EmailAddress, address_hash
from .db import insert_into
from .errors import NewsletterError
from .tables import Organization, Subscriber, Suppression, SuppressionReason

Grounds: TypeAlias = Sequence[dict[str, Any]]
"""What a suppression rests on, ready for JSON and without any address: it is kept longer than the reader is."""


class AddressSuppressed(NewsletterError):
    """This address is suppressed and never mailed."""


def suppress(
    session: Session,
    organization: Organization,
    address: EmailAddress,
    reason: SuppressionReason,
    *,
    now: datetime,
    list_id: int | None = None,
    detail: str = "",
    grounds: Grounds | None = None,
    is_counted: bool = False,
) -> bool:
    """Never mail an address again, on one list or, without `list_id`, on any. Returns whether that is new.

    Of an address that bounced and whose reader complained, the complaint is kept, whichever was told first. What rests
    on a count of refusals for now gives way to any other reason, and then no arrival undoes it.
    """
    why = {"reason": reason, "detail": detail, "grounds": grounds, "is_counted": is_counted}
    hashed = address_hash(address.key, organization.salt)
    of = {"organization_id": organization.id, "address_hash": hashed, "list_id": list_id}
    # Two may come at once: the database refuses the second, and that is no fault.
    insert = insert_into(session, Suppression).values(**of, **why, created_at=now).on_conflict_do_nothing()
    is_new = session.scalar(insert.returning(Suppression.id)) is not None
    if not is_new:
        known = update(Suppression).where(_exactly(organization.id, hashed, list_id), _gives_way_to(reason))
        session.execute(known.values(why))
    return is_new


def _gives_way_to(reason: SuppressionReason) -> ColumnElement[bool]:
    """Whether a suppression is weaker than one for this reason; a count is always a bounce."""
    if reason is SuppressionReason.COMPLAINT:
        return Suppression.reason == SuppressionReason.BOUNCE
    return Suppression.is_counted.is_(True)


def counted_among(session: Session, organization_id: int, hashes: Collection[str]) -> list[Suppression]:
    """What is in force of many address hashes and rests on a count."""
    of_counts = Suppression.organization_id == organization_id, Suppression.is_counted, Suppression.lifted_at.is_(None)
    return list(session.scalars(select(Suppression).where(*of_counts, Suppression.address_hash.in_(hashes))))


def undo_count(session: Session, organization: Organization, address: EmailAddress) -> None:
    """End a suppression that rests on a count which was wrong, as if it had never been."""
    everywhere = _exactly(organization.id, address_hash(address.key, organization.salt), None)
    session.execute(delete(Suppression).where(everywhere, Suppression.is_counted))


def last_lifted(session: Session, organization_id: int, hashes: Collection[str]) -> dict[str, datetime]:
    """When what kept each of many addresses from every mail was last lifted, where it ever was."""
    of = Suppression.organization_id == organization_id, Suppression.list_id.is_(None)
    lifted = select(Suppression.address_hash, func.max(Suppression.lifted_at)).where(
        *of, Suppression.lifted_at.is_not(None), Suppression.address_hash.in_(hashes)
    )
    return {hashed: at for hashed, at in session.execute(lifted.group_by(Suppression.address_hash)) if at}


def listing(
    session: Session, organization_id: int, reason: SuppressionReason | None = None
) -> list[tuple[Suppression, str | None]]:
    """Everything that keeps an address from every mail, the newest first, with the address where a reader has it."""
    owner = and_(
        Subscriber.organization_id == Suppression.organization_id, Subscriber.address_hash == Suppression.address_hash
    )
    in_force = Suppression.organization_id == organization_id, Suppression.lifted_at.is_(None)
    rows = select(Suppression, Subscriber.address).outerjoin(Subscriber, owner).where(*in_force)
    rows = rows.where(Suppression.list_id.is_(None)).order_by(Suppression.created_at.desc(), Suppression.id.desc())
    if reason is not None:
        rows = rows.where(Suppression.reason == reason)
    return [(suppression, address) for suppression, address in session.execute(rows)]


def in_force_everywhere(session: Session, organization: Organization, address: EmailAddress) -> Suppression | None:
    """What keeps an address from every mail, if anything does."""
    hashed = address_hash(address.key, organization.salt)
    return session.scalars(select(Suppression).where(_exactly(organization.id, hashed, None))).one_or_none()


def lift(session: Session, organization: Organization, address: EmailAddress, *, now: datetime) -> bool:
    """End what keeps an address from every mail; its row stays as a record. Returns whether there was anything."""
    everywhere = _exactly(organization.id, address_hash(address.key, organization.salt), None)
    lifted = update(Suppression).where(everywhere).values(lifted_at=now).returning(Suppression.id)
    return session.scalar(lifted, execution_options={"synchronize_session": "fetch"}) is not None


def lift_request(session: Session, subscriber: Subscriber, list_id: int, now: datetime) -> None:
    """End what keeps a reader off one list because they asked for that; a bounce or a complaint stays."""
    asked = _exactly(subscriber.organization_id, subscriber.address_hash, list_id)
    on_request = (asked, Suppression.reason == SuppressionReason.REQUEST)
    session.execute(update(Suppression).where(*on_request).values(lifted_at=now))


def is_suppressed(
    session: Session, organization: Organization, address: EmailAddress, list_id: int | None = None
) -> bool:
    """Whether an address is suppressed everywhere or, where one is given, on that list."""
    hashed = address_hash(address.key, organization.salt)
    return bool(suppressed_among(session, organization.id, [hashed], list_id))


def refuse(session: Session, organization: Organization, address: EmailAddress) -> None:
    """Raise `AddressSuppressed` where an address is suppressed everywhere."""
    if is_suppressed(session, organization, address):
        raise AddressSuppressed(
            f"{address.mailed} is suppressed and never mailed; it cannot be added. "
            f"If that was a mistake: newsletter subscribers lift {address.mailed}"
        )


def suppressed_among(
    session: Session, organization_id: int, hashes: Collection[str], list_id: int | None = None
) -> frozenset[str]:
    """Those of many address hashes that are suppressed everywhere or, where one is given, on that list."""
    found = select(Suppression.address_hash).where(
        Suppression.organization_id == organization_id,
        Suppression.address_hash.in_(hashes),
        Suppression.lifted_at.is_(None),
        _scope(list_id),
    )
    return frozenset(session.scalars(found))


def active_for(list_id: int | ColumnElement[int] | None, hashed: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """An EXISTS for any SELECT: the address hash is suppressed everywhere or, where one is given, on that list."""
    return exists().where(in_force(list_id, hashed))


def in_force(list_id: int | ColumnElement[int] | None, hashed: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether a suppression is one of those that `active_for` looks for."""
    return and_(Suppression.address_hash == hashed, Suppression.lifted_at.is_(None), _scope(list_id))


def _scope(list_id: int | ColumnElement[int] | None) -> ColumnElement[bool]:
    everywhere = Suppression.list_id.is_(None)
    return everywhere if list_id is None else or_(everywhere, Suppression.list_id == list_id)


def _exactly(organization_id: int, hashed: str, list_id: int | None) -> ColumnElement[bool]:
    """The suppression in force of this address and scope."""
    return and_(
        Suppression.organization_id == organization_id,
        Suppression.address_hash == hashed,
        Suppression.lifted_at.is_(None),
        Suppression.list_id.is_(None) if list_id is None else Suppression.list_id == list_id,
    )
