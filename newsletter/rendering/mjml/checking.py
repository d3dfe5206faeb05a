"""Checks MJML against the table of components: tags, attributes, values, nesting, and what is inside."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from .attributes import attribute_faults, missing
from .components import Component, Inside, Table, table
from .embedded import css_faults, tag_faults
from .faults import Fault, shown, suggestion
from .reading import DEEPEST, ClosingTag, Comment, OutlookComment, Tag, Token, Words, read

_INCLUDE = "mj-include"


@dataclass(slots=True)
class _Open:
    """A tag that is not closed yet, or the frame around a fragment."""

    name: str
    at: int
    component: Component | None
    """None for HTML and for what MJML does not have."""
    inside: Inside | None
    """None where nothing is known about what may stand inside."""
    held: set[str] = field(default_factory=set)


def faults(text: str, inside: str = "") -> Iterator[Fault]:
    """What is wrong with a whole mail, or with what stands inside a component, in no order."""
    known = table()
    yield from _Check(known, inside).faults(text)


class _Check:
    """One walk over one text."""

    def __init__(self, known: Table, inside: str) -> None:
        self._known = known
        self._frame = _Open(inside, 0, known.components[inside] if inside else None, Inside.MJML)
        if inside:
            self._frame.inside = known.components[inside].inside
        self._open = [self._frame]
        self._names: Counter[str] = Counter()
        self._defaults: dict[str, set[str]] = {}
        self._outlook: OutlookComment | None = None

    def faults(self, text: str) -> Iterator[Fault]:
        """Everything wrong, up to the tag that is nested too deep."""
        for token in read(text):
            yield from self._token(token)
            if len(self._open) > DEEPEST:
                yield Fault(self._top.at, f"More than {DEEPEST} tags stand inside each other here.", "Use fewer.")
                return
        for left in reversed(self._open[1:]):
            yield _not_closed(left)
        if self._outlook:
            yield Fault(self._outlook.at, "The comment for Outlook is never closed.", "Close it with <![endif]-->")
        yield from self._whole()

    @property
    def _top(self) -> _Open:
        return self._open[-1]

    def _token(self, token: Token) -> Iterator[Fault]:
        match token:
            case Tag():
                yield from self._tag(token)
            case ClosingTag():
                yield from self._closing(token)
            case Words():
                yield from self._words(token)
            case OutlookComment():
                yield from self._for_outlook(token)
            case Comment():
                yield from self._comment(token)
            case _:
                yield Fault(*token)

    def _tag(self, tag: Tag) -> Iterator[Fault]:
        inside = self._top.inside
        component = self._known.components.get(tag.name)
        is_void = False
        if tag.name.lower() == _INCLUDE:
            yield Fault(tag.at, "mj-include is not allowed: a mail holds all of itself.", "Write out what it includes.")
            component, inside = None, None
        elif inside is Inside.MJML or (inside is None and tag.name.lower().startswith("mj")):
            yield from self._component(tag, component)
            inside = component.inside if component else None
        else:
            yield from self._html(tag)
            component, is_void = None, tag.name in self._known.html.void
        if not tag.is_closed and not is_void:
            self._open.append(_Open(tag.name, tag.at, component, inside))
            self._names[tag.name] += 1

    def _component(self, tag: Tag, component: Component | None) -> Iterator[Fault]:
        parent = self._top
        if component is None:
            if parent.name not in self._known.unsupported:
                yield self._unknown(tag)
            return
        if parent is not self._frame or parent.component:
            yield from self._misplaced(tag, parent)
        elif tag.name != "mjml":
            yield Fault(tag.at, "A mail begins with <mjml>.", "Put <mjml> and <mj-body> around everything.")
        if component.once and tag.name in parent.held:
            yield Fault(tag.at, f"There is more than one {tag.name}.", "Put everything into one.")
        parent.held.add(tag.name)
        yield from attribute_faults(tag, component, parent.name, self._known)
        if parent.name == "mj-attributes":
            self._defaults.setdefault(tag.name, set()).update(attribute.name for attribute in tag.attributes)
        else:
            brought = self._defaults.get(tag.name, set()) | self._defaults.get("mj-all", set())
            yield from missing(tag, component, brought)

    def _unknown(self, tag: Tag) -> Fault:
        lower = tag.name.lower()
        if lower in self._known.unsupported:
            return Fault(tag.at, f"{lower} is not supported here.", self._known.unsupported[lower])
        if lower in self._known.components:
            return Fault(tag.at, f"MJML has no tag {tag.name}.", f"Write it in small letters: {lower}")
        if lower in self._known.html.elements:
            remedy = f"Put it into mj-text, or into mj-raw: <mj-text><{lower}> ..."
            return Fault(
                tag.at, f"The HTML tag <{lower}> cannot stand directly in {self._top.name or 'a mail'}.", remedy
            )
        remedy = suggestion(tag.name, self._known.components) or "Look at the table of components."
        return Fault(tag.at, f"MJML has no tag {shown(tag.name)}.", remedy)

    def _misplaced(self, tag: Tag, parent: _Open) -> Iterator[Fault]:
        if parent.component is None or tag.name in parent.component.children:
            return
        place = f"{parent.name} > {tag.name}"
        sentence = f"{tag.name} cannot stand directly in {parent.name}."
        homes = [home for home in self._known.parents(tag.name) if home != "mj-attributes"]
        usual = f"It stands in {' or '.join(homes)}." if homes else "It stands around everything else."
        yield Fault(tag.at, sentence, self._known.unsupported.get(place, usual))

    def _html(self, tag: Tag) -> Iterator[Fault]:
        if tag.name in self._known.components:
            holder = self._holder
            sentence = f"{tag.name} cannot stand in {holder.name}, which holds {_CONTENT[holder.inside]}."
            yield Fault(tag.at, sentence, f"Close {holder.name} before it.")
        elif tag.name.lower().startswith("mj"):
            yield self._unknown(tag)
        elif self._top.inside in (Inside.HTML, None):
            yield from tag_faults(tag, self._known.html)
        else:
            holder = self._holder
            sentence = f"{holder.name} holds {_CONTENT[holder.inside]}, and no tags."
            remedy = self._known.unsupported.get(f"{holder.name} html", "Delete the tag.")
            yield Fault(tag.at, sentence, remedy)

    @property
    def _holder(self) -> Component:
        """The component whose inside is not MJML."""
        return next(opened.component for opened in reversed(self._open) if opened.component)

    def _closing(self, tag: ClosingTag) -> Iterator[Fault]:
        if tag.name in self._known.html.void and self._top.inside is not Inside.MJML:
            yield Fault(tag.at, f"</{tag.name}> closes nothing: <{tag.name}> holds nothing.", "Delete it.")
        elif not self._names[tag.name]:
            close = self._top.name if len(self._open) > 1 else ""
            remedy = f"Did you mean </{close}>?" if close.lower() == tag.name.lower() else "Delete it, or open the tag."
            yield Fault(tag.at, f"</{shown(tag.name)}> closes a tag that is not open.", remedy)
        else:
            while (left := self._open.pop()).name != tag.name:
                self._names[left.name] -= 1
                yield _not_closed(left, tag)
            self._names[tag.name] -= 1

    def _words(self, words: Words) -> Iterator[Fault]:
        top = self._top
        text = words.text.strip()
        at = words.at + len(words.text) - len(words.text.lstrip())
        if self._outlook and self._outlook.is_hidden and "-->" in text:
            yield Fault(at, "This --> ends the comment for Outlook too early.", "Write --&gt;")
        if not text:
            return
        if top.inside in (Inside.MJML, Inside.NOTHING):
            remedy = "Put it into mj-text." if top.inside is Inside.MJML else f"Close {top.name} before it."
            yield Fault(at, f"Text cannot stand directly in {top.name or 'a mail'}.", remedy)
        elif top.inside is Inside.CSS or top.name == "style":
            yield from css_faults(text, at)
        elif top.name == "mj-title" and any(mark in text for mark in '"\r\n\t'):
            yield Fault(at, "The title holds a double quote, or more than one line.", "Write &quot; and one line.")

    def _comment(self, comment: Comment) -> Iterator[Fault]:
        if self._outlook and self._outlook.is_hidden:
            sentence = "A comment stands inside a comment for Outlook, and would end it."
            yield Fault(comment.at, sentence, "Delete the inner comment.")
        elif self._top.inside in (Inside.TEXT, Inside.CSS, Inside.NOTHING):
            yield Fault(comment.at, f"A comment cannot stand in {self._top.name}.", "Put it before, or delete it.")

    def _for_outlook(self, comment: OutlookComment) -> Iterator[Fault]:
        if self._top.inside is not Inside.HTML:
            sentence = "A comment for Outlook can stand only where HTML can."
            yield Fault(comment.at, sentence, "Put it into mj-raw, with what it is about.")
        elif comment.begins == (self._outlook is not None):
            sentence = "A comment for Outlook stands inside another." if comment.begins else "This closes no comment."
            yield Fault(comment.at, sentence, "Begin each with <!--[if mso]> and end it with <![endif]-->")
        self._outlook = comment if comment.begins else None

    def _whole(self) -> Iterator[Fault]:
        if not self._frame.component and not self._frame.held:
            yield Fault(0, "There is no <mjml> here.", "Put <mjml> and <mj-body> around everything.")


_CONTENT = {
    Inside.HTML: "HTML",
    Inside.TEXT: "text",
    Inside.CSS: "a style sheet",
    Inside.NOTHING: "nothing",
    Inside.MJML: "MJML",
}


def _not_closed(left: _Open, before: ClosingTag | None = None) -> Fault:
    crossed = f" before </{shown(before.name)}>" if before else ""
    return Fault(
        left.at, f"<{shown(left.name)}> is not closed{crossed}.", f"Write </{shown(left.name)}> where it ends."
    )
