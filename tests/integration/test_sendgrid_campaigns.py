"""What SendGrid's troubles do to a whole campaign; the contract server's record is the oracle."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.app import App
from newsletter.campaigns import lifecycle
from newsletter.clock import Clock
from newsletter.ledger.states import get
from newsletter.ledger.tables import CampaignState, Delivery
from newsletter.sending.sender import Sender, Step
from newsletter.sending.transports import AccountRefused
from tests.support.school import a_scheduled_campaign, a_school, add_family
from tests.support.sendgrid.faults import Fault, Hangup
from tests.support.sendgrid.server import KEY, SendGridServer

FAMILIES = 40
A_WHILE = timedelta(minutes=3)


@contextmanager
def sending(server: SendGridServer, database_url: str, folder: Path) -> Iterator[tuple[App, int, Sender]]:
    """A prepared campaign to forty families of one variant and three others, and a sender for it."""
    with a_school(database_url, "sendgrid://", folder, Clock(), sendgrid_api_key=KEY, sendgrid_url=server.url) as app:
        for n in range(FAMILIES):
            add_family(app, f"r{n}@families.example", grades="7")
        campaign_id = a_scheduled_campaign(app)
        app.scheduler().tick()
        sender = Sender(app.sending())
        yield app, campaign_id, sender
        sender.close()


def work(app: App, sender: Sender) -> None:
    """Step until nothing is ready, then end what is done."""
    while sender.step() is Step.WORKED:
        pass
    app.scheduler().tick()


def counts(app: App, campaign_id: int) -> Counter[str]:
    with app.database.reading() as session:
        return Counter(session.scalars(select(Delivery.state).where(Delivery.campaign_id == campaign_id)))


def state(app: App, campaign_id: int) -> CampaignState:
    with app.database.reading() as session:
        return get(session, campaign_id).state


def nobody_twice(server: SendGridServer) -> bool:
    return len(set(server.recipients())) == len(server.recipients())


@pytest.mark.parametrize("headers", [{"Retry-After": "60"}, {"X-RateLimit-Reset": "soon"}, {}])
def test_a_429_is_waited_for_and_burns_no_attempt(
    database_url: str, tmp_path: Path, headers: dict[str, str]
) -> None:  # F8 M49
    with (
        SendGridServer(Fault(status=429, headers=headers, times=1)) as server,
        sending(server, database_url, tmp_path) as (app, campaign_id, sender),
    ):
        work(app, sender)
        assert len(server.sizes) == 1
        assert counts(app, campaign_id) == {"pending": FAMILIES + 3}
        app.clock.offset += A_WHILE
        work(app, sender)
        assert counts(app, campaign_id) == {"accepted": FAMILIES + 3}
        assert state(app, campaign_id) == CampaignState.SENT
        with app.database.reading() as session:
            assert set(session.scalars(select(Delivery.attempt))) == {1}
    assert nobody_twice(server)


@pytest.mark.parametrize(
    "fault", [Fault(status=503, takes=True), Fault(status=500)], ids=["taken all the same", "not taken"]
)
def test_a_storm_is_probed_by_one_small_call_at_a_time_and_then_stops(
    database_url: str, tmp_path: Path, fault: Fault
) -> None:  # F9
    with (
        SendGridServer(fault) as server,
        sending(server, database_url, tmp_path) as (app, campaign_id, sender),
    ):
        for _ in range(5):
            work(app, sender)
            app.clock.offset += A_WHILE
        assert state(app, campaign_id) == CampaignState.STOPPED
        assert len(server.sizes) == 3
        unknown = counts(app, campaign_id)["unknown"]
        assert unknown <= FAMILIES + 2
        server.faults.plan()
        with app.database.writing() as session:
            lifecycle.resume(session, campaign_id)
        for _ in range(3):
            work(app, sender)
            app.clock.offset += A_WHILE
        assert counts(app, campaign_id) == {"unknown": unknown, "accepted": FAMILIES + 3 - unknown}
        assert state(app, campaign_id) == CampaignState.SENT
    assert nobody_twice(server)


def test_a_storm_that_ends_is_forgotten(database_url: str, tmp_path: Path) -> None:  # F9
    with (
        SendGridServer(Fault(status=503, times=2)) as server,
        sending(server, database_url, tmp_path) as (app, campaign_id, sender),
    ):
        for _ in range(4):
            work(app, sender)
            app.clock.offset += A_WHILE
        assert state(app, campaign_id) == CampaignState.SENT
        assert set(counts(app, campaign_id)) == {"accepted", "unknown"}


@pytest.mark.parametrize("takes", [True, False])
def test_a_lost_answer_is_unknown_and_is_never_sent_again(database_url: str, tmp_path: Path, takes: bool) -> None:  # F2
    with (
        SendGridServer(Fault(hangup=Hangup.AFTER_BODY, takes=takes, times=1)) as server,
        sending(server, database_url, tmp_path) as (app, campaign_id, sender),
    ):
        work(app, sender)
        found = counts(app, campaign_id)
        assert found["unknown"] > 0
        assert found["unknown"] + found["accepted"] == FAMILIES + 3
        assert len(server.recipients()) == FAMILIES + 3 - (0 if takes else found["unknown"])
    assert nobody_twice(server)


@pytest.mark.parametrize("status", [401, 403, 413])
def test_a_refused_account_stops_the_campaign_until_somebody_mends_it(
    database_url: str, tmp_path: Path, status: int
) -> None:  # F12
    with (
        SendGridServer(Fault(status=status)) as server,
        sending(server, database_url, tmp_path) as (app, campaign_id, sender),
    ):
        with pytest.raises(AccountRefused):
            sender.step()
        work(app, sender)
        assert len(server.sizes) == 1
        assert state(app, campaign_id) == CampaignState.STOPPED
        with app.database.reading() as session:
            assert str(status) in get(session, campaign_id).stop_reason
        server.faults.plan()
        with app.database.writing() as session:
            lifecycle.resume(session, campaign_id)
        work(app, sender)
        assert state(app, campaign_id) == CampaignState.SENT
        assert counts(app, campaign_id) == {"accepted": FAMILIES + 3}
    assert nobody_twice(server)


def test_one_bad_family_costs_no_other(database_url: str, tmp_path: Path) -> None:  # F11
    with (
        SendGridServer(Fault(status=400, address="r17@families.example")) as server,
        sending(server, database_url, tmp_path) as (app, campaign_id, sender),
    ):
        work(app, sender)
        assert counts(app, campaign_id) == {"accepted": FAMILIES + 2, "rejected": 1}
        assert state(app, campaign_id) == CampaignState.SENT
    assert "r17@families.example" not in server.recipients()
    assert nobody_twice(server)
