"""A body as a letter in plain text: links on lines of their own, headings underlined."""

from collections.abc import Callable, Sequence

from markdown_it.token import Token

from .markdown import Body

_RULE = "* * *"
_ENDS_BLOCK = {"paragraph_close", "heading_close", "bullet_list_close", "ordered_list_close", "table_close"}
_ENDS_BLOCK |= {"fence", "code_block", "hr"}


def blocks_text(body: Body, href: Callable[[str], str]) -> str:
    """The body without its title; `href` says what stands for a target."""
    return _Letter(href).written(body.blocks)


def title_links(body: Body, href: Callable[[str], str]) -> str:
    """The targets of the links in the title, one a line."""
    return "\n".join(url for _, url in _links(body.title.children or [], href)) if body.title else ""


def inline_text(inline: Token) -> str:
    """Inline content on one line, without its links' targets."""
    return "".join(_shown(token) for token in inline.children or ()).replace("\n", " ").strip()


class _Letter:
    """Writes one body."""

    def __init__(self, href: Callable[[str], str]) -> None:
        self._href = href
        self._blocks: list[str] = []
        self._indent: list[str] = []
        self._numbers: list[int | None] = []
        self._bullet = ""

    def written(self, tokens: Sequence[Token]) -> str:
        """All blocks, with an empty line between two."""
        cells: list[str] = []
        for at, token in enumerate(tokens):
            if token.type == "inline" and tokens[at - 1].type in ("th_open", "td_open"):
                cells.append(self._paragraph(token))
            elif token.type == "tr_close":
                self._add(" | ".join(cells))
                cells = []
            else:
                self._take(token, heading=tokens[at - 1].type == "heading_open")
        return "\n".join(self._blocks).strip("\n")

    def _take(self, token: Token, *, heading: bool) -> None:
        kind = token.type
        if kind == "inline":
            text = self._paragraph(token)
            self._add(f"{text}\n{'-' * len(text)}" if heading else text)
        elif kind in ("fence", "code_block"):
            self._add(token.content.rstrip("\n"))
        elif kind == "hr":
            self._add(_RULE)
        elif kind in ("bullet_list_open", "ordered_list_open"):
            self._numbers.append(int(token.attrs.get("start", 1)) if kind.startswith("ordered") else None)
        elif kind in ("bullet_list_close", "ordered_list_close"):
            self._numbers.pop()
        elif kind == "list_item_open":
            self._open_item()
        elif kind == "blockquote_open":
            self._indent.append("> ")
        elif kind in ("list_item_close", "blockquote_close"):
            self._indent.pop()
        if kind in _ENDS_BLOCK:
            self._space(token)

    def _open_item(self) -> None:
        number = self._numbers[-1]
        self._bullet = "- " if number is None else f"{number}. "
        if number is not None:
            self._numbers[-1] = number + 1
        self._indent.append(" " * len(self._bullet))

    def _add(self, text: str) -> None:
        before = "".join(self._indent)
        first = before[: len(before) - len(self._bullet)] + self._bullet if self._bullet else before
        self._bullet = ""
        lines = text.split("\n")
        self._blocks.append("\n".join([first + lines[0], *(before + line for line in lines[1:])]))

    def _space(self, token: Token) -> None:
        """An empty line after a block; none between the items of a tight list."""
        if not token.hidden and self._blocks and self._blocks[-1]:
            self._blocks.append("")

    def _paragraph(self, inline: Token) -> str:
        children = inline.children or []
        links = _links(children, self._href)
        lines = ["".join(_shown(token) for token in children).strip()]
        for label, url in links:
            alone = len(links) == 1 or label == url
            lines.append(url if alone else f"{label}:\n{url}")
        return "\n".join(line for line in lines if line)


def _shown(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return " " if token.type == "softbreak" else "\n"
    return token.content


def _links(children: Sequence[Token], href: Callable[[str], str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    label: list[str] = []
    for token in children:
        if token.type == "link_open":
            label = []
            found.append(("", _spoken(href(str(token.attrs["href"])))))
        elif token.type == "link_close":
            found[-1] = ("".join(label), found[-1][1])
        else:
            label.append(_shown(token))
    return found


def _spoken(url: str) -> str:
    """A target as a person reads it: an address or a number without its scheme."""
    return url.removeprefix("mailto:").removeprefix("tel:")
