"""What a server's refusal means: whether the address will never take mail, and why it was refused."""

import re
from functools import lru_cache
from typing import NamedTuple

from . import codes
from .conversations import Step, reply_in, status_in, step_in
from .phrases import BARE, NO_HOST, REJECTED, ROWS, Row
from .verdicts import Reason

_MOST = 1500
"""How many characters of a server's words are looked at."""
_ADDRESS = re.compile(
    r"<?[^\s<>()\[\]\"',;:@]{1,128}@[^\s<>()\[\]\"',;:@.]{1,63}(?:\.[^\s<>()\[\]\"',;:@.]{1,63}){0,9}>?"
)
_PASSED_ON = re.compile(
    r"(?:error|response)(?: that| from)?(?: the)? (?:other|remote) server(?: returned)?(?: was)?: ?|remote host said: "
)
_SAYS_NOTHING = re.compile(r"recipient address rejected: ?(?=[a-z])|giving up on [\d.]+")
_NAMES_IT = re.compile(r"^(?:[a-z, -]+; ?)?5\d\d (?:5\.\d\.\d )?@ ?: ")
"""Postfix and others put the address before their words where they answer RCPT, and there alone."""
_ASKED = re.compile(
    r"recipient\s{1,9}address\s{1,9}rejected:\s{1,9}(?:undeliverable|unverified)\s{1,9}address:", re.IGNORECASE
)
"""Postfix asked the next server for the address; what that said follows."""
_LOOKS_UP = re.compile(r"\bdns\b|\bldap\b|look-?up|name serv|directory|database|resolv|\bmx\b|domain|\bhost\b|unrout")
_BLANKS = re.compile(r"\s+")
_OF_THE_SENDER = frozenset({Step.CONNECT, Step.SENDER})
_NOT_WITHOUT_WORDS = frozenset({Reason.NO_SUCH_USER, Reason.MAILBOX_FULL, Reason.SUSPENDED, Reason.OTHER})
"""What no code tells of the reader, where another server passes it on."""


class Judgement(NamedTuple):
    """A refusal in our words."""

    permanent: bool
    """Whether the address will never take a mail: there is no such mailbox or domain, or it takes none."""
    reason: Reason


def judge(status: str, text: str, *, reply: str = "", step: Step | None = None, is_final: bool = False) -> Judgement:
    """Judge by what the server says, then by its status (RFC 3463), then by its SMTP reply code.

    `step` is where the server refused, where that is known; else the text may tell. `is_final` is whether nobody tries
    again, so that "user unknown" with a code that begins with 4 is the last word. A refusal is permanent only if it
    speaks of the address and for good: not with a code that begins with 4, nor with one of policy (5.7), nor after the
    address was taken and the mail was not, nor before it was named. Where a server passes on what the next one said of
    the address, that is judged, and no code without words. Takes anything; never raises.
    """
    text = text[:_MOST]
    if asked := _ASKED.search(text):
        before, said = text[: asked.start()], text[asked.end() :]
        return _told_by_the_next(status_in(before) or status, reply_in(before) or reply, said, step, is_final=is_final)
    return _judged(status, reply, text, step, is_final=is_final)


def _told_by_the_next(status: str, reply: str, said: str, step: Step | None, *, is_final: bool) -> Judgement:
    """`status` and `reply` are of the server that passes it on: it may know better than to say so for good."""
    if _row_of(_plain(said)) is None:
        reason = _judged("", "", said, step_in(said), is_final=False).reason
        return Judgement(permanent=False, reason=Reason.SYSTEM if reason in _NOT_WITHOUT_WORDS else reason)
    judged = _judged(status, reply, said, step_in(said) or step or Step.RECIPIENT, is_final=is_final)
    is_over = is_final and status.startswith("4.1.")
    return Judgement(judged.permanent and (is_over or not _is_for_now(status, reply)), judged.reason)


def _judged(status: str, reply: str, text: str, step: Step | None, *, is_final: bool) -> Judgement:
    words = _plain(text)
    status = status_in(text) or status
    reply = reply_in(text) or reply
    step = step or step_in(text) or (Step.RECIPIENT if _NAMES_IT.search(words) else None)
    row = _row_of(words)
    told = (row.permanent, row.reason) if row else _by_codes(status, reply, step)
    if told is None:
        return Judgement(permanent=False, reason=Reason.BLOCKED if REJECTED.said.search(words) else Reason.OTHER)
    permanent, reason = told
    if permanent and (_is_not_of_the_address(status, step, row) or not _is_borne_out(status, reply, step, row)):
        return Judgement(permanent=False, reason=Reason.BLOCKED)
    if row is None and (reason is Reason.SYSTEM or not status) and REJECTED.said.search(words):
        return Judgement(permanent=False, reason=Reason.BLOCKED)
    is_over = is_final and row is not None and (status.startswith("4.1.") or (row.is_first_hand and status == "4.0.0"))
    if permanent and not is_over and _is_for_now(status, reply):
        return Judgement(permanent=False, reason=Reason.SYSTEM if row and _LOOKS_UP.search(words) else reason)
    return Judgement(permanent, reason)


def says_only_unknown(text: str) -> bool:
    """Whether a refusal says in words that there is no such mailbox, and nothing else.

    Not that a domain is not found, nor anything of us, of the mail or of the moment. Takes anything; never raises.
    """
    words = _plain(text[:_MOST])
    found = [row for row in ROWS if row.said.search(words)]
    return bool(found) and all(row.reason is Reason.NO_SUCH_USER and row is not NO_HOST for row in found)


@lru_cache(2000)
def _row_of(words: str) -> Row | None:
    return next((row for row in ROWS if row.said.search(words)), None)


def _plain(text: str) -> str:
    """In lower case and one line, each address written `@`, without what a relay says of the words it passes on."""
    line = _BLANKS.sub(" ", _ADDRESS.sub("@", text).replace("\u2019", "'")).lower().strip()
    return _SAYS_NOTHING.sub("", _PASSED_ON.split(line, maxsplit=1)[-1] or line)


def _by_codes(status: str, reply: str, step: Step | None) -> tuple[bool, Reason] | None:
    if step in _OF_THE_SENDER:
        return False, Reason.BLOCKED
    return codes.by_status(status, reply) or codes.by_reply(reply)


def _is_not_of_the_address(status: str, step: Step | None, row: Row | None) -> bool:
    """What is said after the mail is about the mail, but for a status of addresses (5.1)."""
    if step is Step.CONTENT:
        return not status.startswith("5.1.") and not (row and row.is_said_late)
    return step in _OF_THE_SENDER or codes.is_policy(status)


def _is_borne_out(status: str, reply: str, step: Step | None, row: Row | None) -> bool:
    """Whether words have a code to bear them out: a status of addresses, the answer to RCPT, or a refusal without any.

    Words alone are often a relay's summary; and readers' filters say "user unknown" to what they do not like, with a
    status of something else. A status alone is enough, but for 5.1.0, which may be about any address, the sender's too.
    """
    if row is None:
        return step is Step.RECIPIENT or not status.endswith(".1.0")
    return (
        row.is_first_hand
        or status[1:4] == ".1."
        or step is Step.RECIPIENT
        or (not status and row is not BARE and reply.startswith("5"))
    )


def _is_for_now(status: str, reply: str) -> bool:
    return status.startswith("4") or (reply.startswith("4") and not status.startswith("5"))
