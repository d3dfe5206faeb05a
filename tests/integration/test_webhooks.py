"""What becomes of a call: taken, tried again, dead, made again, or dropped."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, event, update
from standardwebhooks.webhooks import WebhookVerificationError

from newsletter import outside
from newsletter.app import App
from newsletter.events import persons, retention
from newsletter.outside import Outside
from newsletter.webhooks import claims, disclosures, webhooks
from newsletter.webhooks.calling import Caller
from newsletter.webhooks.outcomes import MOST_TRIES
from newsletter.webhooks.tables import CallState, Topic, WebhookCall, WebhookState
from subscribers import lists, subscribers, subscriptions
from subscribers.addresses import EmailAddress
from subscribers.tables import Subscriber
from tests.support.receivers import Receiver, a_receiver
from tests.support.school import EVIDENCE, add_family
from tests.support.webhooks import a_caller, a_telling_school, a_webhook, attempts, call_all, calls, webhook

ADDRESS = "both@families.example"


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[App]:
    with a_telling_school(database_url, tmp_path) as app:
        yield app


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as receiver:
        yield receiver


def leave(app: App, address: str = ADDRESS) -> None:
    with app.database.writing() as session:
        reader = subscribers.get(session, app.organization.id, EmailAddress.parse(address))
        subscriptions.unsubscribe(session, reader, None, app.clock.now(), evidence=EVIDENCE)


def later(app: App, hours: float) -> None:
    app.clock.offset += timedelta(hours=hours)


def test_a_call_is_signed_as_standard_webhooks_says_and_names_nobody(app: App, receiver: Receiver) -> None:
    _, secret = a_webhook(app, receiver.url, Topic.UNSUBSCRIBED)
    leave(app)
    call_all(app)
    [heard] = receiver.heard
    told = heard.verify(secret)
    with app.database.reading() as session:
        public_id = subscribers.get(session, app.organization.id, EmailAddress.parse(ADDRESS)).public_id
    assert told["type"] == "subscriber.unsubscribed"
    assert told["data"] == {"subscriber": {"id": public_id}, "list": "families"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["timestamp"])
    assert heard.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        heard.verify("whsec_" + "A" * 44)


def test_addresses_are_told_only_where_that_was_asked_for(app: App, receiver: Receiver) -> None:
    a_webhook(app, receiver.url, Topic.UNSUBSCRIBED, with_addresses=True)
    leave(app)
    call_all(app)
    assert receiver.heard[0].data["subscriber"]["address"] == ADDRESS


def test_for_a_day_a_former_secret_signs_beside_the_new_one(app: App, receiver: Receiver) -> None:
    webhook_id, former = a_webhook(app, receiver.url, Topic.UNSUBSCRIBED)
    with app.database.writing() as session:
        _, secret = webhooks.rotate(session, app.telling.vault, webhook_id, app.clock.now())
    leave(app)
    call_all(app)
    assert receiver.heard[0].verify(former) == receiver.heard[0].verify(secret)
    with app.database.writing() as session:
        rotated = webhooks.get(session, webhook_id)
        assert rotated.former_until is not None
        rotated.former_until -= webhooks.FORMER_SECRET
        webhooks.replay(session, app.clock, webhook_id, call_id=1)
    call_all(app)
    receiver.heard[1].verify(secret)
    with pytest.raises(WebhookVerificationError):
        receiver.heard[1].verify(former)


def test_what_is_rolled_back_is_not_told(app: App, receiver: Receiver) -> None:
    a_webhook(app, receiver.url, Topic.UNSUBSCRIBED)
    with pytest.raises(ZeroDivisionError), app.database.writing() as session:
        reader = subscribers.get(session, app.organization.id, EmailAddress.parse(ADDRESS))
        assert subscriptions.unsubscribe(session, reader, None, app.clock.now(), evidence=EVIDENCE)
        _ = 1 / 0
    call_all(app)
    assert (calls(app), receiver.heard) == ([], [])


def test_a_call_that_fails_is_made_again_later_by_the_same_name(app: App, receiver: Receiver) -> None:
    _, secret = a_webhook(app, receiver.url, Topic.UNSUBSCRIBED)
    receiver.statuses, receiver.answer = [500, 302], b"both@families.example\r\n\x1b[31m" + b"very sorry " * 900
    receiver.headers["Location"] = receiver.url
    leave(app)
    call_all(app)
    assert len(receiver.heard) == 1
    for _ in range(2):
        later(app, 0.2)
        call_all(app)
    assert len(set(receiver.names())) == 1
    assert len(receiver.heard) == 3
    assert [call.state for call in calls(app)] == [CallState.DONE]
    assert [(tried.status, len(tried.answer)) for tried in attempts(app)] == [(500, 200), (302, 200), (200, 200)]
    assert attempts(app)[0].answer.startswith("[address] [31mvery sorry very")
    receiver.heard[0].verify(secret)


@pytest.mark.parametrize("trouble", ["drop", "slow", "drip"])
def test_a_receiver_that_drops_or_dawdles_is_asked_again(app: App, receiver: Receiver, trouble: str) -> None:
    a_webhook(app, receiver.url, Topic.UNSUBSCRIBED)
    leave(app)
    receiver.statuses = [trouble]
    usual = a_caller(app)
    hasty = Outside(house=usual.outside.house, seconds=0.3, most_seconds=0.6)
    assert Caller(app.database, app.clock, usual.vault, hasty, usual.tracking).step()
    [tried] = attempts(app)
    assert (tried.status, calls(app)[0].state) == (None, CallState.WAITING)
    assert tried.milliseconds < 3000
    later(app, 0.1)
    call_all(app)
    assert calls(app)[0].state is CallState.DONE


def test_nothing_inside_is_called_but_the_networks_that_are_named(
    sqlite_url: str, tmp_path: Path, receiver: Receiver
) -> None:
    with a_telling_school(sqlite_url, tmp_path) as app:
        a_webhook(app, receiver.url, Topic.UNSUBSCRIBED)
        leave(app)
        usual = a_caller(app)
        assert Caller(app.database, app.clock, usual.vault, Outside(), usual.tracking).step()
        assert receiver.heard == []
        assert attempts(app)[0].status is None
        with pytest.raises(webhooks.AddressRefused, match="NEWSLETTER_WEBHOOK_NETWORKS"):
            webhooks.refuse_address(Outside(), "https://169.254.169.254/latest")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://10.0.0.1/x", "not a public address"),
        ("http://8.8.8.8/x", "https://"),
        ("https://8.8.8.8:8443/x", "Port 8443"),
        ("https://user:secret@8.8.8.8/", "login"),
        ("https://8.8.8.8/a b", "without spaces"),
        ("ftp://8.8.8.8/", "not an address of the web"),
        ("https://8.8.8.8:x/", "no address"),
    ],
)
def test_an_address_that_may_not_be_called_is_refused_with_the_reason(url: str, why: str) -> None:
    with pytest.raises(webhooks.AddressRefused, match=why):
        webhooks.refuse_address(Outside(), url)
    assert outside.is_public("8.8.8.8")


def test_tried_to_the_end_a_call_is_dead_until_it_is_replayed(app: App, receiver: Receiver) -> None:
    webhook_id, _ = a_webhook(app, receiver.url, Topic.UNSUBSCRIBED)
    receiver.status = 500
    leave(app)
    for _ in range(2 * MOST_TRIES):
        call_all(app)
        later(app, 30)
        with app.database.writing() as session:  # as if others got through meanwhile
            webhooks.get(session, webhook_id).failing_since = None
    assert [call.state for call in calls(app)] == [CallState.DEAD]
    assert len(receiver.heard) == MOST_TRIES
    receiver.status = 200
    with app.database.writing() as session:
        assert webhooks.replay(session, app.clock, webhook_id) == 1
        assert webhooks.replay(session, app.clock, webhook_id) == 0
    later(app, 1)
    call_all(app)
    assert [call.state for call in calls(app)] == [CallState.DONE]
    assert len(set(receiver.names())) == 1


def test_a_webhook_that_fails_for_days_is_paused_and_loses_nothing(app: App, receiver: Receiver) -> None:
    webhook_id, _ = a_webhook(app, receiver.url, Topic.UNSUBSCRIBED, Topic.CONFIRMED)
    receiver.status = 503
    for day in range(7):
        add_family(app, f"new{day}@families.example")
        call_all(app)
        later(app, 24)
    paused = webhook(app, webhook_id)
    assert (paused.state, paused.reason[:20]) == (WebhookState.PAUSED, "It failed for 5 days")
    assert {call.state for call in calls(app)} == {CallState.WAITING}
    receiver.status = 200
    add_family(app, "last@families.example")
    call_all(app)
    heard = len(receiver.heard)
    with app.database.writing() as session:
        webhooks.resume(session, webhook_id)
    later(app, 48)
    call_all(app)
    assert len(receiver.heard) == heard + 8
    assert {call.state for call in calls(app)} == {CallState.DONE}


def test_a_receiver_that_is_gone_is_called_no_more_and_nothing_gathers(app: App, receiver: Receiver) -> None:
    webhook_id, _ = a_webhook(app, receiver.url, Topic.UNSUBSCRIBED)
    receiver.status = 410
    leave(app)
    call_all(app)
    leave(app, "ninth@families.example")
    later(app, 48)
    call_all(app)
    assert [call.state for call in calls(app)] == [CallState.DEAD]
    assert webhook(app, webhook_id).state is WebhookState.OFF
    assert len(receiver.heard) == 1


def test_a_busy_receiver_says_when_to_come_back(app: App, receiver: Receiver) -> None:
    a_webhook(app, receiver.url, Topic.UNSUBSCRIBED)
    receiver.statuses, receiver.headers = [429], {"Retry-After": "7200"}
    leave(app)
    call_all(app)
    later(app, 1.9)
    call_all(app)
    assert len(receiver.heard) == 1
    later(app, 0.2)
    call_all(app)
    assert len(receiver.heard) == 2


def test_after_a_failure_the_receiver_is_left_alone_by_all_its_calls(app: App, receiver: Receiver) -> None:
    a_webhook(app, receiver.url, Topic.CONFIRMED)
    receiver.statuses = [500]
    for n in range(25):
        add_family(app, f"new{n}@families.example")
    call_all(app)
    assert len(receiver.heard) == 1
    later(app, 0.01)
    call_all(app)
    assert len(receiver.heard) == 26
    assert len(set(receiver.names())) == 25


def test_webhooks_take_turns(app: App, receiver: Receiver) -> None:
    with a_receiver() as other:
        a_webhook(app, receiver.url, Topic.CONFIRMED)
        a_webhook(app, other.url, Topic.CONFIRMED)
        for n in range(15):
            add_family(app, f"new{n}@families.example")
        caller = a_caller(app)
        caller.step()
        caller.step()
        assert (len(receiver.heard), len(other.heard)) == (claims.BATCH, claims.BATCH)


def test_a_slow_receiver_gives_its_turn_to_others(
    app: App, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "TURN", timedelta())  # each call is longer
    a_webhook(app, receiver.url, Topic.CONFIRMED)
    receiver.statuses = ["moment"]
    for n in range(claims.BATCH):
        add_family(app, f"new{n}@families.example")
    a_caller(app).step()
    assert len(receiver.heard) == 1
    assert {call.next_at < app.clock.now() for call in calls(app) if call.next_at is not None} == {True}
    call_all(app)
    assert len(set(receiver.names())) == len(receiver.heard) == claims.BATCH


def test_the_calls_that_wait_are_found_by_their_index(app: App) -> None:
    seen: list[str] = []
    event.listen(app.database.engine, "before_cursor_execute", lambda *said: seen.append(said[2]))
    with app.database.reading() as session:
        claims.wanted(session, app.clock, 1)
    assert any("webhook_call.state = 'waiting'" in statement for statement in seen)
    if app.database.is_sqlite:
        statement = seen[-1]
        with app.database.engine.connect() as connection:
            given = [0.0] * statement.count("?")
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(given)).all()
        assert "ix_webhook_call_waiting" in str(plan)


def test_a_call_of_a_worker_that_died_is_made_again_and_the_late_one_settles_nothing(
    app: App, receiver: Receiver
) -> None:
    a_webhook(app, receiver.url, Topic.UNSUBSCRIBED)
    leave(app)
    with app.database.writing() as session:
        [held] = claims.claim(session, app.clock)
    call_all(app)
    assert receiver.heard == []
    later(app, 0.2)
    receiver.statuses = [500]
    call_all(app)
    assert a_caller(app).make(held) is not None  # it was only frozen, and comes back
    assert [call.state for call in calls(app)] == [CallState.WAITING]
    later(app, 0.2)
    call_all(app)
    assert [call.state for call in calls(app)] == [CallState.DONE]
    assert len(set(receiver.names())) == 1


def test_who_is_erased_is_in_no_call_any_more_but_the_one_that_says_so(app: App, receiver: Receiver) -> None:
    a_webhook(app, receiver.url, Topic.UNSUBSCRIBED, Topic.ERASED, Topic.SUPPRESSED, with_addresses=True)
    leave(app)
    receiver.statuses, receiver.answer = [500], b"We know Ana Ruiz already."
    call_all(app)
    receiver.heard.clear()
    assert len(attempts(app)) == 1
    later(app, 0.2)
    with app.database.writing() as session:
        reader = subscribers.get(session, app.organization.id, EmailAddress.parse(ADDRESS))
        public_id, now = reader.public_id, app.clock.now()
        persons.erase(session, app.organization, reader, now=now, never_again=True)
    call_all(app)
    assert [(heard.type, heard.data) for heard in receiver.heard] == [
        ("subscriber.erased", {"subscriber": {"id": public_id}})
    ]
    assert [(call.topic, call.state) for call in calls(app)] == [(Topic.ERASED, CallState.DONE)]


def test_who_asks_what_we_hold_is_told_which_machines_heard_of_them(app: App, receiver: Receiver) -> None:
    a_webhook(app, f"{receiver.url}?key=secret", Topic.UNSUBSCRIBED, Topic.BOUNCED, with_addresses=True)
    leave(app, "ninth@families.example")
    leave(app)
    call_all(app)
    with app.database.reading() as session:
        reader = subscribers.get(session, app.organization.id, EmailAddress.parse(ADDRESS))
        held = disclosures.held(session, reader)
    [told] = held["told"]
    assert told == {
        "to": "127.0.0.1",
        "event": "subscriber.unsubscribed",
        "with_address": True,
        "state": "done",
        "at": told["at"],
    }


def test_a_webhook_that_is_removed_takes_its_calls_with_it(app: App, receiver: Receiver) -> None:
    webhook_id, _ = a_webhook(app, receiver.url, Topic.UNSUBSCRIBED)
    leave(app)
    with app.database.writing() as session:
        [held] = claims.claim(session, app.clock)
    webhooks.take_down(app.database, webhook_id)
    assert a_caller(app).make(held) is None
    assert (calls(app), receiver.heard) == ([], [])


def test_a_secret_sealed_by_a_key_that_is_gone_signs_nothing(app: App, receiver: Receiver) -> None:
    webhook_id, _ = a_webhook(app, receiver.url, Topic.UNSUBSCRIBED)
    leave(app)
    with app.database.writing() as session:
        webhooks.get(session, webhook_id).secret = "gAAAAA"
    call_all(app)
    assert receiver.heard == []
    assert "NEWSLETTER_SECRET_KEY" in attempts(app)[0].answer


def test_calls_go_when_they_were_kept_as_long_as_the_settings_say(app: App, receiver: Receiver) -> None:
    a_webhook(app, receiver.url, Topic.UNSUBSCRIBED)
    leave(app)
    call_all(app)
    later(app, 31 * 24)
    leave(app, "ninth@families.example")
    with app.database.writing() as session:
        session.execute(update(WebhookCall).where(WebhookCall.id == 2).values(created_at=app.clock.now()))
    went, _ = retention.purge(app.database, app.kept, app.clock.now())
    assert went["calls of webhooks"] == 1
    assert [call.id for call in calls(app)] == [2]
    assert attempts(app) == []


def test_a_reader_who_is_deleted_past_all_our_code_is_told_too(app: App, receiver: Receiver) -> None:
    a_webhook(app, receiver.url, Topic.ERASED, list_id=1)
    with app.database.writing() as session:
        families = lists.get(session, app.organization.id, "families")
        reader_id = subscribers.get(session, app.organization.id, EmailAddress.parse(ADDRESS)).id
        assert families.id == 1
        session.execute(delete(Subscriber).where(Subscriber.id == reader_id))
    call_all(app)
    assert receiver.types() == ["subscriber.erased"]
