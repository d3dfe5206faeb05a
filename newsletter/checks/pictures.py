"""Pictures: whether they are there, their weight and type, and what they say to those who do not see them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from newsletter.issues.document import MEDIA, Document, SectionKind
from newsletter.rendering.pictures import Pictures
from newsletter.rendering.targets import is_web, on_the_wire

from .catalog import Check
from .findings import Finding, error, warning
from .parts import Image
from .texts import Text
from .wordings import NO_DESCRIPTION

_HEAVY, _TOO_HEAVY = 200_000, 1_000_000
"""Bytes. A family on a phone with a bad connection waits some seconds for the first, and gives up before the second."""
_FILE_NAME = re.compile(
    r"(?i)[^\s/]*\.(jpe?g|png|gif|webp|svg|heic|bmp|tiff?|avif)|(img|dsc|image|photo|screenshot)[-_ ]?\d+"
)
_BY_TYPE: Mapping[str, str] = {
    ".svg": "Gmail and Outlook do not show SVG.",
    ".heic": "Only Apple's programs show HEIC.",
    ".tif": "Most mail programs do not show TIFF.",
    ".tiff": "Most mail programs do not show TIFF.",
    ".webp": "Outlook for Windows and older phones do not show WebP.",
    ".avif": "Many mail programs do not show AVIF.",
    ".bmp": "BMP is heavy, and some mail programs do not show it.",
}
_NEVER_SHOWN = (".svg", ".heic", ".tif", ".tiff")


def findings(document: Document, texts: Iterable[Text], pictures: Pictures) -> Iterator[Finding]:
    """What there is to say about all pictures."""
    for section in document.sections:
        src = section.attributes.get("src", "")
        if section.kind is SectionKind.IMAGE and src:
            yield from _file(src, section.line, f"section {section.key}", pictures)
        yield from _linked(section.attributes.get("url", ""), section.line, f"section {section.key}", pictures)
    for text in texts:
        for image in text.parts.images:
            yield from _file(image.src, image.line, text.place, pictures)
            yield from _description(image, text.place)
        for link in text.parts.links:
            yield from _linked(link.target, link.line, text.place, pictures)
        if text.section.kind is SectionKind.IMAGE and not text.body.is_blank:
            yield from _description(_shown(text), text.place)


def _shown(text: Text) -> Image:
    """The picture of a section that is one: the first paragraph says what it shows."""
    first = next((block for block in text.parts.blocks if not block.is_heading), None)
    line = first.line if first else text.body.line
    return Image(line, text.section.attributes.get("src", ""), first.words if first else None)


def _description(image: Image, place: str) -> Iterator[Finding]:
    remedy = "Say in a few words what it shows: ![Two girls read on a bench](...)"
    words = " ".join((image.alt or "").strip(" .:").split())
    if image.alt is None:
        sentence = f"The picture {image.src} says nothing to those who do not see it."
        yield error(Check.ALT, image.line, place, sentence, remedy)
    elif words.casefold() in NO_DESCRIPTION or _FILE_NAME.fullmatch(words):
        sentence = f"{words!r} does not say what the picture shows."
        yield warning(Check.ALT, image.line, place, sentence, remedy)


def _file(src: str, line: int, place: str, pictures: Pictures) -> Iterator[Finding]:
    known = pictures.get(src)
    if src.startswith(MEDIA) and known is None:
        name = src.partition(":")[2]
        remedy = "Add the picture, or name one that is stored."
        yield error(Check.PICTURE, line, place, f"There is no stored picture {name}.", remedy)
    elif known is not None and not known.width:
        yield error(Check.PICTURE, line, place, f"{src} is a file, and no picture.", f"Link to it: [Its name]({src})")
    elif known is not None and known.size_bytes > _HEAVY:
        tell = error if known.size_bytes > _TOO_HEAVY else warning
        sentence = f"The picture {src} weighs {known.size_bytes / 1000:,.0f} KB."
        yield tell(Check.PICTURE, line, place, sentence, "Make it smaller: 1,200 pixels wide are enough.")
    elif is_web(on_the_wire(src)):
        yield from _type(src, line, place)


def _linked(target: str, line: int, place: str, pictures: Pictures) -> Iterator[Finding]:
    if target.startswith(MEDIA) and target not in pictures:
        sentence = f"There is no stored file {target.partition(':')[2]}."
        yield error(Check.PICTURE, line, place, sentence, "Add it, or name one that is stored: newsletter media list")


def _type(src: str, line: int, place: str) -> Iterator[Finding]:
    path = urlsplit(on_the_wire(src)).path.lower()
    suffix = path[path.rfind(".") :] if "." in path else ""
    if suffix in _BY_TYPE:
        tell = error if suffix in _NEVER_SHOWN else warning
        yield tell(Check.PICTURE, line, place, f"{_BY_TYPE[suffix]} This is {src}.", "Save it as JPEG or PNG.")
