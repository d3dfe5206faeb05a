"""Drift: what a translation must say as its original does, for a wrong date is what harms a family most."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from babel import Locale

from newsletter.issues.document import Document

from .catalog import Check
from .clock_times import ClockTime, times_in
from .findings import Finding, error, warning
from .numbers import is_spelled, numbers_in
from .passages import Passage
from .said import days_in

_LANGUAGES = Locale("en").languages
_REMEDY = "Make the two say the same."
Facts = Mapping[object, tuple[str, int]]
"""What must be the same; with its words and line."""


def findings(document: Document, passages: Iterable[Passage]) -> Iterator[Finding]:
    """Where translations of the passages say otherwise than their originals."""
    passages = list(passages)
    originals = {passage.key: passage for passage in passages if passage.language == document.original}
    for passage in passages:
        original = originals.get(passage.key)
        if original is not None and passage is not original and passage.words.strip() and original.words.strip():
            yield from _between(original, passage)


def _between(original: Passage, passage: Passage) -> Iterator[Finding]:
    days = list(_facts(original, passage, _days, "date"))
    yield from days or _facts(original, passage, _weekdays, "weekday")
    yield from _times(original, passage)
    yield from _numbers(original, passage)
    yield from _facts(original, passage, _links, "link", conflict=warning)
    yield from _facts(original, passage, _images, "picture", conflict=warning)
    yield from _facts(original, passage, _fields, "merge field", conflict=warning)


def _facts(
    original: Passage,
    passage: Passage,
    read: Callable[[Passage], Facts],
    what: str,
    conflict: Callable[..., Finding] = error,
) -> Iterator[Finding]:
    """One finding where the facts differ: a conflict where both say something, a lack where only one does."""
    told, wanted = read(passage), read(original)
    extra = [told[key] for key in told if key not in wanted]
    missing = [wanted[key] for key in wanted if key not in told]
    line = extra[0][1] if extra else passage.line
    sentence = _sentence(original, passage, [words for words, _ in missing], [words for words, _ in extra], what)
    if sentence:
        tell = conflict if extra and missing else warning
        yield tell(Check.DRIFT, line, passage.place, sentence, _REMEDY)


def _sentence(original: Passage, passage: Passage, missing: list[str], extra: list[str], what: str) -> str:
    here, there = _name(passage.language), _name(original.language)
    if extra and missing:
        return f"The {here} text says {_list(extra)}, the {there} {_list(missing)}."
    if extra:
        return f"The {here} text says {_list(extra)}; the {there} has no such {what}."
    return f"The {there} text says {_list(missing)}; the {here} has no such {what}." if missing else ""


def _days(passage: Passage) -> Facts:
    return {
        (said.month, said.day): (said.words, block.line_of(said.start))
        for block in passage.blocks
        for said in days_in(block.words, passage.language).days
    }


def _weekdays(passage: Passage) -> Facts:
    return {
        said.no: (said.words, block.line_of(said.start))
        for block in passage.blocks
        for said in days_in(block.words, passage.language).weekdays
    }


def _links(passage: Passage) -> Facts:
    return {link.target: (link.target, link.line) for link in (passage.text.parts.links if passage.text else ())}


def _images(passage: Passage) -> Facts:
    return {image.src: (image.src, image.line) for image in (passage.text.parts.images if passage.text else ())}


def _fields(passage: Passage) -> Facts:
    return {name: (f"{{{{ {name} }}}}", passage.line) for name in passage.fields}


def _times(original: Passage, passage: Passage) -> Iterator[Finding]:
    told, wanted = _clock_times(passage), _clock_times(original)
    extra = [(time.words, line) for time, line in told if not any(time.agrees(one) for one, _ in wanted)]
    missing = [time.words for time, _ in wanted if not any(time.agrees(one) for one, _ in told)]
    sentence = _sentence(original, passage, missing, [words for words, _ in extra], "time")
    if sentence:
        tell = error if extra and missing else warning
        yield tell(Check.DRIFT, extra[0][1] if extra else passage.line, passage.place, sentence, _REMEDY)


def _clock_times(passage: Passage) -> list[tuple[ClockTime, int]]:
    """Each once, with its first line."""
    found: dict[tuple[int, bool], tuple[ClockTime, int]] = {}
    for block in passage.blocks:
        for time in times_in(block.words, passage.language)[0]:
            if (time.minutes, time.is_sure) not in found:
                found[time.minutes, time.is_sure] = (time, block.line_of(time.start))
    return list(found.values())


def _numbers(original: Passage, passage: Passage) -> Iterator[Finding]:
    """A number in digits here may be a word there."""
    told, wanted = numbers_in(passage.words, passage.language), numbers_in(original.words, original.language)
    extra = [no for no in told - wanted if not is_spelled(no, original.words, original.language)]
    missing = [no for no in wanted - told if not is_spelled(no, passage.words, passage.language)]
    sentence = _sentence(original, passage, missing, extra, "number")
    if sentence:
        yield warning(Check.DRIFT, _line_of(extra, passage), passage.place, sentence, _REMEDY)


def _line_of(numbers: list[str], passage: Passage) -> int:
    """The line of the first of some numbers."""
    for block in passage.blocks if numbers else ():
        for at, words in enumerate(block.words.split("\n")):
            if numbers[0] in numbers_in(words, passage.language):
                return block.line + at
    return passage.line


def _name(language: str) -> str:
    return str(_LANGUAGES.get(language.replace("-", "_")) or _LANGUAGES.get(language.partition("-")[0]) or language)


def _list(words: list[str]) -> str:
    return " and ".join(" ".join(one.split()) for one in words)
