from dataclasses import replace
from pathlib import Path

import pytest

from newsletter import checks
from newsletter.checks import Check, Level
from newsletter.issues.parsing import parse
from tests.support.faulty_issues import BASES, Fault, base, context, told
from tests.support.seeded_faults import FAULTS

ELSEWHERE = {Check.UNSUBSCRIBE, Check.WHY, Check.ANSWERS, Check.SPAM, Check.RULE, Check.WORKSHOP, Check.SIGN_OFF}
"""What no change of a file brings: the faults of a theme, and what the store, other machines and programs say."""


@pytest.mark.parametrize("language", BASES)
def test_a_sound_issue_has_no_finding(language: str) -> None:
    assert checks.check(parse(base(language)), context()) == []


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_seeded_fault_is_found_and_nothing_else(fault: Fault) -> None:
    found = checks.check(parse(fault.text), fault.context)
    assert told(found) == [(fault.check, fault.level, fault.expected_line)], found


def test_every_check_has_a_fault_that_it_finds() -> None:
    assert {fault.check for fault in FAULTS} | ELSEWHERE == set(Check)
    assert len(FAULTS) >= 60
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_an_issue_that_was_written_for_another_purpose_has_no_finding() -> None:
    text = (Path(__file__).parents[1] / "support" / "six-languages.md").read_text(encoding="utf-8")
    assert checks.check(parse(text), context()) == []


def test_raw_mjml_needs_an_installation_that_allows_it() -> None:
    found = checks.check(parse(base("en")), replace(context(), raw_mjml=False))
    assert [(finding.check, finding.level) for finding in found] == [(Check.MJML, Level.ERROR)]
    assert "NEWSLETTER_RAW_MJML=on" in found[0].remedy
