"""Every mail that is made of our templates: the sample issues in each theme and language, and each letter."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from newsletter.folders import templates_folder
from newsletter.issues import parsing
from newsletter.rendering import mjml
from newsletter.rendering.compile import LetterValue, compile_letter
from newsletter.rendering.content import PersonalSlot, SubmitSlot
from newsletter.rendering.editions import Edition
from newsletter.rendering.links import LinkTable
from newsletter.rendering.variants import Variant
from tests.support.mails import SAMPLE, identity

LANGUAGES = sorted(["en", *(file.stem for file in (templates_folder() / "words").glob("*.po"))])
_EXAMPLE = Path(__file__).parents[2] / "examples" / "2026-12.md"
_FOLDERS = sorted(file.parent for file in (templates_folder() / "mail").glob("*/html.mjml"))
THEMES = [folder.name for folder in _FOLDERS if (folder / "theme.toml").exists()]
LETTERS = [folder.name for folder in _FOLDERS if not (folder / "theme.toml").exists()]

_SAID: Mapping[str, LetterValue] = {
    "names": ["Letter for families", "Workshops"],
    "descriptions": ["Once a month.", ""],
    "personal_url": PersonalSlot(497_231),
    "month": "December 2026",
    "issue": "2026-12",
    "last": "November 2026",
    "due": "January 1",
    "file": "2026-12.md",
    "year": "2027/28",
    "day": "July 1, 2027",
    "note": "Two lines about the fair,\nplease.",
    "submit_url": SubmitSlot("q7Hd93kfLs02mXc81bNv4w"),
    "children": "grade 5\nhas finished school",
    "name": "Ana Gil",
    "address": "ana@school.example",
    "re": "The fair",
    "lines": ["We bring a cake.", "", "Ana"],
    "files": "cake.jpg",
}
"""What letters say of their own, each as much of it as it wants."""


@dataclass(frozen=True)
class OurMail:
    """A mail as a theme makes it, and as it is compiled, before its links are filled in."""

    mjml: str
    html: str


@cache
def our_mails() -> Mapping[str, OurMail]:
    """All of them, by a name that says which."""
    return dict(_all())


def _all() -> Iterator[tuple[str, OurMail]]:
    example = parsing.parse(_EXAMPLE.read_text(encoding="utf-8"))
    made: list[OurMail] = []

    def keeping(text: str) -> str:
        made.append(OurMail(text, mjml.to_html(text)))
        return made[-1].html

    for look in THEMES:
        for language in LANGUAGES:
            for name, document in (("sample", SAMPLE), ("example", example)):
                issue = replace(document, theme=look)
                edition = Edition(issue, identity(), LinkTable.of(issue, {}, hidden=True), to_html=keeping)
                edition.content(Variant.everything(issue, language))
                yield f"{name} {look} {language}", made.pop()
            for letter in LETTERS:
                compile_letter(letter, language, identity(theme=look), _SAID, keeping)
                yield f"{letter} {look} {language}", made.pop()
