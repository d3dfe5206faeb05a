"""Schools, by the names that imports, families and staff give them. Blanks and capitals tell no two of them apart."""

import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import names
from .errors import NewsletterError
from .tables import Organization, School


class SchoolInvalid(NewsletterError):
    """A school has a name like Maple Elementary, of at most 200 characters, without @."""


@lru_cache(1000)
def parse_school(text: str) -> str:
    """Read a school's name: in Unicode's composed form (NFC), with single blanks. Raises `SchoolInvalid`."""
    name = names.composed(text)
    if not 0 < len(name) <= names.LONGEST or {"@", ";"}.intersection(name) or not _is_one_line(name):
        raise SchoolInvalid(
            f"{name[:30]!r} is not a school's name: write one like Maple Elementary, without @; children are kept "
            "apart by semicolons."
        )
    return name


def ids_of(session: Session, organization_id: int, names: Collection[str]) -> dict[str, int]:
    """The id of each school by its name as `parse_school` read it; those that nobody named before are made now."""
    if not names:
        return {}
    known = _known(session, organization_id)
    if any(_key(name) not in known for name in names):
        _make(session, organization_id, names)
        known = _known(session, organization_id)
    return {name: known[_key(name)] for name in names}


def names_of(session: Session, ids: Collection[int | None]) -> Mapping[int | None, str]:
    """The names of schools by id; empty for None, where no school is known."""
    wanted = {school_id for school_id in ids if school_id is not None}
    found = session.execute(select(School.id, School.name).where(School.id.in_(wanted))).all() if wanted else ()
    return {None: "", **{row.id: row.name for row in found}}


def _make(session: Session, organization_id: int, names: Collection[str]) -> None:
    # Whoever names a new school waits here for others who do, then finds theirs: "maple" is not made beside "Maple".
    turn = select(Organization.id).where(Organization.id == organization_id).with_for_update(key_share=True)
    session.execute(turn)
    known = set(_known(session, organization_id))
    for name in sorted(names):
        if _key(name) not in known:
            session.add(School(organization_id=organization_id, name=name))
            known.add(_key(name))
    session.flush()


def _known(session: Session, organization_id: int) -> dict[str, int]:
    rows = session.execute(select(School.name, School.id).where(School.organization_id == organization_id))
    return {_key(name): school_id for name, school_id in rows}


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def _is_one_line(name: str) -> bool:
    return not any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in name)
