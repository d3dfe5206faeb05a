"""SendGrid's Mail Send as a contract: real HTTP, every body held to the documented rules, faults on demand."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

RESET = -1
"""Hang up without an answer."""
SILENCE = -2
"""Never answer."""

Fault = Callable[[dict[str, Any]], int | tuple[int, str | None]]
"""Given a body: 0 to accept it, a status to answer with (and the field it is about), `RESET` or `SILENCE`."""


def _recipients(body: dict[str, Any]) -> list[str]:
    return [to["email"].lower() for one in body.get("personalizations", []) for to in one.get("to", [])]


def _tracks(body: dict[str, Any]) -> bool:
    settings = body.get("tracking_settings", {})
    names = ("click_tracking", "open_tracking", "subscription_tracking", "ganalytics")
    return any(settings.get(name, {}).get("enable") is not False for name in names)


def _size(values: dict[str, str]) -> int:
    return len(json.dumps(values, ensure_ascii=False).encode())


_RESERVED = {"to", "from", "subject", "reply-to", "dkim-signature", "content-type", "received"}
_OF_A_BODY: dict[str, Callable[[dict[str, Any]], bool]] = {
    "1 to 1,000 personalizations": lambda body: not 1 <= len(body.get("personalizations", [])) <= 1_000,
    "1,000 recipients at most": lambda body: len(_recipients(body)) > 1_000,
    "no address twice": lambda body: len(set(_recipients(body))) < len(_recipients(body)),
    "a from": lambda body: "@" not in body.get("from", {}).get("email", ""),
    "a subject": lambda body: not body.get("subject"),
    "text before HTML": lambda body: [p["type"] for p in body.get("content", [])] != ["text/plain", "text/html"],
    "no send_at": lambda body: "send_at" in body or any("send_at" in one for one in body.get("personalizations", [])),
    "tracking off": _tracks,
    "below 30 MB": lambda body: len(json.dumps(body)) >= 30_000_000,
}
_OF_A_PERSONALIZATION: dict[str, Callable[[dict[str, Any]], bool]] = {
    "custom_args below 10,000": lambda one: _size(one.get("custom_args", {})) >= 10_000,
    "a delivery key and no address": lambda one: (
        not one.get("custom_args", {}).get("newsletter_key") or "@" in str(one["custom_args"])
    ),
    "substitutions up to 10,000": lambda one: _size(one.get("substitutions", {})) > 10_000,
    "no reserved header": lambda one: bool({name.lower() for name in one.get("headers", {})} & _RESERVED),
}


def violations(body: dict[str, Any]) -> list[str]:
    """Every rule of the Mail Send reference that a body breaks."""
    of_people = (
        rule
        for one in body.get("personalizations", [])
        for rule, is_broken in _OF_A_PERSONALIZATION.items()
        if is_broken(one)
    )
    return [rule for rule, is_broken in _OF_A_BODY.items() if is_broken(body)] + list(of_people)


class SendGridServer:
    """Listens on 127.0.0.1; keeps what it accepted."""

    def __init__(self, fault: Fault = lambda _: 0, key: str = "SG.test") -> None:
        self.fault, self.key = fault, key
        self.accepted: list[dict[str, Any]] = []
        self.refused: list[list[str]] = []
        self.closing = threading.Event()
        self.error_text: str | None = None
        """What faults say instead of the documented JSON."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
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

    def recipients(self) -> list[str]:
        """Every address that was accepted, in order."""
        return [to["email"] for body in self.accepted for one in body["personalizations"] for to in one["to"]]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        contract = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.headers.get("Authorization") != f"Bearer {contract.key}" or self.path != "/v3/mail/send":
                    return self._answer(401, {"errors": [{"message": "no"}]})
                fault = contract.fault(body)
                status, named = fault if isinstance(fault, tuple) else (fault, None)
                if status in (RESET, SILENCE):
                    self.close_connection = True
                    if status == SILENCE:
                        contract.closing.wait()
                    return None
                if status:
                    return self._answer(status, {"errors": [{"message": f"fault {status}", "field": named}]})
                broken = violations(body)
                if broken:
                    contract.refused.append(broken)
                    return self._answer(400, {"errors": [{"message": rule} for rule in broken]})
                contract.accepted.append(body)
                return self._answer(202, None)

            def _answer(self, status: int, body: dict[str, Any] | None) -> None:
                self.send_response(status)
                self.send_header("X-Message-Id", f"message-{len(contract.accepted)}")
                text = json.dumps(body) if contract.error_text is None else contract.error_text
                content = text.encode() if body else b""
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        return Handler
