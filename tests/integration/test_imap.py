"""Mail in a real IMAP server's folder: each message taken once, marked after it was taken, none lost."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from newsletter.clock import Clock
from newsletter.events.tables import Event
from newsletter.ledger.tables import Delivery
from newsletter.mail_places import ImapFolder, parse_imap
from newsletter.mailboxes import imap
from newsletter.mailboxes.imap import LoginRefused, MailboxAway
from newsletter.mailboxes.tables import MailboxMark
from newsletter.mailboxes.taking import Outcome, Taken, Trial
from newsletter.mailboxes.watching import Watch
from newsletter.return_paths import ReturnPath
from newsletter.tokens import DeliveryKey
from subscribers.db import Database
from tests.support import dovecot
from tests.support.dovecot import PASSWORD, Dovecot
from tests.support.returned_mail import note, returned
from tests.support.waiting import await_truth
from tests.support.web_world import World, new_world

pytestmark = pytest.mark.skipif(bool(dovecot.what_is_missing()), reason=dovecot.what_is_missing())


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot.a_dovecot() as server:
        yield server


@pytest.fixture
def world(sqlite_url: str, clock: Clock) -> Iterator[World]:
    database = Database(sqlite_url)
    yield new_world(database, clock)
    database.close()


def place(server: Dovecot) -> ImapFolder:
    return parse_imap(server.url)


def refusal(world: World, n: int) -> bytes:
    """Of a copy to a reader of its own."""
    campaign_id = world.sent_to(world.reader(f"reader{n}@school.example"))
    with world.database.writing() as session:
        session.execute(update(Delivery).values(attempt=1))
    key = world.app.signer.delivery_key(DeliveryKey(campaign_id, 1, 1))
    return returned(ReturnPath("bounce+", "@school.example").of(key), name=f"m{n}")


def take(world: World, server: Dovecot) -> list[Taken]:
    return [one for taken in imap.take_all(world.app.returns.desk(), place(server), PASSWORD) for one in taken]


def told(world: World) -> int:
    with world.database.reading() as session:
        return len(session.scalars(select(Event)).all())


def test_each_message_is_taken_once_and_marked_as_seen_afterwards(world: World, server: Dovecot) -> None:
    server.put("a", refusal(world, 1))
    server.put("b", note())
    assert {one.outcome for one in take(world, server)} == {Outcome.SILENCED, Outcome.NOTHING}
    assert (server.flags("a"), server.flags("b")) == ("S", "")  # a person's letter waits for a person
    assert take(world, server) == []
    server.put("c", refusal(world, 2))
    assert [one.outcome for one in take(world, server)] == [Outcome.SILENCED]
    assert told(world) == 2


def test_killed_between_two_messages_it_goes_on_with_the_second(world: World, server: Dovecot) -> None:
    for n in range(3):
        server.put(f"m{n}", refusal(world, n))
    next(imap.take_all(world.app.returns.desk(), place(server), PASSWORD))
    assert told(world) == 1
    assert len(take(world, server)) == 2
    assert told(world) == 3


def test_a_mailbox_that_is_numbered_anew_is_read_from_its_beginning_and_counts_once(
    world: World, server: Dovecot
) -> None:
    server.put("a", refusal(world, 1))
    take(world, server)
    with world.database.writing() as session:
        session.execute(update(MailboxMark).values(uid_validity=1, last_uid=10_000))
    assert len(take(world, server)) == 1
    assert told(world) == 1


def test_a_huge_message_is_read_only_up_to_a_limit(world: World, server: Dovecot) -> None:
    server.put("a", refusal(world, 1) + b"x" * 100 * 1000 + b"\r\n" * 2_000_000)
    assert [one.outcome for one in take(world, server)] == [Outcome.SILENCED]


def test_looking_leaves_everything_as_it_is(world: World, server: Dovecot) -> None:
    server.put("a", refusal(world, 1))
    looked = [one for taken in imap.look(Trial(world.app.returns.desk()), place(server), PASSWORD) for one in taken]
    assert [one.outcome for one in looked] == [Outcome.SILENCED]
    assert told(world) == 0
    assert server.flags("a") == ""
    assert take(world, server) == looked


def test_whether_it_can_be_used_is_found_out_without_touching_a_message(world: World, server: Dovecot) -> None:
    server.put("a", refusal(world, 1))
    imap.ensure_usable(place(server), PASSWORD)
    assert server.flags("a") == ""
    assert [one.outcome for one in take(world, server)] == [Outcome.SILENCED]
    with pytest.raises(LoginRefused, match="NEWSLETTER_FEEDBACK_PASSWORD"):
        imap.ensure_usable(place(server), "wrong")


def test_a_wrong_password_is_said_and_never_shown(world: World, server: Dovecot) -> None:
    with pytest.raises(LoginRefused, match="NEWSLETTER_FEEDBACK_PASSWORD") as refused:
        list(imap.take_all(world.app.returns.desk(), place(server), "wrong word"))
    assert "wrong word" not in str(refused.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(world: World, server: Dovecot) -> None:
    with pytest.raises(MailboxAway, match="certificate"):
        list(imap.take_all(world.app.returns.desk(), parse_imap(server.url.partition("?")[0]), PASSWORD))


def test_a_folder_that_is_not_there_is_said(world: World, server: Dovecot) -> None:
    with pytest.raises(MailboxAway, match="no folder Gone"):
        list(imap.take_all(world.app.returns.desk(), parse_imap(server.url.replace("INBOX", "Gone")), PASSWORD))


def test_a_connection_that_begins_bare_is_encrypted_before_the_password_goes(world: World, server: Dovecot) -> None:
    server.put("a", refusal(world, 1))
    url = f"imap://{dovecot.USER}@127.0.0.1:{server.port}/INBOX?ca={server.trusted}"
    assert len(list(imap.take_all(world.app.returns.desk(), parse_imap(url), PASSWORD))) == 1


def test_a_watch_goes_on_when_the_server_comes_back(world: World, server: Dovecot) -> None:
    stop = threading.Event()
    taken: list[list[Taken]] = []
    watch = Watch(world.app.returns.desk(), place(server), PASSWORD, every=timedelta(seconds=0.1))
    server.put("a", refusal(world, 1))
    server.put("b", refusal(world, 2))
    late = refusal(world, 3)
    thread = threading.Thread(target=watch.keep, args=(stop, taken.append))
    thread.start()
    try:
        await_truth(lambda: len(taken) == 2, server.log)
        server.stop()
        server.put("c", late)
        server.start()
        await_truth(lambda: len(taken) == 3, server.log)
    finally:
        stop.set()
        thread.join()
    assert told(world) == 3
