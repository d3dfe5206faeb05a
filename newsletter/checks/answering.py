"""Whether the pages that an issue links to answer. It asks the public web, so it is a check of its own."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from urllib.parse import urldefrag

from newsletter.errors import NewsletterError
from newsletter.issues.document import Document
from newsletter.outside import NameUnknown, Outside, OutsideAway, OutsideRefused
from newsletter.rendering.targets import is_web, on_the_wire

from . import texts
from .catalog import Check
from .findings import Finding, error, warning

_AT_ONCE = 8
_GONE = (404, 410)
_FAILED = 400
_CORRECT = "Correct the link, or take it out."
_LATER = "Open it yourself, and try again later."


@dataclass(frozen=True, slots=True)
class _Link:
    url: str
    line: int
    place: str


def findings(document: Document, outside: Outside, seconds: float = 30) -> list[Finding]:
    """What there is to say about every web page and picture that the issue names, after at most so many seconds.

    What is gone is an error; what is slow, away or locked a warning, for it may be back tomorrow.
    """
    links = list(_links(document))
    answers = _ask_all({link.url for link in links}, outside, seconds)
    if len(links) > 1 and all(isinstance(answers.get(link.url), NameUnknown) for link in links):
        sentence = "None of the pages has a name that is known here, so it may be us who have no network."
        return [warning(Check.ANSWERS, 1, "issue", sentence, "Try again from another place.")]
    found = (_finding(link, answers.get(link.url)) for link in links)
    return [finding for finding in found if finding is not None]


def _links(document: Document) -> Iterator[_Link]:
    """Each address once, where it stands first."""
    seen = set()
    for link in (*_of_sections(document), *_of_texts(document)):
        url = urldefrag(link.url).url
        if is_web(url) and url not in seen:
            seen.add(url)
            yield _Link(url, link.line, link.place)


def _of_sections(document: Document) -> Iterator[_Link]:
    for section in document.sections:
        for name in ("url", "src"):
            url = section.attributes.get(name, "")
            yield _Link(on_the_wire(url), section.line, f"section {section.key}")


def _of_texts(document: Document) -> Iterator[_Link]:
    for text in texts.read(document):
        yield from (_Link(on_the_wire(link.target), link.line, text.place) for link in text.parts.links)
        yield from (_Link(on_the_wire(image.src), image.line, text.place) for image in text.parts.images)


def _ask_all(urls: set[str], outside: Outside, seconds: float) -> Mapping[str, int | NewsletterError]:
    """The status of each page, or why there is none; nothing for those that took too long."""
    waiting: SimpleQueue[str] = SimpleQueue()
    for url in sorted(urls):
        waiting.put(url)
    answers: dict[str, int | NewsletterError] = {}
    threads = [
        threading.Thread(target=_work, args=(waiting, answers, outside), daemon=True)
        for _ in range(min(_AT_ONCE, len(urls)))
    ]
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    while not waiting.empty():  # what has not begun need not begin
        _next(waiting)
    return dict(answers)


def _work(waiting: "SimpleQueue[str]", answers: dict[str, int | NewsletterError], outside: Outside) -> None:
    while url := _next(waiting):
        try:
            answers[url] = _status(url, outside)
        except NewsletterError as why:
            answers[url] = why


def _next(waiting: "SimpleQueue[str]") -> str:
    try:
        return waiting.get_nowait()
    except Empty:
        return ""


def _status(url: str, outside: Outside) -> int:
    """Ask for the head alone; where that is refused, for the page."""
    try:
        status = outside.ask(url, "HEAD").status
    except OutsideAway:
        status = _FAILED
    return outside.ask(url).status if status >= _FAILED else status


def _finding(link: _Link, answer: int | NewsletterError | None) -> Finding | None:
    if isinstance(answer, int) and answer < _FAILED:
        return None
    said, is_gone = _said(answer)
    tell, remedy = (error, _CORRECT) if is_gone else (warning, _LATER)
    return tell(Check.ANSWERS, link.line, link.place, f"{link.url} {said}", remedy)


def _said(answer: int | NewsletterError | None) -> tuple[str, bool]:
    """What became of asking, and whether asking again is of no use."""
    match answer:
        case None:
            return "did not answer in time.", False
        case int():
            return (f"is gone ({answer}).", True) if answer in _GONE else (f"answers with {answer}.", False)
        case NameUnknown():
            return "is nowhere: no machine has this name.", True
        case OutsideRefused():
            return f"is not for readers. {answer}", True
        case _:
            return f"does not answer. {answer}", False
