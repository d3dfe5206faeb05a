from pathlib import Path

from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.campaigns import lifecycle
from subscribers import corrections, guardians, households, lists, subscribers, subscriptions
from subscribers.addresses import EmailAddress
from subscribers.tables import Frequency, Subscriber, Subscription, SubscriptionState
from tests.support.inboxes import mails_of, text_of
from tests.support.school import EVIDENCE, a_school, add_family, send
from tests.support.smtp_server import SmtpServer

ANA, BEN = "ana@x.example", "ben@x.example"


def reader_of(app: App, session: Session, address: str) -> Subscriber:
    return subscribers.get(session, app.organization.id, EmailAddress.parse(address))


def two_guardians(app: App) -> None:
    """Ana reads English and knows of the younger child, Ben Spanish and of both; he agreed to tracking."""
    add_family(app, ANA, name="Ana Ruiz", grades="2")
    add_family(app, BEN, name="Ben Ruiz", grades="2;10", language="es", tracking=True)
    with app.database.writing() as session:
        guardians.link(session, reader_of(app, session, ANA), reader_of(app, session, BEN), app.clock.now())


def a_campaign(app: App, slug: str, rule: str = "") -> int:
    with app.database.writing() as session:
        aim = lifecycle.Aim(lists.get(session, app.organization.id, slug), rule)
        campaign = lifecycle.create(session, app.clock, 1, aim)
        lifecycle.schedule(session, campaign.id, app.clock.now(), "UTC", app.gate(), needs_approval=False)
        return campaign.id


def test_two_guardians_each_get_one_mail_in_their_language_for_all_their_children(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        two_guardians(app)
        send(app, a_campaign(app, "families"))
    assert sorted(to for to in server.record.recipients if to.endswith("@x.example")) == [ANA, BEN]
    received = mails_of(server.record)
    english, spanish = text_of(received[ANA]), text_of(received[BEN])
    assert ("Ten minutes an evening" in english, "Plan the year" in english) == (True, True)
    assert ("Diez minutos" in spanish, "El plan del año" in spanish) == (True, True)
    assert english.count("Ten minutes an evening") == 1


def test_a_guardian_gets_the_lists_that_they_chose_and_as_often_as_they_chose(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        two_guardians(app)
        now = app.clock.now()
        with app.database.writing() as session:
            workshops = lists.create(session, app.organization.id, "workshops", "Workshops", now=now)
            ben = reader_of(app, session, BEN)
            subscriptions.subscribe(session, ben, workshops, SubscriptionState.CONFIRMED, now, evidence=EVIDENCE)
            families = lists.get(session, app.organization.id, "families")
            session.get_one(Subscription, (ben.id, families.id)).frequency = Frequency.MONTHLY
            assert (reader_of(app, session, ANA).tracking, ben.tracking) == (False, True)
        for slug in ("families", "families", "workshops"):
            send(app, a_campaign(app, slug))
    got = [to for to in server.record.recipients if to.endswith("@x.example")]
    assert (got.count(ANA), got.count(BEN)) == (2, 2)
    to_ben = [body for to, body in zip(server.record.recipients, server.record.bodies, strict=True) if to == BEN]
    assert [b'List-Id: "Workshops" <workshops.' in body for body in to_ben] == [False, True]


def test_guardians_of_one_household_are_aimed_at_by_each_others_children(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        two_guardians(app)
        send(app, a_campaign(app, "families", "grade = 10"))
        assert sorted(server.record.recipients) == [ANA, BEN]
        with app.database.writing() as session:
            guardians.unlink(session, reader_of(app, session, ANA), app.clock.now())
        send(app, a_campaign(app, "families", "grade = 10"))
    assert sorted(server.record.recipients) == [ANA, BEN, BEN]


def test_a_child_that_moved_away_brings_no_mail_for_its_band(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        two_guardians(app)
        settings = app.settings
        end_year = settings.roll_over.end_year(app.today())
        with app.database.writing() as session:
            ana = reader_of(app, session, ANA)
            (tenth,) = households.parse_children("10", app.today(), settings.roll_over, settings.grade_bands)
            corrections.move_away(session, ana, tenth, end_year)
        send(app, a_campaign(app, "families"))
    english = text_of(mails_of(server.record)[ANA])
    assert ("Ten minutes an evening" in english, "Plan the year" in english) == (True, False)
