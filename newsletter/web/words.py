"""What the pages say, one catalogue a language. English is whole; a test holds the others to it."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from math import ceil
from pathlib import Path

from babel import Locale, negotiate_locale
from babel.dates import format_timedelta

ORIGINAL = "en"
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Words:
    """The catalogue of one language."""

    language: str
    texts: Mapping[str, str]
    version: str
    """Changes with any text: it tells to what wording somebody agreed."""

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key such as `form.error`, its {names} filled."""
        return self.texts[key].format_map(values)

    def get(self, key: str, otherwise: str) -> str:
        """The text of a key that an installation may have made up, such as a band's name."""
        return self.texts.get(key, otherwise)

    def span(self, seconds: float) -> str:
        """A time from now, such as "15 seconds" or "5 minutes"; never less than it is."""
        unit = 1 if seconds < _MINUTE else _MINUTE
        whole = timedelta(seconds=ceil(seconds / unit) * unit)
        return format_timedelta(whole, granularity="second", threshold=1, locale=Locale.parse(self.language, sep="-"))

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return Locale.parse(self.language, sep="-").text_direction


class Catalogue:
    """The languages that pages are offered in: those of the settings that have words."""

    def __init__(self, folder: Path, languages: Sequence[str]) -> None:
        have = {file.stem: file for file in folder.glob("*.toml")}
        offered = [language for language in languages if language in have] or [ORIGINAL]
        self._words = {language: _read(language, have[language]) for language in offered}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages offered, the organization's own first."""
        return tuple(self._words)

    def words(self, *wishes: str, accepted: str = "") -> Words:
        """The words of the first wish that is offered, else of the best in an Accept-Language header, else our own."""
        wanted = [wish for wish in (*wishes, *_by_weight(accepted)) if wish]
        found = negotiate_locale(wanted, self.languages, sep="-") or self.languages[0]
        return self._words[found]


def language_name(code: str) -> str:
    """A language's own name for itself: English, Español."""
    locale = Locale.parse(code, sep="-")
    return (locale.get_display_name(locale) or code).capitalize()


def _by_weight(accepted: str) -> list[str]:
    """The languages of an Accept-Language header (RFC 9110, 12.5.4), most wanted first."""
    weighed = []
    for part in accepted[:200].split(","):
        language, _, weight = part.partition(";q=")
        weighed.append((_weight(weight), language.strip()))
    return [language for weight, language in sorted(weighed, key=lambda w: -w[0]) if weight > 0]


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0


def _read(language: str, file: Path) -> Words:
    content = file.read_bytes()
    sections = tomllib.loads(content.decode("utf-8"))
    texts = {f"{section}.{key}": text for section, part in sections.items() for key, text in part.items()}
    return Words(language, texts, blake2b(content, digest_size=4).hexdigest())
