import logging
from pathlib import Path
from typing import Any

import pytest

from newsletter.sending.outcomes import Outcome
from newsletter.sending.sendgrid import KEY_ARGUMENT, SendGridConnection, SendGridTransport
from newsletter.sending.transports import AccountRefused, TransportUnavailable, open_transport
from tests.support import school
from tests.support.outgoing import Notes, a_group, a_prepared_message
from tests.support.school import FAMILIES, a_scheduled_campaign, a_school
from tests.support.sendgrid_server import RESET, SILENCE, SendGridServer


def connection(server: SendGridServer, key: str = "SG.test", reply_seconds: float = 10) -> SendGridConnection:
    return SendGridTransport(key, server.url, reply_seconds=reply_seconds).connect()


def send(server: SendGridServer, *addresses: str) -> dict[int, Outcome]:
    notes = Notes()
    outcomes = dict(connection(server).send(a_group(a_prepared_message(), *addresses), notes))
    assert notes.answers == outcomes
    assert set(notes.begun_seqs) == set(outcomes)
    return outcomes


def has(address: str, status: int) -> Any:
    return lambda body: status if address in str(body["personalizations"]) else 0


def test_one_call_carries_a_thousand_readers_and_is_correct_by_every_rule() -> None:  # M45 M46 M47 M50
    addresses = [f"r{n}@x.example" for n in range(1_000)]
    with SendGridServer() as server:
        outcomes = send(server, *addresses)
    (body,) = server.accepted
    assert server.refused == []
    assert server.recipients() == addresses
    assert {outcome.state.value for outcome in outcomes.values()} == {"accepted"}
    assert outcomes[1].provider_id is not None
    one = body["personalizations"][0]
    assert "@" not in one["custom_args"][KEY_ARGUMENT]
    assert one["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert one["headers"]["List-Unsubscribe"].startswith("<https://maple.example/unsubscribe/")


def test_an_address_that_stands_twice_goes_in_two_calls() -> None:
    with SendGridServer() as server:
        send(server, "a@x.example", "A@x.example", "b@x.example")
    assert [len(body["personalizations"]) for body in server.accepted] == [1, 2]


def test_one_bad_reader_is_found_and_the_others_are_sent_once() -> None:  # F11
    addresses = [f"r{n}@x.example" for n in range(50)]
    with SendGridServer(has("r17@x.example", 400)) as server:
        outcomes = send(server, *addresses)
    assert [seq for seq, outcome in outcomes.items() if outcome.state == "rejected"] == [18]
    assert "400" in (outcomes[18].error or "")
    assert sorted(server.recipients()) == sorted(set(addresses) - {"r17@x.example"})


def test_what_all_readers_share_is_not_blamed_on_them() -> None:  # F12
    addresses = [f"r{n}@x.example" for n in range(50)]
    notes = Notes()
    with (
        SendGridServer(lambda _: (400, "from.email")) as server,
        pytest.raises(AccountRefused, match=r"SendGrid refuses to send: 400 .*from\.email"),
    ):
        connection(server).send(a_group(a_prepared_message(), *addresses), notes)
    assert {outcome.state.value for outcome in notes.answers.values()} == {"pending"}
    assert len(notes.begun_seqs) == 50


@pytest.mark.parametrize("named", ["personalizations.0.to.0.email", None])
def test_a_refusal_that_may_be_a_readers_is_looked_into(named: str | None) -> None:  # F11
    def fault(body: dict[str, Any]) -> tuple[int, str | None]:
        return (400, named) if "b@x.example" in str(body["personalizations"]) else (0, None)

    with SendGridServer(fault) as server:
        outcomes = send(server, "a@x.example", "b@x.example", "c@x.example")
    assert [outcomes[seq].state.value for seq in (1, 2, 3)] == ["accepted", "rejected", "accepted"]
    assert server.recipients() == ["a@x.example", "c@x.example"]


@pytest.mark.parametrize(
    ("fault", "state"),
    [(RESET, "unknown"), (500, "unknown"), (503, "unknown"), (200, "unknown"), (429, "deferred"), (413, "rejected")],
)
def test_each_trouble_has_its_own_outcome(fault: int, state: str) -> None:  # F8 F9 F10 M48
    with SendGridServer(lambda _: fault) as server:
        outcomes = send(server, "a@x.example")
    assert outcomes[1].state == state


def test_a_call_without_an_answer_in_time_is_unknown_and_not_sent_again() -> None:  # F10 M48
    calls: list[dict[str, Any]] = []
    notes = Notes()

    def fault(body: dict[str, Any]) -> int:
        calls.append(body)
        return SILENCE

    with SendGridServer(fault) as server:
        group = a_group(a_prepared_message(), "a@x.example", "b@x.example")
        outcomes = connection(server, reply_seconds=0.3).send(group, notes)
    assert [outcome.state.value for _, outcome in outcomes] == ["unknown", "unknown"]
    assert len(calls) == 1


def test_a_call_that_cannot_begin_in_time_leaves_its_readers_pending() -> None:
    notes = Notes()
    with SendGridServer() as server:
        late = SendGridTransport("SG.test", server.url, group_seconds=-1).connect()
        outcomes = late.send(a_group(a_prepared_message(), "a@x.example"), notes)
    assert outcomes[0][1].state == "pending"
    assert notes.begun_seqs == []


@pytest.mark.parametrize("text", ["", "<html>", "[]", '{"errors": ["no"]}'])
def test_a_refusal_that_cannot_be_read_may_be_a_readers(text: str) -> None:
    with SendGridServer(has("b@x.example", 400)) as server:
        server.error_text = text
        outcomes = send(server, "a@x.example", "b@x.example")
    assert [outcomes[seq].state.value for seq in (1, 2)] == ["accepted", "rejected"]


def test_a_service_that_cannot_be_reached_takes_nothing() -> None:  # F10
    with SendGridServer() as server:
        pass
    notes = Notes()
    with pytest.raises(TransportUnavailable, match="cannot be reached"):
        connection(server).send(a_group(a_prepared_message(), "a@x.example"), notes)
    assert notes.answers[1].state == "pending"


@pytest.mark.parametrize("status", [401, 403, 404, 308])
def test_a_refused_account_stops_everything_and_its_key_is_not_shown(status: int) -> None:  # F12
    notes = Notes()
    with SendGridServer(lambda _: status) as server, pytest.raises(AccountRefused, match="API_KEY") as refusal:
        connection(server).send(a_group(a_prepared_message(), "a@x.example"), notes)
    assert notes.answers[1].state == "pending"
    assert str(status) in str(refusal.value)
    assert "SG.test" not in str(refusal.value)


def test_a_wrong_key_is_the_accounts_trouble() -> None:  # F12
    with SendGridServer() as server, pytest.raises(AccountRefused, match="401"):
        connection(server, key="SG.wrong").send(a_group(a_prepared_message(), "a@x.example"), Notes())
    assert server.accepted == []


def test_the_key_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:  # M54
    with caplog.at_level(logging.DEBUG), SendGridServer() as server:
        send(server, "a@x.example")
    assert "SG.test" not in caplog.text
    assert "a@x.example" not in caplog.text
    assert "SG.test" not in repr(SendGridTransport("SG.test", server.url))


def test_a_missing_key_is_said_before_anything_is_sent(sqlite_url: str, tmp_path: Path) -> None:
    with (
        a_school(sqlite_url, "sendgrid://", tmp_path) as app,
        pytest.raises(TransportUnavailable, match="NEWSLETTER_SENDGRID_API_KEY is missing"),
    ):
        open_transport(app.settings)


def test_a_campaign_goes_out_through_it(database_url: str, tmp_path: Path) -> None:
    with (
        SendGridServer() as server,
        a_school(
            database_url,
            "sendgrid://",
            tmp_path,
            sendgrid_api_key="SG.test",
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
