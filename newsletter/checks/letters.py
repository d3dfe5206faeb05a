"""The last look: the whole issue is compiled once in each language, as it would be for sending, its MJML checked."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from newsletter.errors import NewsletterError
from newsletter.issues.document import Document
from newsletter.rendering import mjml
from newsletter.rendering.editions import Edition
from newsletter.rendering.headers import SenderInvalid
from newsletter.rendering.links import LinkTable
from newsletter.rendering.prepared import Copy, Rendered, rendered
from newsletter.rendering.readers import Reader
from newsletter.rendering.variants import Variant
from newsletter.tokens import Signer

from . import contrast, pages, sizes
from .catalog import Check
from .contexts import CheckContext
from .contrast import Faint
from .findings import Finding, error
from .texts import Text

_SOMEONE = Reader("someone.with.a.long.name@school.example", "Maria Fernanda", "Maria", "en", "x" * 22)
_COPY = Copy(999_999, 999_999, 1, _SOMEONE, "Tue, 01 Dec 2026 12:00:00 +0000")


def findings(document: Document, texts: Sequence[Text], context: CheckContext) -> Iterator[Finding]:
    """What there is to say about the letter that has all sections; every other variant is less of the same.

    Readers of whom we know neither children nor roles get just that letter.
    """
    edition = None
    for language in document.languages:
        try:
            table = LinkTable.of(document, hidden=context.identity.hidden_link)
            edition = edition or Edition(document, context.identity, table, context.pictures, mjml.checked_html)
            content = edition.content(Variant.everything(document, language))
            letter = rendered(content, context.identity, _signer(), _COPY)
        except SenderInvalid:
            return  # told of by itself
        except NewsletterError as fault:
            remedy = "Correct the text or the theme that it names."
            yield error(Check.LETTER, 1, f"letter, {language}", str(fault), remedy)
            continue
        yield from sizes.of_letter(letter, language, texts)
        yield from pages.findings(letter, language, context.identity, edition.theme)
        yield from _contrast(letter, language, texts)


@lru_cache(maxsize=1)
def _signer() -> Signer:
    """Its links lead nowhere, and are as long as real ones."""
    return Signer(["only for measuring how long a letter is"])


def _contrast(letter: Rendered, language: str, texts: Sequence[Text]) -> Iterator[Finding]:
    """One finding for each pair of colours in each place."""
    told = set()
    for faint in contrast.faint(letter.html):
        line, place = _place(faint.words, language, texts)
        pair = (place, faint.colour, faint.background, faint.is_dark)
        if pair not in told:
            told.add(pair)
            yield _too_faint(faint, line, place)


def _too_faint(faint: Faint, line: int, place: str) -> Finding:
    scheme = "dark" if faint.is_dark else "light"
    shown = f"{faint.words[:50]}..." if len(faint.words) > 50 else faint.words  # noqa: PLR2004
    sentence = (
        f"“{shown}” is hard to see in {scheme} mode: {faint.colour} on {faint.background} "
        f"has a contrast of {faint.ratio:.1f}:1."
    )
    remedy = f"Choose colours of {faint.least:g}:1 or more, for light and for dark."
    return error(Check.CONTRAST, line, place, sentence, remedy)


def _place(words: str, language: str, texts: Sequence[Text]) -> tuple[int, str]:
    """Where words of the letter stand in the file; on its first line where they come from the theme."""
    for text in texts:
        for block in text.parts.blocks if text.language == language else ():
            if words in " ".join(block.words.split()):
                return block.line, text.place
    return 1, f"letter, {language}"
