"""What an installation's settings put on all mail that leaves it: a signature, and a return path for each copy."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.app import App
from newsletter.campaigns import streams
from newsletter.ledger.states import get
from newsletter.sending.sender import Sender, Step
from newsletter.tokens import DeliveryKey
from subscribers import lists, subscribers
from subscribers.addresses import EmailAddress
from tests.support.school import FAMILIES, a_scheduled_campaign, a_school, send
from tests.support.signatures import KINDS, a_key
from tests.support.smtp_server import SmtpServer

DOMAIN = "maple.example"


def senders(server: SmtpServer) -> list[str]:
    """The envelope's sender of each message, in order."""
    found = (re.match(r"MAIL FROM:<([^>]*)>", command) for command in server.commands)
    return [match[1] for match in found if match]


def ask_to_confirm(app: App, address: str) -> None:
    with app.database.writing() as session:
        list_ = lists.get(session, app.organization.id, "families")
        now = app.clock.now()
        reader = subscribers.add(session, app.organization, EmailAddress.parse(address), now=now)
        asked = streams.ask_confirmation(session, app.clock, reader, list_, language="es", window=timedelta(hours=1))
    assert asked
    sender = Sender(app.sending())
    assert sender.step() == Step.WORKED
    sender.close()


@pytest.mark.parametrize("kind", KINDS)
def test_every_mail_that_leaves_by_smtp_is_signed(database_url: str, tmp_path: Path, kind: str) -> None:  # M8
    key = a_key(kind)
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path, **key.settings(DOMAIN)) as app:
        send(app, a_scheduled_campaign(app))
        ask_to_confirm(app, "new@families.example")
    assert sorted(server.record.recipients) == sorted([*FAMILIES, "new@families.example"])
    assert all(key.vouches_for(body, DOMAIN) for body in server.record.bodies)


def test_mail_that_does_not_leave_by_smtp_is_not_signed(database_url: str, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    with a_school(database_url, f"file:{outbox}", tmp_path, **a_key("ed25519").settings(DOMAIN)) as app:
        send(app, a_scheduled_campaign(app))
    mails = [file.read_bytes() for file in outbox.glob("*.eml")]
    assert len(mails) == 3
    assert not any(b"DKIM-Signature" in mail for mail in mails)


def test_a_refusal_of_any_copy_comes_back_with_its_key(database_url: str, tmp_path: Path) -> None:  # M57
    with (
        SmtpServer() as server,
        a_school(database_url, server.url, tmp_path, bounce_address="bounce@maple.example") as app,
    ):
        campaign_id = a_scheduled_campaign(app)
        send(app, campaign_id)
        copies = [app.signer.read_return_path(sender) for sender in senders(server)]
        ask_to_confirm(app, "new@families.example")
        confirmation = app.signer.read_return_path(senders(server)[-1])
        with app.database.reading() as session:
            assert get(session, confirmation.campaign_id).stream == streams.CONFIRM
    assert sorted(copies, key=lambda key: key.seq) == [DeliveryKey(campaign_id, seq, 1) for seq in (1, 2, 3)]
    assert all(sender.startswith("bounce+") for sender in senders(server))
