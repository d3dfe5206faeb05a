"""What each kind of section needs beside its texts: an event its time, a question its answers, an image its picture."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from newsletter.issues.binding import WORKSHOP
from newsletter.issues.document import Body, Document, Section, SectionKind
from newsletter.rendering import markdown, merge
from newsletter.rendering.content import Marks
from newsletter.rendering.dates import day_of
from newsletter.rendering.pictures import is_picture
from subscribers import time_zones
from subscribers.addresses import AddressInvalid, EmailAddress

from .catalog import Check
from .findings import Finding, error, warning

_FEWEST_ANSWERS = 2
_CORRECT = "Correct the section's first line."
_TIME_EXAMPLE = "Write it like 2026-12-08T18:00"


def findings(section: Section, document: Document) -> Iterator[Finding]:
    """What there is to say about a section for its kind."""
    if section.kind in _OF_KIND:
        yield from _OF_KIND[section.kind](section, document)


def _question(section: Section, document: Document) -> Iterator[Finding]:
    """Every language offers the same answers, two or more, for they are counted by their number."""
    original = section.body(document.original)
    for body in section.bodies:
        place = f"{_place(section)}, {body.language}"
        if _answers(body) < _FEWEST_ANSWERS:
            yield error(
                Check.QUESTION,
                body.line,
                place,
                "The question has no answers.",
                'End it with a list: "- Yes" and "- No".',
            )
        elif original and _answers(body) != _answers(original):
            sentence = f"There are not as many answers as in {original.language}."
            yield error(Check.QUESTION, body.line, place, sentence, "Make the lists alike.")


def _answers(body: Body) -> int:
    """How many answers a text offers; enough where its merge fields cannot be read, which is told elsewhere."""
    if merge.problems(body.text):
        return _FEWEST_ANSWERS
    return len(markdown.answers(markdown.read(body.text, Marks([body.text]))).labels)


def _goal(section: Section, document: Document) -> Iterator[Finding]:
    del document
    until = section.attributes.get("until", "")
    if until and day_of(until) is None:
        yield error(
            Check.GOAL, section.line, _place(section), f"until={until!r} is no day.", "Write it like 2026-12-18"
        )


def _thanks(section: Section, document: Document) -> Iterator[Finding]:
    del document
    to, url = section.attributes.get("to", ""), section.attributes.get("url", "")
    if bool(to) is bool(url):
        remedy = "Add to=office@school.example for a mail, or url=https://... for a page; not both."
        yield error(Check.THANKS, section.line, _place(section), "We must know where a note of thanks goes.", remedy)
    try:
        _ = EmailAddress.parse(to) if to else None
    except AddressInvalid as invalid:
        yield error(Check.THANKS, section.line, _place(section), f"to={to!r} is no address. {invalid}", _CORRECT)


def _image(section: Section, document: Document) -> Iterator[Finding]:
    del document
    src = section.attributes.get("src", "")
    if not src:
        yield error(Check.PICTURE, section.line, _place(section), "The image has no picture.", "Add src=media:NAME")
    elif not is_picture(src):
        sentence = f"A mail may not show {src!r}."
        yield error(
            Check.PICTURE, section.line, _place(section), sentence, "Name a stored picture, or an https:// address."
        )


def _event(section: Section, document: Document) -> Iterator[Finding]:
    told = section.attributes
    place = _place(section)
    if WORKSHOP in told and "starts" not in told:
        return  # there is no such workshop, which is told elsewhere
    if not told.get("starts"):
        yield error(Check.EVENT, section.line, place, "The event has no beginning.", 'Add starts="2026-12-08T18:00"')
    if not told.get("timezone"):
        yield error(Check.EVENT, section.line, place, "The event has no time zone.", 'Add timezone="America/Chicago"')
    elif told["timezone"] not in time_zones.names():
        sentence = f"There is no time zone {told['timezone']}."
        yield error(Check.EVENT, section.line, place, sentence, "Use a name such as America/Chicago.")
    if not told.get("place") and not told.get("url"):
        yield warning(
            Check.EVENT, section.line, place, "The event has neither a place nor a link.", "Add place=... or url=..."
        )
    yield from _times(section, document.month)


def _times(section: Section, month: str) -> Iterator[Finding]:
    moments = {}
    for name in ("starts", "ends"):
        text = section.attributes.get(name, "")
        try:
            moments[name] = _moment(text, section) if text else None
        except ValueError:
            sentence = f"{name}={text!r} is no date and time."
            yield error(Check.EVENT, section.line, _place(section), sentence, _TIME_EXAMPLE)
    starts, ends = moments.get("starts"), moments.get("ends")
    if starts and ends and ends < starts:
        yield error(Check.EVENT, section.line, _place(section), "The event ends before it begins.", _CORRECT)
    if starts and f"{starts:%Y-%m}" < month:  # a draft that was begun from the last issue has the last issue's dates
        sentence = f"The event begins in {starts:%Y-%m}, before the month of the issue."
        yield warning(
            Check.EVENT, section.line, _place(section), sentence, "Write its new date, or take the section out."
        )


def _moment(text: str, section: Section) -> datetime:
    """As rendering reads it: a time without an offset is in the event's zone."""
    moment = datetime.fromisoformat(text)
    name = section.attributes.get("timezone", "")
    zone = ZoneInfo(name if name in time_zones.names() else "UTC")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


_OF_KIND: Mapping[SectionKind, Callable[[Section, Document], Iterator[Finding]]] = {
    SectionKind.EVENT: _event,
    SectionKind.QUESTION: _question,
    SectionKind.GOAL: _goal,
    SectionKind.THANKS: _thanks,
    SectionKind.IMAGE: _image,
}


def _place(section: Section) -> str:
    return f"section {section.key}"
