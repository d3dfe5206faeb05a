"""An issue as it is printed: events first, then what is for everybody, then band by band; links as QR codes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from newsletter.issues.document import SectionKind

from . import codes, dates
from .hyperlinks import Hyperlink
from .pages import IssuePage, Part
from .sections import View

WEEKS = 4
"""On the card of a goal."""
_TO_MAIL = "mailto"


@dataclass(frozen=True, slots=True)
class Code:
    """Where a code leads, in words and as an address, and the code itself."""

    link: Hyperlink
    svg: Markup
    is_fine: bool
    """Whether it needs more room."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A section with the codes of those of its links that no section before it has."""

    part: Part
    codes: tuple[Code, ...]

    @property
    def view(self) -> View:
        """The section itself."""
        return self.part.view

    @property
    def mailbox(self) -> str:
        """The mail address that its own link opens a letter to; empty where it leads elsewhere."""
        scheme, _, address = self.view.url.partition("?")[0].partition(":")
        return address if scheme == _TO_MAIL else ""


@dataclass(frozen=True, slots=True)
class Group:
    """Sections that are for the same readers."""

    label: str
    """Empty for everybody."""
    sections: tuple[Printed, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page to print."""

    page: IssuePage
    events: tuple[Printed, ...]
    goals: tuple[Printed, ...]
    groups: tuple[Group, ...]
    """Everybody's first, then in the order of the issue."""
    weekdays: tuple[str, ...]
    weeks: tuple[int, ...] = tuple(range(1, WEEKS + 1))


def sheet(page: IssuePage) -> Sheet:
    """What is printed of an issue's page."""
    seen: set[str] = set()
    ordered = sorted(page.parts, key=_place)
    printed = [Printed(part, tuple(_codes(part, seen))) for part in ordered if part.view.kind != SectionKind.DIVIDER]
    others = [one for one in printed if one.view.kind not in (SectionKind.EVENT, SectionKind.GOAL)]
    labels = dict.fromkeys(["", *(one.part.label for one in others)])
    groups = [Group(label, tuple(one for one in others if one.part.label == label)) for label in labels]
    return Sheet(
        page=page,
        events=_of_kind(printed, SectionKind.EVENT),
        goals=_of_kind(printed, SectionKind.GOAL),
        groups=tuple(group for group in groups if group.sections),
        weekdays=dates.weekdays(page.language),
    )


def _place(part: Part) -> tuple[bool, bool]:
    """Where a section is printed, as far as that is not the order of the issue."""
    return part.view.kind != SectionKind.EVENT, bool(part.label)


def _of_kind(printed: Iterable[Printed], kind: SectionKind) -> tuple[Printed, ...]:
    return tuple(one for one in printed if one.view.kind == kind)


def _codes(part: Part, seen: set[str]) -> Iterator[Code]:
    """The codes of a section's links; what was seen grows."""
    for link in part.links:
        made = None if link.url in seen else codes.code(link.url)
        seen.add(link.url)
        if made is not None:
            svg, side = made
            yield Code(link, svg, side > codes.FINE)
