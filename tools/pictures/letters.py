"""The letters that are shown: compiled as they are for sending, for a made-up reader."""

from dataclasses import replace
from pathlib import Path

from newsletter.issues.document import Document, Section
from newsletter.issues.parsing import parse
from newsletter.rendering.editions import Edition
from newsletter.rendering.pictures import Picture
from newsletter.rendering.prepared import Copy, rendered
from newsletter.rendering.readers import Brand, Identity, Reader
from newsletter.rendering.variants import Variant
from newsletter.tokens import Signer

ROOT = Path(__file__).parents[2]
LOGO = Picture("https://pictures.example/logo.svg", 202, 48)
READING = Picture("https://pictures.example/reading-corner.svg", 1040, 520)
DRAWN = {picture.url: Path(__file__).parent / picture.url.rpartition("/")[2] for picture in (LOGO, READING)}
"""The files of the pictures in the letters: no letter here is fetched from anywhere."""
_PICTURES = {"media:logo": LOGO, "https://school.example/reading-corner.jpg": READING}
_SIGNER = Signer(["the pictures of the documents lead nowhere"])
_READER = Reader("ana@home.example", "Ana Ruiz", "Ana", "en", "nobody")
_IDENTITY = Identity(
    organization="Maple Families",
    list_id=1,
    list_slug="families",
    list_name="Family newsletter",
    from_header="Rosa Lind <rosa@school.example>",
    reply_to="",
    postal_address="120 Main Street, Springfield, IL 62701",
    base_url="https://news.school.example",
    brand=Brand(logo="media:logo"),
)


def example(name: str) -> Document:
    """An issue of `examples/`."""
    return parse((ROOT / "examples" / f"{name}.md").read_text(encoding="utf-8"))


def alone(document: Document, section: Section) -> Document:
    """An issue of one section."""
    return replace(document, sections=(section,))


def letter(document: Document, *, theme: str, language: str = "en", brand: Brand | None = None) -> str:
    """The HTML that a reader gets of all sections."""
    who = replace(_IDENTITY, brand=brand or _IDENTITY.brand)
    content = Edition(replace(document, theme=theme), who, pictures=_PICTURES).content(
        Variant.everything(document, language)
    )
    return rendered(content, who, _SIGNER, Copy(0, 0, 0, _READER, "")).html
