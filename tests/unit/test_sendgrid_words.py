import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter.events.notices import Notice
from newsletter.events.sendgrid import WORDS, read
from newsletter.events.sendgrid_calls import CallUnreadable, WebhookKey, WebhookKeyInvalid
from newsletter.events.tables import EventKind
from newsletter.feedback.verdicts import Reason
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


def test_each_word_stands_in_one_table_with_what_it_does() -> None:
    known = {word: known.kind for word, known in WORDS.items()}
    assert {word for word, kind in known.items() if kind is None} == {"group_resubscribe", "account_status_change"}
    assert all(known.meaning.endswith(".") for known in WORDS.values())


@pytest.mark.parametrize(
    "told", [AT, str(AT), float(AT), f"{AT}.0", AT * 1000, str(AT * 1000)], ids=lambda told: f"{told!r}"
)
def test_a_time_is_read_in_seconds_and_milliseconds(told: object) -> None:
    assert noticed("delivered", timestamp=told).occurred_at == datetime.fromtimestamp(AT, UTC)


@pytest.mark.parametrize(
    ("reason", "recalls"),
    [
        ("Spam Reporting Address", EventKind.COMPLAINT),
        ("Unsubscribed Address", EventKind.UNSUBSCRIBE),
        ("Bounced Address", None),
        ("Invalid", None),
        ("Invalid SMTPAPI header", None),
        ("Recipient List over Package Quota", None),
        ("Spam Content (if Spam Checker app is enabled)", None),
        ("a reason of next year", None),
        ("", None),
    ],
)
def test_a_copy_that_was_dropped_for_what_its_reader_once_asked_recalls_that(
    reason: str, recalls: EventKind | None
) -> None:
    notice = noticed("dropped", reason=reason)
    assert (notice.kind, notice.recalls, notice.text) == (EventKind.REJECTED, recalls, reason)


def test_only_a_drop_recalls_anything() -> None:
    assert noticed("bounce", reason="Spam Reporting Address").recalls is None


def test_the_address_of_a_reader_or_of_a_machine_is_kept_nowhere() -> None:
    told = {"ip": "203.0.113.9", "useragent": "Firefox", "url": "https://x.example/?me", "email": "a@b.example"}
    notice = noticed("click", **told, tls=1, response="to <reader@school.example> refused")
    assert notice.text == "to <...> refused"
    assert not [value for value in told.values() if value in repr(notice)]


@pytest.mark.parametrize(
    ("told", "is_permanent", "reason"),
    [
        ({"type": "bounce", "status": "5.1.1"}, True, Reason.NO_SUCH_USER),
        ({"type": "bounce", "bounce_classification": "Invalid Address"}, True, Reason.NO_SUCH_USER),
        ({"type": "bounce", "status": "5.7.1", "bounce_classification": "Invalid Address"}, False, Reason.POLICY),
        ({"type": "bounce", "status": "5.2.2"}, False, Reason.MAILBOX_FULL),
        ({"type": "bounce", "status": "4.2.2"}, False, Reason.MAILBOX_FULL),
        ({"type": "bounce", "reason": "552 over quota"}, False, Reason.MAILBOX_FULL),
        ({"type": "bounce", "bounce_classification": "Frequency or Volume Too High"}, False, Reason.RATE),
        ({"type": "bounce", "bounce_classification": ["Invalid Address"]}, False, Reason.OTHER),
        ({"type": "bounce"}, False, Reason.OTHER),
        ({"type": "blocked", "status": "5.1.1"}, False, Reason.NO_SUCH_USER),
        ({"type": "blocked", "bounce_classification": "Invalid Address"}, False, Reason.NO_SUCH_USER),
        ({"type": "blocked", "bounce_classification": "Unclassified"}, False, Reason.BLOCKED),
        ({"type": "expired", "status": "5.1.1"}, False, Reason.NO_SUCH_USER),
        ({"type": "expired"}, False, Reason.EXPIRED),
        ({"status": "5.1.1"}, False, Reason.NO_SUCH_USER),
    ],
)
def test_only_a_refusal_of_the_address_itself_is_for_good(
    told: dict[str, Any], is_permanent: bool, reason: Reason
) -> None:  # M58
    notice = noticed("bounce", **told)
    assert (notice.is_permanent, notice.reason) == (is_permanent, reason)


def test_what_is_no_bounce_is_never_for_good() -> None:
    for word in ("deferred", "dropped", "delivered", "spamreport"):
        assert not noticed(word, type="bounce", status="5.1.1").is_permanent


def test_what_a_server_said_is_kept_short_and_printable() -> None:
    assert noticed("deferred", response="451 later\0\ud800\r\n" + "x" * 1_000).text == ("451 later" + "x" * 1_000)[:500]
    assert noticed("bounce", reason={"not": "text"}).text == ""


@pytest.mark.parametrize(
    "other",
    [
        {"event": "group_resubscribe"},
        {"event": "a word of next year"},
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
        {"event": None},
        {"event": ["open"]},
        {"sg_event_id": None},
        {"sg_event_id": ""},
        {"sg_event_id": "with a blank"},
        {"sg_event_id": "x" * 201},
        {"timestamp": None},
        {"timestamp": "yesterday"},
        {"timestamp": -1},
        {"timestamp": 10**13},
        {"timestamp": True},
        {"timestamp": [AT]},
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
