"""Merge fields: what an editor may write, what is refused, and what a value can never do."""

import time

import pytest

from newsletter.rendering import merge
from newsletter.rendering.content import MergeSlot

FACTS = {
    "reader": {"first_name": "Ana", "name": "Ana Ruiz"},
    "list": {"name": "Families"},
    "organization": {"name": "Our School"},
    "issue": {"month": "December 2026"},
}
NOBODY = {**FACTS, "reader": {"first_name": "", "name": ""}}


def filled(text: str, facts: merge.Facts = FACTS) -> str:
    pieces = merge.split(text)
    return "".join(p if isinstance(p, str) else merge.evaluate(p.expression, facts) for p in pieces)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no field", "no field"),
        ("Hi {{ reader.first_name }}!", "Hi Ana!"),
        ("{{reader.name}} and {{ list.name }}", "Ana Ruiz and Families"),
        ("{{ organization.name | upper }}, {{ issue.month|lower }}", "OUR SCHOOL, december 2026"),
        ("{{ reader.name | lower | title }}", "Ana Ruiz"),
        ("{{ reader.name | capitalize }}{{ '  x ' | trim }}", "Ana ruizx"),
        ("{% if reader.first_name %}Dear {{ reader.first_name }}{% else %}Dear friend{% endif %},", "Dear Ana,"),
        ('{% if reader.name == "}}" %}a{% elif not list.name %}b{% else %}c{% endif %}', "c"),
        ("{% if reader.name %}{% if list.name != 'x' and issue.month or false %}in{% endif %}{% endif %}", "in"),
        ("{{ 'to ' ~ reader.name if reader.name else 'to you' }}", "to Ana Ruiz"),
        ("# Title {#anchor} and a } }} brace", "# Title {#anchor} and a } }} brace"),
        ("{{ reader.first_name | default(5) }}\r\n", "Ana\r\n"),
    ],
)
def test_a_field_is_replaced_by_its_value(text: str, expected: str) -> None:
    assert filled(text) == expected
    assert merge.problems(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{{ reader.first_name | default("friend") }}', "friend"),
        ('{{ reader.first_name | upper | default("friend") }}', "friend"),
        ("{{ reader.first_name }}", ""),
    ],
)
def test_an_empty_value_counts_as_missing(text: str, expected: str) -> None:
    assert filled(text, NOBODY) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ reader.__class__ }}",
        "{{ reader.name.__class__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ reader|attr('__class__') }}",
        "{{ reader.name | format('x') }}",
        "{{ 'a%s'|format(reader.name) }}",
        "{{ reader['name'] }}",
        "{{ reader.name() }}",
        "{{ lipsum() }}",
        "{{ self }}",
        "{% include '/etc/passwd' %}",
        "{% import 'x' as y %}",
        "{% raw %}{{ x }}{% endraw %}",
        "{{ config.secret_key }}",
    ],
)
def test_a_way_out_of_the_sandbox_is_refused(text: str) -> None:  # F20
    assert merge.problems(text)
    with pytest.raises(merge.MergeFieldRefused):
        merge.split(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' * 10 ** 9 }}",
        "{% for i in range(10 ** 9) %}{% for j in range(10 ** 9) %}x{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ " + "(" * 900 + "1" + ")" * 900 + " }}",
        "{{ " + "not " * 480 + "1 }}",
        "{{ " + "x" * 3000 + " }}",
        "{{ '" + "a" * 100_000,
        "{{" * 100_000,
        "{% if 1 %}" * 50_000,
        "{{ ' " * 50_000,
    ],
)
def test_a_template_bomb_is_refused_at_once(text: str) -> None:  # F21
    began = time.perf_counter()
    assert merge.problems(text)
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ readr.name }}", "There is no merge field readr. There is: reader.first_name, reader.name."),
        ("{{ reader.nam }}", "There is no merge field reader.nam. There is: reader.first_name, reader.name."),
        ("{{ reader }}", "There is no merge field reader. There is: reader.first_name, reader.name."),
        ("{{ zzz }}", "There is no merge field zzz. There is: reader.first_name,"),
        ("{{ reader.name | shout }}", "There is no filter shout. There is: default, upper,"),
        ("{{ reader.name | upper(1) }}", "The filter upper is written: | upper"),
        ("{{ reader.name | default }}", 'The filter default is written: | default("friend")'),
        ("{{ reader.name < 'x' }}", "Values can be compared with == and != only."),
        ("{{ reader. }}", "This merge field cannot be read"),
        ("{{ reader.name", "This merge field cannot be read"),
        ("{{ a {{ b }}", "This merge field cannot be read"),
        ('{{ "a {{ b }}', "This merge field cannot be read"),
        ("{% if reader.name %}never closed", "This merge field cannot be read"),
        ("{% set x = 1 %}", "{% set %} is not allowed; only if, elif, else and endif are."),
        ("{{ -1 }}", "Only names and filters are allowed"),
    ],
)
def test_what_is_wrong_is_said(text: str, sentence: str) -> None:
    assert merge.problems(text)[0].text.startswith(sentence)


def test_every_problem_has_its_place() -> None:
    text = "ok {{ reader.name }}\nbad {{ x.y }}\n\n{{ reader.name | nope }}"
    found = merge.problems(text)
    assert [(problem.line, text[problem.offset :][:6]) for problem in found] == [(2, "{{ x.y"), (4, "{{ rea")]


@pytest.mark.parametrize("name", ["{{ 7*7 }}", "{% if 1 %}x{% endif %}", "%recipient%", "<script>"])
def test_a_value_is_never_evaluated(name: str) -> None:  # F24
    facts = {**FACTS, "reader": {"first_name": name, "name": name}}
    assert filled("{{ reader.name }}", facts) == name
    assert filled("{{ reader.name ~ '' }}", facts) == name


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x00", "\u2028", "\u2029", "\x85", "\x0b"])
@pytest.mark.parametrize("text", ["{{ reader.name }}", "{{ reader.name ~ '' }}"])
def test_a_value_is_one_line(break_: str, text: str) -> None:  # M18 F23
    facts = {**FACTS, "reader": {"first_name": "", "name": f"Ana{break_}Bcc: all@example.org"}}
    assert filled(text, facts) == "Ana Bcc: all@example.org"


def test_a_broken_surrogate_becomes_a_question_mark() -> None:  # F44
    assert merge.clean("a\ud800b") == "a?b"
    assert merge.clean("año 🎈") == "año 🎈"


def test_splitting_keeps_the_text_between_byte_for_byte() -> None:
    text = "a\r\n\tb {{ reader.name }} c\n"
    assert merge.split(text) == ("a\r\n\tb ", MergeSlot("{{ reader.name }}"), " c\n")


def test_it_is_known_which_values_differ_between_readers() -> None:
    assert merge.names_reader("{{ list.name ~ reader.name }}")
    assert not merge.names_reader("{{ list.name | default('reader') }}")
