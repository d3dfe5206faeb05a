"""Which language a page speaks: those the settings offer, and what a reader and a browser ask for."""

from collections.abc import Sequence
from dataclasses import dataclass

from babel import Locale, negotiate_locale

from newsletter.words import ENGLISH, Words, languages, words


@dataclass(frozen=True, slots=True)
class Language:
    """A language to choose, with its own name for itself."""

    code: str
    name: str


class Languages:
    """The languages that pages are offered in: those of the settings that there are words in.

    All words are read here, so that no request has to.
    """

    def __init__(self, codes: Sequence[str]) -> None:
        read = {code: words(code) for code in languages()}
        offered = [code for code in codes if code in read] or [ENGLISH]
        self._words = {code: read[code] for code in offered}
        self.named = tuple(Language(code, language_name(code)) for code in self.codes)

    @property
    def codes(self) -> tuple[str, ...]:
        """The languages offered, the organization's own first."""
        return tuple(self._words)

    def words(self, *wishes: str, accepted: str = "") -> Words:
        """The words of the first wish that is offered, else of the best in an Accept-Language header, else our own."""
        return self._words[best_of(self.codes, *wishes, accepted=accepted)]


def best_of(offered: Sequence[str], *wishes: str, accepted: str = "") -> str:
    """The first wish that is offered, else the best of an Accept-Language header, else the first that is offered."""
    wanted = [wish for wish in (*wishes, *_by_weight(accepted)) if wish]
    return negotiate_locale(wanted, offered, sep="-") or offered[0]


def language_name(code: str) -> str:
    """A language's own name for itself: English, Español."""
    locale = Locale.parse(code, sep="-")
    name = locale.get_display_name(locale) or code
    return name[:1].upper() + name[1:]


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
