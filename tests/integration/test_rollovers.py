import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from newsletter.app import App
from newsletter.campaigns import rollovers as running
from newsletter.campaigns.rollovers import Ask, Kind, Plan, Tally
from newsletter.clock import Clock
from newsletter.doctor import school_years
from newsletter.ledger.tables import Chunk, Delivery, DeliveryState
from newsletter.sending.sender import Sender
from subscribers import corrections, guardians, households, rollovers, subscribers, subscriptions, suppressions
from subscribers.addresses import EmailAddress
from subscribers.grades import RollOver
from subscribers.households import ChildTold
from subscribers.rollovers import RollOverFar, Turn
from subscribers.tables import Child, RollOverRun, Subscriber, Subscription, SubscriptionState, SuppressionReason, Told
from tests.support.inboxes import mails_of, text_of
from tests.support.people import LONG_AGO
from tests.support.school import EVIDENCE, a_school, add_family, step_until_nothing
from tests.support.smtp_server import SmtpServer

JULY = RollOver.parse("07-01")
IN_JUNE = Clock(datetime(2027, 6, 10, 12, tzinfo=UTC) - datetime.now(UTC))
BEFORE = ["both@families.example", "ninth@families.example", "spanish@families.example"]
"""The families of the school: grades 2 and 9, grade 9, and kindergarten."""


def plan(app: App, ask: Ask = Ask.CHANGED, end_year: int = 2028) -> Plan:
    settings = app.settings
    turn = Turn(end_year, settings.roll_over, settings.grade_bands)
    return Plan(app.organization.id, turn, ask, turn.day <= app.today(), "en")


def run(app: App, ask: Ask = Ask.CHANGED) -> Tally | RollOverRun:
    return running.run(app.database, app.clock, plan(app, ask), lambda _: None)


def reader(app: App, address: str) -> int:
    with app.database.reading() as session:
        return subscribers.get(session, app.organization.id, EmailAddress.parse(address)).id


def asked(app: App) -> list[str]:
    with app.database.reading() as session:
        return sorted(session.scalars(select(Delivery.to_address)))


def send_all(app: App) -> None:
    sender = Sender(app.sending())
    step_until_nothing(sender)
    sender.close()


def test_each_guardian_is_asked_once_in_their_own_language_about_every_child(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path, IN_JUNE) as app:
        add_family(app, "ana@x.example", grades="5;12;high")
        add_family(app, "ben@x.example", grades="5", language="es-MX")
        with app.database.writing() as session:
            ana, ben = (session.get_one(Subscriber, reader(app, f"{name}@x.example")) for name in ("ana", "ben"))
            guardians.link(session, ana, ben, app.clock.now())
        tally = run(app)
        send_all(app)
    assert isinstance(tally, Tally)
    assert (tally.asked, tally.families, tally.steps.total()) == (2, 4, 7)
    assert sorted(server.record.recipients) == ["ana@x.example", "ben@x.example"]
    received = mails_of(server.record)
    english, spanish = received["ana@x.example"], received["ben@x.example"]
    assert english["Subject"] == "School year 2027-28: is this still right?"
    assert english["Auto-Submitted"] == "auto-generated"
    assert "/unsubscribe/" in english["List-Unsubscribe"]
    assert "- Grade 5 now, grade 6 from July 1 (2027-28)\n- Grade 12 now; from July 1" in text_of(english)
    assert "- High school; we do not know which grade." in text_of(english)
    assert text_of(english).count("Grade 5 now") == 1
    assert "If this is right, you need do nothing." in text_of(english)
    assert text_of(english).count("/preferences/") == 1
    assert spanish["Subject"] == "Año escolar 2027-28: ¿sigue siendo correcto?"
    assert "- Grado 5 ahora, grado 6 desde el 1 de julio (2027-28)" in text_of(spanish)
    assert not [message for message in received.values() if "<img" in message.as_string()]


def test_only_who_may_be_mailed_is_asked(database_url: str, tmp_path: Path) -> None:
    with a_school(database_url, f"file:{tmp_path}/outbox", tmp_path, IN_JUNE) as app:
        for name in ("left", "suppressed", "paused", "pending", "asked"):
            add_family(app, f"{name}@x.example", grades="8")
        now = app.clock.now()
        with app.database.writing() as session:
            left = session.get_one(Subscriber, reader(app, "left@x.example"))
            subscriptions.unsubscribe(session, left, None, now, evidence=EVIDENCE)
            to = EmailAddress.parse("suppressed@x.example")
            suppressions.suppress(session, app.organization, to, SuppressionReason.BOUNCE, now=now)
            for name, change in (("paused", {"paused_until": now}), ("pending", {"state": SubscriptionState.PENDING})):
                of_reader = Subscription.subscriber_id == reader(app, f"{name}@x.example")
                session.execute(update(Subscription).where(of_reader).values(change))
        run(app)
        assert asked(app) == ["asked@x.example"]
        with app.database.writing() as session:
            session.execute(update(Subscription).values(state=SubscriptionState.UNSUBSCRIBED, unsubscribed_at=now))
        send_all(app)
        with app.database.reading() as session:
            (delivery,) = session.scalars(select(Delivery)).all()
    assert (delivery.state, delivery.reason) == (DeliveryState.EXCLUDED, "unsubscribed")


@pytest.mark.parametrize(
    ("ask", "who"),
    [(Ask.CHANGED, ["fifth@x.example"]), (Ask.ALL, [*BEFORE[:1], "fifth@x.example", *BEFORE[1:]]), (Ask.NONE, [])],
)
def test_the_families_asked_are_those_that_staff_choose(
    sqlite_url: str, tmp_path: Path, ask: Ask, who: list[str]
) -> None:
    with a_school(sqlite_url, f"file:{tmp_path}/outbox", tmp_path, IN_JUNE) as app:
        add_family(app, "fifth@x.example", grades="5;1")
        add_family(app, "childless@x.example")
        run(app, ask)
        assert asked(app) == who


def test_a_roll_over_runs_once_and_then_says_when_it_ran(database_url: str, tmp_path: Path) -> None:
    with a_school(database_url, f"file:{tmp_path}/outbox", tmp_path, IN_JUNE) as app:
        add_family(app, "fifth@x.example", grades="5")
        first, second = run(app), run(app, Ask.ALL)
        assert isinstance(first, Tally)
        assert isinstance(second, RollOverRun)
        assert second.ran_at.date() == date(2027, 6, 10)
        assert second.counts == {"children": 5, "families": 4, "leaving": 0, "ask": "changed", "asked": 1}
        assert asked(app) == ["fifth@x.example"]


def test_two_roll_overs_at_once_ask_everybody_once_and_one_of_them_is_told_so(
    database_url: str, tmp_path: Path
) -> None:
    with a_school(database_url, f"file:{tmp_path}/outbox", tmp_path, IN_JUNE) as app:
        for n in range(20):
            add_family(app, f"fifth{n}@x.example", grades="5")
        found: list[Tally | RollOverRun] = []
        threads = [threading.Thread(target=lambda: found.append(run(app))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(type(one).__name__ for one in found) == ["RollOverRun", "RollOverRun", "Tally"]
        assert asked(app) == sorted(f"fifth{n}@x.example" for n in range(20))


class Killed(Exception):
    """Stands for the end of the process between two pages: what is committed is all that is left of it."""


def test_a_roll_over_that_was_killed_goes_on_and_asks_nobody_twice(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_PAGE", 2)

    def die(_: int) -> None:
        raise Killed

    with a_school(database_url, f"file:{tmp_path}/outbox", tmp_path, IN_JUNE) as app:
        for n in range(4):
            add_family(app, f"eighth{n}@x.example", grades="8")
        with pytest.raises(Killed):
            running.run(app.database, app.clock, plan(app, Ask.ALL), die)
        assert len(asked(app)) == 2
        tally = run(app, Ask.ALL)
        assert isinstance(tally, Tally)
        assert tally.asked == 7
        assert asked(app) == [*BEFORE[:1], *(f"eighth{n}@x.example" for n in range(4)), *BEFORE[1:]]


def test_families_with_children_in_the_same_grades_share_a_variant(database_url: str, tmp_path: Path) -> None:
    with a_school(database_url, f"file:{tmp_path}/outbox", tmp_path, IN_JUNE) as app:
        for n in range(30):
            add_family(app, f"eighth{n}@x.example", grades="8;1" if n % 2 else "1;8")
        run(app)
        with app.database.reading() as session:
            (chunk,) = session.scalars(select(Chunk)).all()
    assert (chunk.lo, chunk.hi, chunk.variant) == (1, 30, "still-right:1:en:2027-07-01:2028:0:1,8")


def test_who_has_finished_school_and_old_levels_are_marked(database_url: str, tmp_path: Path) -> None:
    with a_school(database_url, f"file:{tmp_path}/outbox", tmp_path, IN_JUNE) as app:
        add_family(app, "ana@x.example", grades="12;11;high")
        run(app)
        with app.database.reading() as session:
            children = households.children_of(session, session.get_one(Subscriber, reader(app, "ana@x.example")))
        assert [child.mark for child in children] == ["left", None, "stale"]
        with app.database.writing() as session:
            ana = session.get_one(Subscriber, reader(app, "ana@x.example"))
            corrections.repeat(session, ana, ChildTold(2027))
            again = [ChildTold(2028), ChildTold(2028), ChildTold(None, "high", 2028)]
            households.set_children(session, ana, again, Told.FAMILY, app.clock.now())
            assert session.scalars(select(Child.mark).where(Child.subscriber_id == ana.id)).all() == [None] * 3


def test_a_dry_run_counts_the_same_and_writes_nothing(database_url: str, tmp_path: Path) -> None:
    with a_school(database_url, f"file:{tmp_path}/outbox", tmp_path, IN_JUNE) as app:
        for name, grades in (("a", "5;12"), ("b", "12"), ("c", "high")):
            add_family(app, f"{name}@x.example", grades=grades)
        foreseen = running.foresee(app.database, plan(app), lambda _: None)
        assert asked(app) == []
        with app.database.reading() as session:
            assert not session.scalars(select(Child.id).where(Child.mark.is_not(None))).all()
            assert rollovers.ran(session, app.organization.id, plan(app).turn) is None
        assert run(app) == foreseen
    assert (foreseen.leaving, foreseen.asked) == (1, 3)
    assert dict(foreseen.examples) == {
        Kind.CHANGING: ["a@x.example"],
        Kind.LEAVING: ["b@x.example"],
        Kind.STALE: ["c@x.example"],
    }


@pytest.mark.parametrize(("end_year", "stale"), [(2027, False), (2028, True), (2029, True)])
def test_a_level_is_asked_about_as_long_as_it_is_believed(
    sqlite_url: str, tmp_path: Path, end_year: int, stale: bool
) -> None:
    with a_school(sqlite_url, f"file:{tmp_path}/outbox", tmp_path, IN_JUNE) as app:
        add_family(app, "level@x.example", grades="high")
        tally = running.foresee(app.database, plan(app, end_year=end_year), lambda _: None)
        assert sum(count for step, count in tally.steps.items() if step.level and step.is_stale) == stale
        tally = running.foresee(app.database, plan(app, end_year=2030), lambda _: None)
        assert not [step for step in tally.steps if step.level]


def test_a_child_that_repeats_pre_kindergarten_takes_no_step_and_keeps_the_family(
    database_url: str, tmp_path: Path
) -> None:
    with a_school(database_url, f"file:{tmp_path}/outbox", tmp_path, IN_JUNE) as app:
        add_family(app, "ana@x.example", grades="12;PK")
        with app.database.writing() as session:
            ana = session.get_one(Subscriber, reader(app, "ana@x.example"))
            corrections.repeat(session, ana, ChildTold(graduation_year=2027 + 13))
        with app.database.reading() as session:
            homes = rollovers.page(session, app.organization.id, plan(app).turn, 0, 10)
    [home] = [home for home in homes if home.guardians[0].address == "ana@x.example"]
    assert [str(step) for step in home.steps] == ["12"]
    assert not home.is_leaving


def test_a_level_told_in_no_year_is_never_old(sqlite_url: str, tmp_path: Path) -> None:
    with a_school(sqlite_url, f"file:{tmp_path}/outbox", tmp_path, IN_JUNE) as app:
        with app.database.writing() as session:
            person = session.get_one(Subscriber, reader(app, BEFORE[1]))
            households.set_children(session, person, [ChildTold(None, "high")], Told.FAMILY, LONG_AGO)
        tally = running.foresee(app.database, plan(app, end_year=2045), lambda _: None)
    assert [(str(step), count) for step, count in tally.steps.items()] == [("high", 1)]


def test_the_roll_over_at_hand_is_the_next_or_one_just_past_that_was_not_run(database_url: str, tmp_path: Path) -> None:
    with a_school(database_url, f"file:{tmp_path}/outbox", tmp_path, IN_JUNE) as app:
        bands = app.settings.grade_bands

        def at_hand(day: date) -> int:
            with app.database.reading() as session:
                return rollovers.at_hand(session, app.organization.id, day, JULY, bands).end_year

        assert [at_hand(day) for day in (date(2027, 6, 30), date(2027, 8, 30), date(2027, 8, 31))] == [2028, 2028, 2029]
        run(app)
        assert at_hand(date(2027, 7, 1)) == 2029
        rollovers.refuse_far(Turn(2028, JULY, bands), date(2027, 7, 1))
        for end_year in (2027, 2030):
            with pytest.raises(RollOverFar, match="Only the roll-over to this school year or the next"):
                rollovers.refuse_far(Turn(end_year, JULY, bands), date(2027, 7, 1))


def test_the_doctor_hints_at_a_roll_over_in_the_thirty_days_before(sqlite_url: str, tmp_path: Path) -> None:
    with a_school(sqlite_url, f"file:{tmp_path}/outbox", tmp_path, IN_JUNE) as app:

        def said(clock: Clock) -> list[str]:
            app.clock.offset, before = clock.offset, app.clock.offset
            with app.database.reading() as session:
                found = [finding.level + ": " + finding.sentence for finding in school_years.examine(session, app)]
            app.clock.offset = before
            return found

        early = Clock(IN_JUNE.offset - timedelta(days=10))
        assert said(early) == []
        assert said(app.clock) == [
            "warning: School year 2027-28 begins on 2027-07-01, and no family was asked whether its grades are right."
        ]
        run(app)
        assert said(app.clock) == ["ok: The roll-over to school year 2027-28 was run on 2027-06-10."]
