"""What a server's refusal means: whether the address will never take mail, and why it was refused."""

import re
from functools import lru_cache
from typing import NamedTuple

from . import codes
from .conversations import Step, reply_in, status_in, step_in
from .phrases import REJECTED, ROWS, Row
from .verdicts import Reason

_MOST = 1500
"""How many characters of a server's words are looked at."""
_ADDRESS = re.compile(r"<?[^\s<>()\[\]\"',;:@]{1,128}@[^\s<>()\[\]\"',;@]{1,255}>?")
_PASSED_ON = re.compile(
    r"(?:error|response)(?: that| from)?(?: the)? (?:other|remote) server(?: returned)?(?: was)?: ?"
)
_SAYS_NOTHING = re.compile(r"recipient address rejected: ?(?=[a-z])|giving up on [\d.]+")
_BLANKS = re.compile(r"\s+")
_OF_THE_SENDER = frozenset({Step.CONNECT, Step.SENDER})


class Judgement(NamedTuple):
    """A refusal in our words."""

    permanent: bool
    """Whether the address will never take a mail: there is no such mailbox or domain, or it takes none."""
    reason: Reason


def judge(status: str, text: str, *, reply: str = "", step: Step | None = None) -> Judgement:
    """Judge by what the server says, then by its status (RFC 3463), then by its SMTP reply code.

    `step` is where the server refused, where that is known; else the text may tell. A refusal is permanent only if it
    speaks of the address and for good: not with a code that begins with 4, nor with one of policy (5.7), nor after the
    address was taken and the mail was not, nor before it was named. Takes anything; never raises.
    """
    words = _plain(text)
    status = status_in(text[:_MOST]) or status
    reply = reply_in(text[:_MOST]) or reply
    step = step or step_in(text[:_MOST])
    row = _row_of(words)
    told = (row.permanent, row.reason) if row else codes.by_status(status, reply) or codes.by_reply(reply)
    if told is None:
        return Judgement(permanent=False, reason=Reason.BLOCKED if REJECTED.said.search(words) else Reason.OTHER)
    permanent, reason = told
    is_first_hand = row is not None and row.is_first_hand
    if permanent and _is_not_of_the_address(status, step, is_first_hand=is_first_hand):
        return Judgement(permanent=False, reason=Reason.BLOCKED)
    is_sure = row is None or is_first_hand or _is_coded(status, reply, step)
    return Judgement(permanent and is_sure and not _is_for_now(status, reply), reason)


@lru_cache(2000)
def _row_of(words: str) -> Row | None:
    return next((row for row in ROWS if row.said.search(words)), None)


def _plain(text: str) -> str:
    """In lower case and one line, each address written `@`, without what a relay says of the words it passes on."""
    line = _BLANKS.sub(" ", _ADDRESS.sub("@", text[:_MOST]).replace("\u2019", "'")).lower().strip()
    return _SAYS_NOTHING.sub("", _PASSED_ON.split(line, maxsplit=1)[-1] or line)


def _is_not_of_the_address(status: str, step: Step | None, *, is_first_hand: bool) -> bool:
    """What is said after the mail is about the mail, but for a status of addresses (5.1)."""
    if step is Step.CONTENT:
        return not is_first_hand and not status.startswith("5.1.")
    return step in _OF_THE_SENDER or codes.is_policy(status)


def _is_coded(status: str, reply: str, step: Step | None) -> bool:
    """Whether more than words says so: words alone are often a relay's summary of what it did not understand."""
    return reply.startswith("5") or step is Step.RECIPIENT or (status.startswith("5.") and status != "5.0.0")


def _is_for_now(status: str, reply: str) -> bool:
    return status.startswith("4") or (reply.startswith("4") and not status.startswith("5"))
