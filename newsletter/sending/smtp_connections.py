"""One SMTP connection: each message costs one round trip where PIPELINING is offered.

With PIPELINING (RFC 2920) MAIL, RCPT and DATA of the next message travel with the body of the last one, and replies
are read in order. Without it the same commands go one at a time, with the same outcomes.
"""

import contextlib
import smtplib
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .outcomes import Outcome, accepted, again, deferred, rejected, unknown
from .transports import GROUP_SECONDS, REPLY_SECONDS, AccountRefused, Journal, Outgoing, TransportUnavailable

MESSAGES_A_CONNECTION = 1_000
_CLOSING = 421
_GO_AHEAD = 354
_LATER, _NEVER = 4, 5
_END = b".\r\n"
_GOODBYE_SECONDS = 5
_LONGEST_TEXT = 500
_LONGEST_LINE = 2_048


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a connection waits, in seconds, and how often it is made anew."""

    connect_seconds: float = 30
    reply_seconds: float = REPLY_SECONDS
    group_seconds: float = GROUP_SECONDS
    pauses: tuple[float, ...] = (0, 1, 3)
    """Before each new connection over the same message. After that many the message is deferred and the others go on;
    when that happens to two in a row, it is the server that does not want to."""


class _Closed(Exception):
    """The connection ended: cut, or with an answer that nobody can read."""


class _Dismissed(_Closed):
    """The server ended it by a 421, which is no verdict on the message (RFC 5321, section 3.8)."""


class SmtpConnection:
    """One connection of one thread, made anew when it is used up or cut."""

    def __init__(self, dial: Callable[[], smtplib.SMTP], patience: Patience) -> None:
        self._dial, self._patience = dial, patience
        self._client: smtplib.SMTP | None = None
        self._sent = 0
        self._in_flight = False
        """Whether the final dot of the current message may have left."""
        self._begin_until = 0.0

    def open(self) -> None:
        """Connect unless connected."""
        if self._client is None:
            self._client = self._dial()
            self._socket: socket.socket = self._client.sock  # type: ignore[assignment]  # it is connected
            self._replies = self._socket.makefile("rb")
            self._longest_wait = 0.0
            self._pipelines = self._client.has_extn("pipelining")
            self._utf8 = self._client.has_extn("smtputf8")
            self._sent = 0

    def close(self) -> None:
        """Quit politely where there is still someone to hear it."""
        if self._client is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._wait_at_most(_GOODBYE_SECONDS)
                self._client.quit()
            self._drop()

    def send(self, group: Sequence[Outgoing], journal: Journal) -> list[tuple[int, Outcome]]:
        """Send each message of the group to its one recipient.

        A connection that ends is made anew, later and later; what was not handed over goes again on it. What could
        not be begun in time is pending again. Raises `TransportUnavailable` where no connection can be had or kept,
        and `AccountRefused` where the server refuses the sender: the journal then knows what became of the others.
        """
        if self._sent >= MESSAGES_A_CONNECTION:
            self.close()
        self._begin_until = time.monotonic() + self._patience.group_seconds
        running = _Running(deque(group), journal)
        while running.waiting and time.monotonic() < self._begin_until:
            self._reconnect(running.ends)
            try:
                self._run(running)
            except _Closed as error:
                self._drop()
                self._end(running, error)
            except BaseException:
                self._drop()  # in the middle of its dialogue
                raise
        if running.waiting and not running.outcomes:
            raise TransportUnavailable("The mail server is too slow to answer. Nothing is lost; send again.")
        while running.waiting:
            running.note(again("The mail server was too slow to get to this message."))
        return running.outcomes

    def _reconnect(self, ends: int) -> None:
        """Connect unless connected: at once after the first end over a message, then later and later."""
        unavailable: TransportUnavailable | None = None
        for pause in self._patience.pauses[max(ends - 1, 0) :] if self._client is None else ():
            time.sleep(pause)
            try:
                return self.open()
            except TransportUnavailable as error:
                unavailable = error
        if unavailable is not None:
            raise unavailable
        return None

    def _run(self, running: "_Running") -> None:
        """Send from the front until nothing waits; raises where the connection ends or the time is over."""
        waiting = running.waiting
        if self._pipelines:
            self._write(self._commands(waiting[0]))
        while waiting:
            current = waiting[0]
            ahead = self._commands(waiting[1]) if self._pipelines and len(waiting) > 1 else b""
            refusal, wants_body = self._envelope(current, running)
            if refusal is None:
                outcome = self._body(current, ahead, running.journal)
            else:
                # A server that took DATA without a recipient gets an empty message (RFC 2920, section 3.1).
                self._write((_END if wants_body else b"RSET\r\n") + ahead)
                self._reply(self._seconds_left())
                outcome = refusal
            running.note(outcome)

    def _envelope(self, current: Outgoing, running: "_Running") -> tuple[Outcome | None, bool]:
        """The refusal of MAIL, RCPT or DATA, if there is one, and whether the server waits for a body."""
        if not self._can_take(current):
            if self._pipelines:
                self._reply(self._seconds_left())  # to the NOOP that went ahead
            return rejected("The mail server does not take addresses with letters beyond ASCII (no SMTPUTF8)."), False
        replies = self._pipelined() if self._pipelines else self._one_by_one(current)
        code, text = replies[0]
        if code // 100 == _NEVER and current.to.isascii():
            # MAIL names nobody but us: whatever is wrong with it is wrong for every reader.
            running.note(again(f"{code} {text}"))
            raise AccountRefused(
                f"The mail server refuses mail from {current.return_path}: {code} {text}. "
                "Check NEWSLETTER_FROM and NEWSLETTER_TRANSPORT, then resume the campaign."
            )
        refused = next((reply for reply in replies if not _is_fine(reply[0])), None)
        return (_refusal(*refused) if refused else None), replies[-1][0] == _GO_AHEAD

    def _pipelined(self) -> list[tuple[int, str]]:
        return [self._reply(self._seconds_left()) for _ in range(3)]

    def _one_by_one(self, current: Outgoing) -> list[tuple[int, str]]:
        replies = []
        for command in self._commands(current).splitlines(keepends=True):
            self._write(command)
            replies.append(self._reply(self._seconds_left()))
            if not _is_fine(replies[-1][0]):
                break
        return replies

    def _body(self, current: Outgoing, ahead: bytes, journal: Journal) -> Outcome:
        message = current.message() + _END
        journal.begun([current.seq])
        self._hand_over(message + ahead, len(message))
        code, text = self._reply(self._patience.reply_seconds)
        self._in_flight = False
        self._sent += 1
        return accepted(text) if _is_fine(code) else _refusal(code, text)

    def _hand_over(self, data: bytes, dot: int) -> None:
        """Write a message that is final at `dot`: until the kernel took that byte, it is not in flight."""
        self._wait_at_most(self._patience.reply_seconds)
        taken = 0
        try:
            while taken < dot:
                taken += self._socket.send(data[taken:] if taken else data)
        except OSError as error:
            raise _Closed(str(error)) from error
        self._in_flight = True
        if taken < len(data):
            self._write(data[taken:])

    def _can_take(self, outgoing: Outgoing) -> bool:
        return self._utf8 or outgoing.to.isascii()

    def _commands(self, outgoing: Outgoing) -> bytes:
        if not self._can_take(outgoing):
            return b"NOOP\r\n"
        utf8 = "" if outgoing.to.isascii() else " SMTPUTF8"
        return f"MAIL FROM:<{outgoing.return_path}>{utf8}\r\nRCPT TO:<{outgoing.to}>\r\nDATA\r\n".encode()

    def _end(self, running: "_Running", error: Exception) -> None:
        """What the end of the connection means for the message in front."""
        was_in_flight, self._in_flight = self._in_flight, False
        if was_in_flight and not isinstance(error, _Dismissed):
            running.note(unknown("The connection ended after the message was handed over and before the answer."))
            return
        running.journal.replied(running.waiting[0].seq, again(str(error)))
        running.ends += 1
        if running.ends < len(self._patience.pauses):
            return
        if running.given_up:
            raise TransportUnavailable(f"The mail server ends every connection: {error}. Nothing is lost; send again.")
        running.note(deferred(f"The mail server ended {running.ends} connections over this: {error}"))
        running.given_up = True

    def _seconds_left(self) -> float:
        """How long to wait for the answer to a command that hands nothing over yet."""
        left = self._begin_until - time.monotonic()
        if left <= 0:
            raise _Closed("no answer in time")
        return min(left, self._patience.reply_seconds)

    def _wait_at_most(self, seconds: float) -> None:
        if seconds != self._longest_wait:  # it is a system call
            self._socket.settimeout(seconds)
            self._longest_wait = seconds

    def _write(self, data: bytes) -> None:
        self._wait_at_most(self._patience.reply_seconds)
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise _Closed(str(error)) from error

    def _reply(self, seconds: float) -> tuple[int, str]:
        """Read one reply (RFC 5321, section 4.2). Raises `_Closed` at the end, `_Dismissed` where it is a 421."""
        self._wait_at_most(seconds)
        lines = []
        while True:
            line = self._line()
            if not line.endswith(b"\n") or not line[:3].isdigit():
                raise _Closed("cut off" if not line else "not an SMTP reply")
            lines.append(line[4:].decode("utf-8", "replace").strip())
            if line[3:4] != b"-":
                break
        code, text = int(line[:3]), " ".join(lines)[:_LONGEST_TEXT]
        if code == _CLOSING:
            raise _Dismissed(f"421 {text}")
        return code, text

    def _line(self) -> bytes:
        try:
            return self._replies.readline(_LONGEST_LINE)
        except OSError as error:
            raise _Closed(str(error)) from error

    def _drop(self) -> None:
        if self._client is not None:
            self._replies.close()
            self._client.close()
            self._client = None


@dataclass(slots=True)
class _Running:
    """A group on its way."""

    waiting: deque[Outgoing]
    journal: Journal
    outcomes: list[tuple[int, Outcome]] = field(default_factory=list)
    ends: int = 0
    """How many connections ended over the message in front."""
    given_up: bool = False
    """Whether the message before it was put off for that."""

    def note(self, outcome: Outcome) -> None:
        """Say what became of the message in front."""
        seq = self.waiting.popleft().seq
        self.journal.replied(seq, outcome)
        self.outcomes.append((seq, outcome))
        self.ends, self.given_up = 0, False


def _is_fine(code: int) -> bool:
    return code // 100 in (2, 3)


def _refusal(code: int, text: str) -> Outcome:
    """4xx: later. Anything else that is not fine: never."""
    said = f"{code} {text}"
    return deferred(said) if code // 100 == _LATER else rejected(said)
