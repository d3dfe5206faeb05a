"""Hosts of a test: network namespaces of Linux, each with a network card, a folder and nothing else of the others."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.installation import ROOT, Installation

_NETWORK = "10.231.{host}.{end}"


class Host:
    """One namespace; `here` is the address at which it reaches the test's own network."""

    def __init__(self, name: str, here: str) -> None:
        self.name, self.here = name, here

    def start(self, installation: Installation, *arguments: str) -> subprocess.Popen[str]:
        """Start a command of an installation on this host."""
        python = str(ROOT / ".venv" / "bin" / "python") if (ROOT / ".venv").exists() else "python3"
        return subprocess.Popen(
            ["ip", "netns", "exec", self.name, python, str(ROOT / "cli.py"), *arguments],
            cwd=installation.folder,
            env=installation.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def unplug(self) -> None:
        """Take its network away."""
        _ip("link", "del", f"{self.name}-out")


@contextmanager
def hosts(count: int) -> Iterator[list[Host]]:
    """So many hosts, or a skip that says why there are none."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("network namespaces need root and Debian's iproute2")
    with ExitStack() as stack:
        yield [stack.enter_context(_host(number)) for number in range(1, count + 1)]


@contextmanager
def _host(number: int) -> Iterator[Host]:
    name = f"nl{os.getpid() % 10_000}h{number}"
    here, there = (_NETWORK.format(host=(os.getpid() * 2 + number) % 250, end=end) for end in (1, 2))
    try:
        _ip("netns", "add", name)
        _ip("link", "add", f"{name}-out", "type", "veth", "peer", "name", f"{name}-in")
        _ip("link", "set", f"{name}-in", "netns", name)
        _ip("addr", "add", f"{here}/24", "dev", f"{name}-out")
        _ip("link", "set", f"{name}-out", "up")
        _ip("-n", name, "addr", "add", f"{there}/24", "dev", f"{name}-in")
        _ip("-n", name, "link", "set", f"{name}-in", "up")
        _ip("-n", name, "link", "set", "lo", "up")
    except subprocess.CalledProcessError as error:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
        pytest.skip(f"network namespaces cannot be made here: {error.stderr.strip()}")
    try:
        yield Host(name, here)
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", f"{name}-out"], check=False, capture_output=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


class Door:
    """Lets the hosts reach a server that listens on this host only: a TCP port, or a PostgreSQL's socket file."""

    def __init__(self, target: int | Path) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._pass, "0.0.0.0", 0),  # noqa: S104 - the hosts are not this one
            self._loop,
        ).result()
        self.port = int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Shut it."""
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _shut(self) -> None:
        self._server.close()
        passing = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = self._target
        connecting: Any = (
            asyncio.open_connection("127.0.0.1", target)
            if isinstance(target, int)
            else asyncio.open_unix_connection(str(target))
        )
        inner_reader, inner_writer = await connecting
        both = (_copy(reader, inner_writer), _copy(inner_reader, writer))
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*both, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
