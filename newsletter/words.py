"""The product's own words that readers see: one gettext catalogue a language, in `templates/words/`.

A text has a key, its msgctxt, such as `mail.why`. English is in `messages.pot`; it stands in for what a language lacks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from hashlib import blake2b
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import TypeAlias

from babel import Locale
from babel.dates import format_timedelta
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup, escape

from newsletter.folders import templates_folder

ENGLISH = "en"
Forms: TypeAlias = tuple[str, ...]
"""Of a text: one, or for a text that counts, one for each plural form of its language."""
_MINUTE = 60
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    language: str
    direction: str
    """`ltr` or `rtl`."""
    version: str
    """Changes with any text: it tells to what wording somebody agreed."""
    originals: Mapping[str, Forms]
    """English, by key."""
    translations: NullTranslations

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, its {names} filled; one that counts goes by `number`.

        In a right-to-left language each value keeps a direction of its own (by Unicode's isolates).
        """
        text = self._text(key, values)
        if self.direction == "rtl":
            return text.format_map({name: _isolated(value) for name, value in values.items()})
        return text.format_map(values)

    def html(self, key: str, **values: object) -> Markup:
        """The same as HTML: each value is escaped, and keeps a direction of its own."""
        isolated = {name: Markup("<bdi>{}</bdi>").format(value) for name, value in values.items()}
        return escape(self._text(key, values)).format_map(isolated)

    def get(self, key: str, otherwise: str) -> str:
        """The text of a key that an installation may have made up, such as a band's name."""
        return self(key) if key in self.originals else otherwise

    def span(self, seconds: float) -> str:
        """A time from now, such as "15 seconds" or "5 minutes"; never less than it is."""
        unit = 1 if seconds < _MINUTE else _MINUTE
        whole = timedelta(seconds=ceil(seconds / unit) * unit)
        return format_timedelta(whole, granularity="second", threshold=1, locale=Locale.parse(self.language, sep="-"))

    def _text(self, key: str, values: Mapping[str, object]) -> str:
        one, *more = self.originals[key]
        if not more:
            return self.translations.pgettext(key, one)
        number = values["number"]
        assert isinstance(number, int)  # noqa: S101 - what is counted is whole
        return self.translations.npgettext(key, one, more[0], number)


def words(language: str) -> Words:
    """The words of a language, of its main language, or English. Files are read once."""
    wanted = (language, language.partition("-")[0], ENGLISH)
    return read(_folder(), next(code for code in wanted if code in languages()))


@lru_cache(maxsize=1)
def languages() -> frozenset[str]:
    """The languages there are words in."""
    return frozenset({ENGLISH, *(file.stem for file in _folder().glob("*.po"))})


@lru_cache(maxsize=32)
def read(folder: Path, language: str) -> Words:
    """The words of a language from a folder of catalogues; what it does not say, or not for sure, is English."""
    template = _catalogue(folder / "messages.pot")
    originals = {str(message.context): _forms(message.id) for message in template if message.id}
    if language == ENGLISH:
        return Words(ENGLISH, "ltr", _version(originals), originals, NullTranslations())
    catalogue = _catalogue(folder / f"{language}.po", language)
    said = {str(message.context): _forms(message.string) for message in catalogue if message.id and not message.fuzzy}
    direction = Locale.parse(language, sep="-").text_direction
    return Words(language, direction, _version(originals | said), originals, _compiled(catalogue))


def _folder() -> Path:
    return templates_folder() / "words"


def _catalogue(file: Path, language: str | None = None) -> Catalog:
    with file.open("rb") as opened:
        return read_po(opened, language, abort_invalid=True)


def _compiled(catalogue: Catalog) -> GNUTranslations:
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _forms(text: str | Sequence[str] | None) -> Forms:
    return (text,) if isinstance(text, str) else tuple(text or ())


def _version(texts: Mapping[str, Forms]) -> str:
    lines = "\n".join(f"{key} {forms}" for key, forms in sorted(texts.items()))
    return blake2b(lines.encode(), digest_size=4).hexdigest()


def _isolated(value: object) -> str:
    return f"{_FIRST_STRONG_ISOLATE}{value}{_POP_ISOLATE}"
