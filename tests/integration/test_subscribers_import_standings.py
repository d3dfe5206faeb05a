"""What becomes of people by how they stand here and how they stood with the service the file comes from."""

from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import func, select

from subscribers import subscribers, subscriptions, suppressions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.importing.standings import FATES, Fate, Here
from subscribers.standings import Standing
from subscribers.tables import (
    ConsentRecord,
    Purpose,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from tests.support.imports import NOW, Community, a_community, counts

FORM, MAIL, STAFF = Evidence(source="form"), Evidence(source="mail"), Evidence(source="staff")
MARIA = EmailAddress.parse("maria@school.example")
PENDING, CONFIRMED = SubscriptionState.PENDING, SubscriptionState.CONFIRMED


@pytest.fixture
def community(database: Database, tmp_path: Path) -> Community:
    return a_community(database, tmp_path)


def stand(community: Community, here: Here) -> None:
    """Let Maria stand so before the import."""
    if here in (Here.PENDING, Here.CONFIRMED):
        community.load(f"email\n{MARIA.mailed}\n", state=CONFIRMED if here is Here.CONFIRMED else PENDING)
    elif here is not Here.NEW:
        with community.database.writing() as session:
            reader = subscribers.add(session, community.organization, MARIA, now=NOW)
            list_ = community.list_(session)
            subscriptions.subscribe(session, reader, list_, PENDING, NOW, evidence=FORM)
            if here is Here.AGREED:
                subscriptions.confirm(session, reader, list_, NOW, evidence=MAIL)
            if here is Here.LEFT:
                subscriptions.unsubscribe(session, reader, list_, NOW, evidence=FORM)


def tell(community: Community, standing: Standing, state: SubscriptionState = CONFIRMED) -> dict[str, int]:
    found = counts(community.load(f"email,name,grades,standing\n{MARIA.mailed},Maria,3,{standing}\n", state=state))
    found.pop("read")
    return found


def suppressed(community: Community) -> list[str]:
    with community.database.reading() as session:
        return [reason.value for reason in session.scalars(select(Suppression.reason).order_by(Suppression.id))]


def answers(community: Community) -> list[tuple[bool, str]]:
    """What the ledger says of the list, in order."""
    with community.database.reading() as session:
        of_list = select(ConsentRecord.given, ConsentRecord.source).where(ConsentRecord.purpose == Purpose.LIST)
        return [(given, source) for given, source in session.execute(of_list.order_by(ConsentRecord.id))]


# Here, told: the state afterwards, and what is counted; the import itself would confirm.
OUTCOMES = {
    (Here.NEW, Standing.SUBSCRIBED): ("confirmed", "created"),
    (Here.NEW, Standing.PENDING): ("pending", "created"),
    (Here.NEW, Standing.UNSUBSCRIBED): ("unsubscribed", "unsubscribed"),
    (Here.NEW, Standing.BOUNCED): (None, "suppressed"),
    (Here.NEW, Standing.COMPLAINED): (None, "suppressed"),
    (Here.NEW, Standing.SUPPRESSED): (None, "suppressed"),
    (Here.PENDING, Standing.SUBSCRIBED): ("confirmed", "updated"),
    (Here.PENDING, Standing.PENDING): ("pending", "updated"),
    (Here.PENDING, Standing.UNSUBSCRIBED): ("unsubscribed", "unsubscribed"),
    (Here.PENDING, Standing.BOUNCED): ("pending", "suppressed"),
    (Here.PENDING, Standing.COMPLAINED): ("pending", "suppressed"),
    (Here.PENDING, Standing.SUPPRESSED): ("pending", "suppressed"),
    (Here.ASKED, Standing.SUBSCRIBED): ("confirmed", "updated"),
    (Here.ASKED, Standing.PENDING): ("pending", "updated"),
    (Here.ASKED, Standing.UNSUBSCRIBED): ("pending", "updated"),
    (Here.ASKED, Standing.BOUNCED): ("pending", "suppressed"),
    (Here.ASKED, Standing.COMPLAINED): ("pending", "suppressed"),
    (Here.ASKED, Standing.SUPPRESSED): ("pending", "suppressed"),
    (Here.CONFIRMED, Standing.SUBSCRIBED): ("confirmed", "updated"),
    (Here.CONFIRMED, Standing.PENDING): ("confirmed", "updated"),
    (Here.CONFIRMED, Standing.UNSUBSCRIBED): ("unsubscribed", "unsubscribed"),
    (Here.CONFIRMED, Standing.BOUNCED): ("confirmed", "suppressed"),
    (Here.CONFIRMED, Standing.COMPLAINED): ("confirmed", "suppressed"),
    (Here.CONFIRMED, Standing.SUPPRESSED): ("confirmed", "suppressed"),
    (Here.AGREED, Standing.SUBSCRIBED): ("confirmed", "updated"),
    (Here.AGREED, Standing.PENDING): ("confirmed", "updated"),
    (Here.AGREED, Standing.UNSUBSCRIBED): ("confirmed", "unchanged"),
    (Here.AGREED, Standing.BOUNCED): ("confirmed", "unchanged"),
    (Here.AGREED, Standing.COMPLAINED): ("confirmed", "unchanged"),
    (Here.AGREED, Standing.SUPPRESSED): ("confirmed", "unchanged"),
    (Here.LEFT, Standing.SUBSCRIBED): ("unsubscribed", "suppressed"),
    (Here.LEFT, Standing.PENDING): ("unsubscribed", "suppressed"),
    (Here.LEFT, Standing.UNSUBSCRIBED): ("unsubscribed", "unchanged"),
    (Here.LEFT, Standing.BOUNCED): ("unsubscribed", "suppressed"),
    (Here.LEFT, Standing.COMPLAINED): ("unsubscribed", "suppressed"),
    (Here.LEFT, Standing.SUPPRESSED): ("unsubscribed", "suppressed"),
}
AGAIN = {"created": "unchanged", "updated": "unchanged", "unsubscribed": "unchanged"}


@pytest.mark.parametrize(("here", "standing"), list(product(Here, Standing)))
def test_every_pair_of_standings_has_its_outcome(community: Community, here: Here, standing: Standing) -> None:  # F40
    state, count = OUTCOMES[here, standing]
    stand(community, here)
    assert tell(community, standing) == {count: 1}
    assert community.state(MARIA.mailed) == state
    is_suppressed = FATES[here, standing] is Fate.SUPPRESS
    assert bool(suppressed(community)) is is_suppressed
    before = (community.known(MARIA.mailed), answers(community), suppressed(community))
    assert tell(community, standing) == {AGAIN.get(count, count): 1}
    assert (community.known(MARIA.mailed), answers(community), suppressed(community)) == before


def test_every_pair_is_in_the_table() -> None:
    assert set(FATES) == set(product(Here, Standing)) == set(OUTCOMES)


def test_who_left_elsewhere_stays_out_for_good(community: Community) -> None:  # F40
    tell(community, Standing.UNSUBSCRIBED)
    assert answers(community) == [(False, "import")]
    known = community.known(MARIA.mailed)
    assert (known["name"], known["children"]) == ("Maria", [])
    assert tell(community, Standing.SUBSCRIBED) == {"suppressed": 1}
    assert community.state(MARIA.mailed) == "unsubscribed"


def test_of_whom_a_file_of_standings_says_nothing_has_not_said_yes(community: Community) -> None:
    community.load(f"email,standing\n{MARIA.mailed},\n")
    assert community.state(MARIA.mailed) == "pending"


def test_a_pause_ends_with_leaving(community: Community) -> None:
    tell(community, Standing.SUBSCRIBED)
    with community.database.writing() as session:
        reader = subscribers.get(session, community.organization.id, MARIA)
        assert subscriptions.pause(session, reader, community.list_(session), NOW + timedelta(days=30))
    tell(community, Standing.UNSUBSCRIBED)
    (on,) = community.known(MARIA.mailed)["lists"]
    assert (on["state"], on["paused_until"]) == ("unsubscribed", None)


def test_networks_are_kept_only_where_evidence_is(community: Community) -> None:
    text = "email,network\n{},192.0.2.7\n"
    community.load(text.format("kept@school.example"))
    community.load(text.format("not@school.example"), keep_networks=False)
    with community.database.reading() as session:
        networks = session.scalars(select(ConsentRecord.network_address).order_by(ConsentRecord.id)).all()
    assert networks == ["192.0.2.7", ""]


def test_who_asked_here_and_left_elsewhere_is_confirmed_by_nobody_else(community: Community) -> None:  # F40
    stand(community, Here.ASKED)
    tell(community, Standing.UNSUBSCRIBED)
    assert tell(community, Standing.SUBSCRIBED) == {"suppressed": 1}
    assert community.state(MARIA.mailed) == "pending"
    with community.database.writing() as session:
        reader = subscribers.get(session, community.organization.id, MARIA)
        assert subscriptions.confirm(session, reader, community.list_(session), NOW, evidence=MAIL)
    assert tell(community, Standing.UNSUBSCRIBED) == {"unchanged": 1}
    assert community.state(MARIA.mailed) == "confirmed"


@pytest.mark.parametrize("standing", [Standing.UNSUBSCRIBED, Standing.BOUNCED, Standing.COMPLAINED])
def test_a_form_that_nobody_confirmed_is_not_the_readers_own_yes(community: Community, standing: Standing) -> None:
    stand(community, Here.ASKED)  # F40
    assert tell(community, Standing.SUBSCRIBED) == {"updated": 1}
    fate = {"unsubscribed": 1} if standing is Standing.UNSUBSCRIBED else {"suppressed": 1}
    assert tell(community, standing) == fate


def test_what_staff_did_is_not_the_readers_own_yes(community: Community) -> None:
    with community.database.writing() as session:
        reader = subscribers.add(session, community.organization, MARIA, now=NOW)
        subscriptions.subscribe(session, reader, community.list_(session), CONFIRMED, NOW, evidence=STAFF)
    assert tell(community, Standing.UNSUBSCRIBED) == {"unsubscribed": 1}


@pytest.mark.parametrize("standing", [Standing.BOUNCED, Standing.COMPLAINED, Standing.SUPPRESSED])
def test_bad_addresses_are_suppressed_and_not_made(community: Community, standing: Standing) -> None:  # F40
    tell(community, standing)
    with community.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Subscriber)) == 0
        found = session.scalars(select(Suppression)).one()
    reason = {
        Standing.BOUNCED: SuppressionReason.BOUNCE,
        Standing.COMPLAINED: SuppressionReason.COMPLAINT,
        Standing.SUPPRESSED: SuppressionReason.IMPORT,
    }[standing]
    assert (found.reason, found.list_id, found.lifted_at) == (reason, None, None)
    assert tell(community, Standing.SUBSCRIBED) == {"suppressed": 1}


def test_of_a_bounce_and_a_complaint_the_complaint_is_kept(community: Community) -> None:
    for standing in (Standing.BOUNCED, Standing.COMPLAINED, Standing.BOUNCED):
        tell(community, standing)
    assert suppressed(community) == ["complaint"]


def test_what_staff_lifted_stays_lifted(community: Community) -> None:
    tell(community, Standing.BOUNCED)
    with community.database.writing() as session:
        suppressions.lift(session, community.organization, MARIA, now=NOW)
    tell(community, Standing.BOUNCED)
    with community.database.reading() as session:
        assert not suppressions.is_suppressed(session, community.organization, MARIA)
    tell(community, Standing.COMPLAINED)
    with community.database.reading() as session:
        assert suppressions.is_suppressed(session, community.organization, MARIA)


def test_the_suppressed_are_not_made_because_they_left_elsewhere_too(community: Community) -> None:
    tell(community, Standing.BOUNCED)
    assert tell(community, Standing.UNSUBSCRIBED) == {"suppressed": 1}
    assert community.known(MARIA.mailed) == {}


def test_times_and_network_of_the_old_service_are_kept(community: Community) -> None:
    text = (
        "email,standing,joined,confirmed,network\n"
        "ana@school.example,subscribed,2024-09-01,2024-09-02T08:30:00-05:00,192.0.2.7\n"
        "bo@school.example,subscribed,2024-09-01,,\n"
        "cy@school.example,pending,2024-09-01,,192.0.2.7\n"
        "di@school.example,unsubscribed,2024-09-01,2024-09-03,192.0.2.7\n"
    )
    community.load(text)
    with community.database.reading() as session:
        of_all = select(Subscriber.address, Subscription, ConsentRecord).join(
            Subscription, Subscription.subscriber_id == Subscriber.id
        )
        rows = session.execute(
            of_all.outerjoin(ConsentRecord, ConsentRecord.subscriber_id == Subscriber.id).order_by(Subscriber.id)
        ).all()
    found = {
        address[:2]: [
            f"{at:%m-%d %H:%M}" if at else None
            for at in (one.created_at, one.confirmed_at, one.unsubscribed_at, getattr(record, "recorded_at", None))
        ]
        + [getattr(record, "network_address", None)]
        for address, one, record in rows
    }
    now = f"{NOW:%m-%d %H:%M}"
    assert found == {
        "an": ["09-01 00:00", "09-02 13:30", None, "09-02 13:30", "192.0.2.7"],
        "bo": ["09-01 00:00", "09-01 00:00", None, "09-01 00:00", ""],
        "cy": [now, None, None, None, None],
        "di": ["09-01 00:00", "09-03 00:00", now, now, ""],
    }


def test_what_cannot_be_is_refused(community: Community) -> None:
    later = (NOW + timedelta(days=1)).isoformat()
    text = f"email,standing,joined,network\n{MARIA.mailed},elsewhere,{later},10.0.0\n{MARIA.mailed},,yesterday,\n"
    first, second = community.load(text).errors
    assert "'elsewhere' is not a standing: use subscribed, pending," in first.error
    assert "has not come yet" in first.error
    assert "'10.0.0' is not a network address" in first.error
    assert "'yesterday' is not a time" in second.error
