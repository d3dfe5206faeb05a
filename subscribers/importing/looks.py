"""A look at files before anybody is imported: what they are taken for, and two people as they are understood."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from subscribers.addresses import AddressInvalid, EmailAddress

from .archives import Member
from .cells import RowInvalid
from .columns import Columns
from .files import ImportFileInvalid, Record, Source, encoding_of, opened, sources
from .formats import PLAIN, Format
from .options import ImportOptions
from .people import PersonReader

_EXAMPLES = 2
_FIRST = 1_000
"""Among so many lines examples are looked for."""
_NOT_THEIRS = "It is no export of people by the service that the others come from."


@dataclass(frozen=True, slots=True)
class Look:
    """What one file is taken for."""

    file: Source
    format: Format
    encoding: str
    unknown_columns: tuple[str, ...]
    examples: tuple[dict[str, str], ...]
    """The first people, by field, without what is empty."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a path holds: the files of people to import, and those left out, each with the reason."""

    looks: tuple[Look, ...]
    left_out: Mapping[str, str]


def look_into(path: Path, options: ImportOptions) -> Found:
    """Look at the CSV file, or at every one in an archive. Raises `ImportFileInvalid` where none can be imported.

    Beside the files of a recognised service nothing else of the same archive is imported: its lists of readers of a
    post, for one, name people who have left.
    """
    files = sources(path)
    if len(files) == 1:
        return Found((look_at(files[0], options),), {})
    looks, left_out = [], {}
    for file in files:
        try:
            looks.append(look_at(file, options))
        except ImportFileInvalid as error:
            left_out[file.name] = str(error)
    if any(look.format is not PLAIN for look in looks):
        left_out |= {look.file.name: _NOT_THEIRS for look in looks if look.format is PLAIN}
        looks = [look for look in looks if look.format is not PLAIN]
    if not looks:
        reasons = " ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise ImportFileInvalid(f"{path.name} holds no list of people. {reasons}")
    return Found(tuple(_numbered(looks)), left_out)


def _numbered(looks: Sequence[Look]) -> Iterator[Look]:
    for number, look in enumerate(looks, 1):
        file = look.file
        yield replace(look, file=file.numbered(number, len(looks))) if isinstance(file, Member) else look


def look_at(file: Source, options: ImportOptions) -> Look:
    """Look at one CSV file. Raises `ImportFileInvalid`."""
    reader = PersonReader(options.school, str, options.now)
    with opened(file) as records:
        columns = Columns.read(records, options.mapping)
        people = list(islice(_good(islice(records, _FIRST), columns, reader), _EXAMPLES))
    examples = tuple({field: text for field, text in fields.items() if text} for fields in people)
    return Look(file, columns.format, encoding_of(file), columns.unknown, examples)


def _good(records: Iterator[Record], columns: Columns, reader: PersonReader) -> Iterator[dict[str, str]]:
    """The records of which an import would take every field."""
    for line, fields in _well_formed(records, columns):
        with suppress(RowInvalid):
            reader.read(line, fields)
            yield fields


def addresses_in(file: Source, mapping: Mapping[str, str]) -> Iterator[EmailAddress]:
    """The good addresses of a file, in order, each as often as it stands there."""
    with opened(file) as records:
        columns = Columns.read(records, mapping)
        for _, fields in _well_formed(records, columns):
            with suppress(AddressInvalid):
                yield EmailAddress.parse(fields["email"])


def _well_formed(records: Iterator[Record], columns: Columns) -> Iterator[tuple[int, dict[str, str]]]:
    """The line and the fields of records that have a cell for each column."""
    for record in records:
        if not record.error and len(record.cells) == columns.width:
            yield record.line, columns.fields(record.cells)
