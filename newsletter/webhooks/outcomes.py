"""What an answer means for a call, and when the next try is."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from random import Random

from .tables import CallState

DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long after each failed try the next one is: ten tries in about three days."""
MOST_TRIES = len(DELAYS) + 1
_JITTER = 0.2
"""So much is added to a delay at most, so that what failed together does not come back together."""
_LONGEST_WISH = timedelta(hours=24)
_FIRST_SILENCE, _LONGEST_SILENCE = 2, 300
_MOST_DOUBLINGS = 8
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


@dataclass(frozen=True, slots=True)
class Reply:
    """How one try ended: the status of the answer, or None where nothing answered."""

    status: int | None
    text: str
    """The beginning of the answer, or why there is none."""
    milliseconds: int
    retry_after: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the receiver took it."""
        return is_yes(self.status)

    @property
    def is_gone(self) -> bool:
        """Whether the receiver says that nothing is there any more, and never will be."""
        return self.status == HTTPStatus.GONE


def is_yes(status: int | None) -> bool:
    """Whether an answer of this status says that the receiver took it."""
    return status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def in_words(status: int | None, text: str) -> str:
    """How a try ended: `500: out of order`, or `none: It did not answer in 10 seconds.`, as one line."""
    return ": ".join(filter(None, (str(status or "none"), text)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a call."""

    state: CallState
    wait: timedelta | None = None
    """Until the next try, where it waits."""


def judge(reply: Reply, tries: int, now: datetime, chance: Random) -> Outcome:
    """What a reply to a call's try number `tries` means."""
    if reply.is_success:
        return Outcome(CallState.DONE)
    if reply.is_gone or tries >= MOST_TRIES:
        return Outcome(CallState.DEAD)
    delay = DELAYS[tries - 1] * (1 + _JITTER * chance.random())
    return Outcome(CallState.WAITING, max(delay, _wish(reply, now)))


def silence(failures: int) -> timedelta:
    """How long a receiver is left alone, by all calls, after so many failures in a row: 2 s, 4 s, ... 5 minutes."""
    return timedelta(seconds=min(_FIRST_SILENCE * 2 ** min(failures - 1, _MOST_DOUBLINGS), _LONGEST_SILENCE))


def _wish(reply: Reply, now: datetime) -> timedelta:
    """How long a busy receiver asks to be left alone: a number of seconds or a date (RFC 9110, 10.2.3)."""
    if reply.status not in _BUSY:
        return timedelta()
    return min(max(_read(reply.retry_after.strip(), now), timedelta()), _LONGEST_WISH)


def _read(wish: str, now: datetime) -> timedelta:
    if wish.isascii() and wish.isdigit():
        return timedelta(seconds=min(int(wish[:9]), _LONGEST_WISH.total_seconds()))
    try:
        until = parsedate_to_datetime(wish)
    except ValueError:
        return timedelta()
    return (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
