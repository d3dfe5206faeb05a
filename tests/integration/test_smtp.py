import pytest

from newsletter.sending.outcomes import Outcome
from newsletter.sending.smtp import TRIES, SmtpTransport
from newsletter.sending.transports import AccountRefused, TransportUnavailable
from tests.support.outgoing import Notes, a_group, a_prepared_message
from tests.support.smtp_server import DROP_AFTER, DROP_BEFORE, Fault, SmtpServer

EXTENSIONS = [("PIPELINING", "8BITMIME"), ("8BITMIME",)]
THREE = ("a@x.example", "b@x.example", "c@x.example")


def send(server: SmtpServer, *addresses: str) -> tuple[dict[int, Outcome], Notes]:
    notes = Notes()
    connection = SmtpTransport.parse(server.url).connect()
    outcomes = dict(connection.send(a_group(a_prepared_message(), *addresses), notes))
    connection.close()
    assert notes.answers == outcomes
    return outcomes, notes


def refusing(command: str, recipient: str, reply: str, times: int = 1_000_000) -> Fault:
    left = [times]

    def fault(given: str, to: str) -> str | None:
        if given == command and to == recipient and left[0]:
            left[0] -= 1
            return reply
        return None

    return fault


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


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize(("reply", "state"), [("550 no such user", "rejected"), ("451 come back", "deferred")])
def test_a_refusal_is_one_recipients_own(
    extensions: tuple[str, ...], command: str, reply: str, state: str
) -> None:  # F14
    # MAIL comes before the server knows whom it is for.
    recipient = "" if command == "MAIL" else "b@x.example"
    with SmtpServer(extensions=extensions, fault=refusing(command, recipient, reply, times=1)) as server:
        outcomes, _ = send(server, *THREE)
    refused = 1 if command == "MAIL" else 2
    assert {seq: outcome.state.value for seq, outcome in outcomes.items() if seq != refused} == dict.fromkeys(
        {1, 2, 3} - {refused}, "accepted"
    )
    assert outcomes[refused] == Outcome(outcomes[refused].state, None, reply)
    assert outcomes[refused].state == state
    assert len(server.record.recipients) == 2


@pytest.mark.parametrize("command", ["RCPT", "DATA", "."])
def test_a_421_is_no_verdict_on_the_message(extensions: tuple[str, ...], command: str) -> None:  # F13
    fault = refusing(command, "b@x.example", "421 closing", times=1)
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


def test_a_message_that_ends_every_connection_is_deferred_and_the_others_go_on(extensions: tuple[str, ...]) -> None:
    fault = refusing("RCPT", "b@x.example", "421 not you")
    with SmtpServer(extensions=extensions, fault=fault) as server:
        outcomes, _ = send(server, *THREE)
    assert [outcomes[seq].state.value for seq in (1, 2, 3)] == ["accepted", "deferred", "accepted"]
    assert server.connections == TRIES + 1


def test_a_server_that_goes_away_leaves_the_rest_for_later() -> None:
    server = SmtpServer()
    with server:
        connection = SmtpTransport.parse(server.url).connect()
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


def test_a_wrong_password_says_so_without_showing_it() -> None:
    def fault(command: str, _: str) -> str | None:
        return "535 no" if command == "AUTH" else None

    with SmtpServer(extensions=("AUTH PLAIN",), fault=fault) as server:
        url = server.url.replace("//", "//ana:hidden@") + "?tls=none"
        with pytest.raises(AccountRefused, match="refuses the user ana") as refusal:
            SmtpTransport.parse(url).connect()
    assert "hidden" not in str(refusal.value)


def test_a_missing_starttls_is_refused_rather_than_passed_over() -> None:
    with SmtpServer() as server, pytest.raises(TransportUnavailable, match="STARTTLS"):
        SmtpTransport.parse(server.url + "?tls=starttls").connect()


@pytest.mark.parametrize("url", ["smtp://", "smtp://host?tls=maybe", "smtp://host?colour=red"])
def test_a_url_that_cannot_work_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(TransportUnavailable, match="starttls"):
        SmtpTransport.parse(url)


def test_a_url_is_read_whole() -> None:
    transport = SmtpTransport.parse("smtps://us%40er:p%2Fw@mail.example")
    assert (transport.port, transport.user, transport.password, transport.tls) == (465, "us@er", "p/w", "tls")
    assert transport.account == "smtp:us@er@mail.example:465"
    assert SmtpTransport.parse("smtp://u:p@h").tls == "starttls"
    assert SmtpTransport.parse("smtp://h:2525").account == "smtp:h:2525"
    assert "p/w" not in repr(transport)
