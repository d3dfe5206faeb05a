"""docs/sendgrid.md has every word that we know, with what it does, and the limits as they are."""

from pathlib import Path

from newsletter.events.sendgrid import CLASSES, DROPS, WORDS
from newsletter.events.sendgrid_calls import DEEPEST, FRESH, LARGEST_CALL, MOST_EVENTS
from newsletter.web.security import EVENTS

PAGE = (Path(__file__).parents[2] / "docs" / "sendgrid.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[str]:
    """The lines of the first table below a heading, without its head."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("|")][2:]


def test_every_word_of_an_event_stands_with_ours_and_what_it_does() -> None:
    assert rows("What each event does") == [
        f"| `{word}` | {known.kind.value if known.kind else ''} | {known.meaning} |" for word, known in WORDS.items()
    ]


def test_every_class_of_a_bounce_stands_with_our_reason() -> None:
    assert rows("When a copy comes back") == [
        f"| {name} | `{judged.reason.value}` |" for name, judged in CLASSES.items()
    ]


def test_every_reason_of_a_drop_stands_with_what_it_does() -> None:
    assert rows("When SendGrid will not send") == [f"| {reason} | {drop.meaning} |" for reason, drop in DROPS.items()]


def test_the_limits_are_those_that_hold() -> None:
    refused = "\n".join(rows("What is refused"))
    assert f"more than {LARGEST_CALL // 2**20} MB" in refused
    assert f"more than {MOST_EVENTS:,} events" in refused
    assert f"more than {DEEPEST} deep" in refused
    assert FRESH.total_seconds() == 600
    assert f"`{EVENTS}`" in PAGE
