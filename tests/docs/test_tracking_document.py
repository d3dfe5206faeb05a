"""docs/tracking.md says what is so."""

from pathlib import Path

from benchmarks.persons_or_machines import tables
from newsletter.events.classify import Signal

_DOCUMENT = (Path(__file__).parents[2] / "docs" / "tracking.md").read_text(encoding="utf-8")


def test_the_figures_are_those_that_its_command_prints() -> None:
    assert "\n".join(tables()) in _DOCUMENT


def test_every_sign_is_explained() -> None:
    assert [signal for signal in Signal if f"| `{signal}` |" not in _DOCUMENT] == []
