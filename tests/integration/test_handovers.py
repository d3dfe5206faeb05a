"""Whom the next mail server's own refusals silence, while a copy is handed to it."""

from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from newsletter.app import App
from newsletter.campaigns import streams
from newsletter.clock import Clock
from newsletter.commands import subscribers_output
from newsletter.events import handovers, reach
from newsletter.events.refusals import Patience
from newsletter.events.tables import CampaignReach, Event, EventKind, Reached
from newsletter.feedback.conversations import Step
from newsletter.issues import issues
from newsletter.ledger import claims, reconciling, sweeping
from newsletter.ledger.attempts import attempt
from newsletter.ledger.claims import LEASE
from newsletter.ledger.retrying import DELAYS
from newsletter.ledger.settling import Settlement, settle
from newsletter.ledger.tables import Delivery, DeliveryState
from newsletter.rendering.variants import Variant
from newsletter.reports.status import status
from newsletter.sending.journal import AttemptJournal
from newsletter.sending.outcomes import rejected
from newsletter.sending.sender import Sender
from subscribers import lists, subscribers, suppressions
from subscribers.addresses import EmailAddress
from subscribers.tables import Suppression, SuppressionReason
from tests.support.school import a_scheduled_campaign, a_school, add_family, send, step_until_nothing
from tests.support.smtp_server import SmtpServer, refusing

ADDRESS, GONE = "ninth@families.example", "550 5.1.1 <ninth@families.example>: no such user"
FULL = "452 4.2.2 mailbox full"
WEEK = timedelta(days=7)
_RCPT, _DATA, _BODY = "RCPT", "DATA", "."
FOR_GOOD = {
    "a": (_RCPT, "550 5.1.1 no such user"),
    "b": (_RCPT, "550 User unknown"),
    "c": (_RCPT, "550-5.1.1 The email account that you tried to reach\r\n550 5.1.1 does not exist."),
    "d": (_BODY, "550 5.1.1 no such user"),
    "e": (_RCPT, "556 5.1.10 the domain takes no mail"),
    "f": (_RCPT, "550 5.1.2 host unknown"),
    "g": (_DATA, "550 5.1.1 no such user"),
}
NOT_OF_THE_ADDRESS = {
    "spam": (_BODY, "554 5.7.1 message refused as spam"),
    "late": (_BODY, "550 User unknown"),
    "policy": (_RCPT, "550 5.7.515 access denied, the sending domain does not meet the authentication level"),
    "dmarc": (_BODY, "550 5.7.26 unauthenticated mail is not accepted due to the domain's DMARC policy"),
    "listed": (_RCPT, "554 5.7.1 service unavailable; client host [192.0.2.1] blocked using a list of spammers"),
    "sender": (_RCPT, "550 5.1.8 <news@maple.example>: Sender address rejected: Domain not found"),
    "unsent": (_RCPT, "550 5.1.0 <news@maple.example>: Sender address rejected: User unknown"),
    "login": (_RCPT, "530 5.7.0 authentication required"),
    "relay": (_RCPT, "554 5.7.1 relay access denied"),
    "relayed": (_RCPT, "550 relay not permitted"),
    "large": (_BODY, "552 5.3.4 message size exceeds the fixed limit"),
    "much": (_RCPT, "550 5.4.5 daily sending quota exceeded"),
    "order": (_RCPT, "503 5.5.1 need MAIL command"),
    "unsaid": (_RCPT, "554 transaction failed"),
    "full": (_RCPT, "552 5.2.2 mailbox full"),
}
TROUBLE = {
    "queue": (_RCPT, "451 4.3.0 the queue file cannot be written"),
    "unsaid": (_RCPT, "451 come back"),
    "greylisted": (_RCPT, "450 4.7.1 greylisted"),
    "disk": (_RCPT, "452 4.3.1 insufficient system storage"),
    "quick": (_BODY, "450 4.2.1 The user you are trying to contact is receiving mail too quickly"),
}


def address_of(name: str) -> str:
    return f"{name}@answers.example"


def answering(answers: Mapping[str, tuple[str, str]]) -> SmtpServer:
    """A server that refuses each of these in its own way, and takes mail for everybody else."""
    by_address = {address_of(name): answer for name, answer in answers.items()}

    def fault(command: str, to: str) -> str | None:
        refused, reply = by_address.get(to, ("", ""))
        return reply if command == refused else None

    return SmtpServer(fault=fault)


def in_force(app: App, address: str = ADDRESS) -> Suppression | None:
    with app.database.reading() as session:
        return suppressions.in_force_everywhere(session, app.organization, EmailAddress.parse(address))


def why(app: App, address: str = ADDRESS) -> Suppression:
    found = in_force(app, address)
    assert found is not None
    return found


def states(app: App, campaign_id: int) -> Mapping[str, DeliveryState]:
    with app.database.reading() as session:
        rows = session.execute(select(Delivery.to_address, Delivery.state).where(Delivery.campaign_id == campaign_id))
        return {row.to_address: row.state for row in rows}


def try_to_the_end(app: App, clock: Clock) -> int:
    """Send a campaign, and again whenever what was put off is due."""
    campaign_id = a_scheduled_campaign(app)
    send(app, campaign_id)
    for delay in DELAYS:
        clock.offset += delay + timedelta(seconds=5)
        send(app, campaign_id)
    return campaign_id


def test_who_is_refused_for_good_is_mailed_no_more_and_it_says_why(
    database_url: str, tmp_path: Path, clock: Clock
) -> None:
    with (
        SmtpServer(fault=refusing("RCPT", ADDRESS, GONE)) as server,
        a_school(database_url, server.url, tmp_path, clock) as app,
    ):
        before = clock.now()
        campaign_id = a_scheduled_campaign(app)
        send(app, campaign_id)
        found = why(app)
        (ground,) = found.grounds or [{}]
        assert (found.reason, found.is_counted) == (SuppressionReason.BOUNCE, False)
        assert "no such user" in found.detail
        assert "@" not in found.detail
        assert before.isoformat() <= ground.pop("at") <= clock.now().isoformat()
        said = {"permanent": True, "status": "5.1.1", "reason": "no-such-user", "text": found.detail}
        assert ground == {"campaign": campaign_id, **said}
        assert "because mail to it was refused: 550 5.1.1" in subscribers_output.reason(found)
        with app.database.reading() as session:
            assert [address for _, address in suppressions.listing(session, app.organization.id)] == [ADDRESS]
        assert states(app, campaign_id)[ADDRESS] is DeliveryState.REJECTED
        server.fault = lambda *_: None
        again = a_scheduled_campaign(app)
        send(app, again)
        assert states(app, again)[ADDRESS] is DeliveryState.EXCLUDED
    assert ADDRESS not in server.record.recipients


@pytest.mark.parametrize("extensions", [("PIPELINING", "8BITMIME"), ("8BITMIME",)], ids=["pipelining", "plain"])
def test_only_what_is_said_of_the_address_silences(
    database_url: str, tmp_path: Path, extensions: tuple[str, ...]
) -> None:
    server = answering({**FOR_GOOD, **NOT_OF_THE_ADDRESS})
    server.extensions = extensions
    with server, a_school(database_url, server.url, tmp_path) as app:
        for name in (*FOR_GOOD, *NOT_OF_THE_ADDRESS):
            add_family(app, address_of(name))
        campaign_id = a_scheduled_campaign(app)
        send(app, campaign_id)
        found = states(app, campaign_id)
        refused = {to.partition("@")[0] for to, state in found.items() if state is DeliveryState.REJECTED}
        silenced = {name for name in refused if in_force(app, address_of(name))}
    assert refused == {*FOR_GOOD, *NOT_OF_THE_ADDRESS}
    assert silenced == set(FOR_GOOD)
    assert len(server.record.recipients) == 3


def test_a_refusal_is_in_its_state_and_in_no_figure_of_what_came_back(database_url: str, tmp_path: Path) -> None:
    with (
        SmtpServer(fault=refusing("RCPT", ADDRESS, GONE)) as server,
        a_school(database_url, server.url, tmp_path) as app,
    ):
        campaign_id = a_scheduled_campaign(app)
        send(app, campaign_id)
        with app.database.writing() as session:
            reach.rebuild(session, campaign_id)
        with app.database.reading() as session:
            shown = status(session, campaign_id)
            assert session.scalars(select(Event.kind)).all() == [EventKind.REFUSED]
            for counted in (Reached, CampaignReach):
                assert session.scalar(select(func.count()).select_from(counted)) == 0
    assert (shown["rejected"], shown["accepted"], shown["bounced"]) == (1, 2, 0)


def test_three_copies_that_found_the_mailbox_full_silence(database_url: str, tmp_path: Path, clock: Clock) -> None:
    with (
        SmtpServer(fault=refusing("RCPT", ADDRESS, FULL)) as server,
        a_school(database_url, server.url, tmp_path, clock) as app,
    ):
        sent = []
        for _ in range(3):
            assert in_force(app) is None
            sent.append(try_to_the_end(app, clock))
            assert states(app, sent[-1])[ADDRESS] is DeliveryState.REJECTED
            clock.offset += WEEK
        found = why(app)
    assert found.is_counted
    assert [(ground["campaign"], ground["text"]) for ground in found.grounds or ()] == [(one, FULL) for one in sent]
    assert "3 copies in a row were refused" in subscribers_output.reason(found)


def test_trouble_of_the_next_server_silences_nobody(database_url: str, tmp_path: Path, clock: Clock) -> None:
    with answering(TROUBLE) as server, a_school(database_url, server.url, tmp_path, clock) as app:
        for name in TROUBLE:
            add_family(app, address_of(name))
        for _ in range(4):
            found = states(app, try_to_the_end(app, clock))
            assert {found[address_of(name)] for name in TROUBLE} == {DeliveryState.REJECTED}
            clock.offset += WEEK
        assert [name for name in TROUBLE if in_force(app, address_of(name))] == []


def test_a_copy_that_is_tried_again_counts_for_nothing(sqlite_url: str, tmp_path: Path, clock: Clock) -> None:
    with (
        SmtpServer(fault=refusing("RCPT", ADDRESS, FULL)) as server,
        a_school(sqlite_url, server.url, tmp_path, clock) as app,
    ):
        campaign_id = a_scheduled_campaign(app)
        send(app, campaign_id)
        assert states(app, campaign_id)[ADDRESS] is DeliveryState.DEFERRED
        with app.database.reading() as session:
            assert session.scalars(select(Event)).all() == []


def test_a_copy_that_arrives_when_it_is_tried_once_more_ends_the_count(
    database_url: str, tmp_path: Path, clock: Clock
) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path, clock) as app:
        for day in range(3):
            server.fault = refusing("RCPT", ADDRESS, FULL)
            campaign_id = try_to_the_end(app, clock)
            if day == 1:
                server.fault = lambda *_: None
                with app.database.writing() as session:
                    assert reconciling.retry(session, clock, campaign_id, DeliveryState.REJECTED) == 1
                send(app, campaign_id)
                assert states(app, campaign_id)[ADDRESS] is DeliveryState.ACCEPTED
            clock.offset += WEEK
        assert in_force(app) is None


def test_a_lift_ends_it_until_the_next_refusal(database_url: str, tmp_path: Path, clock: Clock) -> None:
    with (
        SmtpServer(fault=refusing("RCPT", ADDRESS, GONE)) as server,
        a_school(database_url, server.url, tmp_path, clock) as app,
    ):
        send(app, a_scheduled_campaign(app))
        clock.offset += timedelta(hours=1)
        with app.database.writing() as session:
            assert suppressions.lift(session, app.organization, EmailAddress.parse(ADDRESS), now=clock.now())
        assert in_force(app) is None
        clock.offset += timedelta(hours=1)
        again = a_scheduled_campaign(app)
        send(app, again)
        assert [ground["campaign"] for ground in why(app).grounds or ()] == [again]


def test_single_mails_are_under_the_same_rule(database_url: str, tmp_path: Path, clock: Clock) -> None:
    new, editor = "new@answers.example", "editor@answers.example"
    gone = {"new": ("RCPT", "550 5.1.1 no such user"), "editor": ("RCPT", "550 5.1.1 no such user")}
    with answering(gone) as server, a_school(database_url, server.url, tmp_path, clock) as app:
        with app.database.writing() as session:
            list_ = lists.get(session, app.organization.id, "families")
            reader = subscribers.add(session, app.organization, EmailAddress.parse(new), now=clock.now())
            streams.ask_confirmation(session, clock, reader, list_, language="en", window=timedelta(hours=1))
            shown = streams.TestIssue(1, issues.latest(session, issues.get(session, 1)).id, Variant("en", 1))
            streams.send_test(session, clock, app.organization, EmailAddress.parse(editor), shown, "Ana Ruiz")
        with closing(Sender(app.sending())) as sender:
            step_until_nothing(sender)
        assert all(ground["permanent"] for address in (new, editor) for ground in why(app, address).grounds or ())


def a_dead_sender(app: App, campaign_id: int, *, has_settled: bool) -> None:
    """One that was told of a refusal, and died before it told the ledger, or before it forgot that it had."""
    app.scheduler().tick()
    while True:
        with app.database.writing() as session:
            held = claims.claim(session, app.clock, "dead", campaign_id)
            assert held is not None
            group = {due.to_address: due for due in attempt(session, app.clock, held, 50)}
        if ADDRESS in group:
            break
    due, answer = group[ADDRESS], rejected(GONE, Step.RECIPIENT)
    journal = AttemptJournal(app.journals, "dead")
    journal.begin_group(campaign_id, {due.seq: due.attempt})
    journal.replied(due.seq, answer)
    if has_settled:
        outcomes = [Settlement(due.seq, due.attempt, *answer)]
        with app.database.writing() as session:
            handovers.take(session, app.clock, campaign_id, outcomes, Patience())
            assert settle(session, app.clock, campaign_id, outcomes) == [due.seq]
    journal.close(keep=True)


def test_a_refusal_that_a_dead_sender_did_not_tell_is_told_for_it(
    database_url: str, tmp_path: Path, clock: Clock
) -> None:
    with a_school(database_url, "file:" + str(tmp_path / "out"), tmp_path, clock) as app:
        campaign_id = a_scheduled_campaign(app)
        a_dead_sender(app, campaign_id, has_settled=False)
        assert in_force(app) is None
        app.scheduler().tick()
        assert states(app, campaign_id)[ADDRESS] is DeliveryState.REJECTED
        assert [ground["campaign"] for ground in why(app).grounds or ()] == [campaign_id]


def test_a_refusal_whose_lease_ran_out_is_told_all_the_same(database_url: str, tmp_path: Path, clock: Clock) -> None:
    with a_school(database_url, "file:" + str(tmp_path / "out"), tmp_path, clock) as app:
        campaign_id = a_scheduled_campaign(app)
        a_dead_sender(app, campaign_id, has_settled=False)
        clock.offset += LEASE + timedelta(seconds=1)
        with app.database.writing() as session:
            assert sweeping.expire(session, clock) == 1
        assert states(app, campaign_id)[ADDRESS] is DeliveryState.UNKNOWN
        app.scheduler().tick()
        assert states(app, campaign_id)[ADDRESS] is DeliveryState.REJECTED
        assert in_force(app) is not None


def test_a_refusal_that_is_told_twice_counts_once(database_url: str, tmp_path: Path, clock: Clock) -> None:
    with a_school(database_url, "file:" + str(tmp_path / "out"), tmp_path, clock) as app:
        a_dead_sender(app, a_scheduled_campaign(app), has_settled=True)
        clock.offset += timedelta(seconds=1)
        with app.database.writing() as session:
            assert suppressions.lift(session, app.organization, EmailAddress.parse(ADDRESS), now=clock.now())
        clock.offset += timedelta(seconds=1)
        app.scheduler().tick()
        assert list(app.journals.iterdir()) == []
        assert in_force(app) is None
        with app.database.reading() as session:
            for table in (Event, Suppression):
                assert session.scalar(select(func.count()).select_from(table)) == 1
