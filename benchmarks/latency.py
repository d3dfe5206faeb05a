"""A TCP relay that holds every byte back for a while, so that a mail server on this machine is far away."""

import asyncio
import threading
from types import TracebackType
from typing import Self

_PIECE = 2**16


class FarAway:
    """Listens on 127.0.0.1 in a thread of its own; what is said takes half of the round trip each way."""

    def __init__(self, target_port: int, round_trip_seconds: float) -> None:
        self._target, self._delay = target_port, round_trip_seconds / 2
        self._loop = asyncio.new_event_loop()
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

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _relay(self, client_reads: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        server_reads, server = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(self._carry(client_reads, server), self._carry(server_reads, client))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Each piece is handed on so long after it came, in order, however many are on the way."""
        try:
            while piece := await reader.read(_PIECE):
                self._loop.call_later(self._delay, writer.write, piece)
        except (ConnectionError, asyncio.CancelledError):
            pass
        self._loop.call_later(self._delay, writer.close)
