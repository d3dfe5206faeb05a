"""What is held about a reader, and their erasure: only behind a link that was mailed to them within a day."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from newsletter.campaigns.personal_letters import PERSONAL
from newsletter.clock import Clock
from newsletter.ledger.tables import Campaign, Delivery
from newsletter.sending.sender import Sender
from newsletter.tokens import ReaderPurpose, Signer
from subscribers import households, suppressions
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.households import ChildTold
from subscribers.tables import (
    ConsentRecord,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
    Told,
)
from tests.support.mails import Mail
from tests.support.school import step_until_nothing
from tests.support.smtp_server import SmtpServer
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

ADDRESS, OTHER = "maria@school.example", "other@school.example"
SENT = "We have sent you a mail. Its link works for a day."
NOT_VALID = "This link does not work"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def world(database: Database, clock: Clock, server: SmtpServer, tmp_path: Path) -> World:
    return new_world(
        database,
        clock,
        ("monthly", "workshops"),
        transport=server.url,
        state_folder=tmp_path,
        from_="Five Bridges <letters@bridges.example>",
        reply_to="Office <office@bridges.example>",
        postal_address="12 Main Street",
    )


@pytest.fixture
def reader(world: World) -> Subscriber:
    reader = world.reader(ADDRESS, name="Maria Salgado")
    world.sent_to(reader, world.reader(OTHER))
    return reader


@pytest.fixture
def path(world: World, reader: Subscriber) -> str:
    """The preferences, to which every mail leads."""
    return f"/preferences/{world.reader_token(ReaderPurpose.PREFERENCES, reader)}"


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


@pytest.fixture
def personal(world: World, client: httpx.Client, server: SmtpServer, path: str) -> str:
    """Where the link of a mail leads that was asked for just now."""
    ask(client, path)
    return link_in(world, mailed(world, server)[-1])


def ask(client: httpx.Client, path: str) -> httpx.Response:
    return client.post(path, data={"action": "mail-link"})


def mailed(world: World, server: SmtpServer) -> list[Mail]:
    """Every mail that has come to the reader, once all have left."""
    sender = Sender(world.app.sending())
    step_until_nothing(sender)
    sender.close()
    record = zip(server.record.recipients, server.record.bodies, strict=True)
    return [Mail(body) for recipient, body in record if recipient == ADDRESS]


def link_in(world: World, mail: Mail) -> str:
    url = next(word for word in mail.text.split() if "/personal/" in word)
    assert f'href="{url}"' in mail.html
    return url.removeprefix(world.app.settings.base_url)


def readers(world: World) -> list[str]:
    with world.database.reading() as session:
        return list(session.scalars(select(Subscriber.address).order_by(Subscriber.id)))


def letters(world: World) -> int:
    with world.database.reading() as session:
        of_stream = select(func.count()).select_from(Delivery).join(Campaign).where(Campaign.stream == PERSONAL)
        return session.scalars(of_stream).one()


def suppress(world: World, reason: SuppressionReason, list_id: int | None = None) -> None:
    organization, address, now = world.app.organization, EmailAddress.parse(ADDRESS), world.app.clock.now()
    with world.database.writing() as session:
        suppressions.suppress(session, organization, address, reason, now=now, list_id=list_id)


def test_the_mailed_link_leads_to_all_that_is_held_and_to_nothing_of_others(
    client: httpx.Client, personal: str
) -> None:
    page = client.get(personal)
    assert page.status_code == 200
    assert page.headers["x-robots-tag"] == "noindex"
    assert f'href="{personal}/data"' in page.text
    assert ADDRESS not in page.text  # whoever looks over a shoulder learns no address
    answer = client.get(f"{personal}/data")
    assert answer.headers["content-disposition"] == 'attachment; filename="newsletter-data.json"'
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["cache-control"] == "no-store"
    held = answer.json()
    assert (held["address"], held["name"], len(held["deliveries"])) == (ADDRESS, "Maria Salgado", 1)
    assert [mail["mail"] for mail in held["mails"]] == [PERSONAL]
    assert OTHER not in answer.text


def test_what_another_guardian_told_of_the_same_home_is_not_in_the_file(
    world: World, client: httpx.Client, reader: Subscriber, personal: str
) -> None:
    now = world.app.clock.now()
    with world.database.writing() as session:
        ours = session.get_one(Subscriber, reader.id)
        guardian = session.scalars(select(Subscriber).where(Subscriber.address == OTHER)).one()
        guardian.household_id = households.home_of(session, ours, now)
        for who, year in ((ours, 2031), (guardian, 2034)):
            households.set_children(session, who, (ChildTold(year, None, None),), Told.FAMILY, now)
    answer = client.get(f"{personal}/data")
    assert [child["graduation_year"] for child in answer.json()["children"]] == [2031]
    assert OTHER not in answer.text


@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [
        ("en", "Your link to what we know about you", ("works for one day", "If you did not ask, do nothing.")),
        ("es", "Su enlace a lo que sabemos de usted", ("durante un día", "Si no lo pidió usted, no haga nada.")),
    ],
)
def test_the_mail_says_who_asked_how_long_and_what_to_do_if_it_was_another(
    world: World, client: httpx.Client, server: SmtpServer, path: str, language: str, subject: str, words: tuple[str]
) -> None:  # M21 M16
    ask(client, f"{path}?lang={language}")
    (mail,) = mailed(world, server)
    assert str(mail.parsed["Subject"]) == subject
    assert mail.header_lines("Auto-Submitted") == ["Auto-Submitted: auto-generated"]
    assert not mail.header_lines("List-Unsubscribe")
    assert "<img" not in mail.html
    for text in (*words, "Five Bridges", "12 Main Street"):
        assert text in mail.text
        assert text in mail.html
    assert set(re.findall(r'href="([^"]+)"', mail.html)) == {world.app.settings.base_url + link_in(world, mail)}


def test_the_preferences_offer_the_mail_and_lead_to_nothing_that_is_held(
    world: World, client: httpx.Client, path: str
) -> None:
    page = client.get(path).text
    assert 'value="mail-link"' in page
    assert not re.search(r"/personal/|/data|/erase|mailto:", page)
    assert SENT not in page
    assert client.get(f"{path}?action=mail-link").status_code == 200
    assert letters(world) == 0


def test_who_asks_again_in_a_window_is_told_the_same_and_mailed_once(
    world: World, client: httpx.Client, path: str
) -> None:
    answers = [ask(client, path).text for _ in range(3)]
    assert SENT in answers[0]
    assert len(set(answers)) == 1
    assert letters(world) == 1
    world.app.clock.offset += timedelta(minutes=world.app.settings.signup_window_minutes, seconds=1)
    ask(client, path)
    assert letters(world) == 2


def test_of_a_crowd_that_asks_at_once_one_is_mailed(world: World, client: httpx.Client, path: str) -> None:
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: ask(client, path), range(16)))
    assert all(SENT in answer.text for answer in answers)
    assert letters(world) == 1


@pytest.mark.parametrize("reason", [SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT, SuppressionReason.REQUEST])
def test_whom_we_never_mail_is_told_where_to_write(
    world: World, client: httpx.Client, path: str, reason: SuppressionReason
) -> None:
    suppress(world, reason)
    for page in (client.get(path).text, ask(client, path).text):
        assert 'href="mailto:office@bridges.example"' in page
        assert "mail-link" not in page
        assert SENT not in page
    assert letters(world) == 0


def test_where_no_address_for_replies_is_set_the_sender_is_written_to(world: World, path: str) -> None:
    suppress(world, SuppressionReason.BOUNCE)
    settings = world.app.settings.model_copy(update={"reply_to": ""})
    with visiting(replace(world.app, settings=settings)) as client:
        assert 'href="mailto:letters@bridges.example"' in client.get(path).text


def test_whom_one_list_never_mails_is_mailed_the_link(
    world: World, client: httpx.Client, server: SmtpServer, path: str
) -> None:
    suppress(world, SuppressionReason.COMPLAINT, world.list_ids["monthly"])
    assert SENT in ask(client, path).text
    assert len(mailed(world, server)) == 1


def test_the_mail_comes_in_the_name_of_a_list_that_the_reader_gets(
    world: World, client: httpx.Client, server: SmtpServer, reader: Subscriber, path: str
) -> None:
    now = world.app.clock.now()
    with world.database.writing() as session:
        world.list_(session, "workshops").from_address = "Workshops <hands@bridges.example>"
        monthly = session.get_one(Subscription, (reader.id, world.list_ids["monthly"]))
        monthly.state, monthly.unsubscribed_at = SubscriptionState.UNSUBSCRIBED, now
        to = Subscription(subscriber_id=reader.id, list_id=world.list_ids["workshops"], created_at=now)
        to.state, to.confirmed_at = SubscriptionState.CONFIRMED, now
        session.add(to)
    ask(client, path)
    client.post(path, data={"action": "leave-all"})
    assert [str(mail.parsed["From"]) for mail in mailed(world, server)] == ["Workshops <hands@bridges.example>"]


@pytest.mark.parametrize("lang", ["", "?lang=es"])
def test_looking_changes_nothing(client: httpx.Client, personal: str, path: str, world: World, lang: str) -> None:
    # F30
    for looked_at in (path, personal, f"{personal}/data", f"{personal}/erase"):
        for method in ("GET", "HEAD"):
            assert client.request(method, looked_at + lang).status_code == 200
    assert readers(world) == [ADDRESS, OTHER]
    assert letters(world) == 1


def test_the_button_erases_the_reader_and_nobody_else(client: httpx.Client, personal: str, world: World) -> None:
    assert f'action="{personal}/erase?lang=en"' in client.get(personal).text
    answer = client.post(f"{personal}/erase")
    assert "You are erased" in answer.text
    assert readers(world) == [OTHER]
    with world.database.reading() as session:
        assert not suppressions.is_suppressed(session, world.app.organization, EmailAddress.parse(ADDRESS))
        assert len(session.scalars(select(Subscription)).all()) == 1
        assert set(session.scalars(select(ConsentRecord.subscriber_id))) <= {None}


def test_who_asks_for_it_is_never_mailed_again(client: httpx.Client, personal: str, world: World) -> None:
    answer = client.post(f"{personal}/erase?lang=es", data={"never_again": "yes"})
    assert "no guardamos nada sobre usted, salvo una señal" in answer.text
    with world.database.reading() as session:
        assert suppressions.is_suppressed(session, world.app.organization, EmailAddress.parse(ADDRESS))


def test_the_links_of_an_erased_reader_say_that_there_is_nothing_left(
    client: httpx.Client, personal: str, path: str
) -> None:
    client.post(f"{personal}/erase")
    looked_at = (path, personal, f"{personal}/data", f"{personal}/erase?lang=en")
    answers = [*map(client.get, looked_at), client.post(f"{personal}/erase"), ask(client, path)]
    assert all("There is nothing else to do" in answer.text for answer in answers)


@pytest.mark.parametrize("purpose", [purpose for purpose in ReaderPurpose if purpose is not ReaderPurpose.PERSONAL])
def test_a_link_that_stands_in_every_mail_shows_and_erases_nothing(
    world: World, client: httpx.Client, reader: Subscriber, personal: str, purpose: ReaderPurpose
) -> None:  # F29
    hour = world.app.signer.read_reader_token(personal.rpartition("/")[2], ReaderPurpose.PERSONAL).subject_id
    own = world.app.signer.reader_token(purpose, reader.public_id)
    with_hour = world.app.signer.reader_token(purpose, reader.public_id, hour)
    renamed = ReaderPurpose.PERSONAL + with_hour[1:]
    for token in (own, with_hour, renamed):
        refused_by_all(client, f"/personal/{token}")
    refused_by_all(client, f"/preferences/{own}", "/data", "/erase")  # where both were once
    assert readers(world) == [ADDRESS, OTHER]


def test_a_forged_link_shows_and_erases_nothing(
    world: World, client: httpx.Client, reader: Subscriber, personal: str
) -> None:
    claim = world.app.signer.read_reader_token(personal.rpartition("/")[2], ReaderPurpose.PERSONAL)
    of_another_secret = Signer(["another secret that is long enough!"]).reader_token(
        ReaderPurpose.PERSONAL, reader.public_id, claim.subject_id
    )
    head, public_id, _, mac = personal.rpartition("/")[2].split(".")
    later = world.app.signer.reader_token(ReaderPurpose.PERSONAL, reader.public_id, claim.subject_id + 9).split(".")[2]
    for token in (of_another_secret, f"{head}.{public_id}.{later}.{mac}", f"{head}.{public_id}..{mac}"):
        refused_by_all(client, f"/personal/{token}")
    assert readers(world) == [ADDRESS, OTHER]


def refused_by_all(client: httpx.Client, at: str, *below: str) -> None:
    for after in below or ("", "/data", "/erase"):
        answer = client.get(at + after)
        assert (answer.status_code, NOT_VALID in answer.text) == (404, True)
    assert client.post(f"{at}/erase", data={"never_again": "yes"}).status_code == 404


def test_a_link_works_for_a_day_and_then_says_where_to_ask_again(
    world: World, client: httpx.Client, server: SmtpServer, personal: str
) -> None:
    world.app.clock.offset += DAY
    assert client.get(f"{personal}/data").status_code == 200
    world.app.clock.offset += HOUR
    looked_at = (personal, f"{personal}/data", f"{personal}/erase?lang=en")
    for answer in [*map(client.get, looked_at), client.post(f"{personal}/erase", data={"never_again": "yes"})]:
        assert answer.status_code == 410
        assert answer.headers["x-robots-tag"] == "noindex"
        assert "This link has run out" in answer.text
        assert ADDRESS not in answer.text
    assert readers(world) == [ADDRESS, OTHER]
    again = re.search(r'href="(/preferences/[^"]+)"', client.get(f"{personal}?lang=es").text)
    assert again is not None
    assert SENT in ask(client, again[1]).text
    renewed = link_in(world, mailed(world, server)[-1])
    assert renewed != personal
    assert client.get(f"{renewed}/data").json()["address"] == ADDRESS
