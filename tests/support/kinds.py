"""An issue with every kind of section in six languages, English the original and Arabic from right to left."""

from pathlib import Path

from newsletter.issues.document import SectionKind
from newsletter.issues.parsing import parse

FILE = Path(__file__).parents[2] / "examples" / "kinds.md"
KINDS = parse(FILE.read_text(encoding="utf-8"))
LANGUAGES = ("en", "es", "fr", "ar", "zh", "vi")

assert {section.kind for section in KINDS.sections} == set(SectionKind)  # a new kind belongs in the file
assert KINDS.languages == LANGUAGES  # and every text in every language
