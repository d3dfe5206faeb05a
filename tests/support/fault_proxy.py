"""A relay on the way to a server that makes the way long or broken, as a process of its own.

`with FaultProxy(server.port, latency_seconds=0.025) as proxy: ...proxy.port`, or with a `Fault`. What the server really
got is the server's own record.
"""

import asyncio
import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

_ROOT = Path(__file__).parents[2]
_PIECE = 2**16
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Break(StrEnum):
    """How a connection breaks."""

    RESET = "reset"
    """The client sees a reset; the server an end."""
    CUT = "cut"
    """Both see an end."""
    SILENCE = "silence"
    """A black hole: nothing passes any more, and nobody is told."""


class Side(StrEnum):
    """Who said it."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Fault:
    """A connection breaks as soon as `after` has passed, said by `said_by`; the bytes themselves still arrive."""

    kind: Break
    after: str
    said_by: Side = Side.CLIENT
    skip: int = 0
    """So many of them pass first, over all connections."""
    times: int = 1
    """So many connections break; then the way is whole again."""


class FaultProxy:
    """Listens on 127.0.0.1 and carries bytes to `target_port`; each arrives `latency_seconds` late, either way."""

    def __init__(self, target_port: int, latency_seconds: float = 0, fault: Fault | None = None) -> None:
        self._arguments = (str(target_port), str(latency_seconds))
        self._fault = fault
        self.port = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fault_proxy", *self._arguments],
            cwd=_ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = self._answer()
        if self._fault is not None:
            self.meet(self._fault)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def meet(self, fault: Fault) -> None:
        """Let connections break so from now on; what was asked for before is forgotten."""
        self._ask(json.dumps(asdict(fault)))

    @property
    def broken(self) -> int:
        """How many connections broke so far."""
        return self._ask("")

    def _ask(self, line: str) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


class _Proxy:
    """What the process runs."""

    def __init__(self, target_port: int, latency_seconds: float) -> None:
        self.target_port, self.latency_seconds = target_port, latency_seconds
        self.fault: Fault | None = None
        self.broken = 0
        self._passed = 0

    async def serve(self) -> None:
        """Relay until stdin ends; a line there is a fault to meet, or empty to ask how many there were."""
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        _say(server.sockets[0].getsockname()[1])
        lines = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := (await lines.readline()).decode():
            if line.strip():
                told = json.loads(line)
                self.fault = Fault(**{**told, "kind": Break(told["kind"]), "said_by": Side(told["said_by"])})
                self._passed = 0
            _say(self.broken)

    def breaks(self) -> bool:
        """Whether the bytes that the fault waits for, seen once more, break a connection now."""
        assert self.fault is not None
        self._passed += 1
        number = self._passed - self.fault.skip
        return 0 < number <= self.fault.times

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to_server = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.close()
            return
        with contextlib.suppress(asyncio.CancelledError):  # the process ends with connections still open
            await _Way(self, (reader, writer), to_server).carry()


_Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Way:
    """One connection."""

    def __init__(self, proxy: _Proxy, client: _Ends, server: _Ends) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._is_broken = False

    async def carry(self) -> None:
        """Until both have ended."""
        async with asyncio.TaskGroup() as tasks:
            for side, (reader, _), (_, writer) in (
                (Side.CLIENT, self._client, self._server),
                (Side.SERVER, self._server, self._client),
            ):
                on_the_way: asyncio.Queue[tuple[float, bytes, Break | None]] = asyncio.Queue()
                tasks.create_task(self._take(side, reader, on_the_way))
                tasks.create_task(self._hand_on(on_the_way, writer))

    async def _take(
        self, side: Side, reader: asyncio.StreamReader, on_the_way: asyncio.Queue[tuple[float, bytes, Break | None]]
    ) -> None:
        now, tail = asyncio.get_running_loop().time, b""
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(_PIECE):
                breaking, piece, tail = self._look(side, piece, tail)
                on_the_way.put_nowait((now() + self._proxy.latency_seconds, piece, breaking))
        on_the_way.put_nowait((now() + self._proxy.latency_seconds, b"", None))

    def _look(self, side: Side, piece: bytes, tail: bytes) -> tuple[Break | None, bytes, bytes]:
        """How it breaks, what of the piece passes before that, and the end in which the next piece may go on."""
        fault = self._proxy.fault
        if fault is None or fault.said_by != side:
            return None, piece, b""
        sought, seen = fault.after.encode(), tail + piece
        at = seen.find(sought)
        while at >= 0:
            end = at + len(sought)
            if self._proxy.breaks():
                return fault.kind, seen[len(tail) : end], b""
            at = seen.find(sought, end)
        return None, piece, seen[-(len(sought) - 1) :] if len(sought) > 1 else b""

    async def _hand_on(
        self, on_the_way: asyncio.Queue[tuple[float, bytes, Break | None]], writer: asyncio.StreamWriter
    ) -> None:
        now = asyncio.get_running_loop().time
        with contextlib.suppress(ConnectionError):
            while True:
                due, piece, breaking = await on_the_way.get()
                if (wait := due - now()) > 0:
                    await asyncio.sleep(wait)
                if not piece:
                    break
                if self._is_broken:
                    continue
                writer.write(piece)
                await writer.drain()
                if breaking is not None:
                    self._break(breaking)
        writer.close()

    def _break(self, kind: Break) -> None:
        self._is_broken = True
        self._proxy.broken += 1
        if kind is Break.SILENCE:
            return
        self._server[1].close()
        if kind is Break.RESET:
            client: socket.socket = self._client[1].get_extra_info("socket")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._client[1].close()


def _say(number: int) -> None:
    print(number, flush=True)  # noqa: T201 - the parent reads it


def main() -> None:
    """Serve until stdin ends."""
    target_port, latency_seconds = sys.argv[1:]
    asyncio.run(_Proxy(int(target_port), float(latency_seconds)).serve())


if __name__ == "__main__":
    main()
