"""The types of a rule's values: each reads one as a person wrote it, or says what is wrong and what may be meant."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches
from functools import cache

from babel import Locale

from subscribers import names, time_zones
from subscribers.errors import NewsletterError
from subscribers.grades import GradeInvalid, parse_grade
from subscribers.languages import is_known
from subscribers.tables import Purpose, Role

from .contexts import RuleContext

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
_ALIKE = 0.8
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_EXACT_DIGITS = 15
_DAY = re.compile(r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}")
_MOST_DAYS = 36_500
_MOST_SHOWN = 30
_LONGEST = 2_000
"""As long as the longest text that an import takes; SQLite takes no pattern of more than 50,000 bytes."""


class ValueInvalid(NewsletterError):
    """A rule compares a field with a value it cannot have."""


def band(text: str, context: RuleContext) -> str:
    """One of the organization's bands."""
    return _one_of(text, context.bands.names, "band")


def role(text: str, _: RuleContext) -> str:
    """One of the roles."""
    return _one_of(text, [role.value for role in Role], "role")


def grade(text: str, _: RuleContext) -> str:
    """A grade as a number, kindergarten being 0."""
    try:
        return str(parse_grade(text))
    except GradeInvalid as error:
        raise ValueInvalid(str(error)) from error


def language(text: str, _: RuleContext) -> str:
    """A language tag in lower case; `es` stands for every kind of Spanish."""
    tag = text.lower().replace("_", "-")
    if _LANGUAGE.fullmatch(tag) and is_known(tag):
        return tag
    close = get_close_matches(tag, _language_names(), 1, cutoff=_ALIKE)
    hint = f"did you mean {_language_names()[close[0]]}?" if close else "use one such as en, es or zh-Hans."
    raise ValueInvalid(f"{text!r} is not a language code; {hint}")


def words(text: str, _: RuleContext) -> str:
    """Any words, such as a tag's."""
    cleaned = names.composed(text)
    if not cleaned:
        raise ValueInvalid("the value is empty.")
    if len(cleaned) > _LONGEST:
        raise ValueInvalid(f"{cleaned[:_MOST_SHOWN]!r}... is longer than {_LONGEST:,} characters.")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in cleaned):
        raise ValueInvalid(f"{cleaned!r} has a character in it that is no part of a text.")
    return cleaned


def slug(text: str, context: RuleContext) -> str:
    """The short name of a list."""
    return words(text, context).lower()


def time_zone(text: str, _: RuleContext) -> str:
    """The name of a time zone."""
    known = _time_zones()
    if text.lower() not in known:
        close = get_close_matches(text.lower(), known, 1)
        hint = f"did you mean {known[close[0]]}?" if close else "write it like America/Chicago."
        raise ValueInvalid(f"{text!r} is not a time zone; {hint}")
    return known[text.lower()]


def consent(text: str, _: RuleContext) -> str:
    """What a reader can agree to."""
    return _one_of(text, [purpose.value for purpose in Purpose], "consent")


def day(text: str, _: RuleContext) -> str:
    """A day, of a century that people live in."""
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "").isoformat()
    except ValueError as error:
        raise ValueInvalid(f"{text!r} is not a day; write it like 2026-09-01.") from error


def days(text: str, _: RuleContext) -> str:
    """A number of days."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_DAYS)) and 1 <= int(text) <= _MOST_DAYS):
        raise ValueInvalid(f"{text!r} is not a number of days from 1 to {_MOST_DAYS:,}.")
    return str(int(text))


def number(text: str, _: RuleContext) -> str:
    """A number as people write it."""
    if not is_number(text):
        raise ValueInvalid(f"{text!r} is not a number of up to {_EXACT_DIGITS} digits; write it like 12 or 2.5.")
    return text


def is_number(text: str) -> bool:
    """Whether a text is a number, and not too long to be exact: Python, SQLite and PostgreSQL read it alike."""
    digits = text.replace(".", "").lstrip("-0")
    return len(digits) <= _EXACT_DIGITS and _NUMBER.fullmatch(text) is not None


def did_you_mean(text: str, known: Sequence[str]) -> str:
    """The nearest of the known words as a question, or all of them, where they are not too many."""
    by_small = {word.lower(): word for word in known}
    close = get_close_matches(text.lower(), by_small, 1)
    if close:
        return f"did you mean {by_small[close[0]]}?"
    more = f" and {len(known) - _MOST_SHOWN:,} more" if len(known) > _MOST_SHOWN else ""
    return f"it is one of {', '.join(known[:_MOST_SHOWN])}{more}."


def _one_of(text: str, known: Sequence[str], what: str) -> str:
    if text.lower() in known:
        return text.lower()
    raise ValueInvalid(f"{text!r} is not a {what}; {did_you_mean(text, known)}")


@cache
def _language_names() -> dict[str, str]:
    """English names, in lower case, to codes."""
    return {name.lower(): code for code, name in Locale("en").languages.items()}


@cache
def _time_zones() -> dict[str, str]:
    """Names, by themselves in lower case."""
    return {name.lower(): name for name in sorted(time_zones.names())}
