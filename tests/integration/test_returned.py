"""Mail that came back, brought to the ledger: by which sign a copy is found, and what each message may do."""

from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from newsletter.clock import Clock
from newsletter.commands.mail_files import mail_in
from newsletter.events import reach
from newsletter.events.returned import FoundBy
from newsletter.events.tables import CampaignReach, Event, EventKind
from newsletter.ledger.tables import Delivery, DeliveryState
from newsletter.mailboxes.taking import Outcome, Taken, Trial
from newsletter.reports.mailings import came_back
from newsletter.return_paths import ReturnPath
from newsletter.tokens import DeliveryKey, Signer
from subscribers import suppressions
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.tables import SuppressionReason
from tests.support.returned_mail import WHEN, note, reported, returned
from tests.support.web_world import World, new_world

ANA, BEN = "ana@school.example", "ben@school.example"
PATHS = ReturnPath("bounce+", "@school.example")


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock)


def sent(world: World, address: str = ANA) -> DeliveryKey:
    campaign_id = world.sent_to(world.reader(address))
    with world.database.writing() as session:
        session.execute(update(Delivery).where(Delivery.campaign_id == campaign_id).values(attempt=1))
    return DeliveryKey(campaign_id, 1, 1)


def path_of(world: World, key: DeliveryKey) -> str:
    return PATHS.of(world.app.signer.delivery_key(key))


def take(world: World, raw: bytes) -> list[Taken]:
    return world.app.returns.desk().take("mail", raw)


def is_suppressed(world: World, address: str = ANA) -> bool:
    with world.database.reading() as session:
        return suppressions.is_suppressed(session, world.app.organization, EmailAddress.parse(address))


def lift(world: World) -> None:
    with world.database.writing() as session:
        suppressions.lift(session, world.app.organization, EmailAddress.parse(ANA), now=world.app.clock.now())


def kept(world: World) -> list[EventKind]:
    with world.database.reading() as session:
        return list(session.scalars(select(Event.kind)))


def test_the_key_in_the_return_path_finds_the_copy_whoever_the_message_names(world: World) -> None:
    key = sent(world)
    (one,) = take(world, returned(path_of(world, key), recipient="forwarded@elsewhere.example"))
    assert (one.returned.found_by, one.returned.key, one.outcome) == (FoundBy.RETURN_PATH, key, Outcome.SILENCED)
    assert is_suppressed(world)


def test_the_key_in_the_message_id_finds_the_copy(world: World) -> None:  # M57
    key = sent(world)
    (one,) = take(world, returned(message_id=f"{world.app.signer.delivery_key(key)}@school.example"))
    assert (one.returned.found_by, one.outcome) == (FoundBy.MESSAGE_ID, Outcome.SILENCED)
    assert is_suppressed(world)


@pytest.mark.parametrize("sign", ["return path", "Message-ID"])
def test_a_complaint_silences_by_either_key(world: World, sign: str) -> None:  # M57
    key = sent(world)
    written = f"{world.app.signer.delivery_key(key)}@school.example"
    take(world, reported(path_of(world, key)) if sign == "return path" else reported(message_id=written))
    assert kept(world) == [EventKind.COMPLAINT]
    assert is_suppressed(world)


def test_a_complaint_that_names_only_an_address_changes_nothing(world: World) -> None:
    sent(world)
    (one,) = take(world, reported())
    assert one.outcome is Outcome.UNPROVEN
    assert kept(world) == []
    assert not is_suppressed(world)


def test_a_message_that_names_only_an_address_is_kept_and_silences_nobody(world: World) -> None:
    sent(world)
    for n in range(5):
        (one,) = take(world, returned(name=f"forged-{n}"))
        assert (one.returned.found_by, one.outcome) == (FoundBy.ADDRESS, Outcome.UNPROVEN)
    assert not is_suppressed(world)
    assert kept(world) == [EventKind.BOUNCE] * 5


def test_what_anybody_may_have_written_is_in_no_figure_nor_when_it_is_counted_anew(world: World) -> None:
    key = sent(world)
    take(world, returned())
    take(world, returned(path_of(world, key), name="proven"))
    with world.database.writing() as session:
        counted = came_back(session, key.campaign_id, 1)
        assert (counted.hard, counted.soft) == (1, 0)
        for _ in range(2):
            assert [row.copies for row in session.scalars(select(CampaignReach))] == [1]
            reach.rebuild(session, key.campaign_id)


def test_a_forged_bounce_alone_is_in_no_figure(world: World) -> None:
    key = sent(world)
    take(world, returned())
    with world.database.reading() as session:
        counted = came_back(session, key.campaign_id, 1)
        assert (counted.hard, counted.soft, counted.is_told) == (0, 0, False)


def test_an_address_speaks_only_of_a_copy_of_the_last_days(world: World) -> None:
    sent(world)
    (one,) = take(world, returned(at=WHEN - timedelta(days=40)))
    assert one.outcome is Outcome.NOT_OURS
    (one,) = take(world, returned(recipient="nobody@school.example"))
    assert one.outcome is Outcome.NOT_OURS
    assert kept(world) == []


@pytest.mark.parametrize("where", ["return path", "Message-ID"])
def test_a_key_that_we_did_not_sign_names_nothing(world: World, where: str) -> None:
    key = Signer(("another secret, as long as ours is",)).delivery_key(sent(world))
    to = PATHS.of(key) if where == "return path" else "news@school.example"
    (one,) = take(world, returned(to, message_id=f"{key}@school.example", recipient="x@elsewhere.example"))
    assert one.outcome is Outcome.NOT_OURS
    assert not is_suppressed(world)


def test_the_same_message_again_changes_nothing_by_whichever_way_it_came(world: World) -> None:  # M53
    key = sent(world)
    raw = returned(path_of(world, key), status="4.2.2", words="452 4.2.2 mailbox full")
    take(world, raw)
    take(world, raw)
    take(world, b"Received: from elsewhere\n" + raw.replace(b"\r\n", b"\n"))
    assert kept(world) == [EventKind.BOUNCE]


def nameless(raw: bytes) -> bytes:
    """A message that its writer gave neither a name nor a time, with a line that an mbox quotes."""
    lines = raw.split(b"\r\n")
    kept = [line for line in lines if not line.startswith((b"Message-ID: <one@", b"Message-ID: <arf@", b"Date:"))]
    return b"\r\n".join(kept).replace(b"Hello", b"From here on\r\n\r\nhello")


def in_mbox(raw: bytes, postmark: str) -> bytes:
    """The message as an mbox holds it."""
    quoted = raw.replace(b"\r\n", b"\n").replace(b"\nFrom ", b"\n>From ")
    return f"From MAILER-DAEMON {postmark}\n".encode() + quoted + b"\n"


@pytest.mark.parametrize("kind", ["complaint", "bounce"])
def test_a_message_without_a_name_is_the_same_from_a_file_a_maildir_and_an_mbox(
    world: World, tmp_path: Path, kind: str
) -> None:
    path = path_of(world, sent(world))
    raw = nameless(reported(path) if kind == "complaint" else returned(path))
    (now,) = take(world, raw)
    assert now.outcome is Outcome.SILENCED
    lift(world)
    ahead = f"{world.app.clock.now() + timedelta(hours=5):%a %b %d %H:%M:%S %Y}"
    (tmp_path / "mbox").write_bytes(in_mbox(raw, ahead) + in_mbox(raw, "Wed Dec  2 12:00:05 2026"))
    again = [
        b"Return-Path: <>\r\nDelivered-To: bounce@school.example\r\nReceived: from mx.example\r\n" + raw,
        in_mbox(raw, ahead),
        *(mail.raw for mail in mail_in(str(tmp_path / "mbox"))),
    ]
    assert len(again) == 4
    for known in again:
        (told,) = take(world, known)
        assert told.outcome is Outcome.LIFTED
        assert not is_suppressed(world)
    assert len(kept(world)) == 1


def test_what_is_taken_again_is_known_and_silences_nobody_anew(world: World) -> None:
    path = path_of(world, sent(world))
    raw = returned(path)
    trial = Trial(world.app.returns.desk())
    looked = [one for _ in range(2) for one in trial.look("mail", raw)]
    assert [one for _ in range(2) for one in take(world, raw)] == looked
    told = [(one.outcome, one.is_suppressed, one.is_new) for one in looked]
    assert told == [(Outcome.SILENCED, True, True), (Outcome.KNOWN, True, False)]
    (other,) = take(world, returned(path, name="other"))
    assert (other.outcome, other.is_new) == (Outcome.SILENCED, False)


def test_a_delay_that_is_told_again_is_known(world: World) -> None:
    raw = returned(path_of(world, sent(world)), action="delayed", status="4.4.1", words="451 later")
    assert [one.outcome for _ in range(2) for one in take(world, raw)] == [Outcome.KEPT, Outcome.KNOWN]


def test_other_words_are_another_message(world: World) -> None:
    path = path_of(world, sent(world))
    for words in ("452 4.2.2 mailbox full", "452 4.2.2 mailbox over quota"):
        take(world, nameless(returned(path, status="4.2.2", words=words)))
    assert kept(world) == [EventKind.BOUNCE] * 2


def test_a_time_to_come_never_beats_a_lift_for_what_is_known(world: World) -> None:
    path = path_of(world, sent(world))
    ahead = returned(path, at=world.app.clock.now() + timedelta(days=2))
    take(world, ahead)
    lift(world)
    (again,) = take(world, ahead)
    assert again.outcome is Outcome.LIFTED
    assert not is_suppressed(world)


@pytest.mark.parametrize("date", ["", "Date: Mon, 1 Jan 2120 10:00:00 +0000\r\n", "Date: soon\r\n"])
def test_without_a_time_of_its_own_it_is_of_when_a_server_noted_it(world: World, date: str) -> None:
    path = path_of(world, sent(world))
    with world.database.writing() as session:
        suppressions.suppress(
            session,
            world.app.organization,
            EmailAddress.parse(ANA),
            SuppressionReason.STAFF,
            now=world.app.clock.now(),
        )
    lift(world)
    noted = f"Received: from mx.example by school.example; {format_datetime(WHEN)}\r\n{date}".encode()
    (late,) = take(world, noted + nameless(returned(path)))
    with world.database.reading() as session:
        assert session.scalars(select(Event.occurred_at)).one() == WHEN
    assert late.outcome is Outcome.LIFTED
    assert not is_suppressed(world)


def test_a_refusal_settles_what_nobody_knew(world: World) -> None:
    key = sent(world)
    with world.database.writing() as session:
        session.execute(update(Delivery).values(state=DeliveryState.UNKNOWN))
    take(world, returned(path_of(world, key)))
    with world.database.reading() as session:
        assert session.scalars(select(Delivery.state)).one() is DeliveryState.ACCEPTED


def test_a_delay_is_kept_and_silences_nobody(world: World) -> None:  # M56
    key = sent(world)
    (one,) = take(world, returned(path_of(world, key), action="delayed", status="4.4.1", words="451 later"))
    assert one.outcome is Outcome.KEPT
    assert kept(world) == [EventKind.DEFERRED]
    assert not is_suppressed(world)


def test_a_person_who_writes_changes_nothing(world: World) -> None:
    sent(world)
    (one,) = take(world, note())
    assert one.outcome is Outcome.NOTHING
    assert kept(world) == []


def test_what_is_kept_holds_no_address_and_no_control_character(world: World) -> None:
    key = sent(world)
    take(world, returned(path_of(world, key), words="550 5.1.1 \x1b[31mred\x1b[0m <ana@school.example> is gone"))
    with world.database.reading() as session:
        said = session.scalars(select(Event)).one().detail["text"]
    assert ANA not in said
    assert said.isprintable()
    assert "gone" in said


def test_a_date_that_lies_is_no_later_than_now(world: World) -> None:
    key = sent(world)
    now = world.app.clock.now()
    take(world, returned(path_of(world, key), at=now + timedelta(days=400)))
    with world.database.reading() as session:
        assert session.scalars(select(Event)).one().occurred_at <= world.app.clock.now()


def test_a_copy_that_is_no_longer_kept_is_no_trouble(world: World) -> None:
    (one,) = take(world, returned(path_of(world, DeliveryKey(99, 1, 1))))
    assert one.outcome is Outcome.NOT_OURS
    assert kept(world) == []


def test_looking_does_what_taking_says_and_changes_nothing(world: World) -> None:
    key = sent(world)
    raw = returned(path_of(world, key))
    looked = Trial(world.app.returns.desk()).look("mail", raw)
    assert kept(world) == []
    assert take(world, raw) == looked
