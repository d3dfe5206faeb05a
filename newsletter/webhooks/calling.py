"""Makes calls: claim, ask outside of any transaction, settle. At least once each, in no order that is promised."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

import structlog
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.outside import NameUnknown, Outside, OutsideAway, OutsideRefused
from newsletter.settings import Tracking
from subscribers.db import Database

from . import claims, outcomes, signing
from .bodies import Context, body
from .claims import Claim
from .outcomes import Outcome, Reply
from .tables import CallState, Webhook, WebhookCall
from .vault import SecretUnreadable, Vault

_LONGEST_ANSWER = 4096
_ADDRESS = re.compile(r"[^\s\"'<>@]+@[^\s\"'<>@]+")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Letter:
    """What is posted, to where."""

    name: str
    url: str
    body: bytes
    sealed: Sequence[str]
    """The secrets that sign it, as they are stored."""
    tries: int


@dataclass(frozen=True, slots=True)
class Caller:
    """What makes calls; any number of them may work at once, here and elsewhere."""

    database: Database
    clock: Clock
    vault: Vault
    outside: Outside
    tracking: Tracking
    chance: Random = field(default_factory=Random)

    def step(self, is_stopping: Callable[[], bool] = lambda: False) -> bool:
        """Make the next calls that are due. Returns whether there were any.

        After the first that fails the rest is given back: its receiver is left alone for a moment. So it is when the
        turn is over, and where everything stops.
        """
        with self.database.reading() as session:
            if not claims.wanted(session, self.clock, 1):
                return False
        with self.database.writing() as session:
            held = claims.claim(session, self.clock)
        until = time.monotonic() + claims.TURN.total_seconds()
        for at, one in enumerate(held, 1):
            reply = self.make(one)
            if (reply is not None and not reply.is_success) or is_stopping() or time.monotonic() > until:
                with self.database.writing() as session:
                    claims.release(session, self.clock, held[at:])
                break
        return bool(held)

    def make(self, held: Claim, *, is_test: bool = False) -> Reply | None:
        """Make one call that is ours, and settle it; a test is made once, and says nothing of the webhook.

        Returns what was answered; None where there was nothing to tell any more.
        """
        with self.database.reading() as session:
            letter = self._letter(session, held)
        if letter is None:
            with self.database.writing() as session:
                claims.settle(session, self.clock, held, Outcome(CallState.DROPPED), None)
            return None
        reply = self._posted(letter)
        tries = outcomes.MOST_TRIES if is_test else letter.tries + 1
        outcome = outcomes.judge(reply, tries, self.clock.now(), self.chance)
        with self.database.writing() as session:
            if claims.settle(session, self.clock, held, outcome, reply) and not is_test:
                claims.remember(session, self.clock, held.webhook_id, reply)
        if not reply.is_success and not is_test:
            _log.warning(
                "A webhook's call failed.",
                webhook=held.webhook_id,
                call=held.call_id,
                status=reply.status,
                why=reply.text,
            )
        return reply

    def _letter(self, session: Session, held: Claim) -> _Letter | None:
        call, webhook = session.get(WebhookCall, held.call_id), session.get(Webhook, held.webhook_id)
        if call is None or webhook is None:
            return None  # it was removed meanwhile
        content = body(session, call, Context(webhook, self.tracking))
        if content is None:
            return None
        is_former_in_force = webhook.former_until is not None and webhook.former_until > self.clock.now()
        sealed = [webhook.secret, *([webhook.former_secret] if is_former_in_force else [])]
        return _Letter(name_of(call), webhook.url, content, sealed, call.tries)

    def _posted(self, letter: _Letter) -> Reply:
        begun = time.monotonic()
        try:
            secrets = [self.vault.open(sealed) for sealed in letter.sealed]
            headers = signing.headers(letter.name, self.clock.now(), letter.body, secrets)
            answer = self.outside.post(letter.url, letter.body, headers)
        except (NameUnknown, OutsideRefused, OutsideAway, SecretUnreadable) as error:
            return Reply(None, _readable(str(error)), _milliseconds(begun))
        text = _readable(answer.body[:_LONGEST_ANSWER].decode("utf-8", "replace"))
        return Reply(answer.status, text, _milliseconds(begun), answer.retry_after)


def name_of(call: WebhookCall) -> str:
    """The name of a call (`webhook-id`): the same at every try and when it is replayed, so the receiver knows it.

    The moment is in it, so that a database restored from a copy does not give a name to something else.
    """
    return f"msg_{call.created_at:%Y%m%d%H%M%S%f}_{call.id}"


def _milliseconds(since: float) -> int:
    return round((time.monotonic() - since) * 1000)


def _readable(text: str) -> str:
    """One line without control characters; nobody's address stays in the log of what receivers say."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return _ADDRESS.sub("[address]", line)
