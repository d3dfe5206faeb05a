"""The SendGrid transport: what it sends, and to whom."""

import contextlib
import logging
from pathlib import Path

import pytest

from newsletter.errors import NewsletterError
from newsletter.rendering.content import Content, LinkSlot, MergeSlot
from newsletter.rendering.prepared import Copy, MessageSettings, PreparedMessage, prepare
from newsletter.rendering.readers import Reader
from newsletter.sending import sendgrid_bodies
from newsletter.sending.outcomes import Outcome
from newsletter.sending.sendgrid import SendGridTransport
from newsletter.sending.transports import AccountRefused, Outgoing, TransportUnavailable, open_transport
from newsletter.tokens import KEY_ARGUMENT
from tests.support import mails, school
from tests.support.outgoing import Notes, a_group, a_prepared_message
from tests.support.school import FAMILIES, a_scheduled_campaign, a_school
from tests.support.sendgrid.faults import Fault
from tests.support.sendgrid.server import KEY, SendGridServer

DATE = "Wed, 02 Dec 2026 12:00:00 +0000"


def send(server: SendGridServer, group: list[Outgoing]) -> dict[int, Outcome]:
    notes = Notes()
    outcomes = dict(SendGridTransport(KEY, server.url).connect().send(group, notes))
    assert notes.answers == outcomes
    return outcomes


def states(outcomes: dict[int, Outcome]) -> list[str]:
    return [outcomes[seq].state.value for seq in sorted(outcomes)]


def a_message(*pieces: str | LinkSlot | MergeSlot) -> PreparedMessage:
    content = Content(("Five small bridges",), pieces, ("Hello.",))
    return prepare(content, MessageSettings(mails.identity(), 7), mails.SIGNER)


def outgoing(prepared: PreparedMessage, seq: int, name: str) -> Outgoing:
    address = f"r{seq}@x.example"
    return Outgoing(seq, address, prepared, Copy(7, seq, 1, Reader(address, name, name, "en", "x" * 16), DATE))


def test_one_call_carries_a_thousand_readers_and_is_correct_by_every_rule() -> None:  # M45 M46 M47 M50
    addresses = [f"r{n}@x.example" for n in range(1_000)]
    with SendGridServer() as server:
        outcomes = send(server, a_group(a_prepared_message(), *addresses))
    (body,) = server.accepted
    assert server.refused == []
    assert server.recipients() == addresses
    assert {outcome.state.value for outcome in outcomes.values()} == {"accepted"}
    assert outcomes[1].provider_id == "message-1"
    one = body["personalizations"][0]
    assert "@" not in one["custom_args"][KEY_ARGUMENT]
    assert one["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert one["headers"]["List-Unsubscribe"].startswith("<https://maple.example/unsubscribe/")


def test_a_group_larger_than_a_call_goes_in_two() -> None:  # M45
    with SendGridServer() as server:
        send(server, a_group(a_prepared_message(), *(f"r{n}@x.example" for n in range(1_001))))
    assert [len(body["personalizations"]) for body in server.accepted] == [1_000, 1]


def test_an_address_that_stands_twice_goes_in_two_calls() -> None:
    with SendGridServer() as server:
        send(server, a_group(a_prepared_message(), "a@x.example", "A@x.example", "b@x.example"))
    assert [len(body["personalizations"]) for body in server.accepted] == [1, 2]


def test_a_call_is_cut_until_it_is_below_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 20_000
    monkeypatch.setattr("newsletter.sending.sendgrid.CALL_BYTES", limit)
    addresses = [f"r{n}@x.example" for n in range(100)]
    with SendGridServer() as server:
        outcomes = send(server, a_group(a_prepared_message(), *addresses))
    assert set(states(outcomes)) == {"accepted"}
    assert server.recipients() == addresses
    assert len(server.sizes) > 1
    assert max(server.sizes) < limit


def test_a_mail_too_large_for_any_call_stops_the_campaign(monkeypatch: pytest.MonkeyPatch) -> None:  # F12
    monkeypatch.setattr("newsletter.sending.sendgrid.CALL_BYTES", 2_000)
    group = [outgoing(a_message("x" * 2_000), seq, "Ana") for seq in (1, 2, 3)]
    notes = Notes()
    with SendGridServer() as server, pytest.raises(AccountRefused, match="larger than the 30 MB"):
        SendGridTransport(KEY, server.url).connect().send(group, notes)
    assert server.sizes == []
    assert {outcome.state.value for outcome in notes.answers.values()} == {"pending"}


def test_a_reader_whose_values_are_too_long_is_rejected_and_never_sent() -> None:
    prepared = a_message("<p>", MergeSlot("{{ reader.name }}"), "</p>")
    group = [outgoing(prepared, 1, "Ana"), outgoing(prepared, 2, "A" * 9_999), outgoing(prepared, 3, "ñ" * 4_700)]
    with SendGridServer() as server:
        outcomes = send(server, group)
    assert states(outcomes) == ["accepted", "rejected", "accepted"]
    assert "SendGrid takes 10,000" in (outcomes[2].error or "")
    assert server.recipients() == ["r1@x.example", "r3@x.example"]
    assert server.refused == []


def test_a_variant_with_more_links_than_sendgrid_takes_stops_the_campaign() -> None:
    prepared = a_message(*(LinkSlot(no) for no in range(2, 400)))
    with SendGridServer() as server, pytest.raises(AccountRefused, match="takes none of these readers"):
        send(server, [outgoing(prepared, seq, "Ana") for seq in range(1, 21)])
    assert server.sizes == []


@pytest.mark.parametrize(
    "name", ["Ruiz, Ana; PhD", 'Ana "Annie" Ruiz', "Ana\r\nBcc: x@y.example", "<b>{{7*7}}</b>", " \t"]
)
def test_a_name_is_one_clean_line(name: str) -> None:  # F23 F24
    prepared = a_message("<p>", MergeSlot("{{ reader.name }}"), "</p>")
    with SendGridServer() as server:
        outcomes = send(server, [outgoing(prepared, 1, name)])
    assert server.refused == []
    assert states(outcomes) == ["accepted"]


def test_a_letter_outside_lists_has_no_way_to_leave_one() -> None:
    settings = MessageSettings(mails.identity(reply_to=""), 7, list_headers=False)
    prepared = prepare(Content(("Please confirm",), ("<p>Yes</p>",), ("Yes",)), settings, mails.SIGNER)
    with SendGridServer() as server:
        assert states(send(server, [outgoing(prepared, 1, "Ana")])) == ["accepted"]
    assert "headers" not in server.accepted[0]["personalizations"][0]


def test_the_limits_are_those_of_the_reference() -> None:  # M45 M47
    limits = (sendgrid_bodies.CALL_SIZE, sendgrid_bodies.CALL_BYTES, sendgrid_bodies.SUBSTITUTION_BYTES)
    assert limits == (1_000, 30_000_000, 10_000)


@pytest.mark.parametrize("fault", [Fault(), Fault(status=400), Fault(status=401), Fault(status=500)])
def test_the_key_and_the_addresses_are_never_logged(fault: Fault, caplog: pytest.LogCaptureFixture) -> None:  # M54
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="python_http_client.client")
    with SendGridServer(fault) as server, contextlib.suppress(NewsletterError):
        send(server, a_group(a_prepared_message(), "a@x.example"))
    assert KEY not in caplog.text
    assert "a@x.example" not in caplog.text
    assert KEY not in repr(SendGridTransport(KEY, server.url))


def test_a_missing_key_is_said_before_anything_is_sent(sqlite_url: str, tmp_path: Path) -> None:
    with (
        a_school(sqlite_url, "sendgrid://", tmp_path) as app,
        pytest.raises(TransportUnavailable, match="NEWSLETTER_SENDGRID_API_KEY is missing"),
    ):
        open_transport(app.settings)


@pytest.mark.parametrize("key", ["SG.a b", "SG.ñ", "SG.a\nX-Evil: 1"])
def test_what_cannot_be_a_key_is_refused_and_not_repeated(key: str, sqlite_url: str, tmp_path: Path) -> None:  # M54
    with (
        a_school(sqlite_url, "sendgrid://", tmp_path, sendgrid_api_key=key) as app,
        pytest.raises(TransportUnavailable, match="not a key") as refusal,
    ):
        open_transport(app.settings)
    assert key not in str(refusal.value)


def test_a_campaign_goes_out_through_it(database_url: str, tmp_path: Path) -> None:
    with (
        SendGridServer() as server,
        a_school(
            database_url,
            "sendgrid://",
            tmp_path,
            sendgrid_api_key=KEY,
            sendgrid_url=server.url,
            reply_to="Office <office@maple.example>",
        ) as app,
    ):
        ending = school.send(app, a_scheduled_campaign(app))
    assert ending.state == "sent"
    assert sorted(server.recipients()) == sorted(FAMILIES)
    bodies = {one["to"][0]["email"]: body for body in server.accepted for one in body["personalizations"]}
    assert bodies["spanish@families.example"]["reply_to"] == {"email": "office@maple.example", "name": "Office"}
    assert "Diez minutos" in bodies["spanish@families.example"]["content"][0]["value"]
