import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.issues.document import Document, Section, SectionKind
from newsletter.rendering.variants import (
    MOST_SECTIONS,
    Profile,
    TooManySections,
    Variant,
    language_for,
    variant_columns,
    variant_of,
    visible,
)
from subscribers.grades import Bands, RollOver
from subscribers.segments.rules import Person, RuleContext, RuleInvalid

CONTEXT = RuleContext(1, date(2026, 12, 1), RollOver(7, 1), Bands.parse("elementary=PK-5 middle=6-8 high=9-12"))


def a_section(key: str, *, bands: tuple[str, ...] = (), roles: tuple[str, ...] = ()) -> Section:
    return Section(SectionKind.STORY, key, bands, roles)


def a_document(*sections: Section, languages: tuple[str, ...] = ("en", "es")) -> Document:
    return Document("2026-12", {}, {}, "", languages, sections)


ISSUE = a_document(
    a_section("all"),
    a_section("little", bands=("elementary",)),
    a_section("line", bands=("elementary", "middle")),
    a_section("teens", bands=("high",)),
    a_section("staff", roles=("educator",)),
    a_section("hosts", bands=("high",), roles=("organization", "educator")),
)


def keys_for(*, bands: str = "", roles: str = "", has_children: bool = True) -> str:
    person = Person(bands=frozenset(bands.split()), roles=frozenset(roles.split()))
    return " ".join(
        section.key for section in visible(ISSUE, variant_of(ISSUE, Profile(person, has_children), CONTEXT))
    )


def test_a_family_of_a_second_and_a_ninth_grader_sees_both_sections() -> None:
    assert keys_for(bands="elementary high", roles="family") == "all little line teens"


def test_a_family_of_a_ninth_grader_sees_no_elementary_section() -> None:
    assert keys_for(bands="high", roles="family") == "all teens"


def test_what_we_do_not_know_hides_nothing() -> None:
    assert keys_for(has_children=False) == "all little line teens staff hosts"
    assert keys_for(has_children=False, roles="family") == "all little line teens"
    assert keys_for(bands="high") == "all teens staff hosts"


def test_a_family_whose_children_left_school_sees_what_is_for_everybody() -> None:
    assert keys_for(roles="family") == "all"


def test_a_divider_follows_the_same_rule() -> None:
    divider = Section(SectionKind.DIVIDER, "line", ("high",))
    of_middle = Profile(Person(bands=frozenset({"middle"})), has_children=True)
    assert variant_of(a_document(divider), of_middle, CONTEXT).mask == 0


def test_a_section_for_a_language_is_for_those_who_get_the_issue_in_it() -> None:
    issue = a_document(
        a_section("all"), Section(SectionKind.STORY, "class", languages=("es",)), languages=("en", "es-MX")
    )
    keys = {
        spoken: [s.key for s in visible(issue, variant_of(issue, Profile(Person(language=spoken), False), CONTEXT))]
        for spoken in ("es", "es-MX", "en", "fr")
    }
    assert keys == {"es": ["all", "class"], "es-MX": ["all", "class"], "en": ["all"], "fr": ["all"]}
    assert Variant.everything(issue, "en").mask == 0b01
    assert Variant.everything(issue, "es-MX").mask == 0b11


def test_a_section_with_a_rule_is_for_those_whom_it_chooses() -> None:
    issue = a_document(
        Section(SectionKind.STORY, "helpers", rule="tag = volunteers"),
        Section(SectionKind.STORY, "small", bands=("elementary",), rule="not tag = volunteers"),
    )
    helper, other = Person(tags=frozenset({"volunteers"})), Person(bands=frozenset({"elementary"}))
    assert variant_of(issue, Profile(helper, has_children=False), CONTEXT).mask == 0b01
    assert variant_of(issue, Profile(other, has_children=True), CONTEXT).mask == 0b10
    with pytest.raises(RuleInvalid, match="no field"):
        variant_of(a_document(Section(SectionKind.STORY, "x", rule="shoe = 43")), Profile(other, True), CONTEXT)


@pytest.mark.parametrize(
    ("languages", "spoken", "chosen"),
    [
        (("en", "es"), "es", "es"),
        (("en", "es"), "ES", "es"),
        (("en", "es"), "es-MX", "es"),
        (("en", "es", "es-MX"), "es-MX", "es-MX"),
        (("en", "es-MX", "es"), "es-AR", "es"),
        (("en", "pt-BR", "pt-PT"), "pt", "pt-BR"),
        (("en", "es"), "fr", "en"),
        (("en", "es"), "", "en"),
        (("en", "es"), "est", "en"),
        ((), "es", ""),
    ],
)
def test_a_reader_gets_the_nearest_language(languages: tuple[str, ...], spoken: str, chosen: str) -> None:
    assert language_for(a_document(languages=languages), spoken) == chosen


@given(language=st.from_regex(re.compile("[a-z]{2,3}(-[A-Z]{2})?", re.ASCII), fullmatch=True), mask=st.integers(0))
def test_a_variant_written_out_reads_as_the_same_variant(language: str, mask: int) -> None:
    assert Variant.parse(str(Variant(language, mask))) == Variant(language, mask)


def test_everything_shows_every_section() -> None:
    assert str(Variant.everything(ISSUE, "es")) == "es-63"
    assert visible(ISSUE, Variant.everything(ISSUE, "es")) == ISSUE.sections


def test_an_issue_has_no_more_sections_than_a_mask_has_bits() -> None:
    sections = tuple(a_section(f"s{n}") for n in range(MOST_SECTIONS + 1))
    variant_columns(a_document(*sections[1:]), CONTEXT)
    with pytest.raises(TooManySections, match="at most 63 sections"):
        variant_columns(a_document(*sections), CONTEXT)
