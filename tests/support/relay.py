"""`aiosmtpd` as a relay that asks who we are: real TLS, AUTH PLAIN, LOGIN and XOAUTH2, and the checks of its own."""

import asyncio
import json
import re
import ssl
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD, TOKEN = "ana@maple.example", "open sesame", "ya29.token-of-now"
_XOAUTH2 = re.compile(rb"user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01")


@dataclass
class Relay:
    """What it knows and what it saw."""

    token: str = TOKEN
    port: int = 0
    accepted: list[tuple[str, str, bytes]] = field(default_factory=list)
    """The envelope's sender and recipient, and the message, one a message."""
    mechanisms: list[str] = field(default_factory=list)
    """By which somebody came in, one a login."""
    answers_to_refusals: list[bytes] = field(default_factory=list)

    def url(self, options: str = "", *, secret: str = PASSWORD, host: str = "127.0.0.1", scheme: str = "smtp") -> str:
        login = f"{USER}:{secret}".replace("@", "%40").replace(" ", "%20")
        return f"{scheme}://{login}@{host}:{self.port}?{options}"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name there
        del server
        if not session.authenticated:
            return "530 5.7.0 Log in first"
        original: Any = envelope.original_content
        self.accepted += [(str(envelope.mail_from), to, bytes(original)) for to in envelope.rcpt_tos]
        return "250 2.6.0 Kept"

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - its name there
        found = _XOAUTH2.fullmatch(b64decode(args[1], validate=True))
        if found is not None and found.groups() == (USER.encode(), self.token.encode()):
            self.mechanisms.append("XOAUTH2")
            return AuthResult(success=True)
        why = json.dumps({"status": "400", "schemes": "Bearer", "scope": "https://mail.example/"})
        answer = await server.challenge_auth(why)
        assert isinstance(answer, bytes)
        self.answers_to_refusals.append(answer)
        return AuthResult(success=False, handled=False)

    def check(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, who: object) -> AuthResult:
        """PLAIN and LOGIN."""
        del server, session, envelope
        assert isinstance(who, LoginPassword)
        is_right = (who.login, who.password) == (USER.encode(), PASSWORD.encode())
        if is_right:
            self.mechanisms.append(mechanism)
        return AuthResult(success=is_right, handled=False)


@contextmanager
def a_relay(
    tls: ssl.SSLContext | None = None, *, from_the_start: bool = False, without: tuple[str, ...] = ()
) -> Iterator[Relay]:
    """Serve on a free port while the block runs; nobody sends without a login."""
    relay, loop = Relay(), asyncio.new_event_loop()
    by_command = None if from_the_start else tls

    def conversation() -> SMTP:
        return SMTP(
            relay,
            hostname="relay.example",
            loop=loop,
            tls_context=by_command,
            require_starttls=by_command is not None,
            auth_require_tls=by_command is not None,
            auth_exclude_mechanism=without,
            authenticator=relay.check,
            enable_SMTPUTF8=True,
        )

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listening = loop.create_server(conversation, "127.0.0.1", 0, ssl=tls if from_the_start else None)
    server = asyncio.run_coroutine_threadsafe(listening, loop).result()
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(server: asyncio.Server) -> None:
    server.close()
    conversations = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in conversations:
        task.cancel()
    await asyncio.gather(*conversations, return_exceptions=True)
