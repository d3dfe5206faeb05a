"""Dates in texts: whether weekday and day agree, whether the day is over, and whether an event says one thing only."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from babel.dates import format_date

from newsletter.issues.document import Document, Section, SectionKind
from newsletter.rendering.dates import day_of

from .catalog import Check
from .clock_times import times_in
from .findings import Finding, error, warning
from .passages import Passage
from .said import Day, Digits, days_in
from .said_weekdays import Weekday

_LONGEST_EVENT = timedelta(days=60)


def findings(document: Document, passages: Iterable[Passage], today: date) -> Iterator[Finding]:
    """What there is to say about the dates of sections, texts, subjects and preheaders."""
    begin = day_of(f"{document.month}-01")
    if begin is None:
        return
    if _end(begin) < today:
        sentence = f"The month of this issue, {document.month}, is over."
        remedy = "Name the month that readers get it in."
        yield warning(Check.PAST, document.field_lines.get("month", 1), "month", sentence, remedy)
    for section in document.sections:
        yield from _own_days(section, begin, today)
    for passage in passages:
        yield from _of(passage, begin, today)


def _end(begin: date) -> date:
    return (begin + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _own_days(section: Section, begin: date, today: date) -> Iterator[Finding]:
    """An event or a goal of the issue's month or later whose last day is over today."""
    told = section.attributes
    day = day_of(told.get("ends") or told.get("starts") or told.get("until") or "")
    if day is not None and begin <= day < today <= _end(begin):
        remedy = "Write its new date, or take the section out."
        yield warning(Check.PAST, section.line, f"section {section.key}", f"{_long(day)} is over.", remedy)


def _of(passage: Passage, begin: date, today: date) -> Iterator[Finding]:
    days: set[date] = set()
    for block in passage.blocks:
        for said in days_in(block.words, passage.language).days:
            day, line = said.near(begin), block.line_of(said.start)
            yield from _one(said, day, line, passage.place)
            if day is not None:
                days.add(day)
                yield from _past(said, day, line, passage.place, begin, today)
        for digits in days_in(block.words, passage.language).digits:
            yield from _in_digits(digits, block.line_of(digits.start), passage.place)
    if passage.section and passage.section.kind is SectionKind.EVENT:
        yield from _event(passage, passage.section, days)


def _one(said: Day, day: date | None, line: int, place: str) -> Iterator[Finding]:
    if day is None:
        sentence = f"There is no such day: {said.words}."
        yield error(Check.DATE, line, place, sentence, "Look at a calendar, and correct it.")
    elif said.weekday is not None and day.weekday() != said.weekday:
        sentence = f"The text says {_shown(said.words)}, and that day is a {day:%A}."
        yield error(Check.DATE, line, place, sentence, "Correct the weekday or the date.")


def _past(said: Day, day: date, line: int, place: str, begin: date, today: date) -> Iterator[Finding]:
    if said.year is not None and said.year < begin.year:
        return  # told as history
    if day < begin:
        sentence = f"{_shown(said.words)} is before the month of the issue."
        yield warning(Check.PAST, line, place, sentence, "Write the new date, or leave it if it tells of the past.")
    elif day < today <= _end(begin):
        sentence = f"{_shown(said.words)} is over."
        yield warning(Check.PAST, line, place, sentence, "Write the new date, or leave it if it tells of the past.")


def _in_digits(digits: Digits, line: int, place: str) -> Iterator[Finding]:
    sentence = (
        f"{digits.words} is another day in another country." if not digits.is_iso else f"{digits.words} is a code."
    )
    yield warning(Check.DIGITS, line, place, sentence, "Write the month's name.")


def _event(passage: Passage, section: Section, days: set[date]) -> Iterator[Finding]:
    """The text of an event may name other days and times, but not only others."""
    start = day_of(section.attributes.get("starts", ""))
    end = day_of(section.attributes.get("ends", "")) or start
    if start is None or end is None or not start <= end <= start + _LONGEST_EVENT:
        return
    own = {start + timedelta(days=at) for at in range((end - start).days + 1)}
    weekdays = _weekdays(passage)
    remedy = "Correct the text, or the section's first line."
    if days and days.isdisjoint(own):
        sentence = f"The event is on {_long(start)}, and its text says {_long(min(days))}."
        yield warning(Check.DATE, passage.line, passage.place, sentence, remedy)
    elif weekdays and {day.weekday() for day in own}.isdisjoint(said.no for said in weekdays):
        sentence = f"The event is on a {start:%A}, and its text says {weekdays[0].words}."
        yield warning(Check.DATE, passage.line, passage.place, sentence, remedy)
    yield from _event_times(passage, section, remedy)


def _event_times(passage: Passage, section: Section, remedy: str) -> Iterator[Finding]:
    told = [section.attributes.get(name, "") for name in ("starts", "ends")]
    own = [time for text in told if "T" in text for time in times_in(text.partition("T")[2][:5], "en")[0]]
    said = [time for block in passage.blocks for time in times_in(block.words, passage.language)[0]]
    if own and said and not any(one.agrees(other) for one in own for other in said):
        sentence = f"The event begins at {own[0].words}, and its text says {said[0].words}."
        yield warning(Check.DATE, passage.line, passage.place, sentence, remedy)


def _weekdays(passage: Passage) -> list[Weekday]:
    return [said for block in passage.blocks for said in days_in(block.words, passage.language).weekdays]


def _shown(words: str) -> str:
    return " ".join(words.split())


def _long(day: date) -> str:
    return str(format_date(day, "full", locale="en"))
