"""What is shown: each scene becomes one file of `docs/pictures`. Add a page by adding it to `SCENES`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from newsletter.rendering.readers import Brand

from .letters import alone, card, every, example, feed, letter, sheet, text, web
from .reports import report

THEMES = ("monthly", "announcement", "letter")
_OF_LETTER = 1100
"""As much of a letter as one wants to see, in pixels."""
_GREEN = Brand(logo="media:logo", colour="#166534")


@dataclass(frozen=True, slots=True)
class Scene:
    """A page as a window of some width shows it, or what of it lies between the first and the last of two elements."""

    name: str
    html: Callable[[], str]
    width: int = 600
    dark: bool = False
    height: int = 0
    """At most so many pixels of it; 0: all."""
    below: str = ""
    """What the picture begins below, as a selector."""
    until: str = ""
    """What it ends with."""
    paper: bool = False
    """As it is printed."""


def scenes() -> Iterator[Scene]:
    """All of them."""
    sample, kinds = example("2026-12"), example("kinds")
    for theme in THEMES:
        shown = partial(letter, sample, theme=theme)
        yield Scene(theme, shown, height=_OF_LETTER)
        yield Scene(f"{theme}-dark", shown, dark=True, height=_OF_LETTER)
        yield Scene(f"{theme}-phone", shown, width=320, height=_OF_LETTER)
        yield Scene(f"{theme}-arabic", partial(letter, kinds, theme=theme, language="ar"), height=_OF_LETTER)
    yield Scene("monthly-top", partial(letter, sample, theme="monthly"), width=640, height=1130)
    yield Scene("colour", partial(letter, sample, theme="announcement", brand=_GREEN), height=700)
    yield Scene("web", partial(web, sample), width=720, height=_OF_LETTER)
    yield Scene("print", partial(sheet, sample), width=800, height=_OF_LETTER)
    yield Scene("goal", partial(card, kinds), width=800, height=900)
    yield Scene("text", partial(text, sample, theme="monthly"), height=_OF_LETTER)
    yield Scene("feed", partial(feed, sample), width=720, height=_OF_LETTER)
    for name, height in (("growth", 1500), ("health", 1560), ("engagement", 1500), ("campaign", 1900)):
        yield Scene(f"report-{name}", partial(report, name), width=1000, height=height)
    yield Scene("report-growth-dark", partial(report, "growth"), width=1000, dark=True, height=900)
    yield Scene("report-growth-phone", partial(report, "growth"), width=360, height=1300)
    yield Scene("report-campaign-phone", partial(report, "campaign"), width=360, height=1300)
    yield Scene("report-health-print", partial(report, "health"), width=794, height=1123, paper=True)
    yield Scene("report-clicks", partial(report, "campaign"), width=1000, height=1500, below=".own-page h2")
    yield Scene("gallery", partial(every, sample), width=1320, height=900)
    for section in kinds.sections:
        shown = partial(letter, alone(kinds, replace(section, must_know=False)), theme="monthly")
        yield Scene(f"block-{section.kind}", shown, below=".head", until=".card")
