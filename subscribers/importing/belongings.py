"""Roles, tags and children of a page of readers. Each function returns the ids of those it changed."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from subscribers.households import ChildTold
from subscribers.tables import Child, SubscriberRole, SubscriberTag, Tag, Told

from .bulk import insert_new
from .scopes import Reader, Scope


def add_roles(session: Session, readers: Sequence[Reader]) -> set[int]:
    """Add the roles that are not there."""
    rows = [{"subscriber_id": reader.id, "role": role} for reader in readers for role in reader.person.roles]
    return {row.subscriber_id for row in insert_new(session, SubscriberRole, rows)}


def add_tags(session: Session, scope: Scope, readers: Sequence[Reader]) -> set[int]:
    """Add the tags that are not there."""
    tags = _tags(session, scope, {tag for reader in readers for tag in reader.person.tags})
    rows = [{"subscriber_id": reader.id, "tag_id": tags[tag]} for reader in readers for tag in reader.person.tags]
    return {row.subscriber_id for row in insert_new(session, SubscriberTag, rows)}


def set_children(session: Session, scope: Scope, readers: Sequence[Reader]) -> set[int]:
    """Replace the children that imports told of; those a family typed stay."""
    telling = [reader for reader in readers if reader.person.children is not None]
    present = _children(session, [reader.id for reader in telling if reader.before])
    gone: list[int] = []
    rows: list[dict[str, object]] = []
    changed = set[int]()
    for reader in telling:
        more, fewer = _difference(reader, present[reader.id])
        rows += [_row(scope, reader, told) for told in more]
        gone += fewer
        if more or fewer:
            changed.add(reader.id)
    if gone:
        session.execute(delete(Child).where(Child.id.in_(gone)), execution_options={"synchronize_session": False})
    insert_new(session, Child, rows)
    return changed


def _difference(reader: Reader, present: Sequence[tuple[int, ChildTold]]) -> tuple[list[ChildTold], list[int]]:
    """The children to add, and the ids of those to remove."""
    wanted = Counter(reader.person.children)
    gone = []
    for child_id, told in present:
        if wanted[told]:
            wanted[told] -= 1
        else:
            gone.append(child_id)
    return list(wanted.elements()), gone


def _tags(session: Session, scope: Scope, names: set[str]) -> dict[str, int]:
    if not names:
        return {}
    rows = [{"organization_id": scope.organization_id, "name": name} for name in sorted(names)]
    insert_new(session, Tag, rows)
    of_names = select(Tag.name, Tag.id).where(Tag.organization_id == scope.organization_id, Tag.name.in_(names))
    return dict(session.execute(of_names).all())


def _children(session: Session, reader_ids: Sequence[int]) -> dict[int, list[tuple[int, ChildTold]]]:
    found = defaultdict[int, list[tuple[int, ChildTold]]](list)
    rows = select(Child.subscriber_id, Child.id, Child.graduation_year, Child.band, Child.end_year)
    rows = rows.where(Child.subscriber_id.in_(reader_ids), Child.told_by == Told.IMPORT).order_by(Child.id)
    for reader_id, child_id, graduation_year, band, end_year in session.execute(rows) if reader_ids else ():
        found[reader_id].append((child_id, ChildTold(graduation_year, band, end_year)))
    return found


def _row(scope: Scope, reader: Reader, told: ChildTold) -> dict[str, object]:
    return {
        "household_id": reader.household_id,
        "subscriber_id": reader.id,
        "told_by": Told.IMPORT,
        "graduation_year": told.graduation_year,
        "band": told.band,
        "end_year": told.end_year,
        "created_at": scope.now,
    }
