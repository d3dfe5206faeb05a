"""What became of a file's lines, as people and scripts read it."""

from dataclasses import dataclass, field
from typing import Any

from .pages import Tally

_MOST_ERRORS = 10_000
"""So many are told one by one; more are only counted."""


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
    joined: int = 0
    """Lines that told of one more child of the person on the line before."""
    written: Tally = field(default_factory=Tally)
    errors: list[LineError] = field(default_factory=list)
    unknown_columns: tuple[str, ...] = ()
    left: int = 0
    """Members whom this roster no longer names; in a dry run, and where it is refused, those who would be marked."""
    leaving_refused: str = ""
    """Why nobody is marked as left, or in a dry run would be."""
    resumed_at: int | None = None
    """How many records an earlier run, which was cut off, had done."""

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
        written = self.written.counts()
        changes, returned = written.pop("changes"), written.pop("returned")
        return {
            "read": self.read,
            **written,
            "rejected": self.rejected,
            **({"joined": self.joined} if self.joined else {}),
            "left": self.left,
            "returned": returned,
            **({"leaving_refused": self.leaving_refused} if self.leaving_refused else {}),
            "resumed_at": self.resumed_at,
            "changes": dict(sorted(changes.items())),
            "errors": [{"line": error.line, "error": error.error} for error in self.errors],
        }
