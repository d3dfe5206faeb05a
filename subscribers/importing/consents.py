"""What an import writes to the consent ledger, and what it reads there: whether readers said yes here themselves."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from subscribers.consent import FORM, MAIL
from subscribers.db import dialect_of
from subscribers.tables import ConsentRecord, Purpose

from .bulk import among, insert, moment
from .scopes import SOURCE, Scope

_COLUMNS = (
    *("organization_id", "subscriber_id", "list_id", "purpose", "given", "wording", "wording_version", "language"),
    *("source", "network_address", "user_agent", "recorded_at"),
)


class Answer(NamedTuple):
    """A yes or no of one reader, when they gave it, and where from."""

    reader_id: int
    is_given: bool
    at: datetime | None = None
    """The import's own time where the file tells none."""
    network: str = ""


def record(session: Session, scope: Scope, purpose: Purpose, answers: Iterable[Answer]) -> None:
    """Append answers to the ledger."""
    written = moment(session)
    now, word = written(scope.now), purpose.value
    list_id = scope.list_id if purpose is Purpose.LIST else None
    rows = [
        (
            scope.organization_id,
            answer.reader_id,
            list_id,
            word,
            answer.is_given,
            scope.wording if purpose is Purpose.LIST and answer.is_given else scope.origin,
            "",
            "",
            SOURCE,
            answer.network if scope.keep_networks else "",
            "",
            now if answer.at is None else written(answer.at),
        )
        for answer in answers
    ]
    insert(session, ConsentRecord, _COLUMNS, rows)


def said_yes(session: Session, scope: Scope, reader_ids: Sequence[int]) -> set[int]:
    """Those who said yes to the list here themselves, behind a mailed link."""
    return _given(session, scope, reader_ids, (MAIL,))


def asked(session: Session, scope: Scope, reader_ids: Sequence[int]) -> set[int]:
    """Those in whose name the list was asked for here, though perhaps by somebody else."""
    return _given(session, scope, reader_ids, (MAIL, FORM))


def _given(session: Session, scope: Scope, reader_ids: Sequence[int], sources: Sequence[str]) -> set[int]:
    if not reader_ids:
        return set()
    told = {"list": scope.list_id, "readers": list(reader_ids), "sources": sources}
    return {reader_id for reader_id in session.scalars(_yeses(dialect_of(session)), told) if reader_id}


@cache
def _yeses(dialect: str) -> Select[int | None]:
    return select(ConsentRecord.subscriber_id).where(
        among(dialect, ConsentRecord.subscriber_id, "readers"),
        ConsentRecord.purpose == Purpose.LIST,
        ConsentRecord.given,
        ConsentRecord.list_id == bindparam("list"),
        ConsentRecord.source.in_(bindparam("sources", expanding=True)),
    )
