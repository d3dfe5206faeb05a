"""A signed webhook call that SendGrid's own library is tested with."""

import json
from pathlib import Path

import pytest

from tests.support.sendgrid.webhooks import is_signed

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "sendgrid" / "signed_event.json"

pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason=f"the corpus is not here: {CORPUS}")


def test_a_real_signature_holds_for_the_raw_body_and_for_no_other() -> None:  # M51
    call = json.loads(CORPUS.read_text(encoding="utf-8"))
    raw = call["payload"].encode()
    assert is_signed(call["public_key"], call["timestamp"], raw, call["signature"])
    assert not is_signed(call["public_key"], call["timestamp"], raw.strip(), call["signature"])
    assert not is_signed(call["public_key"], str(int(call["timestamp"]) + 1), raw, call["signature"])
