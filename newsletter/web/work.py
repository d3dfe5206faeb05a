"""What a sign-up asks of a browser: a sum that takes it a moment while the person types, or else a little patience.

No third party is asked. The challenge in the form is signed and says when it was made, so it is also the ticket of a
browser that solves nothing: after `PATIENCE` it counts as much as a solution does. `templates/web/work.js` solves it.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

import altcha

PATIENCE = timedelta(seconds=15)
VALID = timedelta(hours=1)
_NEVER = datetime.min.replace(tzinfo=UTC)
_ONE_ROUND = 1
_NO_SOLUTION = altcha.Solution(0, "")


class Verdict(Enum):
    """What a form's challenge and solution come to."""

    DONE = auto()
    """Solved, or waited for; whether it was used before, `signups.is_first_use` knows."""
    TOO_EARLY = auto()
    EXPIRED = auto()
    UNKNOWN = auto()
    """Not ours, or none at all."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict; where the challenge is ours, what tells it from all others, and when it was made."""

    verdict: Verdict
    nonce: str = ""
    opened_at: datetime = _NEVER

    @property
    def expires_at(self) -> datetime:
        """From when it no longer counts."""
        return self.opened_at + VALID

    def seconds_left(self, now: datetime) -> int:
        """How much patience is still asked for, rounded up."""
        return -int((now - self.opened_at - PATIENCE) // timedelta(seconds=1))


@dataclass(frozen=True, slots=True)
class Work:
    """Asks for the work and judges it."""

    keys: tuple[bytes, ...]
    """The first signs, all verify."""
    most: int
    """How many tries a browser needs at most; 0: nothing is asked."""

    @property
    def is_asked(self) -> bool:
        """Whether anything is asked at all."""
        return self.most > 0

    def ask(self, now: datetime) -> str:
        """A new challenge, as the form carries it; empty where nothing is asked."""
        if not self.is_asked:
            return ""
        counter = secrets.randbelow(self.most)
        opened = {"opened": int(now.timestamp())}
        # Not altcha's own expiry: that reads the machine's clock, and we have one of ours.
        made = altcha.create_challenge("SHA-256", _ONE_ROUND, counter=counter, data=opened, hmac_secret=self.keys[0])
        return json.dumps(made.to_dict(), separators=(",", ":"))

    def judge(self, challenge: str, solution: str, now: datetime) -> Judgement:
        """What a form's challenge and solution come to at this moment; where nothing is asked, any will do."""
        if not self.is_asked:
            return Judgement(Verdict.DONE)
        try:
            asked = altcha.Challenge.from_dict(json.loads(challenge))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return Judgement(Verdict.UNKNOWN)
        found = altcha.Payload(asked, _read_solution(solution))
        results = (altcha.verify_solution(found, key) for key in self.keys)
        ours = next((result for result in results if result.invalid_signature is False), None)
        if ours is None:
            return Judgement(Verdict.UNKNOWN)
        opened_at = datetime.fromtimestamp((asked.parameters.data or {})["opened"], UTC)
        return Judgement(_verdict(opened_at, now, is_solved=ours.verified), asked.parameters.nonce, opened_at)


def _verdict(opened_at: datetime, now: datetime, *, is_solved: bool) -> Verdict:
    if now >= opened_at + VALID:
        return Verdict.EXPIRED
    return Verdict.DONE if is_solved or now >= opened_at + PATIENCE else Verdict.TOO_EARLY


def _read_solution(text: str) -> altcha.Solution:
    try:
        return altcha.Solution.from_dict(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _NO_SOLUTION
