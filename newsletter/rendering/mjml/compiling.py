"""MJML to HTML."""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import css_inline
import mjml

from newsletter.errors import NewsletterError

from .components import table
from .reading import DEEPEST, deepest

_MANY_TAGS = 1_000
_STYLE, _STYLE_ENDS = "<mj-style", "</mj-style>"
_SAFE_CATEGORIES = frozenset(["Lu", "Ll", "Lt", "Lo", "Nd", "Nl", "No"])


class MjmlInvalid(NewsletterError):
    """This is not MJML that can be sent."""


def to_html(text: str) -> str:
    """Compile MJML; `mj-style inline` is written into the elements it is for. Raises `MjmlInvalid`.

    It checks only what would do harm here. What an editor or a theme wrote is checked before, by `problems`.
    """
    if text.count("<") > _MANY_TAGS and deepest(text, table().html.void) > DEEPEST:
        raise MjmlInvalid(f"More than {DEEPEST} tags stand inside each other.")
    return compile_shallow(text)


def compile_shallow(text: str) -> str:
    """Compile MJML of which is known that it is not nested deep. Raises `MjmlInvalid`."""
    pieces, css = _apart(text)
    html = _compiled("".join(pieces))
    return _inlined(html, css) if css else html


def _compiled(text: str) -> str:
    try:
        html: str = mjml.mjml2html(text, disable_comments=True, fonts={})
    except ValueError as error:
        raise MjmlInvalid(f"The MJML cannot be read: {error}. Look for a tag that is not closed.") from error
    if "<mj-" in html:
        raise MjmlInvalid("An MJML tag stands where it cannot be; it came out as it is.")
    return html


def _apart(text: str) -> tuple[list[str], str]:
    """The text, spelled for the compiler, without the style sheets that are inlined; and those."""
    pieces, inlined = [], []
    for piece in _pieces(text):
        if not piece.startswith(_STYLE):
            pieces.append(_spelled(piece))
            continue
        opening, _, css = piece.partition(">")
        if "inline" in opening:
            inlined.append(css.removesuffix(_STYLE_ENDS))
        else:
            pieces.append(piece)
    return pieces, "\n".join(inlined)


def _pieces(text: str) -> Iterator[str]:
    """The style sheets, and what is between them."""
    at = 0
    while (begin := text.find(_STYLE, at)) >= 0 and (end := text.find(_STYLE_ENDS, begin)) >= 0:
        yield text[at:begin]
        at = end + len(_STYLE_ENDS)
        yield text[begin:at]
    yield text[at:]


def _spelled(text: str) -> str:
    r"""The same text with references, such as &#160;, for what the compiler would write as Rust does: \u{a0}."""
    if not text.isascii() or "\\" in text:
        for character in set(text):
            if not _is_plain(character):
                text = text.replace(character, f"&#{ord(character)};")
    return text


@lru_cache(maxsize=4_096)
def _is_plain(character: str) -> bool:
    if character.isascii():
        return character != "\\"
    category = unicodedata.category(character)
    return category in _SAFE_CATEGORIES or category[0] in "PS"


def _inlined(html: str, css: str) -> str:
    return css_inline.inline(
        html, extra_css=css, inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False
    )
