from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.events import engagement
from subscribers.grades import Bands, RollOver
from subscribers.segments.fields import STANDARD_FIELDS, SegmentUnresolved
from subscribers.segments.questions import Field, Question
from subscribers.segments.rules import Person, Rule, RuleContext, RuleInvalid
from subscribers.segments.trees import Operator
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
        ("zzz = high", "it is one of list, band, grade, school, role, language, timezone, tag, place, joined, consent"),
        ("band = qqqq", "it is one of elementary, middle, high"),
        ("grade = 13", "PK, K or a number from 1 to 12"),
        ("role = teacher", "is not a role"),
        ("language = spanish", "did you mean es?"),
        ("language = klingonish9", "is not a language code"),
        ('tag = "  "', "the value is empty"),
        (f"place contains {'x' * 2_001}", "is longer than 2,000 characters"),
        ("band = elementary and", "ends too early, after '= elementary and'"),
        ("tag = 'board'", "At character 7: a value does not stand in single quotes; use double quotes."),
        ("tag in (fair, 'spring fair')", "At character 15: a value does not stand in single quotes"),
        ("place = 'O'Brien' and band = high", "At character 9: a value does not stand in single quotes"),
        ("tag = ''", "At character 7: a value does not stand in single quotes"),
        ('tag = "fair', "The quote at character 7 is not closed"),
        ("band == high", "cannot be read at character 7"),
        ("(" * 60 + "band = high" + ")" * 60, "too many brackets"),
        ("(not " * 30 + "band = high" + ")" * 30, "too many brackets"),
        ("tag = " + "x" * 10_000, "too long"),
        ("tag=" + "x" * 9_995, "too long"),
        ("grade >= 6", "At character 7: there is no >="),
        ("band < high", "At character 1: band does not go with '<'; it takes =, !=, in, not in, has."),
        ("language has es", "At character 1: language does not go with 'has'; it takes =, !=, in, not in."),
        ("grade > 13", "At character 9: '13' is not a grade"),
        ("joined > 01.09.2026", "At character 10: '01.09.2026' is not a day; write it like 2026-09-01."),
        ("joined = 2026-02-30", "is not a day"),
        ("joined within 0 days", "At character 15: '0' is not a number of days from 1 to 36,500."),
        ("joined within 90", "The rule ends too early"),
        ("timezone = america/chicgo", "did you mean America/Chicago?"),
        ("timezone = qqqqq", "write it like America/Chicago."),
        ("consent = trackin", "did you mean tracking?"),
        ("attribute.size > big", "At character 18: 'big' is not a number"),
        ("attribute.$x = 1", "At character 1: '$x' is not the name of an attribute"),
        ("attribute. = 1", "is not the name of an attribute"),
        ("id = 1", "there is no field 'id'"),
        ("address contains x", "there is no field 'address'"),
        ('tag = "a\x00b"', "has a character in it that is no part of a text"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(RuleInvalid) as refusal:
        Rule.parse(text).where(CONTEXT)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("place = O'Brien", "place = O'Brien"),
        ("tag in ('tis, rock'n'roll)", "tag in (\"'tis\", rock'n'roll)"),
        ("tag = \"'board'\"", "tag = \"'board'\""),
    ],
)
def test_a_single_quote_is_a_letter_of_a_value(text: str, written: str) -> None:
    assert str(Rule.parse(text)) == written
    assert Rule.parse(written) == Rule.parse(text)


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
    asked = Question(
        lambda text, _: text,
        STANDARD_FIELDS["tag"].questions[Operator.IS].compile,
        lambda person, values, _: bool(person.tags) and values == ("yes",),
    )
    richer = replace(CONTEXT, more_fields=(Field("keen", {Operator.IS: asked}),))
    rule = Rule.parse("keen = yes")
    assert rule.matches(Person(tags=frozenset({"x"})), richer)
    with pytest.raises(RuleInvalid, match="there is no field 'keen'"):
        rule.where(CONTEXT)


@pytest.mark.parametrize(
    ("text", "of_an_unknown", "of_a_reader_who_agreed"),
    [
        ("opened = 1", False, True),
        ("not opened = 1", False, False),
        ("opened != 2", False, True),
        ("opened = 1 or tag = x", True, True),
        ("opened = 1 and tag = x", False, True),
        ("not (opened = 1 and tag = y)", True, True),
        ("not (opened = 1 or tag = y)", False, False),
        ("not opened within 30 days or not opened within 2 days", False, True),
    ],
)
def test_of_who_did_not_agree_neither_a_question_nor_its_opposite_holds(
    text: str, *, of_an_unknown: bool, of_a_reader_who_agreed: bool
) -> None:
    context = replace(CONTEXT, more_fields=engagement.FIELDS)
    person = Person(tags=frozenset({"x"}), happened={"opened": frozenset({(1, date(2026, 11, 20))})})
    assert Rule.parse(text).matches(person, context) is of_an_unknown
    assert Rule.parse(text).matches(replace(person, tracking=True), context) is of_a_reader_who_agreed


def test_days_are_counted_from_the_context_s_own_and_in_its_time_zone() -> None:
    context = replace(CONTEXT, time_zone="America/Chicago")
    assert context.last_days(1) == (date(2026, 12, 1), date(2026, 12, 1))
    assert context.begin_of(date(2026, 12, 1)).isoformat() == "2026-12-01T06:00:00+00:00"
    asked = Rule.parse("joined within 2 days")
    assert [asked.matches(Person(joined=date(2026, 12, day)), context) for day in (1, 2)] == [True, False]
    assert [asked.matches(Person(joined=date(2026, 11, day)), context) for day in (30, 29)] == [True, False]


def test_a_segment_in_a_rule_must_be_resolved_first() -> None:
    rule = Rule.parse("segment = x")
    with pytest.raises(SegmentUnresolved):
        rule.where(CONTEXT)
    with pytest.raises(SegmentUnresolved):
        rule.matches(Person(), CONTEXT)


def test_everyone_is_the_empty_rule() -> None:
    assert Rule.everyone() == Rule.parse("  ")
    assert Rule.everyone().asked(CONTEXT) == ()
    asked = Rule.parse("band = HIGH or not band in (middle, high)").asked(CONTEXT)
    assert [one.values for one in asked] == [("high",), ("middle", "high")]
