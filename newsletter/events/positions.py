"""How far each recorder came, told in the transaction that writes what it recorded: so nothing counts twice.

A recorder numbers its groups. Where a commit gave no answer, or a process died between a commit and what follows it,
the number in the database says whether the group is written.
"""

from functools import lru_cache

from sqlalchemy import Executable, bindparam, case, delete
from sqlalchemy.orm import Session

from subscribers.db import dialect_of, insert_for

from .tables import Recorded


def advance(session: Session, recorder: str, group: int) -> int:
    """Say that a recorder's groups up to this one are written by this transaction; returns up to which they were.

    Until the transaction ends nobody else may say the like for this recorder.
    """
    values = {"recorder": recorder, "group": group}
    return int(session.connection().scalars(_advance(dialect_of(session)), values).one())


def forget(session: Session, recorder: str) -> None:
    """A recorder has ended, and left nothing to write."""
    session.execute(delete(Recorded).where(Recorded.recorder == recorder))


@lru_cache
def _advance(dialect: str) -> Executable:
    new = insert_for(dialect, Recorded).values(
        recorder=bindparam("recorder"), groups=bindparam("group"), groups_before=0
    )
    further = case((new.excluded.groups > Recorded.groups, new.excluded.groups), else_=Recorded.groups)
    return new.on_conflict_do_update(
        index_elements=["recorder"], set_={"groups": further, "groups_before": Recorded.groups}
    ).returning(Recorded.groups_before)
