import email
import email.policy
import threading
from contextlib import nullcontext
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from newsletter import schedule
from newsletter.app import App
from newsletter.campaigns import lifecycle, preparing, streams
from newsletter.campaigns.lifecycle import NeedsApproval
from newsletter.checks import IssueHasFaults
from newsletter.clock import Clock
from newsletter.engine.embedded import Crew
from newsletter.issues import issues
from newsletter.ledger import balance, links, listing
from newsletter.ledger.states import StepRefused, get
from newsletter.ledger.tables import Campaign, CampaignState, Chunk, Delivery, DeliveryState, ScheduleRun
from newsletter.rendering import hidden_links
from newsletter.rendering.variants import Variant
from newsletter.sending.sender import DatabaseLost, Sender, Step
from newsletter.sending.transports import TransportUnavailable
from newsletter.tokens import ReaderPurpose
from subscribers import lists, subscribers, subscriptions, suppressions
from subscribers.addresses import EmailAddress
from subscribers.tables import Frequency, Subscription, SubscriptionState, SuppressionReason
from tests.support.school import EVIDENCE, FAMILIES, ISSUE, a_scheduled_campaign, a_school, add_family, send
from tests.support.smtp_server import DROP_AFTER, Record, SmtpServer


def mails(record: Record) -> dict[str, EmailMessage]:
    read = (email.message_from_bytes(body, policy=email.policy.default) for body in record.bodies)
    return dict(zip(record.recipients, read, strict=True))


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_each_family_gets_one_mail_with_the_sections_of_all_its_children(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        ending = send(app, a_scheduled_campaign(app))
    assert ending.state == CampaignState.SENT
    assert ending.found.counts[DeliveryState.ACCEPTED] == 3
    assert sorted(server.record.recipients) == sorted(FAMILIES)
    received = mails(server.record)
    both = text_of(received["both@families.example"])
    assert "Ten minutes an evening" in both
    assert "Plan the year" in both
    ninth = text_of(received["ninth@families.example"])
    assert "Plan the year" in ninth
    assert "Ten minutes" not in ninth
    spanish = received["spanish@families.example"]
    assert "Diez minutos" in text_of(spanish)
    assert spanish["Subject"] == "Puentes pequeños"
    assert received["both@families.example"]["Subject"] == "Small bridges, Ana"


def test_the_revision_that_was_bound_is_what_arrives(database_url: str, tmp_path: Path) -> None:  # F19
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        campaign_id = a_scheduled_campaign(app)
        with app.database.writing() as session:
            issue = issues.get(session, 1)
            issues.save(session, issue, ISSUE.replace("Plan the year", "An edit too late"), "editor", app.clock.now())
        send(app, campaign_id)
    assert "Plan the year" in text_of(mails(server.record)["ninth@families.example"])


def test_an_approval_binds_and_choosing_again_takes_it_back(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path, approval="on") as app:
        with app.database.writing() as session:
            list_ = lists.get(session, app.organization.id, "families")
            campaign_id = lifecycle.create(session, app.clock, 1, lifecycle.Aim(list_)).id
        with pytest.raises(NeedsApproval), app.database.writing() as session:
            lifecycle.schedule(
                session, campaign_id, app.clock.now(), "UTC", app.gate(), needs_approval=app.needs_approval
            )
        with app.database.writing() as session:
            lifecycle.approve(session, app.clock, campaign_id, app.gate())
            issue = issues.get(session, 1)
            issues.save(session, issue, ISSUE.replace("Plan the year", "Edited"), "editor", app.clock.now())
            lifecycle.choose_newest(session, campaign_id)
            lifecycle.approve(session, app.clock, campaign_id, app.gate())
            lifecycle.schedule(
                session, campaign_id, app.clock.now(), "UTC", app.gate(), needs_approval=app.needs_approval
            )
        send(app, campaign_id)
    assert "Edited" in text_of(mails(server.record)["ninth@families.example"])


def test_an_issue_with_faults_is_not_scheduled(sqlite_url: str, tmp_path: Path) -> None:
    with a_school(sqlite_url, "file:var/outbox", tmp_path) as app:
        with app.database.writing() as session:
            issue = issues.get(session, 1)
            faulty = ISSUE.replace("https://guide.example/es", "javascript:alert(1)")
            issues.save(session, issue, faulty, "editor", app.clock.now())
        with pytest.raises(IssueHasFaults, match="line "):
            a_scheduled_campaign(app)
        with app.database.reading() as session:
            assert all(c.state == CampaignState.DRAFT for c in lifecycle.all_of(session, app.organization.id))


def test_who_may_not_be_mailed_is_counted_with_the_reason(database_url: str, tmp_path: Path) -> None:  # M34 F40
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        leaver = add_family(app, "left@families.example")
        add_family(app, "gone@families.example")
        now = app.clock.now()
        with app.database.writing() as session:
            list_ = lists.get(session, app.organization.id, "families")
            reader = subscribers.get(session, app.organization.id, EmailAddress.parse("left@families.example"))
            assert reader.id == leaver
            subscriptions.unsubscribe(session, reader, list_, now, evidence=EVIDENCE)
            gone = EmailAddress.parse("gone@families.example")
            suppressions.suppress(session, app.organization, gone, SuppressionReason.BOUNCE, now=now)
            pending = subscribers.add(session, app.organization, EmailAddress.parse("new@families.example"), now=now)
            subscriptions.subscribe(session, pending, list_, SubscriptionState.PENDING, now, evidence=EVIDENCE)
        campaign_id = a_scheduled_campaign(app)
        ending = send(app, campaign_id)
        with app.database.reading() as session:
            rows = listing.deliveries(session, campaign_id, DeliveryState.EXCLUDED)
    assert ending.state == CampaignState.SENT
    assert ending.found.audience == 6
    assert {row["to"].split("@")[0]: row["reason"].value for row in rows} == {
        "left": "unsubscribed",
        "gone": "suppressed",
        "new": "unconfirmed",
    }
    assert sorted(server.record.recipients) == sorted(FAMILIES)


def test_a_reader_for_whom_no_section_is_gets_no_empty_mail(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        middle = add_family(app, "middle@families.example", grades="7")
        with app.database.writing() as session:
            issue = issues.get(session, 1)
            aimed = ISSUE.replace("{#everyone must=know}", "{#everyone bands=high must=know}")
            issues.save(session, issue, aimed, "editor", app.clock.now())
        campaign_id = a_scheduled_campaign(app)
        send(app, campaign_id)
        with app.database.reading() as session:
            row = session.scalars(select(Delivery).where(Delivery.subscriber_id == middle)).one()
    assert row.reason == "nothing-to-read"
    assert "middle@families.example" not in server.record.recipients


def test_a_reader_who_wants_one_mail_a_month_gets_one(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        with app.database.writing() as session:
            reader = subscribers.get(session, app.organization.id, EmailAddress.parse("ninth@families.example"))
            session.get_one(Subscription, (reader.id, 1)).frequency = Frequency.MONTHLY
        send(app, a_scheduled_campaign(app))
        second = a_scheduled_campaign(app)
        send(app, second)
        with app.database.reading() as session:
            (excluded,) = listing.deliveries(session, second, DeliveryState.EXCLUDED)
    assert (excluded["to"], excluded["reason"]) == ("ninth@families.example", "enough-this-month")
    assert server.record.recipients.count("ninth@families.example") == 1
    assert server.record.recipients.count("both@families.example") == 2


def test_a_rule_narrows_the_audience(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        send(app, a_scheduled_campaign(app, "language = es or grade = 2"))
    assert sorted(server.record.recipients) == ["both@families.example", "spanish@families.example"]


def test_a_snapshot_cut_off_between_pages_goes_on_where_it_was(database_url: str, tmp_path: Path) -> None:  # F5
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        for n in range(5):
            add_family(app, f"more{n}@families.example", grades="9")
        campaign_id = a_scheduled_campaign(app)
        scheduler = app.scheduler()
        scheduler.fire()

        pages = preparing.pages(app.database, app.clock, campaign_id, app.today(), app.rule_context, page=3)
        assert next(pages) == 3
        del pages
        preparing.prepare(app.database, app.clock, campaign_id, app.today(), app.rule_context, page=3)
        preparing.prepare(app.database, app.clock, campaign_id, app.today(), app.rule_context, page=3)
        with app.database.reading() as session:
            assert get(session, campaign_id).audience == 8
            assert session.scalar(select(func.count()).select_from(Delivery)) == 8
            ranges = session.execute(select(Chunk.lo, Chunk.hi).order_by(Chunk.lo)).all()
        covered = [seq for lo, hi in ranges for seq in range(lo, hi + 1)]
        assert covered == list(range(1, 9))
        send(app, campaign_id)
    assert len(server.record.recipients) == len(set(server.record.recipients)) == 8


def test_two_schedulers_in_the_same_due_minute_make_one_run(database_url: str, tmp_path: Path) -> None:  # F5
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        campaign_id = a_scheduled_campaign(app)
        ticks = [threading.Thread(target=app.scheduler().tick) for _ in range(4)]
        for tick in ticks:
            tick.start()
        for tick in ticks:
            tick.join()
        with app.database.reading() as session:
            assert session.scalar(select(func.count()).select_from(ScheduleRun)) == 1
            assert get(session, campaign_id).audience == 3


def test_a_time_missed_by_more_than_the_grace_is_held_for_a_person(
    database_url: str, tmp_path: Path, clock: Clock
) -> None:  # F17
    with a_school(database_url, "file:var/outbox", tmp_path, clock) as app:
        campaign_id = a_scheduled_campaign(app)
        clock.offset += timedelta(hours=2, seconds=5)
        app.scheduler().tick()
        with app.database.writing() as session:
            assert get(session, campaign_id).state == CampaignState.HELD
            lifecycle.schedule(session, campaign_id, clock.now(), "UTC", app.gate(), needs_approval=False)
        app.scheduler().tick()
        with app.database.reading() as session:
            assert get(session, campaign_id).state == CampaignState.SENDING


def test_a_cancelled_schedule_does_not_fire(database_url: str, tmp_path: Path) -> None:
    with a_school(database_url, "file:var/outbox", tmp_path) as app:
        campaign_id = a_scheduled_campaign(app)
        with app.database.writing() as session:
            lifecycle.cancel(session, app.clock, campaign_id)
        app.scheduler().tick()
        with app.database.reading() as session:
            assert get(session, campaign_id).state == CampaignState.CANCELLED
            assert balance.balance(session, campaign_id).balances


def test_a_mail_server_that_is_away_loses_nothing(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as gone:
        url = gone.url
    with a_school(database_url, url, tmp_path) as app:
        campaign_id = a_scheduled_campaign(app)
        with pytest.raises(TransportUnavailable, match="cannot be reached"):
            send(app, campaign_id)
        with app.database.reading() as session:
            found = balance.balance(session, campaign_id)
            attempts = session.scalars(select(Delivery.attempt)).all()
    assert found.counts[DeliveryState.PENDING] == 3
    assert set(attempts) == {0}
    assert list((tmp_path / "journals").iterdir()) == []


def test_an_account_that_is_refused_stops_the_campaign_visibly(database_url: str, tmp_path: Path) -> None:  # F12
    with SmtpServer(extensions=("AUTH PLAIN",), fault=lambda verb, _: "535 no" if verb == "AUTH" else None) as server:
        url = server.url.replace("//", "//ana:hidden@") + "?tls=none"
        with a_school(database_url, url, tmp_path) as app:
            campaign_id = a_scheduled_campaign(app)
            ending = send(app, campaign_id)
            assert ending.state == CampaignState.STOPPED
            assert "refuses the user ana" in ending.stop_reason
            assert "hidden" not in ending.stop_reason
            assert ending.found.counts[DeliveryState.PENDING] == 3


def test_a_deferred_recipient_is_waited_for_and_the_others_are_sent(
    database_url: str, tmp_path: Path, clock: Clock
) -> None:
    def later(verb: str, to: str) -> str | None:
        return "451 come back" if verb == "RCPT" and to == "ninth@families.example" and not passed.is_set() else None

    passed = threading.Event()
    with SmtpServer(fault=later) as server, a_school(database_url, server.url, tmp_path, clock) as app:
        campaign_id = a_scheduled_campaign(app)
        ending = send(app, campaign_id)
        assert ending.state == CampaignState.SENDING
        assert ending.found.counts[DeliveryState.DEFERRED] == 1
        assert ending.found.next_try_at is not None
        passed.set()
        clock.offset += timedelta(minutes=5, seconds=5)
        assert send(app, campaign_id).state == CampaignState.SENT
    assert sorted(server.record.recipients) == sorted(FAMILIES)


def test_a_lost_answer_is_unknown_and_not_sent_again(database_url: str, tmp_path: Path) -> None:  # F10 M48
    def drop(verb: str, to: str) -> str | None:
        return DROP_AFTER if verb == "." and to == "ninth@families.example" else None

    with SmtpServer(fault=drop) as server, a_school(database_url, server.url, tmp_path) as app:
        campaign_id = a_scheduled_campaign(app)
        ending = send(app, campaign_id)
        send(app, campaign_id)
    assert ending.state == CampaignState.SENT
    assert ending.found.counts[DeliveryState.UNKNOWN] == 1
    assert sorted(server.record.recipients) == sorted(FAMILIES)


def test_an_account_keeps_its_pace(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path, rate=1.0) as app:
        campaign_id = a_scheduled_campaign(app)
        app.scheduler().tick()
        sender = Sender(app.sending(), campaign_id)
        steps = [sender.step() for _ in range(10)]
        sender.close()
        with app.database.reading() as session:
            assert session.scalar(select(func.count()).where(Delivery.state == DeliveryState.ATTEMPTING)) == 0
    assert steps.count(Step.WORKED) < 10
    assert len(server.record.recipients) <= 2


def test_stopping_leaves_nothing_unknown(database_url: str, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        ending = send(app, a_scheduled_campaign(app), stop)
        assert ending.state == CampaignState.SENDING
        assert ending.found.counts[DeliveryState.PENDING] == 3
    assert server.record.recipients == []


def test_links_lead_where_the_issue_says_and_tokens_name_the_delivery(database_url: str, tmp_path: Path) -> None:  # F28
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        campaign_id = a_scheduled_campaign(app)
        send(app, campaign_id)
        with app.database.reading() as session:
            targets = links.targets(session, [campaign_id])[campaign_id]
            seqs = dict(session.execute(select(Delivery.to_address, Delivery.seq)).all())
        shown = set(targets.values()) - {hidden_links.TARGET}
        assert shown == {"https://guide.example/start?a=b&c=1#top", "https://guide.example/es"}
        message = mails(server.record)["ninth@families.example"]
        click = next(word for word in text_of(message).split() if "/c/" in word)
        claim = app.signer.read_mail_token(click.rpartition("/")[2])
        assert (claim.campaign_id, claim.seq) == (campaign_id, seqs["ninth@families.example"])
        assert targets[claim.link_no] == "https://guide.example/start?a=b&c=1#top"


def test_a_confirmation_is_asked_for_once_a_window(database_url: str, tmp_path: Path, clock: Clock) -> None:  # M60
    window = timedelta(hours=1)
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path, clock) as app:
        with app.database.writing() as session:
            list_ = lists.get(session, app.organization.id, "families")
            reader = subscribers.add(
                session, app.organization, EmailAddress.parse("new@families.example"), now=clock.now()
            )
            asked = [
                streams.ask_confirmation(session, clock, reader, list_, language="es", window=window)
                for _ in range(100)
            ]
            public_id = reader.public_id
        assert asked.count(True) == 1
        sender = Sender(app.sending())
        assert sender.step() == Step.WORKED
        assert sender.step() == Step.NOTHING_READY
        sender.close()
        clock.offset += window + timedelta(seconds=1)
        with app.database.writing() as session:
            assert streams.ask_confirmation(session, clock, reader, list_, language="es", window=window)
        message = mails(server.record)["new@families.example"]
        url = next(word for word in text_of(message).split() if "/confirm/" in word)
        claim = app.signer.read_reader_token(url.rpartition("/")[2], ReaderPurpose.CONFIRM)
    assert claim.public_id == public_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] is None


def test_a_test_mail_is_sent_to_staff_with_links_that_touch_no_reader(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        to = EmailAddress.parse("editor@maple.example")
        with app.database.writing() as session:
            revision = issues.latest(session, issues.get(session, 1))
            shown = streams.TestIssue(1, revision.id, Variant("es", 5))
            streams.send_test(session, app.clock, app.organization, to, shown, "Ana Ruiz")
        sender = Sender(app.sending())
        sender.step()
        sender.close()
        message = mails(server.record)["editor@maple.example"]
        url = str(message["List-Unsubscribe"]).strip("<>")
        claim = app.signer.read_reader_token(url.rpartition("/")[2], ReaderPurpose.UNSUBSCRIBE)
        with app.database.reading() as session:
            assert subscribers.by_public_id(session, claim.public_id) is None
        assert "https://guide.example/es" in text_of(message)
        assert "Diez minutos" not in text_of(message)
        with app.database.writing() as session:
            suppressions.suppress(session, app.organization, to, SuppressionReason.STAFF, now=app.clock.now())
        with pytest.raises(streams.TestAddressSuppressed), app.database.writing() as session:
            streams.send_test(session, app.clock, app.organization, to, shown, "")


def cut_connections(app: App) -> None:
    """What a restart of the database does to those who are connected."""
    with app.database.writing() as session:
        if app.database.is_sqlite:
            session.execute(text("ALTER TABLE delivery RENAME TO hidden"))
        else:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            session.execute(text(f"{others} AND datname = current_database()"))


def bring_back(app: App) -> None:
    if app.database.is_sqlite:
        with app.database.writing() as session:
            session.execute(text("ALTER TABLE hidden RENAME TO delivery"))


def test_a_sender_whose_database_goes_away_mends_its_chunk_when_it_is_back(
    database_url: str, tmp_path: Path
) -> None:  # F4
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        campaign_id = a_scheduled_campaign(app)
        app.scheduler().tick()
        broken = threading.Event()

        def break_once(verb: str, _: str) -> str | None:
            if verb == "." and not broken.is_set():
                broken.set()
                cut_connections(app)
            return None

        server.fault = break_once
        sender = Sender(app.sending(), campaign_id)
        # PostgreSQL's pool notices and connects again; SQLite's file is just not what it was.
        with pytest.raises(DatabaseLost) if app.database.is_sqlite else nullcontext():
            sender.step()
        bring_back(app)
        while sender.step() is Step.WORKED:
            pass
        sender.close()
        app.scheduler().tick()
        with app.database.reading() as session:
            found = balance.balance(session, campaign_id)
            assert get(session, campaign_id).state == CampaignState.SENT
    assert found.counts[DeliveryState.ACCEPTED] == 3
    assert sorted(server.record.recipients) == sorted(FAMILIES)


def test_what_a_sender_could_not_tell_the_ledger_is_told_by_the_next_one(sqlite_url: str, tmp_path: Path) -> None:  # F1
    with SmtpServer() as server, a_school(sqlite_url, server.url, tmp_path) as app:
        campaign_id = a_scheduled_campaign(app)
        app.scheduler().tick()
        broken = threading.Event()

        def break_once(verb: str, _: str) -> str | None:
            if verb == "." and not broken.is_set():
                broken.set()
                cut_connections(app)
            return None

        server.fault = break_once
        dying = Sender(app.sending(), campaign_id)
        with pytest.raises(DatabaseLost):
            dying.step()
        dying.close()
        assert len(list((tmp_path / "journals").iterdir())) == 1
        bring_back(app)
        assert send(app, campaign_id).state == CampaignState.SENT
        assert list((tmp_path / "journals").iterdir()) == []
    assert sorted(server.record.recipients) == sorted(FAMILIES)


def test_a_crew_sends_until_it_is_told_to_stop(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        campaign_id = a_scheduled_campaign(app)
        app.scheduler().tick()
        settled = threading.Event()
        crew = Crew(app.sending(), on_settled=lambda n: settled.set() if n else None)
        crew.start()
        assert settled.wait(10)
        crew.stop()
        ending = send(app, campaign_id)
    assert ending.state == CampaignState.SENT
    assert sorted(server.record.recipients) == sorted(FAMILIES)


def test_a_crew_without_a_campaign_of_its_own_waits_for_the_mail_server(sqlite_url: str, tmp_path: Path) -> None:
    with SmtpServer() as gone:
        url = gone.url
    with a_school(sqlite_url, url, tmp_path) as app:
        a_scheduled_campaign(app)
        app.scheduler().tick()
        crew = Crew(app.sending())
        crew.start()
        crew.stop()
        assert crew.failure is None


def test_the_schedule_ticks_by_itself(sqlite_url: str, tmp_path: Path) -> None:
    with a_school(sqlite_url, "file:var/outbox", tmp_path) as app:
        campaign_id = a_scheduled_campaign(app)
        ticking = schedule.start(app.scheduler().tick, seconds=0.05)
        deadline = app.clock.now() + timedelta(seconds=20)
        state = CampaignState.SCHEDULED
        while state != CampaignState.SENDING and app.clock.now() < deadline:
            with app.database.reading() as session:
                state = get(session, campaign_id).state
        ticking.shutdown()
    assert state == CampaignState.SENDING


def test_a_step_that_is_not_allowed_is_refused_with_a_sentence(sqlite_url: str, tmp_path: Path) -> None:
    with a_school(sqlite_url, "file:var/outbox", tmp_path) as app:
        campaign_id = a_scheduled_campaign(app)
        app.scheduler().fire()
        with (
            pytest.raises(StepRefused, match="is preparing; there is nothing to resume"),
            app.database.writing() as session,
        ):
            lifecycle.resume(session, campaign_id)
        with pytest.raises(StepRefused, match="it can become"), app.database.writing() as session:
            lifecycle.pause(session, campaign_id)
        with app.database.writing() as session:
            stream = session.get_one(Campaign, campaign_id)
            stream.issue_id = None
            stream.state = CampaignState.DRAFT
        with pytest.raises(StepRefused, match="has no issue"), app.database.writing() as session:
            lifecycle.approve(session, app.clock, campaign_id, app.gate())
