"""Languages: codes in the one spelling by which a reader's language, a rule and an issue's texts are compared."""

import re
from functools import lru_cache

from babel import Locale

from .errors import NewsletterError

_CODE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE)
_SCRIPT, _REGION = 4, 2


class LanguageInvalid(NewsletterError):
    """A language is a code like en, es or zh-Hans."""


@lru_cache(1000)
def parse_language(text: str) -> str:
    """Read a code (RFC 5646), in any case, with hyphens or underscores. Raises `LanguageInvalid`."""
    code = text.strip().replace("_", "-")
    if not _CODE.fullmatch(code):
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


def _as_written(subtag: str) -> str:
    """The case RFC 5646 recommends: Hans, MX."""
    if len(subtag) == _REGION:
        return subtag.upper()
    return subtag.title() if len(subtag) == _SCRIPT else subtag
