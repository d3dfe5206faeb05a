"""What goes to a translator and what comes back, whatever the format of the file."""

import re
from dataclasses import dataclass
from datetime import datetime

from newsletter.errors import NewsletterError

from .front_matter import LANGUAGE
from .translating import Unit

_NAME = re.compile(rf"newsletter-issue-(\d{{1,9}})-({LANGUAGE.pattern})(?![\w-])")
_LONE_END = re.compile(r"\r(?!\n)|(?<!\r)\n")


class TranslationFileInvalid(NewsletterError):
    """The translator's file cannot be read. Export it again, and change nothing in it but the translations."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a translator gets."""

    issue_id: int
    month: str
    original: str
    """The language to translate from."""
    language: str
    """The language to translate into."""
    made_at: datetime
    """When the issue was saved."""
    units: tuple[Unit, ...]

    @property
    def name(self) -> str:
        """What the file calls itself, so that we know it again."""
        return f"newsletter-issue-{self.issue_id}-{self.language}"


@dataclass(frozen=True, slots=True)
class ReturnedText:
    """A translation that came back."""

    id: str
    source: str
    """The original in the file."""
    text: str
    language: str = ""
    """How the text is marked, where it is."""
    is_finished: bool = True


@dataclass(frozen=True, slots=True)
class Returned:
    """What a translator's file says."""

    name: str
    language: str
    original: str
    """The language that it says it is translated from, where it does."""
    texts: tuple[ReturnedText, ...]

    @property
    def made_for(self) -> tuple[int, str] | None:
        """The issue and the language that it was exported for; None where its name was lost."""
        told = _NAME.search(self.name)
        return (int(told[1]), told[2]) if told else None


def inner(text: str) -> str:
    """A text as translators get it: without the empty lines around it, and with line feeds where lines end in CR LF."""
    core = _core(text)
    return core if _LONE_END.search(core) else core.replace("\r\n", "\n")


def refit(text: str, original: str) -> str:
    """A translator's text with the empty lines around it, and the ends of lines, of an original that says something."""
    core, written = _core(original), inner(text)
    before, _, after = original.partition(core)
    if "\r\n" in original and not _LONE_END.search(core):
        written = written.replace("\n", "\r\n")
    return before + written + after


def _core(text: str) -> str:
    blank = text[: len(text) - len(text.lstrip())]
    return text[blank.rfind("\n") + 1 :].rstrip()
