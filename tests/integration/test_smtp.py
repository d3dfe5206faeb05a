import re
import smtplib
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from errno import ENOSPC

import pytest

from newsletter.feedback.conversations import Step
from newsletter.ledger.claims import LEASE
from newsletter.sending.outcomes import Outcome
from newsletter.sending.smtp import SmtpTransport
from newsletter.sending.smtp_connections import MESSAGES_A_CONNECTION, Patience, SmtpConnections
from newsletter.sending.transports import (
    GROUP_SECONDS,
    REPLY_SECONDS,
    AccountRefused,
    SlowDown,
    TransportUnavailable,
)
from tests.support.outgoing import Notes, a_group, a_prepared_message
from tests.support.smtp_server import DROP_AFTER, DROP_BEFORE, DROP_INSIDE, SILENCE, SmtpServer, refusing

EXTENSIONS = [("PIPELINING", "8BITMIME"), ("8BITMIME",)]
THREE = ("a@x.example", "b@x.example", "c@x.example")


AT_ONCE = Patience(pauses=(0, 0, 0))
IMPATIENT = Patience(reply_seconds=0.2, pauses=(0, 0, 0))


def connect(server: SmtpServer, patience: Patience = AT_ONCE) -> SmtpConnections:
    return replace(SmtpTransport.parse(server.url), patience=patience).connect()


def send(server: SmtpServer, *addresses: str, patience: Patience = AT_ONCE) -> tuple[dict[int, Outcome], Notes]:
    notes = Notes()
    connection = connect(server, patience)
    outcomes = dict(connection.send(a_group(a_prepared_message(), *addresses), notes))
    connection.close()
    assert notes.answers == outcomes
    return outcomes, notes


@pytest.fixture(params=EXTENSIONS, ids=["pipelining", "plain"])
def extensions(request: pytest.FixtureRequest) -> tuple[str, ...]:
    chosen: tuple[str, ...] = request.param
    return chosen


def test_every_message_arrives_once_and_whole(extensions: tuple[str, ...]) -> None:  # M20
    with SmtpServer(extensions=extensions) as server:
        outcomes, notes = send(server, *THREE)
    assert server.record.recipients == list(THREE)
    assert [outcome.state.value for outcome in outcomes.values()] == ["accepted"] * 3
    assert notes.begun_seqs == [1, 2, 3]
    message = a_group(a_prepared_message(), *THREE)[0].message()
    assert server.record.bodies[0] == message
    assert "MAIL FROM:<news@maple.example>" in server.commands


def test_a_line_that_begins_with_a_dot_arrives_as_it_was_written() -> None:
    text = ".\n..twice\n.hidden\r\n.\r\nand the rest"
    with SmtpServer() as server, closing(connect(server)) as connection:
        connection.send(a_group(a_prepared_message(text), "a@x.example"), Notes())
    (body,) = server.record.bodies
    assert not [line for line in body.split(b"\r\n") if line.startswith(b".")]
    plain = message_from_bytes(body).get_payload(0)
    assert plain.get_payload(decode=True).decode().split() == text.split()  # type: ignore[union-attr]


@pytest.mark.parametrize("command", ["RCPT", "DATA", "."])
@pytest.mark.parametrize(("reply", "state"), [("550 no such user", "rejected"), ("451 come back", "deferred")])
def test_a_refusal_is_one_recipients_own(
    extensions: tuple[str, ...], command: str, reply: str, state: str
) -> None:  # F14
    with SmtpServer(extensions=extensions, fault=refusing(command, "b@x.example", reply, times=1)) as server:
        outcomes, _ = send(server, *THREE)
    assert [outcomes[seq].state.value for seq in (1, 2, 3)] == ["accepted", state, "accepted"]
    assert outcomes[2].error == reply
    assert outcomes[2].step is (Step.RECIPIENT if command == "RCPT" else Step.CONTENT)
    assert outcomes[1].step is outcomes[3].step is None
    assert server.record.recipients == ["a@x.example", "c@x.example"]
    assert server.connections == 1


def test_a_server_that_takes_data_for_nobody_gets_an_empty_message(extensions: tuple[str, ...]) -> None:  # F14
    fault = refusing("RCPT", "b@x.example", "550 no such user")
    with SmtpServer(extensions=extensions, fault=fault, takes_data_for_nobody=True) as server:
        outcomes, _ = send(server, *THREE)
    assert [outcomes[seq].state.value for seq in (1, 2, 3)] == ["accepted", "rejected", "accepted"]
    assert server.record.recipients == ["a@x.example", "c@x.example"]
    assert server.connections == 1


def test_a_later_at_mail_defers_that_message(extensions: tuple[str, ...]) -> None:
    # MAIL comes before the server knows whom it is for.
    with SmtpServer(extensions=extensions, fault=refusing("MAIL", "", "451 come back", times=1)) as server:
        outcomes, _ = send(server, *THREE)
    assert [outcomes[seq].state.value for seq in (1, 2, 3)] == ["deferred", "accepted", "accepted"]
    assert outcomes[1].step is Step.SENDER


def test_a_refused_sender_is_nobodys_own_and_costs_no_reader(extensions: tuple[str, ...]) -> None:
    notes = Notes()
    with (
        SmtpServer(extensions=extensions, fault=refusing("MAIL", "", "530 log in first")) as server,
        closing(connect(server)) as connection,
        pytest.raises(AccountRefused, match=r"news@maple\.example: 530 log in first"),
    ):
        connection.send(a_group(a_prepared_message(), *THREE), notes)
    assert {seq: outcome.state.value for seq, outcome in notes.answers.items()} == {1: "pending"}


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
def test_a_421_is_no_verdict_on_the_message(extensions: tuple[str, ...], command: str) -> None:  # F13
    recipient = "" if command == "MAIL" else "b@x.example"
    fault = refusing(command, recipient, "421 closing", times=1)
    with SmtpServer(extensions=extensions, fault=fault) as server:
        outcomes, _ = send(server, *THREE)
    assert server.record.recipients == list(THREE)
    assert {outcome.state.value for outcome in outcomes.values()} == {"accepted"}
    assert server.connections == 2


def test_a_drop_before_the_body_goes_again_on_a_new_connection(extensions: tuple[str, ...]) -> None:  # F13
    fault = refusing("DATA", "b@x.example", DROP_BEFORE, times=1)
    with SmtpServer(extensions=extensions, fault=fault) as server:
        outcomes, _ = send(server, *THREE)
    assert server.record.recipients == list(THREE)
    assert {outcome.state.value for outcome in outcomes.values()} == {"accepted"}


def test_a_drop_after_the_dot_is_unknown_and_never_sent_again(extensions: tuple[str, ...]) -> None:  # F13
    fault = refusing(".", "b@x.example", DROP_AFTER, times=1)
    with SmtpServer(extensions=extensions, fault=fault) as server:
        outcomes, _ = send(server, *THREE)
    assert [outcomes[seq].state.value for seq in (1, 2, 3)] == ["accepted", "unknown", "accepted"]
    assert server.record.recipients == list(THREE)


def test_a_421_is_in_the_journal_before_the_message_goes_again(extensions: tuple[str, ...]) -> None:  # F13
    notes = Notes()
    with SmtpServer(extensions=extensions) as server:
        server.fault = refusing(".", "a@x.example", "421 closing")
        with closing(connect(server, Patience(pauses=(0,)))) as connection:
            connection.send(a_group(a_prepared_message(), "a@x.example", "b@x.example"), notes)
    assert notes.answers[1].state == "deferred"
    assert notes.states_of_1 == ["pending", "deferred"]


def test_silence_after_the_dot_is_unknown(extensions: tuple[str, ...]) -> None:  # F10
    fault = refusing(".", "b@x.example", SILENCE, times=1)
    with SmtpServer(extensions=extensions, fault=fault) as server:
        outcomes, _ = send(server, *THREE, patience=IMPATIENT)
    assert [outcomes[seq].state.value for seq in (1, 2, 3)] == ["accepted", "unknown", "accepted"]
    assert server.record.recipients == list(THREE)


def test_silence_before_the_body_goes_again_on_a_new_connection(extensions: tuple[str, ...]) -> None:  # F10
    fault = refusing("DATA", "b@x.example", SILENCE, times=1)
    with SmtpServer(extensions=extensions, fault=fault) as server:
        outcomes, _ = send(server, *THREE, patience=IMPATIENT)
    assert {outcome.state.value for outcome in outcomes.values()} == {"accepted"}
    assert server.record.recipients == list(THREE)


def test_a_connection_cut_inside_the_body_hands_nothing_over() -> None:  # F13
    prepared = a_prepared_message("A body that no socket's buffers hold. " * 150_000)
    fault = refusing("DATA", "a@x.example", DROP_INSIDE, times=1)
    with SmtpServer(extensions=(), fault=fault) as server:
        notes = Notes()
        with closing(connect(server)) as connection:
            outcomes = dict(connection.send(a_group(prepared, "a@x.example"), notes))
    assert outcomes[1].state == "accepted"
    assert notes.begun_seqs == [1, 1]
    assert server.record.recipients == ["a@x.example"]


def test_a_group_that_takes_too_long_leaves_the_rest_pending(extensions: tuple[str, ...]) -> None:
    fault = refusing("RCPT", "b@x.example", SILENCE)
    patience = Patience(reply_seconds=5, group_seconds=0.5, pauses=(0, 0, 0))
    with SmtpServer(extensions=extensions, fault=fault) as server:
        outcomes, notes = send(server, *THREE, patience=patience)
    assert [outcomes[seq].state.value for seq in (1, 2, 3)] == ["accepted", "pending", "pending"]
    assert notes.begun_seqs == [1]


def test_a_server_too_slow_for_any_message_cannot_be_used(extensions: tuple[str, ...]) -> None:
    patience = Patience(reply_seconds=5, group_seconds=0.2, pauses=(0, 0, 0))
    with (
        SmtpServer(extensions=extensions, fault=refusing("MAIL", "", SILENCE)) as server,
        closing(connect(server, patience)) as connection,
        pytest.raises(TransportUnavailable, match="too slow"),
    ):
        connection.send(a_group(a_prepared_message(), *THREE), Notes())


def test_a_group_ends_before_its_lease() -> None:
    assert timedelta(seconds=GROUP_SECONDS + REPLY_SECONDS) < LEASE
    assert (Patience().group_seconds, Patience().reply_seconds) == (GROUP_SECONDS, REPLY_SECONDS)


def test_a_message_that_ends_every_connection_is_deferred_and_the_others_go_on(extensions: tuple[str, ...]) -> None:
    fault = refusing("RCPT", "b@x.example", "421 not you")
    with SmtpServer(extensions=extensions, fault=fault) as server:
        outcomes, _ = send(server, *THREE)
    assert [outcomes[seq].state.value for seq in (1, 2, 3)] == ["accepted", "deferred", "accepted"]
    assert server.connections == 4


def test_a_server_that_ends_every_connection_is_left_alone(extensions: tuple[str, ...]) -> None:
    notes = Notes()
    with (
        SmtpServer(extensions=extensions, fault=refusing("MAIL", "", "421 too much")) as server,
        closing(connect(server)) as connection,
        pytest.raises(SlowDown, match="421 too much") as plea,
    ):
        connection.send(a_group(a_prepared_message(), *THREE), notes)
    assert plea.value.wait is None
    assert {seq: outcome.state.value for seq, outcome in notes.answers.items()} == {1: "deferred", 2: "pending"}
    assert server.connections == 6


def test_a_server_that_cuts_every_connection_cannot_be_used(extensions: tuple[str, ...]) -> None:  # F13
    with (
        SmtpServer(extensions=extensions, fault=refusing("MAIL", "", DROP_BEFORE)) as server,
        closing(connect(server)) as connection,
        pytest.raises(TransportUnavailable, match="ends every connection: cut off"),
    ):
        connection.send(a_group(a_prepared_message(), *THREE), Notes())
    assert server.connections == 6


def test_an_answer_that_is_none_ends_the_connection() -> None:
    with SmtpServer(fault=refusing("RCPT", "b@x.example", "what?", times=1)) as server:
        outcomes, _ = send(server, *THREE)
    assert {outcome.state.value for outcome in outcomes.values()} == {"accepted"}
    assert server.connections == 2


class FullDisk(Notes):
    def replied(self, seq: int, outcome: Outcome) -> None:
        super().replied(seq, outcome)
        if seq == 2:
            raise OSError(ENOSPC, "No space left on device")


def test_a_journal_that_cannot_be_written_stops_the_group_and_is_no_trouble_of_the_wire() -> None:  # F15
    with SmtpServer() as server, closing(connect(server)) as connection:
        with pytest.raises(OSError, match="No space left"):
            connection.send(a_group(a_prepared_message(), *THREE), FullDisk())
        outcomes = dict(connection.send(a_group(a_prepared_message(), *THREE)[2:], Notes()))
    assert outcomes[3].state == "accepted"
    assert server.record.recipients == list(THREE)
    assert server.connections == 2


def test_a_used_up_connection_is_made_anew() -> None:
    addresses = [f"r{n}@x.example" for n in range(MESSAGES_A_CONNECTION // 4)]
    group = a_group(a_prepared_message(), *addresses)
    with SmtpServer() as server:
        connection = connect(server)
        for _ in range(5):
            connection.send(group, Notes())
        connection.close()
    assert server.connections == 2
    assert server.record.recipients == addresses * 5


def test_a_server_that_goes_away_leaves_the_rest_for_later() -> None:
    server = SmtpServer()
    with server:
        connection = connect(server)
    with pytest.raises(TransportUnavailable, match="cannot be reached"):
        connection.send(a_group(a_prepared_message(), *THREE), Notes())
    connection.close()


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()], ids=["pipelining", "plain"])
def test_a_non_ascii_local_part_is_refused_where_smtputf8_is_missing(extensions: tuple[str, ...]) -> None:  # M17
    with SmtpServer(extensions=extensions) as server:
        outcomes, _ = send(server, "a@x.example", "señor@x.example", "c@x.example")
    assert [outcomes[seq].state.value for seq in (1, 2, 3)] == ["accepted", "rejected", "accepted"]
    assert "SMTPUTF8" in (outcomes[2].error or "")


def test_a_non_ascii_local_part_is_sent_where_smtputf8_is_offered() -> None:  # M17
    with SmtpServer(extensions=("PIPELINING", "SMTPUTF8")) as server:
        outcomes, _ = send(server, "señor@x.example")
    assert server.record.recipients == ["señor@x.example"]
    assert outcomes[1].state == "accepted"


FOUR = [f"r{n}@x.example" for n in range(60)]


def together(server: SmtpServer, patience: Patience = AT_ONCE) -> SmtpConnections:
    """Four connections driven by one thread."""
    return replace(SmtpTransport.parse(server.url), patience=patience, connections=8).connect()


def test_several_connections_share_a_group_and_each_message_arrives_once(extensions: tuple[str, ...]) -> None:  # M20
    notes = Notes()
    with SmtpServer(extensions=extensions) as server, closing(together(server)) as connections:
        outcomes = connections.send(a_group(a_prepared_message(), *FOUR), notes)
    assert sorted(server.record.recipients) == sorted(FOUR)
    assert {outcome.state.value for _, outcome in outcomes} == {"accepted"}
    assert sorted(seq for seq, _ in outcomes) == list(range(1, 61))
    assert server.connections == 4


def test_a_connection_that_is_cut_costs_the_others_nothing(extensions: tuple[str, ...]) -> None:  # F13
    cuts = [
        refusing(".", "r20@x.example", DROP_AFTER, times=1),
        refusing("RCPT", "r30@x.example", DROP_BEFORE, times=1),
    ]
    with SmtpServer(extensions=extensions) as server:
        server.fault = lambda command, to: next((cut for fault in cuts if (cut := fault(command, to))), None)
        with closing(together(server)) as connections:
            outcomes = dict(connections.send(a_group(a_prepared_message(), *FOUR), Notes()))
    assert sorted(server.record.recipients) == sorted(FOUR)
    assert [seq for seq, outcome in outcomes.items() if outcome.state.value == "unknown"] == [21]
    assert len(outcomes) == 60


def test_a_refused_sender_lets_what_is_in_flight_be_answered(extensions: tuple[str, ...]) -> None:  # F12
    notes, taken = Notes(), Counter[str]()

    def fault(command: str, _: str) -> str | None:
        taken[command] += 1
        return "550 not you" if command == "MAIL" and taken["."] > 20 else None

    with (
        SmtpServer(extensions=extensions, fault=fault) as server,
        closing(together(server)) as connections,
        pytest.raises(AccountRefused),
    ):
        connections.send(a_group(a_prepared_message(), *FOUR), notes)
    accepted = [seq for seq, outcome in notes.answers.items() if outcome.state == "accepted"]
    assert sorted(server.record.recipients) == sorted(FOUR[seq - 1] for seq in accepted)
    assert set(notes.begun_seqs) == set(accepted)


def test_a_server_that_takes_fewer_connections_gets_fewer() -> None:
    with SmtpServer() as server:
        transport = SmtpTransport.parse(server.url)
        dials = []

        def dial() -> smtplib.SMTP:
            dials.append(1)
            if len(dials) > 2:
                raise TransportUnavailable("421 too many connections")
            return transport.dial()

        with closing(SmtpConnections(dial, AT_ONCE, 4)) as connections:
            outcomes = connections.send(a_group(a_prepared_message(), *FOUR), Notes())
    assert sorted(server.record.recipients) == sorted(FOUR)
    assert {outcome.state.value for _, outcome in outcomes} == {"accepted"}


def test_a_message_beyond_the_servers_size_is_refused_with_both_figures(extensions: tuple[str, ...]) -> None:
    with SmtpServer(extensions=(*extensions, "SIZE 500")) as server:
        outcomes, notes = send(server, "a@x.example")
    assert outcomes[1].state == "rejected"
    assert re.search(r"has [\d,]+ octets; the mail server takes at most 500", outcomes[1].error or "")
    assert notes.begun_seqs == []


def test_the_size_is_declared_where_the_server_wants_to_know(extensions: tuple[str, ...]) -> None:
    with SmtpServer(extensions=(*extensions, "SIZE 50000")) as server:
        send(server, "a@x.example")
    size = len(a_group(a_prepared_message(), "a@x.example")[0].message())
    assert f"MAIL FROM:<news@maple.example> SIZE={size}" in server.commands
