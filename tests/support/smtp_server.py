"""A real SMTP server that writes down each message before it says yes: the oracle outside the product.

In a test: `with SmtpServer() as server`. As a process of its own, which a killed sender cannot hurt:
`SmtpServerProcess(record)`, or `python -m tests.support.smtp_server RECORD`.
"""

import asyncio
import json
import os
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

_MESSAGE_ID = re.compile(rb"^Message-ID: <([^>]*)>", re.MULTILINE | re.IGNORECASE)
DROP_BEFORE = "drop before the body"
DROP_INSIDE = "drop inside the body"
DROP_AFTER = "drop after the dot"
SILENCE = "take it, and never answer"

Fault = Callable[[str, str], str | None]
"""Given the command (MAIL, RCPT, DATA, or `.` for the end of a body) and the recipient: a reply to give instead,
`DROP_BEFORE`, `DROP_INSIDE`, `DROP_AFTER` or `SILENCE`, or None to go on."""


def refusing(command: str, recipient: str, reply: str, times: int = 1_000_000) -> Fault:
    """Give that reply to a command for that recipient, so many times."""
    left = [times]

    def fault(given: str, to: str) -> str | None:
        if given == command and to == recipient and left[0]:
            left[0] -= 1
            return reply
        return None

    return fault


def when_it_arrives(recipient: str, act: Callable[[], object]) -> Fault:
    """Do something once, when the body for that recipient is there and before it is answered."""
    done = threading.Event()

    def fault(command: str, to: str) -> None:
        if command == "." and to == recipient and not done.is_set():
            done.set()
            act()

    return fault


@dataclass
class Record:
    """What was accepted, in order; also appended to a file, one write a message, before the reply."""

    file: Path | None = None
    keep_bodies: bool = True
    recipients: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._handle = None if self.file is None else os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def add(self, recipient: str, body: bytes) -> None:
        """Write one down."""
        if self.keep_bodies:
            self.bodies.append(body)
        self.recipients.append(recipient)
        if self._handle is not None:
            found = _MESSAGE_ID.search(body)
            line = json.dumps({"to": recipient, "id": found[1].decode() if found else "", "bytes": len(body)})
            os.write(self._handle, line.encode() + b"\n")


class _Dialogue:
    """One connection."""

    def __init__(self, server: "SmtpServer", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._has_sender = False
        self._recipient = ""

    async def run(self) -> None:
        self._say("220 oracle.example ESMTP")
        while line := await self._reader.readline():
            words = line.decode("utf-8", "replace").strip()
            verb = words.split(" ", 1)[0].split(":", 1)[0].upper()
            if verb == "QUIT":
                self._say("221 goodbye")
                return
            if not await self._command(verb, words):
                return
            if not self._reader_has_more():
                await self._writer.drain()

    async def _command(self, verb: str, words: str) -> bool:
        server = self._server
        server.commands.append(words)
        if verb == "RCPT":
            self._recipient = words[words.find("<") + 1 : words.rfind(">")]
        fault = server.fault(verb, self._recipient)
        if fault == DROP_BEFORE:
            return False
        if fault == SILENCE:
            await self._reader.read()
            return False
        if fault == DROP_INSIDE:
            self._say("354 go ahead")
            await self._reader.read(1_000)
            return False
        if fault is not None:
            if verb == "RCPT":
                self._recipient = ""
            self._say(fault)
            return not fault.startswith("421")
        if verb == "DATA":
            return await self._data()
        self._say(self._answer(verb))
        if verb == "STARTTLS" and server.certificate is not None:
            await self._writer.start_tls(server.certificate)
        return True

    def _answer(self, verb: str) -> str:
        """What is said to a command that no fault meets."""
        if verb == "EHLO":
            words = ("oracle.example", *self._server.extensions)
            return "\r\n".join(f"250{'-' if n < len(words) else ' '}{word}" for n, word in enumerate(words, 1))
        if verb in ("MAIL", "RSET"):
            self._has_sender, self._recipient = verb == "MAIL", ""
        elif verb == "RCPT" and not self._has_sender:
            self._recipient = ""
            return "503 MAIL first"
        return {"STARTTLS": "220 go ahead", "AUTH": "235 welcome"}.get(verb, "250 ok")

    async def _data(self) -> bool:
        if not self._recipient and not self._server.takes_data_for_nobody:
            self._say("554 no valid recipients")
            return True
        self._has_sender = False
        self._say("354 go ahead")
        await self._writer.drain()
        if not self._recipient:
            empty = await self._reader.readline()
            self._say("554 no valid recipients")
            return empty == b".\r\n"
        body = await self._reader.readuntil(b"\r\n.\r\n")
        fault = self._server.fault(".", self._recipient)
        if fault in (DROP_AFTER, SILENCE):
            self._server.record.add(self._recipient, body[:-3])
            if fault == SILENCE:
                await self._reader.read()
            return False
        if fault is not None:
            self._say(fault)
            return not fault.startswith("421")
        self._server.record.add(self._recipient, body[:-3])
        self._say(f"250 ok queued as {len(self._server.record.recipients)}")
        return True

    def _reader_has_more(self) -> bool:
        return b"\n" in self._reader._buffer  # type: ignore[attr-defined]  # noqa: SLF001 - asyncio offers no look ahead

    def _say(self, text: str) -> None:
        self._writer.write(text.encode() + b"\r\n")


class SmtpServer:
    """Listens on 127.0.0.1 in a thread of its own."""

    def __init__(
        self,
        record: Record | None = None,
        *,
        extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SMTPUTF8"),
        fault: Fault = lambda _, __: None,
        certificate: ssl.SSLContext | None = None,
        tls_from_the_start: bool = False,
        takes_data_for_nobody: bool = False,
    ) -> None:
        self.record = record or Record()
        self.extensions = extensions
        self.fault = fault
        self.certificate = certificate
        self.takes_data_for_nobody = takes_data_for_nobody
        self._context = certificate if tls_from_the_start else None
        self.commands: list[str] = []
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """The transport setting that reaches it."""
        return f"smtp://127.0.0.1:{self.port}"

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0, limit=2**24, ssl=self._context)
        return int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await _Dialogue(self, reader, writer).run()
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, or the server does; what was not finished is not written down
        finally:
            writer.close()


class SmtpServerProcess:
    """The same server as a process of its own."""

    def __init__(self, record: Path) -> None:
        self._record = record
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.smtp_server", str(record)],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = f"smtp://127.0.0.1:{int(self._process.stdout.readline())}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()

    def received(self) -> int:
        """How many messages it has accepted."""
        return self._record.read_bytes().count(b"\n") if self._record.exists() else 0

    def recipients(self) -> list[str]:
        """Whom they were for, one entry a message."""
        return [json.loads(line)["to"] for line in self._record.read_text().splitlines()]


def main() -> None:
    """Serve until terminated; print the port."""
    with SmtpServer(Record(Path(sys.argv[1]), keep_bodies=False)) as server:
        print(server.port, flush=True)  # noqa: T201 - the parent reads it
        threading.Event().wait()


if __name__ == "__main__":
    main()
