import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter.events.notices import Notice
from newsletter.events.sendgrid import CallUnreadable, WebhookKey, WebhookKeyInvalid, read
from newsletter.events.tables import EventKind
from newsletter.tokens import DeliveryKey, Signer
from tests.support.sendgrid.records import Taken
from tests.support.sendgrid.webhooks import event

SIGNER = Signer(["k" * 40])
KEY = DeliveryKey(campaign_id=4, seq=17, attempt=2)
COPY = Taken(SIGNER.delivery_key(KEY), "reader@school.example", "LRzXl_NHStOGhQ4kofSm_A")
AT = 1_796_212_800


def noticed(kind: str, **more: Any) -> Notice:
    (notice,) = read(json.dumps([event(COPY, kind, AT) | more]).encode(), SIGNER).notices
    return notice


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("processed", EventKind.ACCEPTED),
        ("dropped", EventKind.REJECTED),
        ("delivered", EventKind.DELIVERED),
        ("deferred", EventKind.DEFERRED),
        ("bounce", EventKind.BOUNCE),
        ("spamreport", EventKind.COMPLAINT),
        ("open", EventKind.OPEN),
        ("click", EventKind.CLICK),
        ("unsubscribe", EventKind.UNSUBSCRIBE),
        ("group_unsubscribe", EventKind.UNSUBSCRIBE),
    ],
)
def test_each_word_of_the_provider_has_one_of_ours(word: str, kind: EventKind) -> None:
    notice = noticed(word)
    assert (notice.kind, notice.key, notice.provider) == (kind, KEY, "sendgrid")
    assert notice.occurred_at == datetime.fromtimestamp(AT, UTC)
    assert notice.provider_id == "LRzXl_NHStOGhQ4kofSm_A"


@pytest.mark.parametrize(
    ("kind", "status", "is_permanent"),
    [
        ("bounce", "5.1.1", True),
        ("bounce", "", True),
        ("bounce", "5.7.1", False),
        ("bounce", "4.2.2", False),
        ("blocked", "5.1.1", False),
        ("expired", "", False),
        (None, "5.1.1", False),
    ],
)
def test_only_a_refusal_of_the_address_itself_is_for_good(
    kind: str | None, status: str, is_permanent: bool
) -> None:  # M58
    assert noticed("bounce", type=kind, status=status).is_permanent is is_permanent


def test_what_a_server_said_is_kept_short_and_printable() -> None:
    assert noticed("deferred", response="451 later\0\ud800\r\n" + "x" * 1_000).text == ("451 later" + "x" * 1_000)[:500]
    assert noticed("bounce", reason={"not": "text"}).text == ""


@pytest.mark.parametrize(
    "other",
    [
        {"event": "group_resubscribe"},
        {"event": "a word of next year"},
        {"event": ["open"]},
        {"newsletter_key": None},
        {"newsletter_key": "4.h.2.1234567890"},
        {"newsletter_key": COPY.key[:-1] + ("0" if COPY.key[-1] != "0" else "1")},
    ],
)
def test_an_unknown_kind_and_a_mail_that_is_not_ours_are_left_out(other: dict[str, Any]) -> None:  # F36
    told = read(json.dumps([event(COPY, "delivered") | other]).encode(), SIGNER)
    assert (told.notices, told.broken) == ([], 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sg_event_id": None},
        {"sg_event_id": ""},
        {"sg_event_id": "with a blank"},
        {"sg_event_id": "x" * 201},
        {"timestamp": None},
        {"timestamp": "yesterday"},
        {"timestamp": -1},
        {"timestamp": 10**12},
    ],
)
def test_an_event_without_its_name_or_time_is_broken_and_costs_no_other(wrong: dict[str, Any]) -> None:  # F36
    told = read(json.dumps([event(COPY, "open") | wrong, event(COPY, "delivered"), 7]).encode(), SIGNER)
    assert ([notice.kind for notice in told.notices], told.broken) == ([EventKind.DELIVERED], 2)


@pytest.mark.parametrize("raw", [b"", b"{}", b"no", b"\xff\xfe", b"[" * 100_000, b"[1" + b"0" * 10_000 + b"]"])
def test_what_is_no_list_of_events_is_refused(raw: bytes) -> None:  # F36
    with pytest.raises(CallUnreadable):
        read(raw, SIGNER)


def test_only_a_key_as_sendgrid_shows_it_is_taken() -> None:
    others = (ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate())
    shown = [
        base64.b64encode(other.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
        for other in others
    ]
    for text in ("SG.key", "AAAA", "ä", *shown):
        with pytest.raises(WebhookKeyInvalid):
            WebhookKey.parse(text)
