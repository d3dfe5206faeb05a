"""SendGrid took a call and nobody heard its answer: the copies are unknown until an event tells, and go once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter.app import App
from newsletter.clock import Clock
from newsletter.ledger import balance, listing
from newsletter.ledger.states import get
from newsletter.ledger.tables import CampaignState, DeliveryState
from newsletter.reports.sums import sum_of
from tests.support.installation import Installation
from tests.support.school import a_scheduled_campaign, a_school, add_family, send
from tests.support.sendgrid.faults import Fault, Hangup
from tests.support.sendgrid.processes import SendGridServerProcess
from tests.support.sendgrid.records import Taken
from tests.support.sendgrid.server import KEY
from tests.support.sendgrid.webhooks import Deliverer, EventSigner, event
from tests.support.waiting import await_truth
from tests.support.web_server import served

FAMILIES = 12
EVERYBODY = FAMILIES + 3
PATIENCE_SECONDS = 30


@contextmanager
def a_world(
    database_url: str, folder: Path, server: SendGridServerProcess, signer: EventSigner
) -> Iterator[tuple[App, Deliverer]]:
    """A school that sends through SendGrid and is served where SendGrid posts its events."""
    settings = {"sendgrid_api_key": KEY, "sendgrid_url": server.url, "sendgrid_webhook_key": signer.public_key}
    with a_school(database_url, "sendgrid://", folder, Clock(), **settings) as app:
        for n in range(FAMILIES):
            add_family(app, f"r{n}@families.example", grades="7")
        with served(app) as url:
            yield app, Deliverer(f"{url}/hooks/sendgrid/events", signer)


def counts(app: App, campaign_id: int) -> dict[str, int]:
    with app.database.reading() as session:
        found = balance.balance(session, campaign_id)
        assert found.balances
    return {state.value: count for state, count in found.counts.items() if count}


def delivered(taken: list[Taken]) -> list[dict[str, object]]:
    return [event(one, kind) for one in taken for kind in ("processed", "delivered")]


def test_an_answer_that_is_lost_is_made_good_by_events(database_url: str, tmp_path: Path) -> None:  # F2 M52
    signer = EventSigner()
    lost = Fault(takes=True, hangup=Hangup.AFTER_BODY, address="r3@families.example")
    with (
        SendGridServerProcess(tmp_path / "taken", lost) as server,
        a_world(database_url, tmp_path, server, signer) as (app, deliverer),
    ):
        campaign_id = a_scheduled_campaign(app)
        assert send(app, campaign_id).state == CampaignState.SENT
        assert counts(app, campaign_id) == {"accepted": EVERYBODY - FAMILIES, "unknown": FAMILIES}
        deliverer.post_all(delivered(server.taken()), copies=46, seed=7)
        assert counts(app, campaign_id) == {"accepted": EVERYBODY}
        with app.database.reading() as session:
            said = sum_of(session, campaign_id)
            assert get(session, campaign_id).state == CampaignState.SENT
            ids = {row["provider_id"] for row in listing.deliveries(session, campaign_id, DeliveryState.ACCEPTED)}
        assert said == f"{EVERYBODY} = {EVERYBODY} accepted + 0 excluded + 0 rejected + 0 unknown"
        assert ids <= {one.message_id for one in server.taken()}
        assert send(app, campaign_id).state == CampaignState.SENT
        arrived = [one.address for one in server.taken()]
    assert len(arrived) == len(set(arrived)) == EVERYBODY


@pytest.mark.slow
def test_a_sender_killed_after_the_call_was_taken_is_made_good_by_events(
    database_url: str, tmp_path: Path
) -> None:  # F2
    signer = EventSigner()
    with (
        SendGridServerProcess(tmp_path / "taken", Fault(takes=True, wait=60)) as server,
        a_world(database_url, tmp_path, server, signer) as (app, deliverer),
    ):
        campaign_id = a_scheduled_campaign(app)
        sender = Installation(
            tmp_path,
            database_url,
            "sendgrid://",
            sendgrid_api_key=KEY,
            sendgrid_url=server.url,
            state_folder=str(tmp_path),
        ).start("send", str(campaign_id))
        await_truth(server.taken)
        sender.send_signal(signal.SIGKILL)
        sender.communicate(timeout=PATIENCE_SECONDS)
        in_the_air = len(server.taken())
        server.plan()
        assert send(app, campaign_id).state == CampaignState.SENT
        found = counts(app, campaign_id)
        assert in_the_air <= found["unknown"]
        assert found["unknown"] + found.get("accepted", 0) == EVERYBODY
        arrived = server.taken()
        deliverer.post_all(delivered(arrived), copies=2, seed=2)
        found = counts(app, campaign_id)
        assert found["accepted"] == len(arrived)
        assert send(app, campaign_id).state == CampaignState.SENT
        assert server.taken() == arrived
    assert len({one.address for one in arrived}) == len(arrived)
