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
from .pictures import Picture
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
_ATTRIBUTES = {"*": {"style"}, "a": {"href"}, "img": {"src", "alt", "title", "width"}, "ol": {"start"}}
_HIGHEST_HEADING = 3
"""Below the section's own title, whatever an editor types."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body read once. `title` is the inline content of its first heading."""

    title: Token | None
    blocks: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """The body of a question without its last list, and the inline content of that list's items, the answers."""

    body: Body
    labels: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Dress:
    """How what Markdown makes looks in a mail or on a page."""

    href: Callable[[str], str]
    """What stands for a link's target."""
    picture: Callable[[str], Picture]
    """What stands for an image's."""
    styles: Mapping[str, str]
    """The inline style of each element; none for those that are not named."""


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


def answers(body: Body) -> Asked:
    """The items of the list that ends a question's body; none where it ends otherwise."""
    blocks = body.blocks
    starts = [at for at, token in enumerate(blocks) if token.type == "bullet_list_open" and token.level == 0]
    if not starts or blocks[-1].type != "bullet_list_close":
        return Asked(body, ())
    start = starts[-1]
    return Asked(Body(body.title, blocks[:start]), tuple(token for token in blocks[start:] if token.type == "inline"))


def described(body: Body) -> tuple[str, Body]:
    """The words of an image's first paragraph, which say what it shows, and the body without that."""
    first = next((at for at, token in enumerate(body.blocks) if token.type == "paragraph_open"), None)
    if first is None:
        return "", body
    blocks = body.blocks[:first] + body.blocks[first + 3 :]
    return words(body.blocks[first + 1]), Body(body.title, blocks)


def words(inline: Token | None) -> str:
    """The words of inline content; empty where there is none."""
    return _words(inline.children or []) if inline else ""


def inline_html(inline: Token | None, dress: Dress) -> str:
    """Inline content, such as a title, as HTML without an element around it."""
    return _html([inline], dress) if inline else ""


def blocks_html(body: Body, dress: Dress) -> str:
    """The body without its title as HTML."""
    return _html(body.blocks, dress)


def _html(tokens: Sequence[Token], dress: Dress) -> str:
    dressed = [_copied(token) for token in tokens]
    for token in dressed:
        for part in (token, *(token.children or ())):
            _put_on(part, dress)
    return _clean(str(_parser().renderer.render(dressed, _parser().options, {})))


def _copied(token: Token) -> Token:
    """A token that may be dressed while the one that was read stays as it is."""
    children = token.children and [child.copy(attrs=dict(child.attrs)) for child in token.children]
    return token.copy(attrs=dict(token.attrs), children=children)


def _put_on(token: Token, dress: Dress) -> None:
    styles = dress.styles
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{max(_HIGHEST_HEADING, int(token.tag[1:]))}"
    if token.nesting >= 0 and token.tag in styles:
        alignment = token.attrs.get("style")
        token.attrSet("style", f"{styles[token.tag]};{alignment}" if alignment else styles[token.tag])
    if token.type == "link_open":
        token.attrSet("href", dress.href(str(token.attrs["href"])))
    elif token.type == "image":
        shown = dress.picture(str(token.attrs["src"]))
        token.attrSet("src", shown.url)
        if shown.width:
            token.attrSet("width", str(shown.shown_width))


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
