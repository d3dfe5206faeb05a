"""The last look: the whole issue is compiled once in each language, as it would be for sending, its MJML checked."""

from collections.abc import Iterator

from newsletter.errors import NewsletterError
from newsletter.issues.document import Document
from newsletter.rendering import mjml
from newsletter.rendering.editions import Edition
from newsletter.rendering.links import LinkTable
from newsletter.rendering.readers import Identity
from newsletter.rendering.variants import Variant

from .findings import Finding, error


def findings(document: Document, identity: Identity) -> Iterator[Finding]:
    """What keeps the letter from being made, such as a theme whose MJML is not MJML."""
    for language in document.languages:
        try:
            edition = Edition(document, identity, LinkTable.of(document), to_html=mjml.checked_html)
            edition.content(Variant.everything(document, language))
        except NewsletterError as fault:
            yield error(1, f"letter, {language}", str(fault), "Correct the text or the theme that it names.")
