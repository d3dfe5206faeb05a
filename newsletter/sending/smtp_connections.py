"""Several SMTP connections driven by one thread: while one waits for an answer, the others go on.

Threads of their own would spend half of the time in taking turns; see `docs/performance.md`.
"""

import contextlib
import selectors
import smtplib
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .outcomes import Outcome, again, deferred
from .smtp_dialogue import CLOSING, Closed, Dialogue, Dismissed, Group, Offer, Replies, Talk
from .transports import (
    GROUP_SECONDS,
    REPLY_SECONDS,
    AccountRefused,
    Journal,
    Outgoing,
    SlowDown,
    TransportUnavailable,
)

MESSAGES_A_CONNECTION = 1_000
_GOODBYE_SECONDS = 5
_AT_ONCE = 65_536
_NEVER = float("inf")
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a connection waits, in seconds, and how often it is made anew."""

    connect_seconds: float = 30
    reply_seconds: float = REPLY_SECONDS
    group_seconds: float = GROUP_SECONDS
    pauses: tuple[float, ...] = (0, 1, 3)
    """Before each new connection over the same message. After that many the message is deferred and the others go on;
    when that happens to two in a row, it is the server that does not want to."""


class SmtpConnections:
    """The connections of one sender, each made anew when it is used up or cut."""

    def __init__(self, dial: Callable[[], smtplib.SMTP], patience: Patience, connections: int = 1) -> None:
        self._patience = patience
        self._selector = selectors.DefaultSelector()
        self._lines = [_Line(dial, patience, self._selector) for _ in range(connections)]

    def open(self) -> None:
        """Make the first connection; the others follow when there is work for them."""
        self._lines[0].open()

    def close(self) -> None:
        """Quit politely where there is still someone to hear it."""
        for line in self._lines:
            line.close()
        self._selector.close()

    def send(self, group: Sequence[Outgoing], journal: Journal) -> list[tuple[int, Outcome]]:
        """Send each message of the group to its one recipient.

        A connection that ends is made anew, later and later; what was not handed over goes again on it. What could
        not be begun in time is pending again. Raises `TransportUnavailable` where no connection can be had or kept,
        `SlowDown` where the server ends them all to have rest, and `AccountRefused` where it refuses the sender: the
        journal then knows what became of the others.
        """
        running = Group(deque(group), journal, time.monotonic() + self._patience.group_seconds)
        try:
            self._run(running, self._lines[: len(group)])
        except BaseException:
            for line in self._lines:
                line.drop()  # each is in the middle of its dialogue
            raise
        if running.failure is not None:
            raise running.failure
        if running.waiting and not running.outcomes:
            raise TransportUnavailable("The mail server is too slow to answer. Nothing is lost; send again.")
        for outgoing in running.waiting:
            running.note(outgoing.seq, again("The mail server was too slow to get to this message."))
        return running.outcomes

    def _run(self, running: Group, lines: Sequence["_Line"]) -> None:
        trouble: TransportUnavailable | None = None
        for line in lines:
            line.get_ready()
        while True:
            now = time.monotonic()
            for line in lines:
                if line.is_idle and line.due_at <= now and running.goes_on:
                    trouble = self._begin(running, line) or trouble
            waits = [line.deadline for line in lines if not line.is_idle]
            if running.goes_on:
                waits += [line.due_at for line in lines if line.is_idle and line.due_at < _NEVER]
                running.failure = trouble if not waits else None
            if not waits:
                return
            self._serve(running, lines, min(waits) - time.monotonic())

    def _begin(self, running: Group, line: "_Line") -> TransportUnavailable | None:
        """Put an idle line to work, connecting it first where it is not; why it cannot be connected now."""
        try:
            line.open()
        except AccountRefused as refusal:
            running.failure = refusal
        except TransportUnavailable as error:
            line.try_later()
            return error
        else:
            self._on(running, line, lambda: line.begin(Dialogue(line.offer, running), running.begin_until))
        return None

    def _serve(self, running: Group, lines: Sequence["_Line"], seconds: float) -> None:
        """Wait for octets, or until the first line has waited for long enough."""
        for key, _ in self._selector.select(max(seconds, 0)):
            line: _Line = key.data
            self._on(running, line, line.go_on)
        now = time.monotonic()
        for line in lines:
            if not line.is_idle and line.deadline <= now:
                self._ended(running, line, Closed("no answer in time"))

    def _on(self, running: Group, line: "_Line", act: Callable[[], None]) -> None:
        try:
            act()
        except Closed as error:
            self._ended(running, line, error)

    def _ended(self, running: Group, line: "_Line", error: Closed) -> None:
        ends = line.ended(error)
        if ends < len(self._patience.pauses) or running.failure is not None:
            return
        if running.has_given_up:
            asks = isinstance(error, Dismissed)
            running.failure = (SlowDown if asks else TransportUnavailable)(
                f"The mail server ends every connection: {error}. Nothing is lost; send again."
            )
            return
        given_up = running.waiting.popleft()
        running.note(given_up.seq, deferred(f"The mail server ended {ends} connections over this: {error}"))
        running.has_given_up = True


class _Line:
    """One connection and the dialogue on it."""

    def __init__(self, dial: Callable[[], smtplib.SMTP], patience: Patience, selector: selectors.BaseSelector) -> None:
        self._dial, self._patience, self._selector = dial, patience, selector
        self._client: smtplib.SMTP | None = None
        self._dialogue: Dialogue | None = None
        self._talk: Talk | None = None
        self._unwritten = memoryview(b"")
        self._until_final = 0
        """How many octets are to be written until the message is final; then it is in flight."""
        self._in_flight = self._is_held_up = False
        self._sent = self._tries = 0
        self._begin_until = 0.0
        self.due_at = 0.0
        """When it may be put to work; infinity: not for this group."""
        self.deadline = 0.0
        """When it has waited for long enough."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being said on it."""
        return self._talk is None

    def get_ready(self) -> None:
        """A new group begins: a connection that has carried enough is left."""
        if self._sent >= MESSAGES_A_CONNECTION:
            self.close()
        self._tries, self.due_at = 0, 0.0

    def open(self) -> None:
        """Connect unless connected. Raises `TransportUnavailable` or `AccountRefused`."""
        if self._client is None:
            self._client = self._dial()
            sock = self._client.sock
            self._socket: socket.socket = sock  # type: ignore[assignment]  # it is connected
            self._socket.setblocking(False)
            self._selector.register(self._socket, selectors.EVENT_READ, self)
            self._replies = Replies()
            size = self._client.esmtp_features.get("size", "")
            has = self._client.has_extn
            self.offer = Offer(has("pipelining"), has("smtputf8"), int(size) if size.isdigit() else 0)
            self._sent = 0

    def begin(self, dialogue: Dialogue, begin_until: float) -> None:
        """Start to talk. Raises `Closed`."""
        talk = dialogue.talk()
        opening = next(talk, None)
        if opening is not None:  # else every message was refused before a word was said
            self._dialogue, self._talk, self._begin_until = dialogue, talk, begin_until
            self._say(opening, dialogue)
            self._wait_from_now(dialogue)

    def go_on(self) -> None:
        """Write what can be written and hear what has come. Raises `Closed`."""
        if self._unwritten:
            self._write()
        for reply in self._replies.feed(self._heard()):
            dialogue, talk = self._dialogue, self._talk
            if reply.code == CLOSING:
                raise Dismissed(str(reply))
            if dialogue is None or talk is None:
                raise Closed("an answer to nothing")
            self._in_flight = False
            try:
                data = talk.send(reply)
            except StopIteration:
                self._sent += dialogue.completed
                self._dialogue = self._talk = None
            else:
                if data:
                    self._say(data, dialogue)
        if self._dialogue is not None:
            self._wait_from_now(self._dialogue)

    def ended(self, error: Closed) -> int:
        """Hang up; how many connections have ended over the message that was in front."""
        in_flight, dialogue = self._in_flight, self._dialogue
        self.drop()
        ends = dialogue.end(error, in_flight=in_flight) if dialogue is not None else 0
        self._tries = ends - 1 if 0 < ends < len(self._patience.pauses) else 0
        self.due_at = time.monotonic() + self._patience.pauses[self._tries]
        return ends

    def try_later(self) -> None:
        """It could not be connected: when to try again, if at all."""
        self._tries += 1
        is_over = self._tries >= len(self._patience.pauses)
        self.due_at = _NEVER if is_over else time.monotonic() + self._patience.pauses[self._tries]

    def close(self) -> None:
        """Quit politely where there is still someone to hear it."""
        if self._client is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._socket.settimeout(_GOODBYE_SECONDS)
                self._client.quit()
            self.drop()

    def drop(self) -> None:
        """Hang up."""
        self._dialogue = self._talk = None
        self._unwritten, self._until_final = memoryview(b""), 0
        self._in_flight = self._is_held_up = False
        if self._client is not None:
            self._selector.unregister(self._socket)
            self._client.close()
            self._client = None

    def _say(self, data: bytes, dialogue: Dialogue) -> None:
        self._until_final = len(self._unwritten) + dialogue.final_bytes if dialogue.final_bytes else 0
        self._unwritten = memoryview(bytes(self._unwritten) + data if self._unwritten else data)
        self._write()

    def _wait_from_now(self, dialogue: Dialogue) -> None:
        """An answer may take its time; the group's end does not wait for one to a command."""
        patient = time.monotonic() + self._patience.reply_seconds
        self.deadline = patient if dialogue.final_bytes else min(patient, self._begin_until)

    def _write(self) -> None:
        """Write what the kernel takes now; a message is in flight from its final octet on."""
        try:
            while self._unwritten:
                taken = self._socket.send(self._unwritten)
                self._unwritten = self._unwritten[taken:]
                if self._until_final:
                    self._until_final = max(self._until_final - taken, 0)
                    self._in_flight = not self._until_final
        except _NOT_NOW:
            self._selector.modify(self._socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)
            self._is_held_up = True
        except OSError as error:
            raise Closed(str(error)) from error
        else:
            if self._is_held_up:
                self._selector.modify(self._socket, selectors.EVENT_READ, self)
                self._is_held_up = False

    def _heard(self) -> bytes:
        """The octets that have come. Raises `Closed` at the end."""
        try:
            data = self._socket.recv(_AT_ONCE)
            while data and isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
                data += self._socket.recv(_AT_ONCE)
        except _NOT_NOW:
            return b""
        except OSError as error:
            raise Closed(str(error)) from error
        if not data:
            raise Closed("cut off")
        return data
