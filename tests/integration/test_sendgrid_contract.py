"""The contract server itself: what it refuses, what it writes down, what it signs and posts."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from newsletter.sending.sendgrid import SendGridTransport
from newsletter.sending.sendgrid_bodies import Bodies
from newsletter.sending.transports import ServiceTrouble
from tests.support.outgoing import Notes, a_group, a_prepared_message
from tests.support.sendgrid import records, rules, webhooks
from tests.support.sendgrid.faults import Fault
from tests.support.sendgrid.processes import SendGridServerProcess
from tests.support.sendgrid.records import Taken
from tests.support.sendgrid.server import KEY, SendGridServer
from tests.support.sendgrid.webhooks import SIGNATURE_HEADER, TIMESTAMP_HEADER, Deliverer, EventSigner

ADDRESSES = ["a@x.example", "b@x.example"]


def group() -> Any:
    return a_group(a_prepared_message(), *ADDRESSES)


def a_good_body() -> dict[str, Any]:
    bodies = Bodies(a_prepared_message())
    read: dict[str, Any] = json.loads(bodies.body([bodies.addressed(outgoing) for outgoing in group()]))
    return read


def broken(values: dict[str, Any]) -> list[str]:
    return rules.violations(json.dumps(values).encode())


BREAKS: dict[str, tuple[str, Any]] = {
    "1 to 1,000 personalizations": ("personalizations", []),
    "a mailbox in from": ("from", {"email": "nobody"}),
    "a mailbox in reply_to": ("reply_to", {"email": "a@x.example", "name": "Ana\nBcc: b@x.example"}),
    "a subject": ("subject", ""),
    "a text part, then HTML": ("content", [{"type": "text/html", "value": "x"}]),
    "no empty part": ("content", [{"type": "text/plain", "value": ""}, {"type": "text/html", "value": "x"}]),
    "no tag without its value": ("subject", "Hello -0123456789ab.0-"),
    "no send_at": ("send_at", 1),
    "all tracking off": ("tracking_settings", {"click_tracking": {"enable": False, "enable_text": False}}),
    "10 categories at most": ("categories", [str(n) for n in range(11)]),
    "no header that is reserved or broken": ("headers", {"Subject": "no"}),
    "top-level custom_args that are ours, with no address": ("custom_args", {"newsletter_to": "a@x.example"}),
    "no field that is not known": ("from_email", "a@x.example"),
}
BREAKS_OF_A_READER: dict[str, tuple[str, Any]] = {
    "no address twice": ("to", [{"email": "B@x.example"}]),
    "one mailbox in to": ("to", [{"email": "c@x.example"}, {"email": "d@x.example"}]),
    "custom_args below 10,000 bytes": ("custom_args", {"newsletter_key": "k" * 10_000}),
    "custom_args that are ours, with no address": ("custom_args", {"newsletter_key": "k", "email": "a@x.example"}),
    "a delivery key": ("custom_args", {}),
    "substitutions up to 10,000 bytes": ("substitutions", {"-x-": "ñ" * 5_000}),
    "substitutions that are text": ("substitutions", {"-x-": 1}),
    "no header of a reader that is reserved or broken": ("headers", {"X-A": "b\r\nBcc: c@x.example"}),
    "List-Unsubscribe for each reader": ("headers", {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}),
    "List-Unsubscribe-Post for each reader": ("headers", {"List-Unsubscribe": "<https://x.example/u>"}),
    "no personalization field that is not known": ("name", "Ana"),
    "no send_at": ("send_at", 1),
}


def test_a_right_body_breaks_no_rule() -> None:
    assert broken(a_good_body()) == []


@pytest.mark.parametrize("rule", BREAKS)
def test_each_rule_of_a_body_is_held(rule: str) -> None:
    name, value = BREAKS[rule]
    assert rule in broken(a_good_body() | {name: value})


@pytest.mark.parametrize("rule", BREAKS_OF_A_READER)
def test_each_rule_of_a_reader_is_held(rule: str) -> None:
    name, value = BREAKS_OF_A_READER[rule]
    values = a_good_body()
    values["personalizations"][0][name] = value
    assert rule in broken(values)


def test_a_call_with_too_many_or_too_much_is_refused() -> None:  # M45
    values = a_good_body()
    one = values["personalizations"][0]
    values["personalizations"] = [deepcopy(one) | {"to": [{"email": f"r{n}@x.example"}]} for n in range(1_001)]
    assert broken(values) == ["1 to 1,000 personalizations", "1,000 recipients at most"]
    assert rules.violations(b"[1]" + b" " * 30_000_000) == ["the body is an object with personalizations"]
    large = json.dumps(a_good_body()).encode()
    assert rules.violations(large + b" " * (30_000_000 - len(large))) == ["the body is below 30 MB"]


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"personalizations": 3}'])
def test_what_is_no_body_is_refused(raw: bytes) -> None:
    assert rules.violations(raw)


def test_a_broken_call_is_answered_with_the_rules_it_breaks() -> None:
    with SendGridServer() as server:
        group = a_group(a_prepared_message(), "not an address", "b@x.example")
        outcomes = dict(SendGridTransport(KEY, server.url).connect().send(group, Notes()))
    assert "one mailbox in to" in (outcomes[1].error or "")
    assert server.recipients() == ["b@x.example"]


def test_a_process_writes_down_whom_it_took_before_it_answers(tmp_path: Path) -> None:
    with SendGridServerProcess(tmp_path / "record") as server:
        connection = SendGridTransport(KEY, server.url).connect()
        assert server.taken() == []
        connection.send(group(), Notes())
        keys = [outgoing.key for outgoing in group()]
        assert server.taken() == [Taken(key, to, "message-1") for key, to in zip(keys, ADDRESSES, strict=True)]
        server.plan(Fault(status=500, takes=True, times=1))
        with pytest.raises(ServiceTrouble):
            connection.send(group(), Notes())
        assert len(server.taken()) == 4
        connection.send(group(), Notes())
        assert len(server.taken()) == 6


def test_a_process_may_keep_bodies_and_check_them_when_the_clock_has_stopped(tmp_path: Path) -> None:
    file = tmp_path / "record"
    with SendGridServerProcess(file, is_checking=False) as server:
        SendGridTransport(KEY, server.url).connect().send(group(), Notes())
        assert [one.address for one in server.taken()] == ADDRESSES
        assert server.violations() == []
    file.write_bytes(file.read_bytes().replace(b'"enable":false', b'"enable":true') + b'{"cut off')
    assert records.violations(file) == ["all tracking off"]


@contextmanager
def a_receiver(status: int = 204) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """Keeps what is posted to it: headers and raw body."""
    posted: list[tuple[dict[str, str], bytes]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append((dict(self.headers.items()), raw))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", posted
        server.shutdown()
        thread.join()


def test_events_are_signed_repeated_and_shuffled() -> None:
    taken = [Taken(f"key{n}", f"r{n}@x.example", "message-1") for n in range(20)]
    signer = EventSigner()
    events = [webhooks.event(one, kind) for one in taken for kind in ("processed", "delivered")]
    with a_receiver() as (url, posted):
        Deliverer(url, signer).post_all(events, copies=webhooks.MOST_COPIES, seed=7)
    came = [one for _, raw in posted for one in json.loads(raw)]
    assert len(posted) == 4
    assert len(came) == 40 * 46
    assert len({one["sg_event_id"] for one in came}) == 40
    assert came[:40] != events
    for headers, raw in posted:
        given = {name.lower(): value for name, value in headers.items()}
        timestamp, signature = given[TIMESTAMP_HEADER.lower()], given[SIGNATURE_HEADER.lower()]
        assert webhooks.is_signed(signer.public_key, timestamp, raw, signature)
        assert not webhooks.is_signed(signer.public_key, timestamp, raw.strip(), signature)


def test_a_receiver_that_fails_is_noticed() -> None:
    event = webhooks.event(Taken("key", "a@x.example", "message-1"), "delivered", at=0)
    with a_receiver(500) as (url, _), pytest.raises(AssertionError, match="500"):
        Deliverer(url, EventSigner()).post_all([event])
