import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given

from subscribers.grades import Bands, RollOver
from subscribers.segments.builder import from_json, to_json
from subscribers.segments.rules import Rule, RuleContext, RuleInvalid
from tests.support.rules import rules

CONTEXT = RuleContext(1, date(2026, 12, 1), RollOver(7, 1), Bands.parse("elementary=PK-5 middle=6-8 high=9-12"))
BAND = {"field": "band", "operator": "=", "values": ["high"]}


@given(rule=rules())
def test_a_rule_written_as_json_reads_as_the_same_rule(rule: Rule) -> None:
    assert from_json(json.loads(json.dumps(to_json(rule)))) == rule


def test_a_rule_as_json_has_a_shape_for_each_way_to_join() -> None:
    rule = Rule.parse("(grade > 5 or band not in (high, middle)) and not joined within 90 days")
    assert to_json(rule) == {
        "all": [
            {
                "any": [
                    {"field": "grade", "operator": ">", "values": ["5"]},
                    {"field": "band", "operator": "not in", "values": ["high", "middle"]},
                ]
            },
            {"not": {"field": "joined", "operator": "within", "values": ["90"]}},
        ]
    }


def test_everyone_is_null() -> None:
    assert to_json(Rule.everyone()) is None
    assert from_json(None) == Rule.everyone()


def test_what_a_page_nests_needlessly_is_the_rule_that_a_person_writes() -> None:
    days = {"field": "JOINED", "operator": "within", "values": [90]}
    nested = {"all": [{"all": [BAND, {"any": [days]}]}, BAND]}
    assert from_json(nested) == Rule.parse("band = high and joined within 90 days and band = high")
    assert from_json({"field": "band", "operator": "in", "values": ["high"]}) == Rule.parse("band = high")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([], "At the top: [] is not a part of a rule"),
        ({}, "At the top: there is none of all, any, not and field."),
        ({"all": []}, "At all: give a list of one part or more."),
        ({"any": BAND}, "At any: give a list of one part or more."),
        ({"all": [BAND, {"not": 5}]}, "At all[1].not: 5 is not a part of a rule"),
        ({"all": [BAND], "any": [BAND]}, "At the top: 'any' does not go with 'all'."),
        ({"all": [{**BAND, "sql": "1=1"}]}, "At all[0]: 'sql' does not go with 'field'."),
        ({**BAND, "field": "not"}, "At field: 'not' is not the name of a field."),
        ({**BAND, "field": ["band"]}, "At field: ['band'] is not the name of a field."),
        ({**BAND, "operator": "hass"}, "At operator: 'hass' is not an operator; did you mean has?"),
        ({**BAND, "operator": 7}, "At operator: 7 is not an operator; it is one of =, !=, in"),
        ({**BAND, "values": []}, "At values: '=' takes a list of one value."),
        ({**BAND, "values": ["a", "b"]}, "At values: '=' takes a list of one value."),
        ({**BAND, "operator": "in", "values": "high"}, "At values: 'in' takes a list of values."),
        ({**BAND, "values": [True]}, "At values[0]: True is neither a text nor a number."),
        ({**BAND, "values": [{"a": "x" * 100}]}, "xxx... is neither a text nor a number."),
    ],
)
def test_what_is_no_rule_is_said_with_its_path(value: Any, sentence: str) -> None:
    with pytest.raises(RuleInvalid) as refusal:
        from_json(value)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (
            {"any": [BAND, {**BAND, "values": ["hihg"]}]},
            "At any[1].values[0]: 'hihg' is not a band; did you mean high?",
        ),
        ({"not": {**BAND, "field": "bnd"}}, "At not.field: there is no field 'bnd'; did you mean band?"),
        (
            {"not": {**BAND, "operator": "<"}},
            "At not.field: band does not go with '<'; it takes =, !=, in, not in, has.",
        ),
    ],
)
def test_what_cannot_be_is_said_by_the_same_check_with_its_path(value: Any, sentence: str) -> None:
    with pytest.raises(RuleInvalid) as refusal:
        from_json(value).asked(CONTEXT)
    assert str(refusal.value) == sentence


def test_what_could_not_be_read_again_as_text_is_refused() -> None:
    deep: Any = BAND
    for _ in range(60):
        deep = {"not": deep}
    for value in (deep, {**BAND, "values": ["x" * 10_000]}, {"any": [{**BAND, "values": ["x" * 1_000]}] * 10}):
        with pytest.raises(RuleInvalid, match="too long, or has too many brackets"):
            from_json(value)
