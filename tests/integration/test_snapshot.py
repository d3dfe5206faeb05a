"""The audience of a campaign is fixed page by page, whatever happens in between."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, func, select, update

from newsletter import app as wiring
from newsletter.app import App
from newsletter.campaigns import lifecycle, preparing, streams
from newsletter.campaigns.lifecycle import Aim
from newsletter.clock import Clock
from newsletter.ledger.states import get
from newsletter.ledger.tables import CampaignState, Chunk, Delivery, DeliveryState, Exclusion
from newsletter.reports.status import status
from newsletter.settings import Settings
from subscribers import lists, subscriptions
from subscribers.tables import Subscriber, Subscription, SubscriptionState
from tests.support.school import (
    EVIDENCE,
    FAMILIES,
    a_scheduled_campaign,
    a_scheduled_trial,
    a_school,
    add_families,
    add_family,
    chunks,
    send,
    snapshot,
)

SMALL = 4
WEEK = timedelta(days=7)


@pytest.fixture
def app(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[App]:
    with a_school(database_url, f"file:{tmp_path}/outbox", tmp_path, clock) as app:
        yield app


def prepare(app: App, campaign_id: int, page: int = SMALL, limits: preparing.Limits | None = None) -> None:
    given = limits or preparing.Limits()
    preparing.prepare(app.database, app.clock, campaign_id, app.today(), app.rule_context, given, page=page)


def due(app: App, rule: str = "") -> int:
    """A campaign that is preparing."""
    campaign_id = a_scheduled_campaign(app, rule)
    app.scheduler().fire()
    return campaign_id


def is_whole(app: App, campaign_id: int, audience: int) -> None:
    """Every reader has one copy, copies are numbered densely, and chunks cover the mailed ones once."""
    with app.database.reading() as session:
        campaign = get(session, campaign_id)
        of_campaign = select(Delivery.seq, Delivery.state).where(Delivery.campaign_id == campaign_id)
        copies = session.execute(of_campaign.order_by(Delivery.seq)).all()
        assert (campaign.state, campaign.audience) == (CampaignState.SENDING, audience)
        assert campaign.chunks == session.scalar(select(func.count()).where(Chunk.campaign_id == campaign_id))
    assert [seq for seq, _ in copies] == list(range(1, audience + 1))
    covered = Counter(seq for chunk in chunks(app, campaign_id) for seq in range(chunk.lo, chunk.hi + 1))
    assert covered == {seq: 1 for seq, state in copies if state == DeliveryState.PENDING}


def test_a_process_killed_within_a_page_leaves_nothing_of_that_page(app: App) -> None:  # F5
    add_families(app, 17, grades="9")
    campaign_id = due(app)
    child = get_context("spawn").Process(target=_die_within_page, args=(app.settings, app.clock, campaign_id, 3))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    with app.database.reading() as session:
        assert get(session, campaign_id).audience == 2 * SMALL
        assert session.scalar(select(func.count()).select_from(Delivery)) == 2 * SMALL
    prepare(app, campaign_id)
    is_whole(app, campaign_id, 20)


def _die_within_page(settings: Settings, clock: Clock, campaign_id: int, page: int) -> None:
    """In a process of its own: be killed when the deliveries of that page are written, and its chunks are not."""
    app, written = wiring.build(settings, clock), Counter[str]()

    def look(_: Any, __: Any, statement: str, *rest: Any) -> None:
        del rest
        written[statement.partition("(")[0].strip()] += 1
        if written["INSERT INTO delivery"] == page:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(app.database.engine, "after_cursor_execute", look)
    prepare(app, campaign_id)


def test_many_at_once_write_each_page_once(app: App) -> None:  # F5
    add_families(app, 30, grades="2")
    campaign_id = due(app)
    at_once = [threading.Thread(target=prepare, args=(app, campaign_id)) for _ in range(4)]
    for one in at_once:
        one.start()
    for one in at_once:
        one.join()
    is_whole(app, campaign_id, 33)


def test_pages_in_which_the_rule_chooses_nobody_do_not_end_the_snapshot(app: App) -> None:
    add_families(app, 9)
    add_family(app, "last@families.example", language="fr")
    campaign_id = due(app, "language = fr")
    prepare(app, campaign_id)
    is_whole(app, campaign_id, 1)


def test_a_list_with_nobody_on_it_is_an_audience_of_nobody(app: App) -> None:
    with app.database.writing() as session:
        session.execute(delete(Subscription))
    campaign_id = due(app)
    prepare(app, campaign_id)
    is_whole(app, campaign_id, 0)


def test_who_leaves_or_joins_between_pages_is_counted_as_they_then_are(app: App) -> None:
    add_families(app, 6)
    campaign_id = due(app)
    pages = preparing.pages(app.database, app.clock, campaign_id, app.today(), app.rule_context, page=SMALL)
    assert next(pages) == SMALL
    with app.database.writing() as session:
        last = session.scalars(select(Subscriber).where(Subscriber.address == "more5@families.example")).one()
        list_ = lists.get(session, app.organization.id, "families")
        subscriptions.unsubscribe(session, last, list_, app.clock.now(), evidence=EVIDENCE)
    add_family(app, "new@families.example")
    prepare(app, campaign_id)
    is_whole(app, campaign_id, 10)
    with app.database.reading() as session:
        facts = status(session, campaign_id)
    assert (facts["pending"], facts["excluded_reasons"]) == (9, {Exclusion.UNSUBSCRIBED: 1})


def test_a_campaign_cancelled_between_pages_is_left_alone(app: App) -> None:
    add_families(app, 6)
    campaign_id = due(app)
    pages = preparing.pages(app.database, app.clock, campaign_id, app.today(), app.rule_context, page=SMALL)
    next(pages)
    with app.database.writing() as session:
        lifecycle.cancel(session, app.clock, campaign_id)
    assert list(pages) == []
    with app.database.reading() as session:
        facts = status(session, campaign_id)
    assert (facts["state"], facts["audience"], facts["cancelled"]) == (CampaignState.CANCELLED, SMALL, SMALL)


def test_a_chunk_has_at_most_a_thousand_copies_of_one_variant(app: App) -> None:
    with app.database.writing() as session:
        now = app.clock.now()
        for n in range(1_003):
            session.add(
                Subscriber(
                    organization_id=app.organization.id, address=f"{n}@x.example", address_key=f"{n}@x.example",
                    address_hash=str(n), language="es", created_at=now, updated_at=now,
                )
            )  # fmt: skip
        session.flush()
        for subscriber_id in session.scalars(select(Subscriber.id).where(Subscriber.address.endswith("@x.example"))):
            session.add(
                Subscription(
                    subscriber_id=subscriber_id, list_id=1, state=SubscriptionState.CONFIRMED, created_at=now
                )
            )  # fmt: skip
    campaign_id = due(app)
    prepare(app, campaign_id, preparing.PAGE)
    is_whole(app, campaign_id, 1_006)
    found = chunks(app, campaign_id)
    assert sorted(chunk.hi - chunk.lo + 1 for chunk in found) == [1, 1, 1, 3, 1_000]
    with app.database.reading() as session:
        for chunk in found:
            in_chunk = select(Delivery.variant).where(Delivery.campaign_id == campaign_id).distinct()
            assert session.scalars(in_chunk.where(Delivery.seq.between(chunk.lo, chunk.hi))).all() == [chunk.variant]


def test_only_the_very_domain_has_a_pace_of_its_own(app: App) -> None:
    for address in ("One@slow.example", "two@notslow.example", "three@mail.slow.example"):
        add_family(app, address)
    campaign_id = due(app)
    prepare(app, campaign_id, limits=preparing.Limits(("slow.example",)))
    is_whole(app, campaign_id, 6)
    slow = [chunk for chunk in chunks(app, campaign_id) if chunk.domain]
    assert [(chunk.domain, chunk.hi - chunk.lo) for chunk in slow] == [("slow.example", 0)]


@pytest.mark.parametrize(("percent", "sizes"), [(25, (4, 3)), (100, (15, 14)), (2, (1, 1))])
def test_both_arms_together_have_the_share_that_was_asked_for(app: App, percent: int, sizes: tuple[int, int]) -> None:
    add_families(app, 26)
    campaign_id = a_scheduled_trial(app, percent)
    snapshot(app, campaign_id)
    found: Counter[str] = Counter()
    for chunk in chunks(app, campaign_id):
        found[chunk.arm] += chunk.hi - chunk.lo + 1
    assert (found["A"], found["B"], found[""]) == (*sizes, 29 - sum(sizes))


def test_the_arms_are_not_those_who_joined_first(app: App) -> None:
    add_families(app, 37)
    campaign_id = a_scheduled_trial(app, 50)
    snapshot(app, campaign_id)
    with app.database.reading() as session:
        of_a = session.scalars(
            select(Delivery.subscriber_id)
            .join(Chunk, Chunk.campaign_id == Delivery.campaign_id)
            .where(Delivery.campaign_id == campaign_id, Chunk.arm == "A", Delivery.seq.between(Chunk.lo, Chunk.hi))
        ).all()
    assert len(of_a) == 10
    assert sum((reader or 0) > 20 for reader in of_a) in range(2, 9)


def mailed(app: App, per_week: int) -> int:
    """How many of a new campaign's readers are mailed where so many mails a week are set."""
    campaign_id = due(app)
    prepare(app, campaign_id, limits=preparing.Limits(mails_per_week=per_week))
    with app.database.reading() as session:
        facts = status(session, campaign_id)
    left_out = {Exclusion.ENOUGH_THIS_WEEK: facts["excluded"]} if facts["excluded"] else {}
    assert facts["excluded_reasons"] == left_out
    return int(facts["pending"])


def test_a_reader_gets_no_more_mails_a_week_than_were_set(app: App) -> None:
    for _ in range(2):
        send(app, a_scheduled_campaign(app))
    add_family(app, "new@families.example")
    assert (mailed(app, 2), mailed(app, 0)) == (1, 4)


def test_a_week_ends_seven_days_after_the_mail(app: App, clock: Clock) -> None:
    first = a_scheduled_campaign(app)
    send(app, first)
    with app.database.reading() as session:
        sent_at = session.scalars(select(func.min(Delivery.updated_at))).one()
    clock.offset += sent_at + WEEK - timedelta(seconds=20) - clock.now()
    assert mailed(app, 1) == 0
    clock.offset += timedelta(seconds=40)
    assert mailed(app, 1) == len(FAMILIES)


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        (DeliveryState.UNKNOWN, True),
        (DeliveryState.PENDING, True),
        (DeliveryState.DEFERRED, True),
        (DeliveryState.REJECTED, False),
        (DeliveryState.CANCELLED, False),
    ],
)
def test_a_mail_that_may_have_come_or_will_come_counts(app: App, state: DeliveryState, counts: bool) -> None:
    prepare(app, due(app))
    with app.database.writing() as session:
        session.execute(update(Delivery).values(state=state))
    assert mailed(app, 1) == (0 if counts else len(FAMILIES))


def test_mails_of_other_lists_count_and_confirmations_do_not(app: App) -> None:
    with app.database.writing() as session:
        other = lists.create(session, app.organization.id, "other", "Other", now=app.clock.now())
        reader = session.scalars(select(Subscriber).order_by(Subscriber.id).limit(1)).one()
        subscriptions.subscribe(session, reader, other, SubscriptionState.CONFIRMED, app.clock.now(), evidence=EVIDENCE)
        campaign = lifecycle.create(session, app.clock, 1, Aim(other))
        lifecycle.schedule(session, campaign.id, app.clock.now(), "UTC", app.gate(), needs_approval=False)
    send(app, campaign.id)
    with app.database.writing() as session:
        last = session.scalars(select(Subscriber).order_by(Subscriber.id.desc()).limit(1)).one()
        streams.ask_confirmation(session, app.clock, last, other, language="en", window=WEEK)
        session.execute(update(Delivery).values(state=DeliveryState.ACCEPTED))
    assert mailed(app, 1) == len(FAMILIES) - 1
