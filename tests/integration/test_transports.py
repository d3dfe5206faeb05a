from pathlib import Path

import pytest
from pydantic import SecretStr

from newsletter.sending.file import FileTransport
from newsletter.sending.sendgrid import SendGridTransport
from newsletter.sending.smtp import SmtpTransport
from newsletter.sending.transports import open_transport
from newsletter.settings import Settings

SECRET = SecretStr("t" * 40)


@pytest.mark.parametrize(
    ("url", "kind", "account"),
    [
        ("file:var/outbox", FileTransport, "file"),
        ("smtp://ana:pw@mail.example", SmtpTransport, "smtp:ana@mail.example:25"),
        ("smtps://mail.example", SmtpTransport, "smtp:mail.example:465"),
        ("sendgrid://", SendGridTransport, "sendgrid"),
    ],
)
def test_the_url_chooses_the_transport_and_its_account_holds_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, kind: type, account: str
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(secret_key=SECRET, transport=url, sendgrid_api_key=SecretStr("SG.test"))
    transport = open_transport(settings)
    assert isinstance(transport, kind)
    assert transport.account == account
    assert "pw" not in repr(transport)
    assert "SG.test" not in repr(transport)
