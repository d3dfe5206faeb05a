"""What forms offer, and how what was chosen is read: lists, grades, languages, how often."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from newsletter.words import Words
from subscribers import households, lists
from subscribers.grades import (
    KINDERGARTEN,
    PRE_KINDERGARTEN,
    Band,
    Bands,
    GradeInvalid,
    RollOver,
    grade_word,
    graduation_year_of,
    parse_grade,
)
from subscribers.households import ChildTold
from subscribers.tables import Child, List


@dataclass(frozen=True, slots=True)
class ListChoice:
    """A list that can be ticked."""

    slug: str
    name: str
    description: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class GradeChoice:
    """A grade that can be ticked, or a band's "not sure", whose value is the band's name."""

    value: str
    label: str
    is_number: bool
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class BandChoice:
    """A band and its grades."""

    label: str
    grades: tuple[GradeChoice, ...]


@dataclass(frozen=True, slots=True)
class School:
    """Grades as an organization counts them, on one day."""

    bands: Bands
    roll_over: RollOver
    day: date

    @property
    def end_year(self) -> int:
        """The school year that holds the day, by its end."""
        return self.roll_over.end_year(self.day)

    @property
    def year(self) -> str:
        """That school year as people write it: 2026-27, or 2026 where it is the calendar's."""
        return self.roll_over.school_year(self.end_year)

    def choices(self, words: Words, chosen: Collection[str]) -> tuple[BandChoice, ...]:
        """Every band with its grades; `chosen` holds the values that are ticked."""
        return tuple(
            BandChoice(words.get(f"bands.{band.name}", band.name.capitalize()), tuple(_grades(band, words, chosen)))
            for band in self.bands
        )

    def values_of(self, children: Iterable[Child]) -> list[str]:
        """The values that stand for children, one each; who has left school has none."""
        values = (self._value_of(child) for child in children)
        return [value for value in values if value]

    def told(self, chosen: Sequence[str], known: Iterable[Child]) -> tuple[ChildTold, ...]:
        """The children that ticked values tell of. A tick keeps twins already known; any other text is no child."""
        twins = Counter(self.values_of(households.each_once(known)))
        return tuple(
            child
            for value in dict.fromkeys(chosen)
            for child in self._children(value)
            for _ in range(max(1, twins[value]))
        )

    def _value_of(self, child: Child) -> str:
        facts = households.describe(child, self.day, self.roll_over, self.bands)
        return "" if facts["band"] is None else facts["grade"] or facts["band"]

    def _children(self, value: str) -> Iterator[ChildTold]:
        if value in self.bands.names:
            yield ChildTold(band=value, end_year=self.end_year)
            return
        try:
            grade = parse_grade(value)
        except GradeInvalid:
            return
        yield ChildTold(graduation_year=graduation_year_of(grade, self.end_year))


def list_choices(offered: Iterable[List], language: str, chosen: Collection[str] = ()) -> tuple[ListChoice, ...]:
    """Lists to tick, as readers of a language know them; `chosen` holds slugs."""
    return tuple(
        ListChoice(
            list_.slug,
            lists.name_in(list_, language),
            lists.description_in(list_, language),
            list_.slug in chosen,
        )
        for list_ in offered
    )


def _grades(band: Band, words: Words, chosen: Collection[str]) -> Iterator[GradeChoice]:
    names = {PRE_KINDERGARTEN: words("children.pre_kindergarten"), KINDERGARTEN: words("children.kindergarten")}
    for grade in range(band.lowest, band.highest + 1):
        value = grade_word(grade)
        yield GradeChoice(value, names.get(grade, value), grade not in names, value in chosen)
    yield GradeChoice(band.name, words("children.not_sure"), False, band.name in chosen)
