"""What may stand in the HTML and the style sheets inside components."""

import html
import re
import sys
from collections.abc import Iterator

from newsletter.rendering.targets import is_allowed

from .components import Html
from .faults import Fault, shown, suggestion, value_faults
from .reading import Attribute, Tag

_IGNORED = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028\u2029\ufeff]")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_CSS_ESCAPE = re.compile(r"\\([0-9a-f]{1,6})[ \t\n]?|\\(.)", re.IGNORECASE | re.DOTALL)
_CSS_REFUSED = re.compile(
    r"@import|expression\(|(?:java|vb)script:|-moz-binding|(?<![a-z-])behaviou?r:|url\([\"']?data:"
)


def tag_faults(tag: Tag, known: Html) -> Iterator[Fault]:
    """What is wrong with an HTML tag: one that mails cannot hold, what runs, where it may not lead."""
    name = tag.name.lower()
    if name in known.refused:
        yield Fault(tag.at, f"A mail cannot hold <{name}>.", known.refused[name])
    elif name not in known.elements and not name.startswith(known.prefixes):
        remedy = suggestion(name, known.elements) or "Delete the tag, or use one that mail programs know."
        yield Fault(tag.at, f"Mails have no tag <{shown(tag.name)}>.", remedy)
    elif tag.name != name and not name.startswith(known.prefixes):
        yield Fault(tag.at, f"<{tag.name}> has capital letters.", f"Write <{name}>.")
    for attribute in tag.attributes:
        yield from _attribute_faults(tag, attribute, known)


def address_faults(attribute: Attribute) -> Iterator[Fault]:
    """What is wrong with where an attribute leads: scripts, data, and other schemes than the web's and mail's."""
    for target in _targets(attribute):
        scheme = _SCHEME.match(target)
        if scheme and not is_allowed(target):
            remedy = "Write an address that begins with https://, mailto: or tel:"
            yield Fault(attribute.at, f"A mail may not lead to {scheme[0].lower()}", remedy)


def css_faults(css: str, at: int) -> Iterator[Fault]:
    """What a style sheet or the attribute `style` may not hold: scripts, and files loaded from elsewhere."""
    plain = _CSS_ESCAPE.sub(_css_character, _CSS_COMMENT.sub("", css))
    found = _CSS_REFUSED.search(re.sub(r"\s", "", plain).lower())
    if found:
        yield Fault(at, f"A style in a mail may not hold {found[0].rstrip('(:')}.", "Delete it.")


def _attribute_faults(tag: Tag, attribute: Attribute, known: Html) -> Iterator[Fault]:
    yield from value_faults(attribute)
    name = attribute.name.lower()
    value = html.unescape(attribute.value or "")
    if name.startswith("on"):
        yield Fault(attribute.at, f"A mail cannot hold {shown(name)}: it would run a script.", "Delete the attribute.")
    elif name == "srcdoc" or (name == "http-equiv" and value.strip().lower() == "refresh"):
        yield Fault(attribute.at, f"A mail cannot hold {name} in <{tag.name}>.", "Delete it.")
    elif name.rpartition(":")[2] in known.addresses:
        yield from address_faults(attribute)
    elif name == "style":
        yield from css_faults(value, attribute.at)


def _targets(attribute: Attribute) -> Iterator[str]:
    value = html.unescape(attribute.value or "")
    for target in value.split(",") if attribute.name.lower() == "srcset" else (value,):
        yield _IGNORED.sub("", target)


def _css_character(escape: re.Match[str]) -> str:
    code = int(escape[1], 16) if escape[1] else ord(escape[2])
    return chr(code) if 0 < code <= sys.maxunicode else ""
