"""Bodies: Markdown to HTML that a mail can carry. Raw HTML is text here, and only what is listed gets through."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from . import merge
from .content import Marks
from .merge import MergeFieldRefused, MergeProblem
from .targets import is_allowed, on_the_wire

_TAGS = {
    "p",
    "h3",
    "h4",
    "h5",
    "h6",
    "a",
    "em",
    "strong",
    "s",
    "code",
    "pre",
    "ul",
    "ol",
    "li",
    "blockquote",
    "hr",
    "br",
}
_TAGS |= {"img", "table", "thead", "tbody", "tr", "th", "td"}
_ATTRIBUTES = {"*": {"style"}, "a": {"href"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_HIGHEST_HEADING = 3
"""Below the section's own title, whatever an editor types."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body read once. `title` is the inline content of its first heading."""

    title: Token | None
    blocks: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class LinkFound:
    """A link in a body, with the words it is on."""

    href: str
    label: str


def read(text: str, marks: Marks) -> Body:
    """Read a body; its merge fields become marks. Raises `MergeFieldRefused`."""
    pieces = merge.split(text)
    marked = "".join(piece if isinstance(piece, str) else marks.slot(piece) for piece in pieces)
    tokens = _parser().parse(marked)
    for link in _links(tokens):
        if marks.holds_mark(str(link.attrs.get("href", link.attrs.get("src", "")))):
            raise MergeFieldRefused("A link's target cannot hold a merge field; it is the same for every reader.")
    at = next((i for i, token in enumerate(tokens) if token.type == "heading_open"), None)
    if at is None:
        return Body(None, tuple(tokens))
    return Body(tokens[at + 1], (*tokens[:at], *tokens[at + 3 :]))


def problems(text: str) -> list[MergeProblem]:
    """What is wrong with the merge fields of a body, where they stand included."""
    found = merge.problems(text)
    if found:
        return found
    try:
        read(text, Marks([text]))
    except MergeFieldRefused as error:
        return [MergeProblem(0, 1, str(error))]
    return []


def links(body: Body, marks: Marks) -> list[LinkFound]:
    """The links of a body in order, those of its title first."""
    tokens = [*([body.title] if body.title else []), *body.blocks]
    found = []
    for inline in tokens:
        children = inline.children or []
        for at, token in enumerate(children):
            if token.type == "link_open":
                label = marks.expressions(_words(children[at + 1 :]))
                found.append(LinkFound(str(token.attrs["href"]), label))
    return found


def title_text(body: Body) -> str:
    """The title's words; empty where there is none."""
    return _words(body.title.children or []) if body.title else ""


def title_html(body: Body, href: Callable[[str], str], styles: Mapping[str, str]) -> str:
    """The title as HTML, without the heading's own element."""
    if body.title is None:
        return ""
    return _html([body.title], href, styles)


def blocks_html(body: Body, href: Callable[[str], str], styles: Mapping[str, str]) -> str:
    """The body without its title as HTML; `href` says what stands for a target, `styles` how each element looks."""
    return _html(body.blocks, href, styles)


def _html(tokens: Sequence[Token], href: Callable[[str], str], styles: Mapping[str, str]) -> str:
    dressed = [_copied(token) for token in tokens]
    for token in dressed:
        for part in (token, *(token.children or ())):
            _dress(part, href, styles)
    return _clean(str(_parser().renderer.render(dressed, _parser().options, {})))


def _copied(token: Token) -> Token:
    """A token that may be dressed while the one that was read stays as it is."""
    children = token.children and [child.copy(attrs=dict(child.attrs)) for child in token.children]
    return token.copy(attrs=dict(token.attrs), children=children)


def _dress(token: Token, href: Callable[[str], str], styles: Mapping[str, str]) -> None:
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{max(_HIGHEST_HEADING, int(token.tag[1:]))}"
    if token.nesting >= 0 and token.tag in styles:
        alignment = token.attrs.get("style")
        token.attrSet("style", f"{styles[token.tag]};{alignment}" if alignment else styles[token.tag])
    if token.type == "link_open":
        token.attrSet("href", href(str(token.attrs["href"])))


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    )


def _links(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from (child for child in token.children or [] if child.type in ("link_open", "image"))


def _words(children: list[Token]) -> str:
    """The words of inline tokens, up to the end of the link where they begin inside one."""
    words = []
    depth = 0
    for token in children:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if depth < 0:
            break
        words.append(" " if token.type in ("softbreak", "hardbreak") else token.content)
    return "".join(words).strip()


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True}).enable(["table", "strikethrough"])
    parser.normalizeLink = on_the_wire  # type: ignore[method-assign]
    parser.validateLink = is_allowed  # type: ignore[method-assign]
    return parser
