"""Whom the next mail server's own refusals silence, while a copy is handed to it."""

from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from newsletter.app import App
from newsletter.campaigns import streams
from newsletter.clock import Clock
from newsletter.commands import subscribers_output
from newsletter.events import handovers, persons, reach
from newsletter.events.tables import CampaignReach, Event, EventKind, Reached
from newsletter.feedback.conversations import Step
from newsletter.issues import issues
from newsletter.ledger import claims, sweeping
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
_RCPT, _DATA, _BODY = "RCPT", "DATA", "."
FOR_GOOD = {
    "a": (_RCPT, "550 5.1.1 no such user"),
    "b": (_RCPT, "550 User unknown"),
    "c": (_RCPT, "550-5.1.1 The email account that you tried to reach\r\n550 5.1.1 does not exist."),
    "d": (_RCPT, "550 5.1.1 <d@answers.example>: Recipient address rejected: User unknown in virtual mailbox table"),
    "e": (_RCPT, "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"),
}
NOTHING_OF_A_MAILBOX = {
    "body": (_BODY, "550 5.1.1 no such user"),
    "data": (_DATA, "550 5.1.1 no such user"),
    "null": (_RCPT, "556 5.1.10 the domain takes no mail"),
    "domain": (_RCPT, "550 5.1.2 host unknown"),
    "wordless": (_RCPT, "550 5.1.1 Access denied"),
    "moved": (_RCPT, "551 not allowed"),
    "asked": (
        _RCPT,
        "550 5.1.1 undeliverable address: mx.example said: 554 5.7.1 client host blocked using a list; no such user",
    ),
    "closed": (_RCPT, "550 5.2.1 this account is suspended"),
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
FOR_NOW = {
    "queue": (_RCPT, "451 4.3.0 the queue file cannot be written"),
    "unsaid": (_RCPT, "451 come back"),
    "greylisted": (_RCPT, "450 4.7.1 greylisted"),
    "disk": (_RCPT, "452 4.3.1 insufficient system storage"),
    "full": (_RCPT, "452 4.2.2 mailbox full"),
    "looked-up": (_RCPT, "450 4.1.1 user unknown, the directory is away"),
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
    server = answering({**FOR_GOOD, **NOTHING_OF_A_MAILBOX})
    server.extensions = extensions
    with server, a_school(database_url, server.url, tmp_path) as app:
        for name in (*FOR_GOOD, *NOTHING_OF_A_MAILBOX):
            add_family(app, address_of(name))
        campaign_id = a_scheduled_campaign(app)
        send(app, campaign_id)
        found = states(app, campaign_id)
        refused = {to.partition("@")[0] for to, state in found.items() if state is DeliveryState.REJECTED}
        silenced = {name for name in refused if in_force(app, address_of(name))}
    assert refused == {*FOR_GOOD, *NOTHING_OF_A_MAILBOX}
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


def test_what_is_refused_for_now_silences_nobody_however_often(database_url: str, tmp_path: Path, clock: Clock) -> None:
    with answering(FOR_NOW) as server, a_school(database_url, server.url, tmp_path, clock) as app:
        for name in FOR_NOW:
            add_family(app, address_of(name))
        found = states(app, try_to_the_end(app, clock))
        assert {found[address_of(name)] for name in FOR_NOW} == {DeliveryState.REJECTED}
        with app.database.reading() as session:
            assert session.scalars(select(Event)).all() == []


def test_a_server_that_knows_nobody_is_not_believed(database_url: str, tmp_path: Path) -> None:
    unknown = "550 5.1.1 User unknown in local recipient table"
    relay = SmtpServer(fault=lambda command, _: unknown if command == _RCPT else None)
    with relay as server, a_school(database_url, server.url, tmp_path) as app:
        alike = [address_of(name) for name in "abcdefg"]
        for address in alike:
            add_family(app, address)
        campaign_id = a_scheduled_campaign(app)
        send(app, campaign_id)
        found = states(app, campaign_id)
        assert {found[address] for address in alike} == {DeliveryState.REJECTED}
        assert [address for address in alike if in_force(app, address)] == []


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
            handovers.take(session, app.clock, campaign_id, outcomes)
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


def test_what_a_dead_sender_was_told_before_a_lift_is_held_against_nobody(
    database_url: str, tmp_path: Path, clock: Clock
) -> None:
    with a_school(database_url, "file:" + str(tmp_path / "out"), tmp_path, clock) as app:
        a_dead_sender(app, a_scheduled_campaign(app), has_settled=False)
        for change in (partial(suppressions.suppress, reason=SuppressionReason.BOUNCE), suppressions.lift):
            clock.offset += timedelta(minutes=1)
            with app.database.writing() as session:
                change(session, app.organization, EmailAddress.parse(ADDRESS), now=clock.now())
        clock.offset += timedelta(minutes=1)
        app.scheduler().tick()
        assert in_force(app) is None


def test_a_reader_who_was_erased_meanwhile_is_not_named_again(database_url: str, tmp_path: Path, clock: Clock) -> None:
    with a_school(database_url, "file:" + str(tmp_path / "out"), tmp_path, clock) as app:
        a_dead_sender(app, a_scheduled_campaign(app), has_settled=False)
        with app.database.writing() as session:
            reader = subscribers.get(session, app.organization.id, EmailAddress.parse(ADDRESS))
            persons.erase(session, app.organization, reader, now=clock.now(), never_again=False)
        app.scheduler().tick()
        with app.database.reading() as session:
            assert session.scalars(select(Event)).all() == []
