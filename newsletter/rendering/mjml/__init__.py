"""MJML: what is wrong with it, with line and column, and its HTML.

The compiler passes over what it does not know, writes some values wrongly, and ends the whole program on what is nested
too deep. So what a person wrote is checked first, by `problems`; compiling then is `to_html` alone.
"""

import re
from dataclasses import dataclass
from itertools import islice

from .checking import faults
from .compiling import MjmlInvalid, compile_shallow, to_html
from .components import table
from .faults import Fault
from .reading import Places

__all__ = ["MjmlInvalid", "MjmlProblem", "checked_html", "problems", "to_html"]

MOST = 50
"""So many problems are named at a time; correcting them shows the others."""

LONGEST = 150_000
"""Characters of a mail that is read at all: mail programs cut a mail off long before."""

_POSITION = re.compile(r"position (\d+):")


@dataclass(frozen=True, slots=True, order=True)
class MjmlProblem:
    """What is wrong and what to do, with line and column, counted from 1."""

    line: int
    column: int
    sentence: str
    remedy: str

    def __str__(self) -> str:
        """The problem in one line."""
        return f"Line {self.line}, column {self.column}: {self.sentence} {self.remedy}"


def problems(text: str, inside: str = "") -> list[MjmlProblem]:
    """What is wrong with a whole mail, in the order of the text, `MOST` at the most.

    With `inside`, the text is what stands between the tags of that component, such as "mj-wrapper" or "mj-body".
    Where this list is empty, the text compiles.
    """
    found = _too_long(text) or sorted(set(islice(faults(text, inside), MOST))) or _stops(text, inside)
    places = Places(text)
    return [MjmlProblem(*places.of(fault.at), fault.sentence, fault.remedy) for fault in found]


def checked_html(text: str) -> str:
    """Check a whole mail and compile it. Raises `MjmlInvalid` with every problem."""
    found = problems(text)
    if found:
        raise MjmlInvalid(" ".join(map(str, found)))
    return to_html(text)


def _too_long(text: str) -> list[Fault]:
    if len(text) <= LONGEST:
        return []
    return [Fault(0, f"The mail has {len(text):,} characters; {LONGEST:,} is the most.", "Write less, or link to it.")]


def _stops(text: str, inside: str) -> list[Fault]:
    """Where the compiler stops."""
    before, after = _frame(inside)
    try:
        compile_shallow(before + text + after)
    except MjmlInvalid as error:
        found = _POSITION.search(str(error))
        at = int(found[1]) - len(before) if found else 0
        read = text.encode()[: max(at, 0)].decode(errors="ignore")
        remedy = "Look for a comment, empty space or an empty tag near it, and delete it."
        return [Fault(len(read), f"The compiler cannot go on here: {error.__cause__ or error}.", remedy)]
    return []


def _frame(inside: str) -> tuple[str, str]:
    """What stands around the inside of a component in the shortest mail."""
    path = [inside] if inside else []
    while path and path[0] != "mjml":
        path.insert(0, table().parents(path[0])[0])
    return "".join(f"<{name}>" for name in path), "".join(f"</{name}>" for name in reversed(path))
