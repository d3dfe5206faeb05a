"""The letter as it is sent: what mail programs, screen readers and the law ask of it, whoever made the theme."""

from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser

from newsletter.rendering.compile import common_facts
from newsletter.rendering.dates import direction
from newsletter.rendering.prepared import Rendered
from newsletter.rendering.readers import Identity

from .catalog import Check
from .findings import Finding, error, warning

_THEME = "Correct the theme; the monthly one has it."


def findings(letter: Rendered, language: str, identity: Identity, theme: str) -> Iterator[Finding]:
    """What there is to say about the whole letter in one language."""
    page, place = LexborHTMLParser(letter.html), f"letter, {language}"
    yield from _for_screen_readers(page, language, place)
    yield from _unsubscribe(page, letter.text, identity.base_url, place)
    facts = common_facts(identity.in_language(language), language, theme, {})
    spoken = _plain(page.body.text(separator=" ") if page.body else "")
    for part, words in (("HTML", spoken), ("text", _plain(letter.text))):
        if identity.postal_address.strip() and _plain(identity.postal_address) not in words:
            sentence = f"The {part} part has no postal address (CAN-SPAM, 15 U.S.C. 7704(a)(5))."
            yield error(Check.POSTAL_ADDRESS, 1, place, sentence, _THEME)
        if _plain(facts["why"]) not in words:
            yield error(Check.WHY, 1, place, f"The {part} part does not say why it came.", _THEME)


def _for_screen_readers(page: LexborHTMLParser, language: str, place: str) -> Iterator[Finding]:
    attributes = page.root.attributes if page.root else {}
    if attributes.get("lang") != language or attributes.get("dir") != direction(language):
        sentence = f"The letter does not say that it is in {language}, written {direction(language)}."
        yield error(Check.PAGE, 1, place, sentence, f'{_THEME[:-1]}: <mjml lang="..." dir="...">')
    title = page.css_first("title")
    if title is None or not title.text().strip():
        yield error(Check.PAGE, 1, place, "The letter has no title.", f"{_THEME[:-1]}: <mj-title>")
    tables = [table for table in page.css("table:not([role])") if table.css_first("th") is None]
    if tables:
        words = " ".join(tables[0].text(separator=" ").split())[:60]
        sentence = f"A table only for the layout is read aloud as a table: {words}"
        yield warning(Check.PAGE, 1, place, sentence, 'Add role="presentation", or a row of <th> if it is a table.')
    nameless = page.css_first("img:not([alt])")
    if nameless is not None:
        sentence = f"A picture has no alt: {nameless.attributes.get('src')}"
        yield error(Check.ALT, 1, place, sentence, 'Add alt="...", empty where it is an ornament.')


def _unsubscribe(page: LexborHTMLParser, text: str, base_url: str, place: str) -> Iterator[Finding]:
    begin = f"{base_url}/unsubscribe/"
    links = [link for link in page.css("a[href]") if (link.attributes.get("href") or "").startswith(begin)]
    if not any(link.text().strip() for link in links):
        yield error(Check.UNSUBSCRIBE, 1, place, "The HTML part has no link to leave the list.", _THEME)
    if begin not in text:
        yield error(Check.UNSUBSCRIBE, 1, place, "The text part has no link to leave the list.", _THEME)


def _plain(words: str) -> str:
    return " ".join(words.split())
