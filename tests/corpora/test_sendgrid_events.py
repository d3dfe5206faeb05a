"""Our check of SendGrid's signature against a call that SendGrid's own library is tested with."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter.events import sendgrid
from newsletter.events.sendgrid_calls import CallRefused, Signature, WebhookKey
from newsletter.tokens import Signer

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "sendgrid" / "signed_event.json"

pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason=f"the corpus is not here: {CORPUS}")


@pytest.fixture(scope="module")
def call() -> Any:
    return json.loads(CORPUS.read_text(encoding="utf-8"))


def check(call: Any, raw: bytes, *, late: timedelta = timedelta(), timestamp: str = "") -> None:
    """Check a call that comes so late, as the route does."""
    now = datetime.fromtimestamp(int(call["timestamp"]), UTC) + late
    given = {
        "x-twilio-email-event-webhook-signature": call["signature"],
        "x-twilio-email-event-webhook-timestamp": timestamp or call["timestamp"],
    }
    WebhookKey.parse(call["public_key"]).verify(Signature.of(given, now), raw)


def test_a_real_call_is_taken_and_read(call: Any) -> None:  # M51
    raw = call["payload"].encode()
    check(call, raw, late=timedelta(minutes=9))
    assert sendgrid.read(raw, Signer(["k" * 40])) == sendgrid.Told([], 0)  # of a mail that is not ours


def test_one_changed_byte_anywhere_is_refused(call: Any) -> None:  # M51
    raw = call["payload"].encode()
    for at in range(len(raw)):
        with pytest.raises(CallRefused):
            check(call, raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])


def test_a_stripped_line_end_is_refused(call: Any) -> None:  # M51
    raw = call["payload"].encode()
    assert raw.endswith(b"\r\n")
    for changed in (raw.strip(), raw.replace(b"\r\n", b"\n"), raw + b"\r\n"):
        with pytest.raises(CallRefused):
            check(call, changed)


@pytest.mark.parametrize("late", [timedelta(minutes=11), timedelta(minutes=-11)])
def test_another_time_is_refused(call: Any, late: timedelta) -> None:  # M51
    raw = call["payload"].encode()
    with pytest.raises(CallRefused):
        check(call, raw, late=late)
    another = str(int(call["timestamp"]) + 1)
    with pytest.raises(CallRefused):
        check(call, raw, timestamp=another)
