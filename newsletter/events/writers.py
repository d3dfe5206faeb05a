"""Groups of opens and clicks on their way into the database, each once: from a recorder, or from its spool."""

import logging
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from newsletter.settings import Tracking
from subscribers.db import Database

from . import positions
from .judging import Judge
from .networks import NetworkLists
from .spools import Group, dead_spools
from .writing import write

_log = logging.getLogger(__name__)


class Writer:
    """Writes groups of a recorder into the database, each once, however often it is asked to."""

    def __init__(self, database: Database, tracking: Tracking, networks: NetworkLists | None = None) -> None:
        self._database = database
        self._tracking = tracking
        self.is_off = tracking is Tracking.OFF
        self._judge = Judge(networks)

    def write(self, recorder: str, groups: Sequence[Group]) -> None:
        """Write those that are not written yet, in one transaction. `groups` is not empty."""
        with self._database.writing() as session:
            written = positions.advance(session, recorder, groups[-1].number)
            facts = [fact for group in groups if group.number > written for fact in group.facts]
            write(session, facts, self._tracking, self._judge)

    def write_what_can_be(self, recorder: str, groups: Sequence[Group]) -> None:
        """The same; a group that the database refuses for what is in it is said, and passed over."""
        try:
            self.write(recorder, groups)
        except Exception as error:
            if not is_refusal(error):
                raise
            for group in groups:
                self._write_or_pass(recorder, group)

    def forget(self, recorder: str) -> None:
        """That recorder has ended, and left nothing to write."""
        with self._database.writing() as session:
            positions.forget(session, recorder)

    def _write_or_pass(self, recorder: str, group: Group) -> None:
        try:
            self.write(recorder, [group])
        except Exception as error:
            if not is_refusal(error):
                raise
            _log.exception("%d opens and clicks cannot be written, and are not counted.", len(group.facts))
            self.write(recorder, [Group(group.number, [])])


def take_over(writer: Writer, spools: Path) -> int:
    """Write what dead recorders of this host left in their spools. Returns how many opens and clicks it looked at."""
    count = 0
    for dead in dead_spools(spools):
        for groups in dead.groups():
            writer.write_what_can_be(dead.recorder, groups)
            count += sum(len(group.facts) for group in groups)
        dead.remove()
        writer.forget(dead.recorder)
    return count


def is_refusal(error: Exception) -> bool:
    """Whether the database is there, and what it was given cannot be written however often one tries."""
    return isinstance(error, DataError | IntegrityError) or not isinstance(error, SQLAlchemyError | TimeoutError)
