"""The types of a rule's values: each reads one as a person wrote it, or says what is wrong and what may be meant."""

import re
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache

from babel import Locale

from subscribers.errors import NewsletterError
from subscribers.grades import GradeInvalid, parse_grade
from subscribers.tables import Role

from .contexts import RuleContext

_LANGUAGE = re.compile(r"([a-z]{2,3})(-[a-z0-9]{2,8})*")
_ALIKE = 0.8
_LENGTH_OF_ALL_KNOWN = 2
"""Of the codes of two letters every one is known; of those of three there are thousands."""


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
    match = _LANGUAGE.fullmatch(tag)
    if match and (len(match[1]) > _LENGTH_OF_ALL_KNOWN or match[1] in _language_names().values()):
        return tag
    close = get_close_matches(tag, _language_names(), 1, cutoff=_ALIKE)
    hint = f"did you mean {_language_names()[close[0]]}?" if close else "use one such as en, es or zh-Hans."
    raise ValueInvalid(f"{text!r} is not a language code; {hint}")


def words(text: str, _: RuleContext) -> str:
    """Any words, such as a tag's."""
    cleaned = unicodedata.normalize("NFC", " ".join(text.split()))
    if not cleaned:
        raise ValueInvalid("the value is empty.")
    return cleaned


def slug(text: str, context: RuleContext) -> str:
    """The short name of a list."""
    return words(text, context).lower()


def did_you_mean(text: str, known: Sequence[str]) -> str:
    """The nearest of the known words as a question, or all of them."""
    close = get_close_matches(text.lower(), known, 1)
    return f"did you mean {close[0]}?" if close else f"it is one of {', '.join(known)}."


def _one_of(text: str, known: Sequence[str], what: str) -> str:
    if text.lower() in known:
        return text.lower()
    raise ValueInvalid(f"{text!r} is not a {what}; {did_you_mean(text, known)}")


@cache
def _language_names() -> dict[str, str]:
    """English names, in lower case, to codes."""
    return {name.lower(): code for code, name in Locale("en").languages.items()}
