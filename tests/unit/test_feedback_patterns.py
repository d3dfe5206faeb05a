"""Every pattern that reads what others wrote ends soon: each is tried on long texts of its own words."""

import importlib
import pkgutil
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from newsletter import feedback

LENGTH = 2000
SECONDS = 0.5
"""Of the processor, for one text; the slowest takes a tenth."""
SEPARATORS = (" ", "- ", "-", ". ", ": ", ", ", "@ ", "<", "\t", "\n", "'", "1.", "a", "a ", "x@", " \n")
NEAR = 12
"""How many of the words that follow a word in a pattern are tried after it."""
REPEATS = 30
"""Where each repetition doubles the time, so many never end."""


class TooSlowError(Exception):
    """A pattern takes more than its time."""


def _patterns() -> dict[str, re.Pattern[Any]]:
    """Each once, by where it is found last: that is where it is made, and not where it is used."""
    found: dict[re.Pattern[Any], str] = {}
    for module in pkgutil.walk_packages(feedback.__path__, f"{feedback.__name__}."):
        for name, value in vars(importlib.import_module(module.name)).items():
            for number, pattern in enumerate(_within(value)):
                found[pattern] = f"{module.name.removeprefix('newsletter.')}.{name}-{number}"
    return {name: pattern for pattern, name in found.items()}


def _within(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _within(one)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _within(one)


def _texts(source: str) -> Iterator[str]:
    """Separators alone, each word of a pattern before each of them repeated, and before the words near it repeated."""
    words = list(dict.fromkeys(re.findall(r"[^\W\d_]{2,}", source)))
    repeated = [f"{word} {separator * REPEATS}!" for word in words for separator in SEPARATORS]
    near = [
        f"{word} {f'{other}{separator}' * REPEATS}!"
        for number, word in enumerate(words)
        for other in words[number : number + NEAR]
        for separator in ("", " ", "-")
    ]
    yield from (separator * (LENGTH // len(separator)) + "!" for separator in (*SEPARATORS, *words))
    yield from (f"{word} {separator * LENGTH}"[:LENGTH] + "!" for word in words for separator in (" ", "- "))
    yield from _together([*repeated, *near])


def _together(short: list[str]) -> Iterator[str]:
    """Texts of the length that is tried, of as many short ones as go into each."""
    text = ""
    for one in short:
        if len(text) + len(one) > LENGTH:
            yield text
            text = ""
        text += one + "\n"
    yield text


@contextmanager
def _time_limit() -> Iterator[None]:
    """Raise in the midst of a search that has taken its time; a match looks for signals."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _is_slow(pattern: re.Pattern[Any], text: str) -> bool:
    try:
        with _time_limit():
            pattern.search(text.encode() if isinstance(pattern.pattern, bytes) else text)
    except TooSlowError:
        return True
    return False


def test_the_limit_catches_a_pattern_that_doubles_its_time() -> None:
    assert _is_slow(re.compile(r"unknown (?:(?:mail|\W) ?)*user"), "unknown " + "- " * 40 + "x")


@pytest.mark.parametrize("pattern", _patterns().values(), ids=_patterns().keys())
def test_a_long_text_of_its_own_words_takes_a_pattern_no_long_time(pattern: re.Pattern[Any]) -> None:
    source = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    assert next((text for text in _texts(source) if _is_slow(pattern, text)), "") == ""
