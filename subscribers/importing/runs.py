"""The run of an import: kept with each page, so that one that was cut off goes on after the last page it committed."""

import hashlib
import json
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from subscribers.db import Database
from subscribers.errors import NewsletterError
from subscribers.tables import ImportRun

from . import rosters
from .archives import ALONE, Member, Part
from .bulk import ChangedMeanwhile, races_told
from .files import Source
from .options import ImportOptions
from .pages import Tally, write
from .people import Person
from .records import not_read
from .results import ImportResult
from .scopes import Scope

_MOST_TRIES = 20
_BLOCK = 1 << 20
_MEMBERS = "members"
"""Kept with the counts of a run, because the run itself adds members."""
_PART, _PARTS = "part", "parts"
"""Kept with them too: which file of an archive it was of."""


class ImportRunning(NewsletterError):
    """The same file is being imported by another command right now. Wait for that one to end."""


class Run:
    """The database's side of an import: one transaction a page."""

    def __init__(self, database: Database, scope: Scope, options: ImportOptions, result: ImportResult) -> None:
        self._database, self._scope, self._options, self._result = database, scope, options, result
        self._id: int | None = None
        self._part = ALONE
        self._members = 0
        """How many earlier rosters named."""
        self.done = 0
        """How many records are done."""

    def begin(self, path: Source) -> None:
        """Go on with the run of the same file in the list's last import, if that was cut off; else begin a new one.

        What was done of an archive is done. A dry run leaves none. Raises `ImportFileInvalid`.
        """
        if self._options.dry_run:
            with self._database.reading() as session:
                self._members = rosters.count_members(session, self._scope) if self._options.roster else 0
            return
        self._part = _part(path)
        identity = _fingerprint(path, self._scope, self._options)
        with self._database.writing() as session:
            run = _cut_off(session, self._scope, identity) or _new(
                session, self._scope, self._options, self._part, identity
            )
            self._members = run.counts[_MEMBERS]
        self._id, self.done = None if run.finished_at else run.id, run.lines
        if run.lines:
            self._result.resumed_at, self._result.written = run.lines, _written(dict(run.counts))
        if self._options.roster:
            self._scope = replace(self._scope, roster_id=run.id)

    def write(self, page: Sequence[Person]) -> int:
        """Write a page, again where somebody else was quicker. Returns how many records that took.

        Raises `ImportRunning`, and `ChangedMeanwhile` where somebody else was always quicker.
        """
        for tries in range(1, _MOST_TRIES + 1):
            try:
                self._write(page)
                break
            except ChangedMeanwhile:
                if tries == _MOST_TRIES:
                    raise
        before, self.done = self.done, self._result.read
        return self.done - before

    def end(self, named: Container[int], unreadable: int) -> None:
        """See who has left the roster, by the hashes of the keys it names, and finish the run.

        Where so many may not leave the run is not finished, and going on with it is to answer that question.
        """
        with self._database.writing() as session:
            if self._options.roster:
                self._see_leavers(session, named, unreadable)
            if not self._result.leaving_refused:
                self._keep(session, self._result.written, is_finished=True)

    def _write(self, page: Sequence[Person]) -> None:
        with races_told(), self._database.writing() as session:
            written = self._result.written + write(session, self._scope, page)
            if self._options.dry_run:
                session.rollback()
            else:
                self._keep(session, written)
        self._result.written = written

    def _see_leavers(self, session: Session, named: Container[int], unreadable: int) -> None:
        found = rosters.leavers(session, self._scope, named)
        refusal = rosters.refusal(len(found), self._members, self._result.read, unreadable, self._options.allow_leavers)
        self._result.left, self._result.leaving_refused = len(found), refusal
        if not (self._options.dry_run or refusal):
            rosters.mark(session, self._scope, found)

    def _keep(self, session: Session, written: Tally, *, is_finished: bool = False) -> None:
        """Keep how far the run has come, with the page that brought it there."""
        if self._id is None:
            return
        values: dict[str, Any] = {
            "lines": self._result.read,
            "counts": written.counts() | _kept(self._part, self._members),
            "updated_at": self._scope.now,
        }
        values |= {"finished_at": self._scope.now} if is_finished else {}
        as_left = (ImportRun.id == self._id, ImportRun.lines == self.done, ImportRun.finished_at.is_(None))
        mine = update(ImportRun).where(*as_left).values(values).returning(ImportRun.id)
        if session.scalar(mine, execution_options={"synchronize_session": False}) is None:
            raise ImportRunning


def _fingerprint(path: Source, scope: Scope, options: ImportOptions) -> str:
    """Of a file's bytes, and of all that decides what they mean."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            for block in iter(lambda: file.read(_BLOCK), b""):
                digest.update(block)
    except OSError as error:
        raise not_read(path, error) from error
    school = options.school
    end_year = school.roll_over.end_year(school.day)
    grades = [end_year, str(school.bands)]
    meaning = [scope.list_id, scope.state, scope.wording, grades, sorted(options.mapping.items()), options.roster]
    meaning += _part(path)
    digest.update(json.dumps(meaning).encode())
    return digest.hexdigest()


def _part(path: Source) -> Part:
    return path.part if isinstance(path, Member) else ALONE


def _cut_off(session: Session, scope: Scope, identity: str) -> ImportRun | None:
    """The run of this file in the list's last import, of one file or of an archive, if that did not come to its end.

    What ran before cannot be gone on with: what ran since may have changed what it did.
    """
    of_list = ImportRun.list_id == scope.list_id
    newest = select(ImportRun).where(of_list).order_by(ImportRun.id.desc()).limit(1)
    last = session.scalars(newest).one_or_none()
    if last is None or (last.finished_at and last.counts[_PART] == last.counts[_PARTS]):
        return None
    begin = select(func.max(ImportRun.id)).where(of_list, ImportRun.counts[_PART].as_integer() == 1)
    same = newest.where(ImportRun.fingerprint == identity, ImportRun.id >= begin.scalar_subquery())
    return session.scalars(same).one_or_none()


def _new(session: Session, scope: Scope, options: ImportOptions, part: Part, identity: str) -> ImportRun:
    run = ImportRun(
        organization_id=scope.organization_id,
        list_id=scope.list_id,
        fingerprint=identity,
        is_roster=options.roster,
        lines=0,
        counts=_kept(part, rosters.count_members(session, scope) if options.roster else 0),
        started_at=scope.now,
        updated_at=scope.now,
    )
    session.add(run)
    session.flush()
    return run


def _kept(part: Part, members: int) -> dict[str, int]:
    """What is kept beside the counts."""
    return {_MEMBERS: members, _PART: part.number, _PARTS: part.of}


def _written(counts: dict[str, Any]) -> Tally:
    """What a run had written when it was cut off."""
    for name in (_MEMBERS, _PART, _PARTS):
        del counts[name]
    return Tally(**(counts | {"changes": Counter(counts["changes"])}))
