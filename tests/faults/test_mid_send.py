"""What people do while their mails are flowing."""

from pathlib import Path

from sqlalchemy import select

from newsletter.app import App
from newsletter.campaigns import lifecycle
from newsletter.clock import Clock
from newsletter.issues import issues
from newsletter.ledger import claims
from newsletter.ledger.attempts import attempt
from newsletter.ledger.settling import Settlement, settle
from newsletter.ledger.states import get
from newsletter.ledger.tables import CampaignState, Chunk, ChunkState, Delivery, DeliveryState
from newsletter.sending import recovery
from newsletter.sending.sender import Sender
from subscribers import lists, subscribers, subscriptions, suppressions
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.tables import SuppressionReason
from tests.support.people import a_sending_campaign
from tests.support.school import (
    EVIDENCE,
    FAMILIES,
    ISSUE,
    a_scheduled_campaign,
    a_school,
    add_family,
    send,
    step_until_nothing,
)
from tests.support.smtp_server import SmtpServer, when_it_arrives

MORE = 120
EVERYBODY = MORE + len(FAMILIES)
GROUP = 50


def send_alone(app: App) -> None:
    """By one sender, until nothing is ready."""
    app.scheduler().tick()
    sender = Sender(app.sending())
    step_until_nothing(sender)
    sender.close()
    app.scheduler().tick()


def seventh_graders(app: App) -> None:
    for n in range(MORE):
        add_family(app, f"more{n}@families.example", grades="7")


def test_who_leaves_or_complains_while_mails_flow_gets_none_from_the_next_group_on(
    database_url: str, tmp_path: Path
) -> None:  # F18
    gone: set[str] = set()

    def leave() -> None:
        with app.database.writing() as session:
            list_ = lists.get(session, app.organization.id, "families")
            pending = select(Delivery.to_address).where(Delivery.state == DeliveryState.PENDING)
            gone.update(session.scalars(pending.limit(10)))
            for address in sorted(gone):
                reader = subscribers.get(session, app.organization.id, EmailAddress.parse(address))
                if reader.id % 2:
                    subscriptions.unsubscribe(session, reader, list_, app.clock.now(), evidence=EVIDENCE)
                else:
                    suppressions.suppress(
                        session,
                        app.organization,
                        EmailAddress.parse(address),
                        SuppressionReason.COMPLAINT,
                        now=app.clock.now(),
                    )

    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        seventh_graders(app)
        server.fault = when_it_arrives("more5@families.example", leave)
        campaign_id = a_scheduled_campaign(app)
        send_alone(app)
        with app.database.reading() as session:
            assert get(session, campaign_id).state == CampaignState.SENT
            excluded = session.execute(select(Delivery.to_address, Delivery.reason).where(Delivery.reason.is_not(None)))
            reasons = {address: reason.value for address, reason in excluded if reason}
    assert len(gone) == 10
    assert set(reasons) == gone
    assert set(reasons.values()) == {"unsubscribed", "suppressed"}
    assert set(server.record.recipients).isdisjoint(gone)
    assert len(server.record.recipients) == len(set(server.record.recipients)) == EVERYBODY - len(gone)


def test_a_pause_while_mails_flow_ends_the_group_in_flight_and_begins_no_other(
    database_url: str, tmp_path: Path
) -> None:  # F18
    def pause() -> None:
        with app.database.writing() as session:
            lifecycle.pause(session, campaign_id)

    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        seventh_graders(app)
        campaign_id = a_scheduled_campaign(app)
        server.fault = when_it_arrives("more5@families.example", pause)
        send_alone(app)
        paused = len(server.record.recipients)
        with app.database.writing() as session:
            assert get(session, campaign_id).state == CampaignState.PAUSED
            states = set(session.scalars(select(Delivery.state)))
            lifecycle.resume(session, campaign_id)
        assert send(app, campaign_id).state == CampaignState.SENT
    assert 0 < paused <= GROUP + len(FAMILIES)
    assert states == {DeliveryState.ACCEPTED, DeliveryState.PENDING}
    assert len(server.record.recipients) == len(set(server.record.recipients)) == EVERYBODY


def test_an_edit_while_mails_flow_changes_neither_the_words_nor_the_readers(
    database_url: str, tmp_path: Path
) -> None:  # F19
    def edit() -> None:
        with app.database.writing() as session:
            text = ISSUE.replace("For everyone", "An edit too late")
            issues.save(session, issues.get(session, 1), text, "editor", app.clock.now())
        add_family(app, "late@families.example", grades="7")

    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        seventh_graders(app)
        server.fault = when_it_arrives("more5@families.example", edit)
        campaign_id = a_scheduled_campaign(app)
        assert send(app, campaign_id).state == CampaignState.SENT
    assert len(server.record.bodies) == EVERYBODY
    assert "late@families.example" not in server.record.recipients
    assert not any(b"An edit too late" in body for body in server.record.bodies)


def test_what_a_sender_gives_back_of_a_cancelled_campaign_is_cancelled_too(
    database: Database, clock: Clock, tmp_path: Path
) -> None:  # F3 F13
    campaign_id = a_sending_campaign(database, 4)
    with database.writing() as session:
        held = claims.claim(session, clock, "me")
        assert held is not None
        due = attempt(session, clock, held, 2)
    with database.writing() as session:
        lifecycle.cancel(session, clock, campaign_id)
    with database.writing() as session:
        settle(session, clock, campaign_id, [Settlement(one.seq, 1, DeliveryState.PENDING) for one in due])
        claims.release(session, clock, held)
    assert recovery.sweep(database, clock, tmp_path) == 2
    assert recovery.sweep(database, clock, tmp_path) == 0
    with database.reading() as session:
        assert set(session.scalars(select(Delivery.state))) == {DeliveryState.CANCELLED}
        assert set(session.scalars(select(Chunk.state))) == {ChunkState.DONE}
