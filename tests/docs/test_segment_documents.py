"""The table of fields in the documents is the language; its examples are rules."""

import re
from datetime import date
from pathlib import Path

import click
import pytest

from newsletter.commands.segments import segments
from newsletter.events import engagement
from subscribers.grades import Bands, RollOver
from subscribers.segments import attributes
from subscribers.segments.fields import STANDARD_FIELDS
from subscribers.segments.rules import Rule, RuleContext

BANDS = Bands.parse("elementary=PK-5 middle=6-8 high=9-12")
CONTEXT = RuleContext(1, date(2026, 12, 1), RollOver(7, 1), BANDS, "UTC", engagement.FIELDS)
TEXT = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
SECTION = TEXT[TEXT.index("## Segments") : TEXT.index("## Issues")]
EXAMPLES = re.findall(r"^```\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)[1].splitlines()
FIELDS = [*STANDARD_FIELDS.values(), *engagement.FIELDS, attributes.field_of("attribute.NAME")]


def test_the_table_has_every_field_with_every_operator_it_takes() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| .+ \| (.+) \|$", SECTION, re.MULTILINE)
    assert [(name, operators.replace("`", "")) for name, operators in rows] == [
        (field.name, field.operators) for field in FIELDS
    ]


def test_the_command_names_every_field() -> None:
    told = re.split(r"\W+", segments.get_help(click.Context(segments)))
    assert not [field.name for field in FIELDS if field.name.partition(".")[0] not in told]


@pytest.mark.parametrize("rule", EXAMPLES)
def test_every_example_is_a_rule(rule: str) -> None:
    assert Rule.parse(rule).asked(CONTEXT)
