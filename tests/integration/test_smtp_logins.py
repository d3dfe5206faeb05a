import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from newsletter.sending.smtp import SmtpTransport
from newsletter.sending.smtp_logins import Login
from newsletter.sending.transports import AccountRefused, TransportUnavailable
from tests.support.certificates import a_certificate
from tests.support.outgoing import Notes, a_group, a_prepared_message
from tests.support.smtp_server import SmtpServer, refusing


def logging_in(server: SmtpServer, password: str) -> SmtpTransport:
    return SmtpTransport.parse(server.url.replace("//", f"//ana:{quote(password)}@") + "?tls=none")


def test_a_wrong_password_says_so_without_showing_it() -> None:  # F12
    fault = refusing("AUTH", "", "535 no")
    with (
        SmtpServer(extensions=("AUTH PLAIN",), fault=fault) as server,
        pytest.raises(AccountRefused, match=r"refuses the user ana: 535 no\.") as refusal,
    ):
        logging_in(server, "hidden").connect()
    assert "hidden" not in str(refusal.value)


def test_a_login_service_that_is_away_does_not_stop_the_campaign() -> None:
    fault = refusing("AUTH", "", "454 try later")
    with (
        SmtpServer(extensions=("AUTH PLAIN",), fault=fault) as server,
        pytest.raises(TransportUnavailable, match="454 try later"),
    ):
        logging_in(server, "hidden").connect()


def test_a_password_that_smtp_cannot_carry_is_refused_without_showing_it() -> None:
    with SmtpServer(extensions=("AUTH PLAIN",)) as server, pytest.raises(AccountRefused, match="ASCII") as refusal:
        logging_in(server, "gehёim").connect()
    assert "geh" not in str(refusal.value)


@pytest.mark.parametrize("from_the_start", [True, False], ids=["smtps", "starttls"])
def test_mail_goes_by_tls_to_a_server_whose_certificate_is_trusted(tmp_path: Path, *, from_the_start: bool) -> None:
    certificate, trusted = a_certificate(tmp_path)
    extensions = ("PIPELINING", "AUTH PLAIN", "STARTTLS")
    with SmtpServer(extensions=extensions, certificate=certificate, tls_from_the_start=from_the_start) as server:
        scheme, option = ("smtps", "") if from_the_start else ("smtp", "&tls=starttls")
        url = f"{scheme}://ana:secret@127.0.0.1:{server.port}?ca={trusted}{option}"
        connection = SmtpTransport.parse(url).connect()
        outcomes = dict(connection.send(a_group(a_prepared_message(), "a@x.example", "b@x.example"), Notes()))
        connection.close()
    assert {outcome.state.value for outcome in outcomes.values()} == {"accepted"}
    assert ("STARTTLS" in server.commands) is not from_the_start
    assert any(command.startswith("AUTH PLAIN") for command in server.commands)


@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, tls: str) -> None:
    certificate, _ = a_certificate(tmp_path)
    with SmtpServer(extensions=("STARTTLS",), certificate=certificate, tls_from_the_start=tls == "tls") as server:
        transport = replace(SmtpTransport.parse(server.url), tls=tls)
        with pytest.raises(TransportUnavailable, match="self-signed certificate"):
            transport.connect()


def test_a_missing_starttls_is_refused_rather_than_passed_over() -> None:
    with SmtpServer() as server, pytest.raises(TransportUnavailable, match="STARTTLS"):
        SmtpTransport.parse(server.url + "?tls=starttls").connect()


@pytest.mark.parametrize("host", ["mail..example", "127.0.0.1:1"])
def test_a_host_that_cannot_be_reached_says_so(host: str) -> None:
    with pytest.raises(TransportUnavailable, match="cannot be reached"):
        SmtpTransport.parse(f"smtp://{host}").connect()


@pytest.mark.parametrize(
    "url",
    [
        "smtp://",
        "smtp://host?tls=maybe",
        "smtp://host?tls=",
        "smtps://host?tls=none",
        "smtp://host?colour=red",
        "smtp://u:pass@host:port",
        "smtp://[host",
    ],
)
def test_a_url_that_cannot_work_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(TransportUnavailable, match="starttls"):
        SmtpTransport.parse(url)


@pytest.mark.parametrize("written", ["", "no certificate"])
def test_an_authority_that_is_not_there_is_named(tmp_path: Path, written: str) -> None:
    file = tmp_path / "authority.pem"
    if written:
        file.write_text(written)
    with pytest.raises(TransportUnavailable, match=r"ca=.*authority\.pem, and there is no certificate in it to read\."):
        SmtpTransport.parse(f"smtps://host?ca={file}")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("smtp://u:hidden@host?auth=gssapi", "auth= must be plain, login or xoauth2."),
        ("smtp://host?auth=plain", "says how to log in but not as whom: add user@."),
        ("smtp://:hidden@host", "says how to log in but not as whom: add user@."),
        ("smtp://u@host", "names a user without a password; write user:password@."),
        ("smtp://u@host?auth=xoauth2", "names a user without a password; write user:password@."),
        ("smtp://u@host?token_file=t", "token_file= goes with auth=xoauth2 and instead of a password."),
        ("smtp://u:hidden@host?auth=xoauth2&token_file=t", "token_file= goes with auth=xoauth2 and instead"),
        ("smtp://u@host?auth=xoauth2&token_file=no/such/file", "no/such/file, and there is no token in it to read."),
    ],
)
def test_a_login_that_cannot_work_is_refused_with_one_sentence(url: str, sentence: str) -> None:
    with pytest.raises(TransportUnavailable, match=re.escape(sentence)) as refusal:
        SmtpTransport.parse(url)
    said = str(refusal.value)
    assert said.startswith("NEWSLETTER_TRANSPORT")
    assert "hidden" not in said


def test_a_url_is_read_whole() -> None:
    transport = SmtpTransport.parse("smtps://us%40er:p%2Fw@mail.example")
    assert (transport.port, transport.login, transport.tls) == (465, Login("us@er", "p/w"), "tls")
    assert transport.account == "smtp:us@er@mail.example:465"
    assert SmtpTransport.parse("smtp://u:p@h").tls == "starttls"
    assert SmtpTransport.parse("smtp://h:2525").account == "smtp:h:2525"
    assert "p/w" not in repr(transport)
