"""The HTML of an issue's pages: on the web, to print, its goal as a card, and as a feed carries it.

Each is made of what `rendering` says of an issue. Without `around` a page stands alone, with its style inside and no
way to other pages, for a preview.
"""

from collections.abc import Sequence

from newsletter.rendering.pages import IssuePage
from newsletter.rendering.sheets import sheet
from newsletter.words import words

from .issue_addresses import Around
from .pages import LanguageLink, Pages

_STYLE = "style.css"
_PRINT_STYLE = "print.css"


def web_page(pages: Pages, issue: IssuePage, around: Around | None = None) -> str:
    """The page on the web."""
    said = words(issue.language)
    css = "" if around else pages.css(_STYLE)
    languages: Sequence[LanguageLink] = around.languages if around else ()
    frame = pages.frame(said, around.path if around else "", languages, css)
    return pages.text(frame, said, "issue", issue=issue, around=around)


def print_page(pages: Pages, issue: IssuePage, around: Around | None = None) -> str:
    """The page to print; it always stands alone."""
    return _sheet(pages, "print", issue, around)


def goal_page(pages: Pages, issue: IssuePage, around: Around | None = None) -> str:
    """The goal of the month as a card to print."""
    return _sheet(pages, "goal", issue, around)


def entry(pages: Pages, issue: IssuePage) -> str:
    """What a feed carries."""
    said = words(issue.language)
    return pages.text(pages.frame(said, ""), said, "entry", issue=issue)


def print_style(pages: Pages) -> str:
    """The style that pages to print bring."""
    return pages.css(_PRINT_STYLE)


def _sheet(pages: Pages, name: str, issue: IssuePage, around: Around | None) -> str:
    said = words(issue.language)
    frame = pages.frame(said, "", (), print_style(pages))
    return pages.text(frame, said, name, issue=issue, sheet=sheet(issue), around=around)
