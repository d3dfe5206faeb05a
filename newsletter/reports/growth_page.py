"""The growth of a list as a page."""

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

from .charts import Columns, Line, bars
from .growth import Growth, GrowthReport, Leave, Source
from .pages import Frame, day, page
from .periods import By

_Key = TypeVar("_Key", Source, Leave)
SOURCES = {
    Source.FORM: "by the form",
    Source.MAIL: "by a link in a mail",
    Source.IMPORT: "by an import",
    Source.STAFF: "by staff",
    Source.API: "by another program",
    Source.OTHER: "another way",
}
LEAVES = {
    Leave.WISH: "left by themselves",
    Leave.BOUNCE: "mail came back",
    Leave.COMPLAINT: "reported as spam",
    Leave.STAFF: "taken off by staff",
    Leave.IMPORT: "had left elsewhere",
    Leave.ROSTER: "off the school's list",
    Leave.ERASED: "erased",
    Leave.SUPPRESSED: "suppressed otherwise",
}
_TROUBLE = (Leave.BOUNCE, Leave.COMPLAINT)
SERIES = ("joined", "left by themselves", "bounced or complained", "left otherwise")


def growth_page(report: GrowthReport, frame: Frame) -> str:
    """The page."""
    total = report.total
    names = [name_of(step, report.by) for step in report.steps]
    return page(
        "growth",
        frame,
        report=report,
        total=total,
        names=names,
        sentence=sentence(report),
        series=SERIES,
        standing=Line.of(names, [[step.standing for step in report.steps]]),
        moves=Columns.of(names, [list(column) for column in zip(*map(_moves, report.steps), strict=True)]),
        sources=bars(told(SOURCES, total.signed_up), total.signed_up.total()),
        leaves=bars(told(LEAVES, total.left), total.left.total()),
    )


def sentence(report: GrowthReport) -> str:
    """What happened, in one sentence."""
    total = report.total
    readers = "1 reader" if total.standing == 1 else f"{total.standing:,} readers"
    change = f"{abs(total.net):,} {'more' if total.net > 0 else 'fewer'} than" if total.net else "as many as"
    return f"{readers} on {day(total.last)}: {change} before {day(total.first)}."


def name_of(step: Growth, by: By) -> str:
    """A period in a table and below a chart."""
    return _name(step.first, by)


def told(words: Mapping[_Key, str], counted: Mapping[_Key, int]) -> dict[str, int]:
    """Counts by the words that stand for their keys, the largest first; what never happened is left out."""
    found = {words[key]: count for key, count in counted.items() if count}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _name(first: date, by: By) -> str:
    return f"{first:%b %Y}" if by is By.MONTH else f"{first:%-d %b}"


def _moves(step: Growth) -> tuple[int, int, int, int]:
    wish, trouble = step.left[Leave.WISH], sum(step.left[reason] for reason in _TROUBLE)
    return step.joined, -wish, -trouble, wish + trouble - step.left.total()
