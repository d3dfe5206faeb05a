"""Mail through `aiosmtpd`, which checks certificates, passwords and tokens with code that is not ours."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.sending.smtp import SmtpTransport
from newsletter.sending.transports import AccountRefused, TransportUnavailable
from tests.support.certificates import a_certificate
from tests.support.outgoing import Notes, a_group, a_prepared_message
from tests.support.relay import PASSWORD, TOKEN, USER, Relay, a_relay
from tests.support.smtp_server import SmtpServer


def send_through(url: str) -> None:
    connection = SmtpTransport.parse(url).connect()
    outcomes = dict(connection.send(a_group(a_prepared_message(), "a@x.example", "b@x.example"), Notes()))
    connection.close()
    assert {outcome.state.value for outcome in outcomes.values()} == {"accepted"}


@pytest.fixture
def relay() -> Iterator[Relay]:
    with a_relay() as running:
        yield running


@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_a_password_goes_in_by_the_mechanism_that_was_chosen(relay: Relay, mechanism: str) -> None:
    send_through(relay.url(f"tls=none&auth={mechanism}"))
    assert relay.mechanisms == [mechanism.upper()]
    assert [(sender, to) for sender, to, _ in relay.accepted] == [
        ("news@maple.example", "a@x.example"),
        ("news@maple.example", "b@x.example"),
    ]


def test_without_a_choice_the_servers_offer_decides(relay: Relay) -> None:
    send_through(relay.url("tls=none"))
    assert relay.mechanisms == ["PLAIN"]


def test_a_token_logs_in_where_passwords_are_no_longer_taken(relay: Relay) -> None:
    send_through(relay.url("tls=none&auth=xoauth2", secret=TOKEN))
    assert relay.mechanisms == ["XOAUTH2"]


def test_an_old_token_is_refused_after_the_servers_reason_was_heard(relay: Relay) -> None:
    sentence = rf"refuses the user {re.escape(USER)}: 535 .*\. The token may be too old\. Check NEWSLETTER_TRANSPORT\."
    with pytest.raises(AccountRefused, match=sentence) as refusal:
        SmtpTransport.parse(relay.url("tls=none&auth=xoauth2", secret="ya29.old")).connect()
    assert relay.answers_to_refusals == [b""]
    assert "ya29.old" not in str(refusal.value)
    assert "token" not in repr(SmtpTransport.parse(relay.url("auth=xoauth2", secret=TOKEN)).login).replace(
        "token_file", ""
    )


def test_a_token_file_is_read_anew_for_each_connection(relay: Relay, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    user = USER.replace("@", "%40")
    transport = SmtpTransport.parse(f"smtp://{user}@127.0.0.1:{relay.port}?tls=none&auth=xoauth2&token_file={file}")
    transport.connect().close()
    relay.token = "ya29.token-of-the-next-hour"
    with pytest.raises(AccountRefused, match="too old"):
        transport.connect()
    file.write_text(relay.token)
    transport.connect().close()
    assert relay.mechanisms == ["XOAUTH2", "XOAUTH2"]
    file.unlink()
    with pytest.raises(TransportUnavailable, match="there is no token in it to read"):
        transport.connect()


def test_a_wrong_password_is_refused_without_showing_it(relay: Relay) -> None:  # F12
    with pytest.raises(AccountRefused, match=r"535 5\.7\.8 .*\. Check NEWSLETTER_TRANSPORT\.") as refusal:
        SmtpTransport.parse(relay.url("tls=none&auth=login", secret="hidden")).connect()
    assert "hidden" not in str(refusal.value)


def test_a_mechanism_that_the_server_does_not_offer_is_named() -> None:
    with (
        a_relay(without=("XOAUTH2", "LOGIN")) as relay,
        pytest.raises(AccountRefused, match=r"offers no login by XOAUTH2, only by PLAIN\. Check auth="),
    ):
        SmtpTransport.parse(relay.url("tls=none&auth=xoauth2")).connect()


def test_a_server_without_any_login_says_so() -> None:
    with SmtpServer() as server, pytest.raises(AccountRefused, match="offers no login by PLAIN, only by nothing"):
        SmtpTransport.parse(server.url.replace("//", "//u:p@") + "?tls=none&auth=plain").connect()


@pytest.mark.parametrize("from_the_start", [True, False], ids=["smtps", "starttls"])
@pytest.mark.parametrize("auth", ["plain", "login", "xoauth2"])
def test_a_login_goes_through_tls_by_default(tmp_path: Path, auth: str, *, from_the_start: bool) -> None:
    certificate, trusted = a_certificate(tmp_path)
    with a_relay(certificate, from_the_start=from_the_start) as relay:
        scheme = "smtps" if from_the_start else "smtp"
        send_through(
            relay.url(f"ca={trusted}&auth={auth}", scheme=scheme, secret=TOKEN if auth == "xoauth2" else PASSWORD)
        )
    assert (relay.mechanisms, len(relay.accepted)) == ([auth.upper()], 2)


def test_a_password_never_goes_over_a_bare_connection_unless_that_was_said() -> None:
    with SmtpServer(extensions=("AUTH PLAIN LOGIN",)) as server:
        with pytest.raises(TransportUnavailable, match="STARTTLS"):
            SmtpTransport.parse(server.url.replace("//", "//u:p@")).connect()
        assert not any(command.startswith("AUTH") for command in server.commands)
        SmtpTransport.parse(server.url.replace("//", "//u:p@") + "?tls=none").connect().close()
        assert any(command.startswith("AUTH") for command in server.commands)


@pytest.mark.parametrize("from_the_start", [True, False], ids=["smtps", "starttls"])
@pytest.mark.parametrize(
    ("address", "hours_left", "is_trusted", "why"),
    [
        ("127.0.0.2", 1, True, "certificate is not valid for '127.0.0.1'"),
        ("127.0.0.1", -1, True, "certificate has expired"),
        ("127.0.0.1", 1, False, "self-signed certificate"),
    ],
    ids=["wrong name", "expired", "self-signed"],
)
def test_a_server_that_is_not_who_it_says_gets_no_password(
    tmp_path: Path, address: str, hours_left: float, why: str, *, is_trusted: bool, from_the_start: bool
) -> None:
    certificate, trusted = a_certificate(tmp_path, address, hours_left=hours_left)
    with a_relay(certificate, from_the_start=from_the_start) as relay:
        url = relay.url(f"ca={trusted}" if is_trusted else "", scheme="smtps" if from_the_start else "smtp")
        sentence = rf"offers no trusted TLS: .*{why}\. Check tls= and ca= in NEWSLETTER_TRANSPORT\.$"
        with pytest.raises(TransportUnavailable, match=sentence):
            SmtpTransport.parse(url).connect()
    assert relay.mechanisms == []


def test_a_port_that_does_not_begin_with_tls_is_told_apart() -> None:
    with SmtpServer() as server, pytest.raises(TransportUnavailable, match="speaks TLS from the first byte"):
        SmtpTransport.parse(server.url.replace("smtp", "smtps")).connect()
