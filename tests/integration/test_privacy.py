"""What we hold about a person is told whole; and once they are erased nothing tells that they were ever here."""

import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from newsletter.app import App
from newsletter.clock import Clock
from newsletter.events import persons
from newsletter.events.tables import Event, EventKind
from newsletter.ledger import balance, claims
from newsletter.ledger.attempts import Due, attempt
from newsletter.ledger.settling import Settlement, settle
from newsletter.ledger.states import locked
from newsletter.ledger.tables import CampaignState, Delivery, DeliveryState, Exclusion
from newsletter.reports.campaigns import CampaignReport, campaign_report
from newsletter.settings import Tracking
from subscribers import subscribers, suppressions
from subscribers.addresses import EmailAddress
from subscribers.tables import (
    Child,
    ConsentRecord,
    Household,
    Subscriber,
    Suppression,
    SuppressionReason,
)
from tests.support.persons import ADDRESS, AGENT, NETWORK, a_known_person, hear_of, traces
from tests.support.school import a_scheduled_campaign, a_school, add_families, add_family, send, snapshot
from tests.support.smtp_server import SmtpServer, when_it_arrives


@pytest.fixture
def app(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[App]:
    with a_school(database_url, f"file:{tmp_path}/outbox", tmp_path / "state", clock) as app:
        yield app


def erase(app: App, address: str = ADDRESS.mailed, *, never_again: bool = False) -> dict[str, Any]:
    with app.database.writing() as session:
        reader = subscribers.get(session, app.organization.id, EmailAddress.parse(address))
        now = app.clock.now()
        facts = persons.erase(session, app.organization, reader, now=now, never_again=never_again)
    app.database.wipe()
    return facts


def report(app: App, campaign_id: int, tracking: Tracking = Tracking.CONSENT) -> CampaignReport:
    with app.database.reading() as session:
        return campaign_report(session, campaign_id, 1, replace(app.rollups, tracking=tracking))


def a_sent_campaign(app: App) -> int:
    """Which the person got and opened."""
    a_known_person(app)
    campaign_id = a_scheduled_campaign(app)
    assert send(app, campaign_id).state == CampaignState.SENT
    hear_of(app, campaign_id)
    return campaign_id


def test_all_that_we_hold_about_a_person_is_told(app: App) -> None:
    campaign_id = a_sent_campaign(app)
    with app.database.reading() as session:
        held = persons.held(session, subscribers.get(session, app.organization.id, ADDRESS))
    assert list(held) == [
        "address", "public_id", "name", "language", "time_zone", "place", "school", "written_by_themself", "tracking",
        "created_at", "updated_at", "roles", "tags", "attributes", "household", "children", "participation",
        "subscriptions", "consents", "suppressions", "deliveries", "mails", "events", "submissions",
        "replies",
    ]  # fmt: skip
    assert (held["name"], held["place"], held["school"]) == ("Quillon Zebrine", "Zebraville", "Lincoln")
    assert held["household"] == {"name": "zebrahouse", "other_readers": 0}
    assert [(child["graduation_year"], child["band"]) for child in held["children"]] == [(2036, None), (None, "high")]
    assert held["participation"] == [{"kind": "attended", "subject": "Homework", "on_day": "2026-12-02"}]
    assert [(row["list"], row["state"]) for row in held["subscriptions"]] == [("families", "confirmed")]
    assert [(row["purpose"], row["list"], row["given"]) for row in held["consents"]] == [
        ("list", "families", True), ("list", "families", True), ("tracking", None, True),
    ]  # fmt: skip
    assert {(row["network_address"], row["user_agent"]) for row in held["consents"]} == {(NETWORK, AGENT)}
    assert [row["reason"] for row in held["suppressions"]] == ["staff"]
    [copy] = held["deliveries"]
    assert (copy["campaign"], copy["issue"], copy["state"]) == (campaign_id, "2026-12", "accepted")
    assert copy["subject"].startswith("Small bridges")
    assert [mail["mail"] for mail in held["mails"]] == ["confirm", "test"]
    assert sorted(event["kind"] for event in held["events"]) == ["click", "deferred", "open"]
    assert [event["link"] for event in held["events"] if event["kind"] == "click"] == [
        "https://guide.example/start?a=b&c=1#top"
    ]


def test_nothing_in_the_database_tells_that_an_erased_person_was_here(app: App, tmp_path: Path) -> None:
    a_sent_campaign(app)
    assert {"subscriber.address", "delivery.to_address", "event.detail", "consent_record.network_address"} <= traces(
        app.database, tmp_path
    )
    erase(app)
    assert traces(app.database, tmp_path) == set()


def test_what_is_told_of_an_erased_reader_later_names_nobody_either(app: App, tmp_path: Path) -> None:
    a_known_person(app)
    campaign_id = a_scheduled_campaign(app)
    snapshot(app, campaign_id)
    with app.database.writing() as session:
        group: list[Due] = []
        while held := claims.claim(session, app.clock, "sender", campaign_id):
            group += attempt(session, app.clock, held, 50)
    facts = erase(app)
    with app.database.writing() as session:
        outcomes = [
            Settlement(due.seq, due.attempt, DeliveryState.REJECTED, due.to_address, f"550 {due.to_address}")
            for due in group
        ]
        assert len(settle(session, app.clock, campaign_id, outcomes)) == len(group)
        theirs = session.scalars(select(Delivery).where(Delivery.to_address == "")).all()
    assert facts["stopped"] == 2  # the confirmation and the test mail; the issue is in a sender's hand
    assert [copy.state for copy in theirs if copy.campaign_id == campaign_id] == [DeliveryState.REJECTED]
    app.database.wipe()
    assert traces(app.database, tmp_path) == set()
    assert {copy.error for copy in theirs} == {None}


@pytest.mark.parametrize("tracking", [Tracking.CONSENT, Tracking.PERSONAL])
def test_erasing_readers_changes_no_figure_of_a_report(app: App, tracking: Tracking) -> None:
    campaign_id = a_sent_campaign(app)
    add_family(app, "later@families.example", tracking=True)
    before = report(app, campaign_id, tracking)
    # One who agreed and opened, one who agreed and did not, one who did not agree.
    for address in (ADDRESS.mailed, "both@families.example", "ninth@families.example"):
        erase(app, address)
    after = report(app, campaign_id, tracking)
    of_nobody: dict[str, Any] = {"bands": (), "roles": (), "domains": ()}  # what was known of them went with them
    assert asdict(replace(after, **of_nobody)) == asdict(replace(before, **of_nobody))
    with app.database.reading() as session:
        assert balance.balance(session, campaign_id).balances
    assert {band.name: band.readers for band in before.bands}["elementary"] == 3
    assert {band.name: band.readers for band in after.bands} == {"elementary": 1}


def test_consents_stay_as_evidence_that_names_nobody(app: App) -> None:
    reader_id = a_known_person(app)
    of_reader = (ConsentRecord.subscriber_id == reader_id,)
    columns = (ConsentRecord.wording, ConsentRecord.wording_version, ConsentRecord.purpose, ConsentRecord.recorded_at)
    with app.database.reading() as session:
        ids = session.scalars(select(ConsentRecord.id).where(*of_reader)).all()
        before = session.execute(select(*columns).where(ConsentRecord.id.in_(ids)).order_by(ConsentRecord.id)).all()
    assert erase(app)["kept_without_them"]["consents"] == len(ids) == 3
    with app.database.reading() as session:
        kept = select(*columns).where(ConsentRecord.id.in_(ids), ConsentRecord.subscriber_id.is_(None))
        assert session.execute(kept.order_by(ConsentRecord.id)).all() == before


def test_a_household_goes_when_nobody_is_left_in_it(app: App) -> None:
    first = a_known_person(app)
    second = add_family(app, "guardian@families.example", grades="9")
    with app.database.writing() as session:
        home = session.get_one(Subscriber, first).household_id
        old = session.get_one(Subscriber, second).household_id
        session.execute(update(Child).where(Child.subscriber_id == second).values(household_id=home))
        session.get_one(Subscriber, second).household_id = home
        session.flush()
        session.delete(session.get_one(Household, old))
    assert erase(app)["children"] == 2
    with app.database.reading() as session:
        assert session.get(Household, home) is not None
        assert session.scalars(select(Child.subscriber_id).where(Child.household_id == home)).all() == [second]
    erase(app, "guardian@families.example")
    with app.database.reading() as session:
        assert session.get(Household, home) is None
        assert session.scalar(select(func.count()).where(Child.household_id == home)) == 0


def test_who_signs_up_again_begins_anew(app: App) -> None:
    first = a_known_person(app)
    assert erase(app)["never_mailed_again"] is False
    second = add_family(app, ADDRESS.mailed)
    with app.database.reading() as session:
        held = persons.held(session, session.get_one(Subscriber, second))
    assert second != first
    assert (held["name"], held["place"], held["tags"], held["deliveries"], held["mails"]) == ("", "", [], [], [])
    assert len(held["consents"]) == 2


@pytest.mark.parametrize("reason", [None, SuppressionReason.COMPLAINT, SuppressionReason.BOUNCE])
def test_who_asked_never_to_be_mailed_is_remembered_by_a_hash_alone(
    app: App, tmp_path: Path, reason: SuppressionReason | None
) -> None:
    a_known_person(app)
    if reason:
        with app.database.writing() as session:
            suppressions.suppress(session, app.organization, ADDRESS, reason, now=app.clock.now())
    assert erase(app, never_again=reason is None)["never_mailed_again"] is True
    with app.database.reading() as session:
        assert suppressions.is_suppressed(session, app.organization, ADDRESS)
        reasons = session.scalars(select(Suppression.reason).where(Suppression.lifted_at.is_(None))).all()
    assert reasons == [reason or SuppressionReason.REQUEST]
    assert traces(app.database, tmp_path) == set()


def test_who_is_erased_while_mails_flow_gets_none_from_the_next_group_on(database_url: str, tmp_path: Path) -> None:
    gone: set[str] = set()

    def erase_some() -> None:
        with app.database.reading() as session:
            pending = select(Delivery.to_address).where(Delivery.state == DeliveryState.PENDING)
            accepted = select(Delivery.to_address).where(Delivery.state == DeliveryState.ATTEMPTING)
            gone.update(session.scalars(pending.limit(10)))
            in_hand.update(session.scalars(accepted.limit(5)))
        for address in sorted(gone | in_hand):
            erase(app, address)

    in_hand: set[str] = set()
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        add_families(app, 120, grades="7")
        server.fault = when_it_arrives("more5@families.example", erase_some)
        campaign_id = a_scheduled_campaign(app)
        assert send(app, campaign_id).state == CampaignState.SENT
        with app.database.reading() as session:
            found = balance.balance(session, campaign_id)
            reasons = balance.exclusions(session, campaign_id)
    assert found.balances
    assert (len(gone), len(in_hand)) == (10, 5)
    assert reasons == {Exclusion.ERASED: 10}
    assert found.counts[DeliveryState.ACCEPTED] == 123 - 10
    assert set(server.record.recipients).isdisjoint(gone)
    assert in_hand <= set(server.record.recipients)
    assert len(server.record.recipients) == len(set(server.record.recipients)) == 123 - 10


def test_a_single_mail_is_not_sent_to_nobody(app: App) -> None:
    a_known_person(app)
    with app.database.writing() as session:
        session.execute(update(Delivery).values(state=DeliveryState.ATTEMPTING, attempt=1))
    erase(app)
    with app.database.writing() as session:
        copies = session.execute(select(Delivery.campaign_id, Delivery.seq)).all()
        for campaign_id, seq in copies:  # nothing of it left, so it would go again
            settle(session, app.clock, campaign_id, [Settlement(seq, 1, DeliveryState.PENDING)])
        for campaign_id, _ in copies:
            held = claims.claim(session, app.clock, "sender", campaign_id)
            assert held is not None
            assert attempt(session, app.clock, held, 10) == []
        reasons = session.scalars(select(Delivery.reason)).all()
    assert reasons == [Exclusion.ERASED] * 2


def test_the_audience_fixed_after_an_erasure_does_not_know_the_person(app: App, tmp_path: Path) -> None:
    a_known_person(app)
    campaign_id = a_scheduled_campaign(app)
    erase(app)
    assert send(app, campaign_id).state == CampaignState.SENT
    assert report(app, campaign_id).totals.audience == 3
    assert traces(app.database, tmp_path) == set()


def test_an_erasure_waits_for_the_page_of_an_audience_that_is_being_written(app: App, tmp_path: Path) -> None:
    reader_id = a_known_person(app)
    campaign_id = a_scheduled_campaign(app)
    app.scheduler().fire()
    erasing = threading.Thread(target=erase, args=(app,))
    with app.database.writing() as session:
        campaign = locked(session, campaign_id)  # as a page begins
        reader = session.get_one(Subscriber, reader_id)
        erasing.start()
        erasing.join(0.2)
        assert erasing.is_alive()
        copy = {"campaign_id": campaign_id, "seq": 1, "subscriber_id": reader_id, "to_address": reader.address}
        session.execute(insert(Delivery).values(**copy, variant="en-1", updated_at=app.clock.now()))
        campaign.audience = 1
    erasing.join()
    assert traces(app.database, tmp_path) == set()
    with app.database.reading() as session:
        [copied] = session.scalars(select(Delivery).where(Delivery.campaign_id == campaign_id))
        assert (copied.state, copied.reason) == (DeliveryState.EXCLUDED, Exclusion.ERASED)


def test_many_are_erased_at_once_by_their_ids(app: App) -> None:
    campaign_id = a_sent_campaign(app)
    with app.database.writing() as session:
        everybody = session.scalars(select(Subscriber.id)).all()
        assert persons.forget(session, [*everybody, 10_000], app.clock.now()) == len(everybody)
        assert persons.forget(session, everybody, app.clock.now()) == 0
        assert session.scalars(select(func.count()).select_from(Household)).one() == 0
        assert set(session.scalars(select(Delivery.subscriber_id))) == {None}
        assert balance.balance(session, campaign_id).balances
        details = session.execute(select(Event.kind, Event.detail).order_by(Event.id)).all()
    told = {kind: set(detail) for kind, detail in details[:2]}
    assert told == {EventKind.OPEN: {"signals"}, EventKind.CLICK: {"signals"}}
    assert set(details[2].detail) == {"attempt", "permanent", "status", "reason"}
