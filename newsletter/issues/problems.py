"""What is wrong with the structure of an issue's file."""

from collections.abc import Iterable
from dataclasses import dataclass

from newsletter.errors import NewsletterError


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong on a line, counted from 1, and what to do."""

    line: int
    text: str


class DocumentTooLong(NewsletterError):
    """An issue's file holds at most a million characters. Leave some out, or link to them."""


class DocumentInvalid(NewsletterError):
    """The issue's file has problems. Correct each line named and import it again."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join((self.__doc__ or "", *(f"  line {p.line}: {p.text}" for p in self.problems))))
