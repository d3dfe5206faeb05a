"""The letter that asks a family, before a school year begins, whether what we know of its children is still right."""

from dataclasses import dataclass
from datetime import date

from newsletter.rendering import dates
from newsletter.words import Words, words
from subscribers.grades import RollOver, grade_word
from subscribers.rollovers import Step

STILL_RIGHT = "still-right"


@dataclass(frozen=True, slots=True)
class StillRightLetter:
    """What tells one letter from another. Families with children in the same grades share it."""

    list_id: int
    language: str
    day: date
    """The roll-over."""
    end_year: int
    is_past: bool
    """Whether the letter goes on that day or later."""
    children: tuple[Step, ...]

    def __str__(self) -> str:
        children = ",".join(map(str, self.children))
        return f"{STILL_RIGHT}:{self.list_id}:{self.language}:{self.day}:{self.end_year}:{self.is_past:d}:{children}"

    @classmethod
    def parse(cls, text: str) -> "StillRightLetter":
        """Read what `str` wrote."""
        _, list_id, language, day, end_year, is_past, children = text.split(":", 6)
        steps = tuple(map(Step.parse, children.split(",")))
        return cls(int(list_id), language, date.fromisoformat(day), int(end_year), is_past == "1", steps)

    @property
    def list_ids(self) -> tuple[int]:
        """The one list in whose name it goes."""
        return (self.list_id,)

    def values(self) -> dict[str, str]:
        """What the letter says of its own; `children` has a line for each child."""
        return {
            "day": self._day,
            "year": self._year,
            "children": "\n".join(_capitalised(self._line(child)) for child in self.children),
        }

    def _line(self, child: Step) -> str:
        said = words(self.language)
        if child.grade is None:
            level = said.get(f"mail.bands.{child.level}", child.level)
            return said("mail.still_stale" if child.is_stale else "mail.still_level", level=level)
        key = "mail.still_" + ("leaves" if child.is_leaving else "moves") + ("_past" if self.is_past else "")
        now, then = _grade(child.grade, said), _grade(child.grade + 1, said)
        return said(key, now=now, then=then, day=self._day, year=self._year)

    @property
    def _day(self) -> str:
        return dates.day_of_year(self.day, self.language)

    @property
    def _year(self) -> str:
        return RollOver(self.day.month, self.day.day).school_year(self.end_year)


def _grade(grade: int, said: Words) -> str:
    return said.get(f"mail.grades.{grade_word(grade)}", "") or said("mail.grades.other", grade=grade)


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
