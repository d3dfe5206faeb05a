"""Reports as pages that stand alone: one file that fetches nothing and runs nothing, for a screen and for paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from newsletter.folders import templates_folder

from . import charts
from .rates import percent

NOTHING = "-"
"""What stands for a figure that nobody can tell, or that is hidden."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What is around every report: whose it is, the look, and when it was made."""

    organization: str
    about: str
    """The list's name, or that it is all lists."""
    css: str
    """The stylesheet of the pages, in the organization's colour."""
    made_at: datetime
    zone: ZoneInfo


def page(name: str, frame: Frame, **values: Any) -> str:
    """The page of a report. Every text in it is escaped."""
    environment = _environment()
    sheet = (templates_folder() / "reports" / "report.css").read_text(encoding="utf-8")
    made = frame.made_at.astimezone(frame.zone)
    found: Mapping[str, Any] = {**values, "frame": frame, "css": f"{frame.css}\n{sheet}", "made": f"{made:{_MOMENT}}"}
    return environment.get_template(f"{name}.html").render(found)


_DAY = "%-d %B %Y"
_MOMENT = f"{_DAY}, %H:%M %Z"


def number(value: int | None) -> str:
    """A count with thousands separators, and with a true minus."""
    return NOTHING if value is None else f"{value:,}".replace("-", "\N{MINUS SIGN}")


def signed(value: int) -> str:
    """A change: with a plus where it grew."""
    return f"+{value:,}" if value > 0 else number(value)


def share(value: float | None, digits: int = 1) -> str:
    """A share from 0 to 1 in percent."""
    return NOTHING if value is None else percent(value, digits)


def unbroken(sentence: str) -> str:
    """A sentence in which no line ends between a number and its percent sign."""
    return sentence.replace(" %", "\N{NO-BREAK SPACE}%")


def day(value: date) -> str:
    """A day in words."""
    return f"{value:{_DAY}}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates_folder() / "reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, signed=signed, share=share, day=day, unbroken=unbroken, heat=charts.heat)
    environment.globals.update(nothing=NOTHING)
    return environment
