"""Languages: codes in the one spelling by which a reader's language, a rule and an issue's texts are compared."""

import re
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError

from .errors import NewsletterError

_CODE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE)
_SCRIPT, _REGION = 4, 2


class LanguageInvalid(NewsletterError):
    """A language is a code like en, es or zh-Hans."""


@lru_cache(1000)
def parse_language(text: str) -> str:
    """Read a code (RFC 5646), in any case, with hyphens or underscores, or the name of a language in English or itself.

    Raises `LanguageInvalid`.
    """
    code = text.strip().replace("_", "-")
    if not _CODE.fullmatch(code):
        code = _names().get(code.casefold(), "")
    if not code:
        raise LanguageInvalid(f"{text[:30]!r} is not a language: use a code like en, es or zh-Hans.")
    primary, *rest = code.lower().split("-")
    return "-".join((primary, *map(_as_written, rest)))


def parse_known_language(text: str) -> str:
    """Read the code of a language that there is, for texts that people write in it. Raises `LanguageInvalid`."""
    code = parse_language(text)
    if not is_known(code):
        raise LanguageInvalid(f"There is no language {code!r}: use a code like en, es or zh-Hans.")
    return code


def is_known(code: str) -> bool:
    """Whether there is a language of this code: of two letters every one is known, of three there are thousands."""
    primary = code.partition("-")[0]
    return len(primary) > _REGION or primary in Locale("en").languages


@cache
def _names() -> dict[str, str]:
    """What languages with a code of two letters are called in English and in themselves, and the codes."""
    english = {str(code): str(name) for code, name in Locale("en").languages.items() if len(code) == _REGION}
    own = {name.casefold(): code for code in english if (name := _own_name(code))}
    return own | {name.casefold(): code for code, name in english.items()}


def _own_name(code: str) -> str:
    try:
        return str(Locale(code).languages.get(code, ""))
    except UnknownLocaleError:
        return ""


def _as_written(subtag: str) -> str:
    """The case RFC 5646 recommends: Hans, MX."""
    if len(subtag) == _REGION:
        return subtag.upper()
    return subtag.title() if len(subtag) == _SCRIPT else subtag
