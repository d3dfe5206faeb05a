"""Real bounces, complaints and automatic replies: what was learned of one half of them must hold for the other."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from newsletter.commands.mail_files import mail_in
from newsletter.feedback.parsing import parse
from newsletter.feedback.verdicts import Kind, Reason, Verdict

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "bounces"

pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason=f"the corpus is not here: {CORPUS}")

_WORDS: dict[Reason, str] = {
    Reason.NO_SUCH_USER: "userunknown hasmoved hostunknown",
    Reason.MAILBOX_FULL: "mailboxfull",
    Reason.SUSPENDED: "suspend",
    Reason.BLOCKED: "blocked rejected badreputation filtered requireptr",
    Reason.POLICY: "authfailure policyviolation notcompliantrfc securityerror virusdetected failedstarttls",
    Reason.RATE: "ratelimited speeding toomanyconn",
    Reason.SYSTEM: "systemerror systemfull networkerror mailererror",
    Reason.EXPIRED: "expired",
}
REASONS = {word: {reason} for reason, words in _WORDS.items() for word in words.split()}
REASONS |= {word: {Reason.CONTENT, Reason.POLICY} for word in ("spamdetected", "contenterror", "norelaying")}
"""The corpus' words in ours; what is not here is `other`."""
_NAMED = re.compile(
    rb"^(?:Final-Recipient|Original-Recipient): *rfc822; *<?([^\s<>]+@[^\s<>]+)"
    rb"|^X-Failed-Recipients: *([^\s,]+@[^\s,]+)",
    re.IGNORECASE | re.MULTILINE,
)
_LATER = re.compile(rb"delayed|warning message only|not yet been delivered|will be retried", re.IGNORECASE)


@dataclass(frozen=True)
class Judged:
    """What is expected of one recipient of one file, and what was said."""

    file: str
    expected: dict[str, Any]
    said: Verdict | None

    @property
    def is_kind_right(self) -> bool:
        """The corpus knows no delays and calls them bounces; a message that says that it is one may be called so."""
        kind = self.said.kind if self.said else ""
        is_delay = kind is Kind.DELAYED and _LATER.search((CORPUS / self.file).read_bytes())
        return kind == self.expected["kind"] or bool(is_delay)

    @property
    def is_permanent(self) -> bool:
        return bool(self.said and self.said.permanent)

    @property
    def is_reason_right(self) -> bool:
        return bool(self.said) and self.said.reason in REASONS.get(self.expected["reason"], {Reason.OTHER})  # type: ignore[union-attr]


@lru_cache(1)
def judged() -> list[Judged]:
    expected = json.loads((CORPUS / "expected.json").read_text(encoding="utf-8"))
    return [one for file, recipients in expected.items() for one in _matched(file, recipients)]


def verdicts(file: str) -> list[Verdict]:
    return [verdict for mail in mail_in(str(CORPUS / file)) for verdict in parse(mail.raw).verdicts]


def _matched(file: str, recipients: list[dict[str, Any]]) -> Iterator[Judged]:
    """Each recipient that is expected with the verdict that is most like it: the corpus does not name them."""
    left = verdicts(file)
    for expected in recipients:
        best = max(left, key=lambda verdict: _likeness(verdict, expected), default=None)
        if best is not None:
            left.remove(best)
        yield Judged(file, expected, best)


def _likeness(verdict: Verdict, expected: dict[str, Any]) -> tuple[bool, bool, bool]:
    return (
        verdict.kind == expected["kind"],
        verdict.status == expected["dsn"],
        bool(verdict.permanent) == bool(expected["hard"]),
    )


def share(found: list[bool]) -> float:
    return sum(found) / len(found)


def test_addresses_that_are_gone_are_found() -> None:
    hard = [one for one in judged() if one.expected["hard"]]
    assert share([one.is_permanent for one in hard]) >= 0.98


def test_hardly_another_address_is_called_gone() -> None:
    others = [one for one in judged() if not one.expected["hard"]]
    assert share([one.is_permanent for one in others]) <= 0.01


def test_the_kind_is_right() -> None:
    assert share([one.is_kind_right for one in judged()]) >= 0.99


def test_the_reason_is_right() -> None:
    bounces = [one for one in judged() if one.expected["kind"] == "bounce"]
    assert share([one.is_reason_right for one in bounces]) >= 0.93


def test_no_delay_is_a_verdict_on_an_address() -> None:
    assert [
        one for one in judged() if one.said and one.said.kind is Kind.DELAYED and one.said.permanent is not None
    ] == []


def test_a_recipient_that_the_message_names_is_found() -> None:
    missed = []
    for file in sorted(CORPUS.glob("*.eml")):
        named = {
            (one or other).decode("latin-1").rstrip(">.,;").lower() for one, other in _NAMED.findall(file.read_bytes())
        }
        if named and not named & {verdict.recipient.lower() for verdict in verdicts(file.name)}:
            missed.append((file.name, named))
    assert missed == []
