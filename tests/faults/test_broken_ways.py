"""The way to the mail server breaks at a byte of our choice; what the server kept is the oracle."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from newsletter.app import App
from newsletter.ledger.states import get
from newsletter.ledger.tables import CampaignState, Delivery
from newsletter.sending.sender import Sender
from newsletter.sending.smtp_connections import Patience
from tests.support.fault_proxy import Break, Fault, FaultProxy, Side
from tests.support.school import FAMILIES, a_scheduled_campaign, a_school, add_family, step_until_nothing
from tests.support.sendgrid.server import KEY, SendGridServer
from tests.support.smtp_server import SmtpServer

MORE = 9
EVERYBODY = MORE + len(FAMILIES)
A_MOMENT = 0.3
BREAKS = pytest.mark.parametrize("kind", Break)


@contextmanager
def a_campaign(sqlite_url: str, transport: str, folder: Path, **settings: Any) -> Iterator[tuple[App, int]]:
    with a_school(sqlite_url, transport, folder, **settings) as app:
        for n in range(MORE):
            add_family(app, f"more{n}@families.example", grades="7")
        campaign_id = a_scheduled_campaign(app)
        app.scheduler().tick()
        yield app, campaign_id


def outcomes(app: App, campaign_id: int, **impatient: Any) -> Counter[str]:
    """Send the whole campaign by one sender who waits for a moment only; what became of the copies."""
    shared = app.sending()
    sender = Sender(replace(shared, transport=replace(shared.transport, **impatient)))  # type: ignore[type-var]
    step_until_nothing(sender)
    sender.close()
    app.scheduler().tick()
    with app.database.reading() as session:
        assert get(session, campaign_id).state == CampaignState.SENT
        return Counter(session.scalars(select(Delivery.state)))


@BREAKS
@pytest.mark.parametrize(
    ("after", "said_by", "unknown", "lost"),
    [
        # With pipelining it travels behind the dot of the message before, whose answer is lost.
        ("RCPT TO", Side.CLIENT, 1, 0),
        ("354", Side.SERVER, 0, 0),
        # All of it was given to TCP: how far it came nobody here can say.
        ("MIME-Version", Side.CLIENT, 1, 1),
        ("\r\n.\r\n", Side.CLIENT, 1, 0),
        ("queued", Side.SERVER, 1, 0),
    ],
    ids=["before-the-body", "before-the-body-is-asked-for", "inside-the-body", "after-the-dot", "inside-the-answer"],
)
def test_a_broken_way_to_the_mail_server_doubts_one_and_mails_nobody_twice(
    sqlite_url: str, tmp_path: Path, kind: Break, after: str, said_by: Side, unknown: int, lost: int
) -> None:  # F10 F13
    with (
        SmtpServer() as server,
        FaultProxy(server.port, fault=Fault(kind, after, said_by, skip=3)) as proxy,
        a_campaign(sqlite_url, f"smtp://127.0.0.1:{proxy.port}", tmp_path) as (app, campaign_id),
    ):
        patience = Patience(reply_seconds=A_MOMENT, pauses=(0, 0, 0))
        found = outcomes(app, campaign_id, patience=patience)
        assert proxy.broken == 1
    assert +found == +Counter(accepted=EVERYBODY - unknown, unknown=unknown)
    assert len(server.record.recipients) == len(set(server.record.recipients)) == EVERYBODY - lost


@BREAKS
@pytest.mark.parametrize(
    ("after", "said_by", "is_taken"),
    [('"personalizations"', Side.CLIENT, False), ("HTTP/1.", Side.SERVER, True)],
    ids=["inside-the-request", "inside-the-answer"],
)
def test_a_broken_way_to_sendgrid_leaves_the_call_in_doubt_and_sends_it_once(
    sqlite_url: str, tmp_path: Path, kind: Break, after: str, said_by: Side, is_taken: bool
) -> None:  # F2 F10
    with (
        SendGridServer() as server,
        FaultProxy(urlsplit(server.url).port or 0, fault=Fault(kind, after, said_by)) as proxy,
        a_campaign(
            sqlite_url,
            "sendgrid://",
            tmp_path,
            sendgrid_api_key=KEY,
            sendgrid_url=f"http://127.0.0.1:{proxy.port}",
        ) as (app, campaign_id),
    ):
        found = outcomes(app, campaign_id, reply_seconds=A_MOMENT)
        assert proxy.broken == 1
        recipients = server.recipients()
    assert found.keys() == {"accepted", "unknown"}
    assert found.total() == EVERYBODY
    assert len(recipients) == len(set(recipients)) == (EVERYBODY if is_taken else found["accepted"])


def test_a_long_way_slows_mails_down_and_changes_nothing_else(sqlite_url: str, tmp_path: Path) -> None:
    with (
        SmtpServer() as server,
        FaultProxy(server.port, latency_seconds=0.01) as proxy,
        a_campaign(sqlite_url, f"smtp://127.0.0.1:{proxy.port}", tmp_path) as (app, campaign_id),
    ):
        assert outcomes(app, campaign_id) == {"accepted": EVERYBODY}
        assert proxy.broken == 0
    assert len(set(server.record.recipients)) == EVERYBODY
