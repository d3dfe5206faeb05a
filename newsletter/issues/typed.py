"""Markdown as it was typed: also the HTML and the targets that no letter may have."""

from functools import lru_cache

from markdown_it import MarkdownIt


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """Reads what rendering refuses to: HTML, and links to anywhere, letter for letter."""
    made = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    made.normalizeLink = lambda url: url  # type: ignore[method-assign]
    made.validateLink = _any_target  # type: ignore[method-assign]
    return made


def _any_target(url: str) -> bool:
    del url
    return True
