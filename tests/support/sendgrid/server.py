"""SendGrid's Mail Send as a contract: real HTTP, every body held to the documented rules, faults on demand."""

import json
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from . import rules
from .faults import Fault, Faults, Hangup
from .records import Record

KEY = "SG.test"
SEND_PATH = "/v3/mail/send"
FAULTS_PATH = "/faults"
"""Where a server in a process of its own is told what shall go wrong."""
_TAKEN, _CHECKED, _BAD, _UNAUTHORIZED, _WRONG_TYPE = 202, 200, 400, 401, 415
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class SendGridServer:
    """Listens on 127.0.0.1, one call a connection, as the real client makes them."""

    def __init__(self, *faults: Fault, record: Record | None = None, key: str = KEY) -> None:
        self.faults = Faults(faults)
        self.record = record or Record()
        self.key = key
        self.refused: list[list[str]] = []
        """The rules that each refused call broke."""
        self.sizes: list[int] = []
        """The bytes of each body that was read, whatever became of it."""
        self.sandboxed: list[bytes] = []
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.record.close()

    @property
    def accepted(self) -> list[dict[str, Any]]:
        """The bodies it took, in order."""
        return [json.loads(raw) for raw in self.record.bodies]

    def recipients(self) -> list[str]:
        """Every address that was taken, in order."""
        return [one.address for one in self.record.taken()]


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], contract: SendGridServer) -> None:
        self.contract = contract
        super().__init__(address, _Handler)

    def shutdown_request(self, request: Any) -> None:
        """Close without a word before it, so that a reset is one."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is part of the game."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        contract = self.server.contract
        if self.path == FAULTS_PATH:
            contract.faults.plan(*[Fault.of(facts) for facts in json.loads(self._body())])
            return self._answer(_CHECKED)
        fault = contract.faults.next_without_body()
        if fault is not None:
            return self._hang_up(fault)
        raw = self._body()
        contract.sizes.append(len(raw))
        if self.path != SEND_PATH or self.headers.get("Authorization") != f"Bearer {contract.key}":
            return self._answer(_UNAUTHORIZED, "the provided authorization grant is invalid, expired, or revoked")
        if self.headers.get_content_type() != "application/json":
            return self._answer(_WRONG_TYPE, "Content-Type should be application/json.")
        fault = contract.faults.next(raw)
        return self._take(raw) if fault is None else self._spoil(raw, fault)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _take(self, raw: bytes) -> None:
        contract = self.server.contract
        if contract.record.is_checking:
            broken = rules.violations(raw)
            if broken:
                contract.refused.append(broken)
                return self._answer(_BAD, *broken)
            if rules.is_sandboxed(json.loads(raw)):
                contract.sandboxed.append(raw)
                return self._answer(_CHECKED)
        return self._answer(_TAKEN, message_id=contract.record.add(raw))

    def _spoil(self, raw: bytes, fault: Fault) -> None:
        if fault.takes:
            self.server.contract.record.add(raw)
        self.server.contract.closing.wait(fault.wait)
        if fault.hangup is not None:
            self._hang_up(fault)
        elif fault.status:
            said = f"fault {fault.status}"
            self._answer(fault.status, said, named=fault.named, text=fault.text, headers=fault.headers)
        else:
            self._take(raw)

    def _hang_up(self, fault: Fault) -> None:
        self.server.contract.closing.wait(fault.wait)
        if fault.hangup is Hangup.IN_ANSWER:
            self.wfile.write(b"HTTP/1.1 %d\r\nContent-Le" % (fault.status or _TAKEN))
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)

    def _answer(
        self,
        status: int,
        *errors: str,
        named: str | None = None,
        text: str | None = None,
        headers: dict[str, str] | None = None,
        message_id: str = "",
    ) -> None:
        said = json.dumps({"errors": [{"message": error, "field": named, "help": None} for error in errors]})
        content = (text if text is not None else said if errors else "").encode()
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if message_id:
            self.send_header("X-Message-Id", message_id)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Stay silent."""
