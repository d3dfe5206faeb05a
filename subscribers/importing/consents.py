"""What an import writes to the consent ledger, and what it reads there: whether readers said yes here themselves."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from subscribers.db import dialect_of
from subscribers.tables import ConsentRecord, Purpose

from .bulk import among, insert, moment
from .scopes import SOURCE, Scope

NOT_THEIR_OWN = (SOURCE, "staff")
"""Whose records say what others did for a reader."""
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
            scope.wording,
            "",
            "",
            SOURCE,
            answer.network,
            "",
            now if answer.at is None else written(answer.at),
        )
        for answer in answers
    ]
    insert(session, ConsentRecord, _COLUMNS, rows)


def said_yes(session: Session, scope: Scope, reader_ids: Sequence[int]) -> set[int]:
    """Those who asked for the list here themselves, by a form or a mail."""
    if not reader_ids:
        return set()
    of_list = _said_yes(dialect_of(session)).where(ConsentRecord.list_id == scope.list_id)
    return {reader_id for reader_id in session.scalars(of_list, {"readers": list(reader_ids)}) if reader_id}


@cache
def _said_yes(dialect: str) -> Select[int | None]:
    return select(ConsentRecord.subscriber_id).where(
        among(dialect, ConsentRecord.subscriber_id, "readers"),
        ConsentRecord.purpose == Purpose.LIST,
        ConsentRecord.given,
        ConsentRecord.source.not_in(NOT_THEIR_OWN),
    )
