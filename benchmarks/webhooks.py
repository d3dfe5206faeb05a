"""SendGrid's events over HTTP, each call signed and committed before its answer, beside a bare INSERT of the same."""

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, count
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, insert, select

from newsletter.app import App
from newsletter.events.sendgrid_calls import Signature, WebhookKey
from newsletter.events.tables import CampaignReach, Event, EventKind
from newsletter.tokens import DeliveryKey
from tests.support.installation import Installation
from tests.support.sendgrid.records import Taken
from tests.support.sendgrid.webhooks import EventSigner, event, written

from .bench import KINDS, NAMES, Bench
from .installations import fill, opened
from .pairs import Bar, Row, alternate, seconds_of, spread
from .tracking import sent_campaign, serving

_BAR = Bar(100_000, of="measured")
_BESIDE = "the same calls, signature checked and JSON read, their events inserted bare"
_LARGEST_BATCH = 768 * 1024
"""SendGrid posts what has gathered when it is this large, or thirty seconds old."""
_CONNECTIONS = 4
_MINUTE = 60
_ROUNDS = 3
_PATH = "/hooks/sendgrid/events"
_EVERY = {"processed": 1, "delivered": 1, "deferred": 8, "bounce": 40, "unsubscribe": 200, "spamreport": 1_000}
"""One of how many copies such an event is told of."""
_NOT_KEPT = "processed"
_DELIVERED = "250 2.0.0 OK  1796212800 d2e1a72fcca58-7f4b0c0d9a2si8675309b3a.42 - gsmtp"
_FACTS: Mapping[str, dict[str, Any]] = {
    "processed": {"send_at": 0},
    "delivered": {"ip": "149.72.0.1", "response": _DELIVERED, "tls": 1},
    "deferred": {"attempt": "1", "response": "451 4.3.0 Mail server temporarily rejected message."},
    "bounce": {"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 The account that you tried does not exist."},
}


def rows(bench: Bench) -> Iterator[Row]:
    """One row a database."""
    for kind in KINDS:
        yield _row(bench, kind)


def _row(bench: Bench, kind: str) -> Row:
    copies = round(bench.sizes.webhook_events / sum(1 / nth for nth in _EVERY.values()))
    bench.say(f"webhooks, {NAMES[kind]}: setting up {copies:,} copies")
    signer = EventSigner()
    with bench.database(kind) as (folder, url):
        installation = Installation(folder, url, "file:outbox", sendgrid_webhook_key=signer.public_key)
        fill(installation, url, copies)
        rounds = bench.sizes.rounds or _ROUNDS
        with opened(url, folder) as app:
            campaigns = [sent_campaign(app) for _ in range(rounds)]
            with serving(installation.start("run", "--port", "0")) as address:
                stream = _Stream(bench, app, signer, address, copies, iter(campaigns))
                pairs = alternate(stream.posted, stream.inserted, rounds)
    notes = (
        f"calls of up to {_LARGEST_BATCH // 1024} KB, {stream.calls:,} a round, {_CONNECTIONS} connections",
        f"rounds {spread([ours for ours, _ in pairs])}",
    )
    return Row(f"webhook events, {NAMES[kind]}", "events/min", _BESIDE, _BAR, tuple(pairs), notes, tuple(stream.wrong))


@dataclass
class _Call:
    raw: bytes
    headers: dict[str, str]


class _Stream:
    """What SendGrid tells of a campaign, a new campaign each time."""

    def __init__(
        self, bench: Bench, app: App, signer: EventSigner, address: str, copies: int, campaigns: Iterator[int]
    ) -> None:
        self._bench, self._app, self._signer, self._copies = bench, app, signer, copies
        self._address, self._campaigns = urlsplit(address).netloc, campaigns
        self._turn = count(1)
        self.calls = 0
        self.wrong: list[str] = []

    def posted(self) -> float:
        """Events a minute, until the last call is answered."""
        campaign_id = next(self._campaigns)
        told = self._told(campaign_id)
        calls = [_Call(raw, self._signer.headers(raw)) for raw in _batches(told)]
        self.calls = len(calls)
        lanes = [calls[lane::_CONNECTIONS] for lane in range(_CONNECTIONS)]
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            seconds = seconds_of(lambda: self.wrong.extend(chain.from_iterable(pool.map(self._post, lanes))))
        self._check(campaign_id, told)
        return self._speed(told, seconds)

    def inserted(self) -> float:
        """Events a minute of the least that takes them."""
        told = self._told(0)
        calls = [_Call(raw, self._signer.headers(raw)) for raw in _batches(told)]
        return self._speed(told, seconds_of(lambda: self._insert_all(calls)))

    def _speed(self, told: Sequence[object], seconds: float) -> float:
        speed = _MINUTE * len(told) / seconds
        self._bench.say(f"  {speed:,.0f} events/min")
        return speed

    def _told(self, campaign_id: int) -> list[dict[str, Any]]:
        """The events of a campaign, in the order in which they happen."""
        turn = next(self._turn)
        copies = [
            Taken(
                self._app.signer.delivery_key(DeliveryKey(campaign_id, seq, 1)),
                f"reader{seq}@families.example",
                f"{turn}-{seq}",
            )
            for seq in range(1, self._copies + 1)
        ]
        return [
            event(copy, word, sg_event_id=f"{word}-{copy.message_id}-{turn}", **_FACTS.get(word, {}))
            for word, nth in _EVERY.items()
            for copy in copies[nth - 1 :: nth]
        ]

    def _post(self, calls: Sequence[_Call]) -> list[str]:
        connection = http.client.HTTPConnection(self._address, timeout=_MINUTE)
        refused = []
        for call in calls:
            connection.request("POST", _PATH, call.raw, call.headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != http.HTTPStatus.NO_CONTENT:
                refused.append(f"a call was answered {answer.status}: {said[:80]!r}")
        connection.close()
        return refused

    def _insert_all(self, calls: Sequence[_Call]) -> None:
        key = WebhookKey.parse(self._signer.public_key)
        for call in calls:
            self._insert(key, call)

    def _insert(self, key: WebhookKey, call: _Call) -> None:
        headers = {name.lower(): value for name, value in call.headers.items()}
        key.verify(Signature.of(headers, self._app.clock.now()), call.raw)
        now = self._app.clock.now()
        rows = [
            {
                "provider": "bare",
                "event_id": one["sg_event_id"],
                "kind": EventKind.DELIVERED,
                "campaign_id": 0,
                "seq": 1,
                "occurred_at": now,
                "received_at": now,
                "detail": {"status": one.get("status", ""), "text": one.get("response", "")},
            }
            for one in json.loads(call.raw)
        ]
        with self._app.database.writing() as session:
            session.execute(insert(Event), rows)

    def _check(self, campaign_id: int, told: Sequence[dict[str, Any]]) -> None:
        kept = sum(one["event"] != _NOT_KEPT for one in told)
        with self._app.database.reading() as session:
            found = session.scalar(select(func.count()).where(Event.campaign_id == campaign_id))
            delivered = session.scalar(
                select(CampaignReach.copies).where(
                    CampaignReach.campaign_id == campaign_id, CampaignReach.kind == EventKind.DELIVERED
                )
            )
        if (found, delivered) != (kept, self._copies):
            self.wrong.append(f"{found} of {kept:,} events are kept, {delivered} of {self._copies:,} copies delivered")


def _batches(told: Sequence[dict[str, Any]]) -> Iterator[bytes]:
    """Bodies of calls as large as SendGrid's, each a list of whole events."""
    a_call = _LARGEST_BATCH * len(told) // len(written(told))
    for at in range(0, len(told), a_call):
        yield written(told[at : at + a_call])
