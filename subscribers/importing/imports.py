"""An import: pages of people, each one transaction, so that any number of lines needs the memory of one page."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from subscribers import lists
from subscribers.addresses import address_hash
from subscribers.db import Database
from subscribers.tables import Organization, SubscriptionState

from .columns import Columns
from .files import Record, Source, opened
from .pages import Tally, write
from .people import Person, PersonReader, RowInvalid, School
from .scopes import Scope

_PAGE = 1_000
_MOST_ERRORS = 10_000
"""So many are told one by one; more are only counted."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a file is imported. `state` is pending or confirmed; `consent` is the wording people agreed to."""

    list_slug: str
    school: School
    now: datetime
    state: SubscriptionState = SubscriptionState.PENDING
    consent: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    roster: bool = False
    """The file names everybody: who was on an earlier roster and is not in it has left."""
    allow_leavers: int | None = None
    """How many may have left before the import is refused; None leaves it to the import."""


@dataclass(frozen=True, slots=True)
class LineError:
    """A line that was not imported, and why."""

    line: int
    error: str


@dataclass(slots=True)
class ImportResult:
    """What became of a file's lines."""

    read: int = 0
    rejected: int = 0
    written: Tally = field(default_factory=Tally)
    errors: list[LineError] = field(default_factory=list)
    unknown_columns: tuple[str, ...] = ()

    @property
    def is_useful(self) -> bool:
        """Whether a line was good."""
        return self.read > self.rejected

    def reject(self, line: int, error: str) -> None:
        """Count a bad line and keep its reason."""
        self.rejected += 1
        if len(self.errors) < _MOST_ERRORS:
            self.errors.append(LineError(line, error))

    def facts(self) -> dict[str, Any]:
        """The result as scripts read it."""
        return {
            "read": self.read,
            "created": self.written.created,
            "updated": self.written.updated,
            "unchanged": self.written.unchanged,
            "suppressed": self.written.suppressed,
            "rejected": self.rejected,
            "errors": [{"line": error.line, "error": error.error} for error in self.errors],
        }


def import_file(
    database: Database,
    organization: Organization,
    path: Source,
    options: ImportOptions,
    progress: Callable[[int], object] = lambda lines: lines,
) -> ImportResult:
    """Import the people of a CSV file onto a list; `progress` hears of each page's lines.

    Bad lines are told with their number and cost no other line. Who left the list or is suppressed stays out. A
    killed import is finished by running it again: what is there already is `unchanged`. A dry run does the same and
    rolls each page back. Raises `ImportFileInvalid` or, for the list, `NotFound`.
    """
    with database.reading() as session:
        list_id = lists.get(session, organization.id, options.list_slug).id
    wording = options.consent or f"Imported from {path.name}"
    scope = Scope(organization.id, list_id, options.state, wording, options.now)
    reader = PersonReader(options.school, partial(address_hash, salt=organization.salt))
    result = ImportResult()
    with opened(path) as records:
        columns = Columns.read(records, options.mapping)
        result.unknown_columns = columns.unknown
        people = _people(records, columns, reader, result)
        done = 0
        while page := list(islice(people, _PAGE)):
            with database.writing() as session:
                result.written += write(session, scope, page)
                if options.dry_run:
                    session.rollback()
            progress(result.read - done)
            done = result.read
    return result


def _people(
    records: Iterator[Record], columns: Columns, reader: PersonReader, result: ImportResult
) -> Iterator[Person]:
    """The good lines; the bad ones go to the result. Of one address only the first line counts."""
    seen: set[int] = set()  # hashes of 64 bits: a million take 70 MB where the addresses would take 200
    for record in records:
        result.read += 1
        try:
            person = _person(record, columns, reader)
        except RowInvalid as error:
            result.reject(record.line, str(error))
            continue
        key = hash(person.address.key)
        if key in seen:
            result.reject(
                record.line, f"{person.address.mailed} is on an earlier line. Put all grades on it, like 3;9."
            )
            continue
        seen.add(key)
        yield person


def _person(record: Record, columns: Columns, reader: PersonReader) -> Person:
    if record.error:
        raise RowInvalid(record.error)
    if len(record.cells) != columns.width:
        cells = f"This line has {len(record.cells)} cells where the header has {columns.width}."
        raise RowInvalid(f"{cells} Put a cell that holds a comma in quotation marks.")
    return reader.read(record.line, columns.fields(record.cells))
