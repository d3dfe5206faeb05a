"""Languages: codes in the one spelling by which a reader's language, a rule and an issue's texts are compared."""

import re
from functools import lru_cache

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


def _as_written(subtag: str) -> str:
    """The case RFC 5646 recommends: Hans, MX."""
    if len(subtag) == _REGION:
        return subtag.upper()
    return subtag.title() if len(subtag) == _SCRIPT else subtag
