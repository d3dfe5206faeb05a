"""Another system that our webhooks tell things: real HTTP, checked by the library of Standard Webhooks."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook

HOUSE = "127.0.0.0/8"
"""The network that these receivers are in, for NEWSLETTER_WEBHOOK_NETWORKS."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One call as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def name(self) -> str:
        return self.headers["webhook-id"]

    @property
    def type(self) -> str:
        return str(self.json["type"])

    @property
    def data(self) -> Any:
        return self.json["data"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def verify(self, secret: str) -> Any:
        """As the documents tell a receiver to do it. Raises `WebhookVerificationError`."""
        return Webhook(secret).verify(self.body, dict(self.headers))


@dataclass(slots=True)
class Receiver:
    """What a receiver answers, and what it heard."""

    url: str = ""
    statuses: list[int | str] = field(default_factory=list)
    """What is answered to the next calls: a status, `drop`, `slow`, `drip`, or yes after a `moment`; then `status`."""
    status: int | str = 200
    headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = b"thank you"
    heard: list[Heard] = field(default_factory=list)

    def types(self) -> list[str]:
        return [heard.type for heard in self.heard]

    def names(self) -> list[str]:
        return [heard.name for heard in self.heard]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.receiver, self.over = receiver, threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        receiver, body = self.server.receiver, self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        receiver.heard.append(Heard(self.path, headers, body))
        status = receiver.statuses.pop(0) if receiver.statuses else receiver.status
        if status == "slow":
            self.server.over.wait(5)
        elif status == "moment":
            self.server.over.wait(0.05)
            self._answer(200)
        elif status == "drip":
            self._drip()
        elif status != "drop":
            self._answer(int(status))
        self.close_connection = True

    def _answer(self, status: int) -> None:
        receiver = self.server.receiver
        self.send_response(status)
        for name, value in receiver.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(receiver.answer)))
        self.end_headers()
        self.wfile.write(receiver.answer)

    def _drip(self) -> None:
        """One letter after the other, for as long as anybody listens."""
        with suppress(OSError):
            while not self.server.over.wait(0.05):
                self.wfile.write(b"x")
                self.wfile.flush()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def a_receiver() -> Iterator[Receiver]:
    """A receiver on a port of its own."""
    receiver = Receiver()
    server = _Server(receiver)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
