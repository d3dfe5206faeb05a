from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.grades import Bands, RollOver
from subscribers.segments.fields import STANDARD_FIELDS, Field, registry
from subscribers.segments.rules import Person, Rule, RuleContext, RuleInvalid
from tests.support.rules import rules

CONTEXT = RuleContext(1, date(2026, 12, 1), RollOver(7, 1), Bands.parse("elementary=PK-5 middle=6-8 high=9-12"))


@given(rule=rules())
def test_a_rule_written_out_reads_as_the_same_rule(rule: Rule) -> None:
    assert Rule.parse(str(rule)) == rule


@given(text=st.text(max_size=60))
def test_any_text_is_a_rule_or_a_sentence(text: str) -> None:
    try:
        rule = Rule.parse(text)
    except RuleInvalid:
        return
    assert Rule.parse(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("band = elementry", "At character 8: 'elementry' is not a band; did you mean elementary?"),
        ("bnd = high", "At character 1: there is no field 'bnd'; did you mean band?"),
        ("zzz = high", "it is one of band, grade, language, role, tag, list"),
        ("band = qqqq", "it is one of elementary, middle, high"),
        ("grade = 13", "PK, K or a number from 1 to 12"),
        ("role = teacher", "is not a role"),
        ("language = spanish", "did you mean es?"),
        ("language = klingonish9", "is not a language code"),
        ('tag = "  "', "the value is empty"),
        ("band = elementary and", "ends too early, after 'and = elementary and'"),
        ('tag = "fair', "The quote at character 7 is not closed"),
        ("band == high", "cannot be read at character 7"),
        ("(" * 60 + "band = high" + ")" * 60, "too many brackets"),
        ("tag = " + "x" * 2_000, "too long"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(RuleInvalid) as refusal:
        Rule.parse(text).where(CONTEXT)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "is_chosen"),
    [
        ("", True),
        ("band = elementary and band = high", True),
        ("band = middle", False),
        ("grade in (K, 2)", True),
        ("grade not in (2, 9)", False),
        ("not grade = 3", True),
        ("language = es", True),
        ("language != es", False),
        ("language = es-MX", True),
        ("LANGUAGE = en OR role in (family, educator)", True),
        ('tag = "fair 2026" and list = families', True),
        ("tag = nobody or (list = other and band = high)", False),
    ],
)
def test_a_rule_chooses_by_what_we_know(text: str, *, is_chosen: bool) -> None:
    person = Person(
        bands=frozenset({"elementary", "high"}),
        grades=frozenset({2, 9}),
        language="es-MX",
        roles=frozenset({"family"}),
        tags=frozenset({"fair 2026"}),
        lists=frozenset({"families"}),
    )
    assert Rule.parse(text).matches(person, CONTEXT) is is_chosen


def test_a_higher_floor_may_add_fields() -> None:
    field = Field(
        "opened",
        lambda text, _: text,
        STANDARD_FIELDS["tag"].compile,
        lambda person, values: bool(person.tags) and values == ("yes",),
    )
    fields = registry(*STANDARD_FIELDS.values(), field)
    assert Rule.parse("opened = yes", fields).matches(Person(tags=frozenset({"x"})), CONTEXT)
    with pytest.raises(RuleInvalid):
        Rule.parse("opened = yes")


def test_everyone_is_the_empty_rule() -> None:
    assert Rule.everyone() == Rule.parse("  ")
    assert Rule.everyone().values_of("band", CONTEXT) == ()
    assert Rule.parse("band = HIGH or not band = middle").values_of("band", CONTEXT) == ("high", "middle")
