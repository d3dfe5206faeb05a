"""The dialogue of one SMTP connection, without its socket: it yields what to write and is sent each reply.

With PIPELINING (RFC 2920) MAIL, RCPT and DATA of the next message travel with the body of the last one, and replies
are read in order, so a message costs one round trip. Without it the same commands go one at a time, with the same
outcomes.
"""

import time
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from newsletter.feedback.conversations import Step

from .outcomes import Outcome, accepted, again, deferred, rejected, unknown
from .transports import AccountRefused, Journal, Outgoing

CLOSING = 421
_GO_AHEAD = 354
_FINE, _LATER, _NEVER = 200, 400, 500
_END = b".\r\n"
_RSET = b"RSET\r\n"
_LONGEST_TEXT = 500
_LONGEST_LINE = 2_048
_STEPS = (Step.SENDER, Step.RECIPIENT, Step.CONTENT)
"""Where MAIL, RCPT and DATA are refused."""


class Reply(NamedTuple):
    """One reply (RFC 5321, section 4.2)."""

    code: int
    text: str

    @property
    def is_fine(self) -> bool:
        """Whether the server goes along."""
        return _FINE <= self.code < _LATER

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


class Closed(Exception):
    """The connection ended: cut, or with an answer that nobody can read."""


class Dismissed(Closed):
    """The server ended it by a 421, which is no verdict on the message (RFC 5321, section 3.8)."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the server said it can do (EHLO)."""

    pipelining: bool
    utf8: bool
    size: int
    """The largest message it takes, in octets (RFC 1870); 0: it does not say."""


class _Mail(NamedTuple):
    """A message dealt to a connection."""

    outgoing: Outgoing
    data: bytes
    """The whole message, without its final dot."""


@dataclass(slots=True)
class Group:
    """The messages of one `send`, from which each connection takes the next."""

    waiting: deque[Outgoing]
    journal: Journal
    begin_until: float
    """No message is begun after this moment of `time.monotonic`."""
    outcomes: list[tuple[int, Outcome]] = field(default_factory=list)
    ends: Counter[int] = field(default_factory=Counter)
    """How many connections ended over a message, by `seq`."""
    has_given_up: bool = False
    """Whether the last thing noted was a message put off for that."""
    failure: Exception | None = None
    """What ends the group once nothing is in flight any more."""

    @property
    def goes_on(self) -> bool:
        """Whether a message waits that may be begun."""
        return bool(self.waiting) and self.failure is None and time.monotonic() < self.begin_until

    def next(self) -> Outgoing | None:
        """The next message that may be begun."""
        return self.waiting.popleft() if self.goes_on else None

    def note(self, seq: int, outcome: Outcome) -> None:
        """Say what became of a message."""
        self.journal.replied(seq, outcome)
        self.outcomes.append((seq, outcome))
        self.has_given_up = False


Talk: TypeAlias = Generator[bytes, Reply, None]


class Dialogue:
    """What is said on one connection over the messages it is dealt, for one group."""

    def __init__(self, offer: Offer, group: Group) -> None:
        self._offer, self._group = offer, group
        self._current: _Mail | None = None
        self._following: _Mail | None = None
        self.final_bytes = 0
        """How many of the bytes yielded last make a message final once they are written; 0: none of them."""
        self.completed = 0
        """How many messages were answered."""

    def talk(self) -> Talk:
        """Send what is dealt until nothing waits. Yields bytes to write, perhaps none, and wants the next reply."""
        self._current = self._deal()
        ahead = self._ahead_of(self._current)
        while (mail := self._current) is not None:
            refusal, wants_body = yield from self._envelope(mail, ahead)
            self._following = self._deal()
            ahead = self._ahead_of(self._following)
            if refusal is None:
                outcome = yield from self._body(mail, ahead)
            else:
                # A server that took DATA without a recipient gets an empty message (RFC 2920, section 3.1).
                yield (_END if wants_body else _RSET) + ahead
                outcome = _refusal(*refusal)
            self._group.note(mail.outgoing.seq, outcome)
            self._current, self._following, ahead = self._following, None, b""

    def end(self, error: Closed, *, in_flight: bool) -> int:
        """The connection ended: what that means for what it was dealt. How many ended over the message in front."""
        group = self._group
        if self._following is not None:
            group.waiting.appendleft(self._following.outgoing)
        if self._current is None:
            return 0
        outgoing = self._current.outgoing
        self._current = self._following = None
        if in_flight and not isinstance(error, Dismissed):
            why = "The connection ended after the message was handed over and before the answer."
            group.note(outgoing.seq, unknown(why))
            return 0
        group.journal.replied(outgoing.seq, again(str(error)))
        group.ends[outgoing.seq] += 1
        group.waiting.appendleft(outgoing)
        return group.ends[outgoing.seq]

    def _deal(self) -> _Mail | None:
        """The next message that this server can take; what it cannot take is refused here."""
        while (outgoing := self._group.next()) is not None:
            data = outgoing.message()
            why = self._unfit(outgoing, len(data))
            if why is None:
                return _Mail(outgoing, data)
            self._group.note(outgoing.seq, rejected(why))
        return None

    def _unfit(self, outgoing: Outgoing, size: int) -> str | None:
        if not self._offer.utf8 and not outgoing.to.isascii():
            return "The mail server does not take addresses with letters beyond ASCII (no SMTPUTF8)."
        if 0 < self._offer.size < size:
            return f"The message has {size:,} octets; the mail server takes at most {self._offer.size:,} (SIZE)."
        return None

    def _commands(self, mail: _Mail) -> Sequence[bytes]:
        to = mail.outgoing.to
        size = f" SIZE={len(mail.data)}" if self._offer.size else ""
        utf8 = "" if to.isascii() else " SMTPUTF8"
        return (
            f"MAIL FROM:<{mail.outgoing.return_path}>{size}{utf8}\r\n".encode(),
            f"RCPT TO:<{to}>\r\n".encode(),
            b"DATA\r\n",
        )

    def _ahead_of(self, mail: _Mail | None) -> bytes:
        """What may be written before the server asks for it."""
        return b"".join(self._commands(mail)) if mail is not None and self._offer.pipelining else b""

    def _envelope(self, mail: _Mail, ahead: bytes) -> Generator[bytes, Reply, tuple[tuple[Reply, Step] | None, bool]]:
        """The refusal of MAIL, RCPT or DATA, if there is one, and whether the server waits for a body."""
        replies = []
        if self._offer.pipelining:
            replies = [(yield ahead), (yield b""), (yield b"")]
        else:
            for command in self._commands(mail):
                replies.append((yield command))
                if not replies[-1].is_fine:
                    break
        self._check_sender(mail.outgoing, replies[0])
        told = zip(replies, _STEPS, strict=False)
        refusal = next(((reply, step) for reply, step in told if not reply.is_fine), None)
        return refusal, replies[-1].code == _GO_AHEAD

    def _check_sender(self, outgoing: Outgoing, to_mail: Reply) -> None:
        """MAIL names nobody but us: whatever is wrong with it for good is wrong for every reader."""
        if to_mail.code >= _NEVER and outgoing.to.isascii():
            self._group.failure = AccountRefused(
                f"The mail server refuses mail from {outgoing.return_path}: {to_mail}. "
                "Check NEWSLETTER_FROM and NEWSLETTER_TRANSPORT, then resume the campaign."
            )
            raise Closed(str(to_mail))

    def _body(self, mail: _Mail, ahead: bytes) -> Generator[bytes, Reply, Outcome]:
        self._group.journal.begun((mail.outgoing.seq,))
        self.final_bytes = len(mail.data) + len(_END)
        reply = yield b"".join((mail.data, _END, ahead))
        self.final_bytes = 0
        self.completed += 1
        return accepted(reply.text) if reply.is_fine else _refusal(reply, Step.CONTENT)


class Replies:
    """Cuts the stream of octets into replies."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[Reply]:
        """The replies that are whole now, one after the other. Raises `Closed` at the first line that is none."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            code, sign, text = line[:3], line[3:4], line[4:].strip()
            if not code.isdigit():
                raise Closed("not an SMTP reply")
            if sign == b"-" or self._lines:
                self._lines.append(text)
                text = b" ".join(self._lines)
            if sign != b"-":
                self._lines.clear()
                yield Reply(int(code), text.decode("utf-8", "replace")[:_LONGEST_TEXT])
        if len(self._rest) > _LONGEST_LINE:
            raise Closed("not an SMTP reply")


def _refusal(reply: Reply, step: Step) -> Outcome:
    """4xx: later. Anything else that is not fine: never."""
    return (deferred if _LATER <= reply.code < _NEVER else rejected)(str(reply), step)
