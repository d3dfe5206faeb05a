"""The mail server of the made-up families: a real SMTP conversation on this machine, each mail kept as a file."""

import asyncio
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

_HOST = "127.0.0.1"


@contextmanager
def listening(folder: Path, gone: Collection[str]) -> Iterator[str]:
    """Take mail while the block runs, but for addresses that are `gone`. Yields the transport that reaches it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="inbox")
    thread.start()
    server = asyncio.run_coroutine_threadsafe(_serve(_Keeper(folder, gone)), loop).result()
    try:
        yield f"smtp://{_HOST}:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def file_of(folder: Path, address: str) -> Path:
    """Where the first mail to an address is kept."""
    return folder / f"{address}.eml"


class _Keeper:
    """Says yes to what it has written to its file."""

    def __init__(self, folder: Path, gone: Collection[str]) -> None:
        self._folder = folder
        self._gone = gone

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if address in self._gone:
            return "550 5.1.1 There is no such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        del server, session
        for address in envelope.rcpt_tos:
            self._free_file(address).write_bytes(_as_received(envelope))
        return "250 2.6.0 Kept"

    def _free_file(self, address: str) -> Path:
        """A second mail to an address gets a file of its own, so that it is seen."""
        file, copies = file_of(self._folder, address), 1
        while file.exists():
            copies += 1
            file = file_of(self._folder, f"{address}-{copies}")
        return file


def _as_received(envelope: Envelope) -> bytes:
    received: Any = envelope.original_content
    return bytes(received)


async def _serve(keeper: _Keeper) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: SMTP(keeper, hostname="inbox.example", loop=loop), _HOST, 0)


async def _close(server: asyncio.Server) -> None:
    server.close()
    conversations = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in conversations:
        task.cancel()
    await asyncio.gather(*conversations, return_exceptions=True)
