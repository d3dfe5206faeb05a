"""The figures of groups of readers, with those hidden that are so small that they would tell of a person."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from .figures import NOBODY, Figures

OTHERS = "others"
"""Of a group that is made of all the small ones."""


_Name = TypeVar("_Name", str, int)


@dataclass(frozen=True, slots=True)
class Group:
    """Readers who got a copy, by language, band, role or receiving domain. A figure that is None is hidden.

    `name` is the language and so on; empty for readers of whom that is not known. `opened` and `clicked` count
    people, of the `tracked` ones; `bounced` copies came back, of those of all.
    """

    name: str
    readers: int | None
    tracked: int | None
    opened: int | None
    clicked: int | None
    bounced: int | None


def shown(found: Mapping[str, Figures], minimum: int) -> tuple[Group, ...]:
    """What may be shown of groups; empty ones are left out."""
    hidden = too_small({name: group.accepted for name, group in found.items()}, minimum)
    untold = hidden | too_small({name: group.tracked for name, group in found.items()}, minimum)
    return tuple(
        Group(
            name,
            None if name in hidden else group.accepted,
            None if name in untold else group.tracked,
            None if name in untold else group.opened,
            None if name in untold else group.clicked,
            None if name in hidden else group.bounced,
        )
        for name, group in found.items()
        if group.accepted
    )


def largest(found: Mapping[str, Figures], most: int, minimum: int = 0) -> Mapping[str, Figures]:
    """The largest of many groups, the largest first; the others, and those below the minimum, as one."""
    ordered = sorted(found.items(), key=lambda item: (item[0] == OTHERS, -item[1].accepted, item[0]))
    named = {name: group for name, group in ordered[:most] if group.accepted >= minimum and name != OTHERS}
    rest = (group for name, group in ordered if name not in named)
    return {**named, OTHERS: sum(rest, NOBODY)}


def too_small(counts: Mapping[_Name, int], minimum: int, hidden_anyway: Collection[_Name] = ()) -> set[_Name]:
    """The groups to hide: those below the minimum, and the next smallest until the hidden ones reach it together.

    Else the total less the groups shown would be the figure of the one that is hidden. Empty groups tell of nobody.
    What is hidden anyway is hidden first.
    """
    hidden: set[_Name] = set()
    together = 0
    # Smallest first; groups of one size by their names, so that the same ones are hidden whenever one looks.
    ordered = sorted((name not in hidden_anyway, count, name) for name, count in counts.items() if count)
    for not_anyway, count, name in ordered:
        if not_anyway and count >= minimum and (not hidden or together >= minimum):
            break
        hidden.add(name)
        together += count
    return hidden
