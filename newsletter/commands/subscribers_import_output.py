"""How an import looks to a person at a terminal, and to a script."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from subscribers.importing import ImportOptions, ImportResult, Look
from subscribers.tables import SubscriptionState

_MOST_ERRORS = 20
_LABELS = {
    "created": "new",
    "updated": "changed",
    "unchanged": "as they were",
    "suppressed": "kept out: they left, or are never mailed",
    "unsubscribed": "kept as unsubscribed, as they are elsewhere",
    "rejected": "not imported",
    "joined": "lines with one more child of the person before",
    "left": "no longer on the roster",
    "returned": "on the roster again",
}
_ALWAYS = ("created", "updated", "unchanged", "suppressed", "rejected")
"""The others are shown where they are not zero."""
_EXAMPLES = 2
_LONGEST_EXAMPLE = 60


@dataclass(frozen=True, slots=True)
class Part:
    """One CSV file, and what became of it."""

    look: Look
    options: ImportOptions
    result: ImportResult

    def facts(self) -> dict[str, Any]:
        """The result as scripts read it, with what the file was taken for."""
        known = {"format": self.look.format.name, "encoding": self.look.encoding}
        return {**self.result.facts(), **known, "warnings": self.warnings()}

    def warnings(self) -> list[str]:
        """What is imported otherwise than whoever gave the file may think."""
        found = []
        if self.look.unknown_columns:
            found.append(f"Columns of {self.look.file.name} not imported: {', '.join(self.look.unknown_columns)}")
        is_confirmed = self.options.state is SubscriptionState.CONFIRMED
        if is_confirmed and not (self.look.format.tells_consent or self.options.consent):
            kept = self.options.wording_for(self.look.file.name)
            found.append(
                f"No --consent says to what these people agreed. Kept with each of them as confirmed: {kept!r}."
            )
        return found


@dataclass(frozen=True, slots=True)
class Imported:
    """The files of one import."""

    name: str
    parts: Sequence[Part]
    left_out: Mapping[str, str]
    """Files of an archive that were not imported, each with the reason."""
    asked: int | None
    """How many were asked to confirm; None where nobody was to be."""

    @property
    def is_archive(self) -> bool:
        """Whether figures are of several files, or of one among others."""
        return len(self.parts) > 1 or bool(self.left_out)

    def facts(self) -> dict[str, Any]:
        """One file's result as it is; of several, the sums, and each under `files`."""
        asked = {} if self.asked is None else {"asked": self.asked}
        if not self.is_archive:
            return self.parts[0].facts() | asked
        return {
            **self.counts(),
            "errors": [{"file": name, **error} for name, error in self._errors()],
            "format": _each(part.look.format.name for part in self.parts),
            "encoding": _each(part.look.encoding for part in self.parts),
            "files": [{"file": part.look.file.name, **part.facts()} for part in self.parts],
            "left_out": dict(self.left_out),
            "warnings": self.warnings(),
        } | asked

    def warnings(self) -> list[str]:
        """Those of all files."""
        return [warning for part in self.parts for warning in part.warnings()]

    def counts(self) -> dict[str, int]:
        """The figures of all files together."""
        each = [part.result.facts() for part in self.parts]
        told = {name for facts in each for name in facts}
        return {name: sum(facts.get(name, 0) for facts in each) for name in ("read", *_LABELS) if name in told}

    def lines(self) -> Iterator[str]:
        """What is wrong with which lines."""
        for name, error in self._errors():
            yield f"{f'{name}, ' if self.is_archive else ''}line {error['line']:,}: {error['error']}"

    def _errors(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for part in self.parts:
            for error in part.result.facts()["errors"]:
                yield part.look.file.name, error


def warn(imported: Imported) -> None:
    """Say on standard error what is not imported, or otherwise than one may think."""
    for warning in imported.warnings():
        click.echo(warning, err=True)
    for name, reason in imported.left_out.items():
        click.echo(f"{name} is left out. {reason}", err=True)


def imported(console: Console, what: Imported) -> None:
    """What became of a file's lines, the first bad ones, and what to do next."""
    counts, options = what.counts(), what.parts[0].options
    is_dry, into = options.dry_run, options.list_slug
    taken = counts["created"] + counts["updated"] + counts["unchanged"]
    verb = "would be" if is_dry else "are"
    end = " This was a dry run: nothing is written." if is_dry else ""
    people = counts["read"] - counts.get("joined", 0)
    head = f"{what.name}: {taken:,} of {people:,} people {verb} imported to {into}.{end}"
    console.print(head, markup=False, soft_wrap=True)
    for part in what.parts:
        of_file = f"{part.look.file.name}: " if what.is_archive else ""
        console.print(f"{of_file}Read as {part.look.format.name}, in {part.look.encoding}.", markup=False)
    is_refused = any(part.result.leaving_refused for part in what.parts)
    _figures(console, counts, is_refused=is_refused)
    for part in what.parts:
        for note in notes(part.result.facts(), is_dry=is_dry):
            console.print(f"{part.look.file.name}: {note}" if what.is_archive else note, markup=False, soft_wrap=True)
    _errors(console, list(what.lines()), counts["rejected"])
    if is_dry:
        _examples(console, what.parts)
    if is_dry or not is_refused:  # else what to do next is the error
        _next(console, what, is_dry=is_dry)


def notes(facts: Mapping[str, Any], *, is_dry: bool) -> Iterator[str]:
    """What there is to say beside the figures. A roster that is refused is an error, but in a dry run."""
    if facts.get("resumed_at"):
        yield f"An earlier run was cut off when {facts['resumed_at']:,} people were done; this one went on from there."
    if facts.get("changes"):
        yield f"Changed: {', '.join(f'{field} of {count:,}' for field, count in facts['changes'].items())}."
    if is_dry and facts.get("leaving_refused"):
        yield facts["leaving_refused"]


def _figures(console: Console, counts: Mapping[str, int], *, is_refused: bool) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
    labels = _LABELS | ({"left": "missing from this roster; nobody is marked as left"} if is_refused else {})
    for name, label in labels.items():
        if counts.get(name) or name in _ALWAYS:
            table.add_row(f"{counts[name]:,}", Text(label))
    console.print(table)


def _errors(console: Console, lines: Sequence[str], rejected: int) -> None:
    named = "them all" if len(lines) == rejected else f"the first {len(lines):,} lines"
    for line in lines[:_MOST_ERRORS]:
        console.print(f"  {line}", markup=False, soft_wrap=True)
    if rejected > _MOST_ERRORS:
        console.print(f"  and {rejected - _MOST_ERRORS:,} more; --json names {named}")


def _examples(console: Console, parts: Sequence[Part]) -> None:
    """Two people, where there are several files from the first two, so that a column taken for another is seen."""
    of_parts = zip_longest(*(part.look.examples for part in parts), fillvalue={})
    people = [person for each in of_parts for person in each if person][:_EXAMPLES]
    table = Table(box=None, show_header=False, pad_edge=False)
    fields = dict.fromkeys(field for person in people for field in person)
    for field in fields:
        table.add_row(field, *(Text(person.get(field, "")[:_LONGEST_EXAMPLE]) for person in people))
    if fields:
        console.print("\nThe first people, as they are understood:")
        console.print(table)
        console.print()


def _next(console: Console, what: Imported, *, is_dry: bool) -> None:
    if not what.counts()["read"]:
        console.print("The file has a header and no people.")
        return
    if what.asked is not None:
        console.print(f"Asked by mail to confirm: {what.asked:,}. `newsletter run` sends the mails.", markup=False)
    elif any(part.options.state is SubscriptionState.PENDING for part in what.parts):
        console.print(
            "Pending people get no mail. Where they agreed already, import with --status confirmed --consent; "
            "else --send-confirmations asks them.",
            soft_wrap=True,
        )
    console.print("Next: import again without --dry-run" if is_dry else "Next: newsletter lists list")


def _each(words: Iterator[str]) -> str:
    return ", ".join(dict.fromkeys(words))
