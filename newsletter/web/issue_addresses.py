"""The addresses of an issue's public pages, and what stands around each: other languages, bands and forms of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from newsletter.rendering.pages import IssuePage
from newsletter.words import Words

from .languages import language_name
from .pages import ARCHIVE, LanguageLink

PRINT = "/print"
GOAL = "/goal"
PDF = ".pdf"


@dataclass(frozen=True, slots=True)
class Way:
    """A link to another page."""

    href: str
    words: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Around:
    """Where a page of an issue stands among the others."""

    path: str
    web: str
    """The issue's web page."""
    canonical: str
    """The whole address of this page, in its language and for everybody."""
    short: str
    """What a person types to find the web page again."""
    alternates: tuple[LanguageLink, ...]
    """Whole addresses of the same page in every language, and of the one that chooses itself, `x-default`."""
    languages: tuple[LanguageLink, ...]
    bands: tuple[Way, ...]
    """Empty where the issue has nothing of its own for any."""
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Of one issue, as it is shown now."""

    base_url: str
    slug: str
    issue: IssuePage

    def path(self, form: str = "", language: str | None = None, bands: Sequence[str] | None = None) -> str:
        """A page in this language and for these bands, unless others are given."""
        chosen = self.issue.chosen_bands if bands is None else bands
        query = [("language", language or self.issue.language), *(("band", band) for band in chosen)]
        return f"{ARCHIVE}/{self.slug}{form}?{urlencode(query)}"

    def around(self, words: Words, form: str = "", *, has_pdf: bool = False) -> Around:
        """What stands around one form of the issue."""
        plain = f"{self.base_url}{ARCHIVE}/{self.slug}"
        return Around(
            path=f"{ARCHIVE}/{self.slug}{form}",
            web=self.path(),
            canonical=f"{self.base_url}{self.path(form, bands=())}",
            short=plain.partition("://")[2],
            alternates=(*self._alternates(form), LanguageLink("x-default", "", plain + form)),
            languages=tuple(self._languages(form)),
            bands=tuple(self._bands(words)) if self.issue.bands else (),
            ways=tuple(self._ways(words, has_pdf=has_pdf)),
        )

    def _alternates(self, form: str) -> Iterator[LanguageLink]:
        for code in self.issue.languages:
            yield LanguageLink(code, "", f"{self.base_url}{self.path(form, code, ())}")

    def _languages(self, form: str) -> Iterator[LanguageLink]:
        for code in self.issue.languages:
            yield LanguageLink(code, language_name(code), self.path(form, code))

    def _bands(self, words: Words) -> Iterator[Way]:
        chosen = self.issue.chosen_bands
        yield Way(self.path(bands=()), words("archive.all_bands"), not chosen)
        for band in self.issue.bands:
            name = words.get(f"bands.{band}", band.capitalize())
            yield Way(self.path(bands=(band,)), name, band in chosen)

    def _ways(self, words: Words, *, has_pdf: bool) -> Iterator[Way]:
        yield Way(self.path(PRINT), words("archive.print"))
        if has_pdf:
            yield Way(self.path(PDF), words("archive.pdf"))
        if self.issue.has_goal:
            yield Way(self.path(GOAL), words("archive.goal"))
        yield Way(f"{ARCHIVE}?{urlencode({'language': self.issue.language})}", words("archive.title"))
