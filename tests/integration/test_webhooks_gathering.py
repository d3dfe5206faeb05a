"""What becomes a call: each thing that happens once, whichever way it is written, and nothing that nobody asked for."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from newsletter.app import App
from newsletter.events import notices, persons, requests
from newsletter.events.notices import Notice
from newsletter.events.requests import Request
from newsletter.events.tables import EventKind
from newsletter.events.writing import write
from newsletter.ledger import states
from newsletter.ledger.tables import CampaignState, Delivery
from newsletter.settings import Tracking
from newsletter.tokens import FIRST_LINK, DeliveryKey, MailClaim
from newsletter.webhooks import gathering, webhooks
from newsletter.webhooks.gathering import DatabaseBusy
from newsletter.webhooks.tables import ASKABLE, CallState, Topic
from subscribers import consent, lists, subscribers, subscriptions, suppressions
from subscribers.addresses import EmailAddress
from subscribers.tables import Purpose, Subscriber, SubscriptionState, SuppressionReason
from tests.support.receivers import Receiver, a_receiver
from tests.support.school import EVIDENCE, a_scheduled_campaign, add_family, send
from tests.support.webhooks import a_telling_school, a_webhook, call_all, calls

ADDRESS = "both@families.example"


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[App]:
    with a_telling_school(database_url, tmp_path) as app:
        yield app


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as receiver:
        yield receiver


def reader(session: Any, app: App, address: str = ADDRESS) -> Subscriber:
    return subscribers.get(session, app.organization.id, EmailAddress.parse(address))


def topics(app: App) -> list[str]:
    return [call.topic.value for call in calls(app)]


def a_sent_campaign(app: App) -> int:
    campaign_id = a_scheduled_campaign(app)
    assert send(app, campaign_id).state is CampaignState.SENT
    return campaign_id


def copy_of(app: App, campaign_id: int, address: str = ADDRESS) -> int:
    with app.database.reading() as session:
        mine = (Delivery.campaign_id == campaign_id, Delivery.subscriber_id == reader(session, app, address).id)
        return session.query(Delivery.seq).where(*mine).one()[0]


def follow(app: App, campaign_id: int, address: str = ADDRESS, tracking: Tracking = Tracking.CONSENT) -> None:
    """Open the copy and follow its first link."""
    claim, request = (
        MailClaim(campaign_id, copy_of(app, campaign_id, address), FIRST_LINK),
        Request(app.clock.now(), "GET"),
    )
    with app.database.writing() as session:
        write(session, [requests.opened(claim, request), requests.clicked(claim, request)], tracking)


def a_notice(app: App, kind: EventKind, campaign_id: int, **more: Any) -> None:
    key = DeliveryKey(campaign_id, copy_of(app, campaign_id), 1)
    told = Notice("sendgrid", f"{kind}-1", kind, key, datetime(2025, 12, 1, 9, tzinfo=UTC), **more)
    for _ in range(2):
        with app.database.writing() as session:
            notices.take(session, app.clock, [told])


def test_each_step_of_a_subscription_is_told_once(app: App) -> None:
    a_webhook(app, "http://127.0.0.1:9/", Topic.SUBSCRIBED, Topic.CONFIRMED, Topic.UNSUBSCRIBED)
    now = app.clock.now()
    with app.database.writing() as session:
        families = lists.get(session, app.organization.id, "families")
        new = subscribers.add(session, app.organization, EmailAddress.parse("new@families.example"), now=now)
        for _ in range(2):
            subscriptions.subscribe(session, new, families, SubscriptionState.PENDING, now, evidence=EVIDENCE)
        for _ in range(2):
            subscriptions.confirm(session, new, families, now, evidence=EVIDENCE)
        for _ in range(2):
            subscriptions.unsubscribe(session, new, None, now, evidence=EVIDENCE)
        subscriptions.subscribe(session, new, families, SubscriptionState.PENDING, now, evidence=EVIDENCE)
        subscriptions.confirm(session, new, families, now, evidence=EVIDENCE)
    assert topics(app) == [
        "subscriber.subscribed",
        "subscriber.confirmed",
        "subscriber.unsubscribed",
        "subscriber.subscribed",
        "subscriber.confirmed",
    ]


def test_who_is_confirmed_at_once_is_told_as_both(app: App) -> None:
    a_webhook(app, "http://127.0.0.1:9/", *ASKABLE)
    add_family(app, "new@families.example")
    assert sorted(topics(app)) == ["subscriber.confirmed", "subscriber.subscribed"]


def test_a_suppression_is_told_of_readers_alone_and_once(app: App, receiver: Receiver) -> None:
    a_webhook(app, receiver.url, Topic.SUPPRESSED)
    with app.database.writing() as session:
        for address in (ADDRESS, "stranger@families.example"):
            for reason in (SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT):
                parsed = EmailAddress.parse(address)
                suppressions.suppress(session, app.organization, parsed, reason, now=app.clock.now())
    call_all(app)
    [heard] = receiver.heard
    assert (heard.data["list"], heard.data["reason"]) == (None, "complaint")


def test_a_campaign_is_told_as_it_starts_stops_and_ends(app: App, receiver: Receiver) -> None:
    a_webhook(app, receiver.url, Topic.STARTED, Topic.SENT, Topic.STOPPED)
    campaign_id = a_sent_campaign(app)
    with app.database.writing() as session:
        states.move(session, campaign_id, CampaignState.SENDING)
        states.move(session, campaign_id, CampaignState.STOPPED, stop_reason="The mail server refused our login.")
    call_all(app)
    assert receiver.types() == ["campaign.started", "campaign.sent", "campaign.stopped"]
    sent, stopped = receiver.heard[1].data, receiver.heard[2].data
    assert sent == {"campaign": {"id": campaign_id, "issue": 1, "list": "families", "mail": None}, "copies": 3}
    assert stopped == {**sent, "reason": "The mail server refused our login."}


def test_what_a_provider_tells_twice_is_told_once_with_its_own_time(app: App, receiver: Receiver) -> None:
    a_webhook(app, receiver.url, Topic.BOUNCED, Topic.COMPLAINED)
    campaign_id = a_sent_campaign(app)
    a_notice(app, EventKind.BOUNCE, campaign_id, is_permanent=True, status="5.1.1", text=f"no {ADDRESS} here")
    a_notice(app, EventKind.COMPLAINT, campaign_id)
    a_notice(app, EventKind.DELIVERED, campaign_id)
    call_all(app)
    assert sorted(receiver.types()) == ["copy.bounced", "copy.complained"]
    bounced = next(heard for heard in receiver.heard if heard.type == "copy.bounced")
    assert bounced.json["timestamp"] == "2025-12-01T09:00:00.000Z"
    assert (bounced.data["permanent"], bounced.data["status"]) == (True, "5.1.1")
    assert ADDRESS.encode() not in bounced.body


def test_a_copy_of_who_was_erased_is_told_of_no_more(app: App, receiver: Receiver) -> None:
    a_webhook(app, receiver.url, Topic.BOUNCED, Topic.COMPLAINED, Topic.CLICKED)
    campaign_id = a_sent_campaign(app)
    a_notice(app, EventKind.BOUNCE, campaign_id)
    a_notice(app, EventKind.COMPLAINT, campaign_id)
    follow(app, campaign_id)
    with app.database.writing() as session:
        persons.erase(session, app.organization, reader(session, app), now=app.clock.now(), never_again=False)
    call_all(app)
    assert receiver.heard == []
    assert [call.state for call in calls(app)] == [CallState.DROPPED] * 3


def test_opens_and_clicks_are_told_only_of_readers_who_agreed(app: App, receiver: Receiver) -> None:
    a_webhook(app, receiver.url, Topic.OPENED, Topic.CLICKED)
    campaign_id = a_sent_campaign(app)
    for address in (ADDRESS, "ninth@families.example"):
        for _ in range(2):  # within a minute it is the same request again
            follow(app, campaign_id, address)
    call_all(app)
    assert sorted(receiver.types()) == ["copy.clicked", "copy.opened"]
    with app.database.reading() as session:
        assert {heard.data["subscriber"]["id"] for heard in receiver.heard} == {reader(session, app).public_id}
    clicked = next(heard for heard in receiver.heard if heard.type == "copy.clicked")
    assert clicked.data["link"].startswith("https://guide.example/start")
    assert clicked.data["by"] in ("human", "machine", "unknown")


def test_who_takes_their_consent_back_is_told_of_no_more_even_where_a_call_waits(app: App, receiver: Receiver) -> None:
    a_webhook(app, receiver.url, Topic.OPENED, Topic.CLICKED)
    campaign_id = a_sent_campaign(app)
    follow(app, campaign_id)
    with app.database.writing() as session:
        consent.record(session, reader(session, app), Purpose.TRACKING, False, evidence=EVIDENCE, now=app.clock.now())
    call_all(app)
    assert receiver.heard == []
    assert [call.state for call in calls(app)] == [CallState.DROPPED] * 2


def test_a_webhook_of_one_list_hears_of_that_list_alone(app: App, receiver: Receiver) -> None:
    with app.database.writing() as session:
        other = lists.create(session, app.organization.id, "alumni", "Alumni", now=app.clock.now())
    a_webhook(app, receiver.url, *ASKABLE, list_id=other.id)
    add_family(app, "new@families.example")
    campaign_id = a_sent_campaign(app)
    follow(app, campaign_id)
    with app.database.writing() as session:
        for slug in ("families", "alumni"):
            list_ = lists.get(session, app.organization.id, slug)
            subscriptions.subscribe(
                session, reader(session, app), list_, SubscriptionState.CONFIRMED, app.clock.now(), evidence=EVIDENCE
            )
        for address in (ADDRESS, "ninth@families.example"):
            parsed = EmailAddress.parse(address)
            suppressions.suppress(session, app.organization, parsed, SuppressionReason.STAFF, now=app.clock.now())
    call_all(app)
    assert sorted(receiver.types()) == ["subscriber.confirmed", "subscriber.subscribed", "subscriber.suppressed"]


def test_what_nobody_asks_for_has_no_trigger(app: App) -> None:
    def laid() -> set[str]:
        of_sqlite = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        of_postgresql = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        with app.database.reading() as session:
            return set(session.scalars(text(of_sqlite if app.database.is_sqlite else of_postgresql)))

    before = laid()
    webhook_id, _ = a_webhook(app, "http://127.0.0.1:9/", Topic.CLICKED, Topic.UNSUBSCRIBED)
    assert laid() - before == {
        "webhook_copy_clicked_0",
        "webhook_subscriber_unsubscribed_0",
        "webhook_subscriber_unsubscribed_1",
    }
    other, _ = a_webhook(app, "http://127.0.0.1:9/", Topic.CLICKED)
    webhooks.take_down(app.database, webhook_id)
    assert laid() - before == {"webhook_copy_clicked_0"}
    webhooks.take_down(app.database, other)
    assert laid() == before


def test_a_trigger_that_is_missing_is_named_and_laid_again(app: App) -> None:
    a_webhook(app, "http://127.0.0.1:9/", Topic.SENT)
    with app.database.writing() as session:
        on = "" if app.database.is_sqlite else " ON campaign"
        session.execute(text(f"DROP TRIGGER webhook_campaign_sent_0{on}"))
        assert gathering.missing(session) == ["webhook_campaign_sent_0"]
    gathering.lay(app.database)
    with app.database.reading() as session:
        assert gathering.missing(session) == []


def test_before_tables_change_their_shape_the_triggers_are_lifted(app: App) -> None:
    a_webhook(app, "http://127.0.0.1:9/", *ASKABLE)
    gathering.lift(app.database)
    with app.database.writing() as session:
        assert len(gathering.missing(session)) == sum(map(len, gathering.MOMENTS.values()))
        if app.database.is_sqlite:  # as Alembic does it there
            for statement in (
                "PRAGMA defer_foreign_keys = ON",
                "CREATE TABLE other AS SELECT * FROM campaign",
                "DROP TABLE campaign",
                "ALTER TABLE other RENAME TO campaign",
            ):
                session.execute(text(statement))
    gathering.lay(app.database)
    with app.database.reading() as session:
        assert gathering.missing(session) == []


def test_where_somebody_writes_much_a_webhook_is_made_in_a_moment_or_not_at_all(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    if app.database.is_sqlite:
        pytest.skip("SQLite's writers wait for each other in a line of their own")
    monkeypatch.setattr(gathering, "_PATIENCE", "200ms")
    refused = threading.Event()

    def make() -> None:
        with pytest.raises(DatabaseBusy):
            a_webhook(app, "http://127.0.0.1:9/", Topic.SENT)
        refused.set()

    campaign_id = a_scheduled_campaign(app)
    with app.database.writing() as session:
        session.execute(update(Delivery).values(error=None))
        states.move(session, campaign_id, CampaignState.CANCELLED)
        thread = threading.Thread(target=make)
        thread.start()
        assert refused.wait(20)
        thread.join()
    with app.database.reading() as session:
        assert webhooks.all_of(session, app.organization.id) == []
    a_webhook(app, "http://127.0.0.1:9/", Topic.SENT)
    with app.database.reading() as session:
        assert gathering.missing(session) == []
