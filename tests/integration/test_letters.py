"""The letters of the streams, as they leave by SMTP."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from newsletter.app import App
from newsletter.campaigns import streams
from newsletter.sending.sender import Sender, Step
from newsletter.tokens import ReaderPurpose
from subscribers import lists, subscribers
from subscribers.addresses import EmailAddress
from subscribers.tables import List, Subscriber
from tests.support.mails import Mail
from tests.support.school import a_school
from tests.support.smtp_server import SmtpServer

WINDOW = timedelta(hours=1)
WORDS = {
    "en": ("Welcome to Family newsletter and Workshops", "Workshops: When and where", "at most one mail a month"),
    "es": ("Le damos la bienvenida a Noticias y Talleres", "Talleres: Cuándo y dónde", "un correo al mes como máximo"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def app(server: SmtpServer, sqlite_url: str, tmp_path: Path) -> Iterator[App]:
    with a_school(sqlite_url, server.url, tmp_path) as app:
        with app.database.writing() as session:
            first = lists.get(session, app.organization.id, "families")
            first.names = {"es": "Noticias"}
            other = lists.create(
                session,
                app.organization.id,
                "workshops",
                "Workshops",
                description="When and where <b>",
                now=app.clock.now(),
            )
            other.names, other.descriptions = {"es": "Talleres"}, {"es": "Cuándo y dónde"}
        yield app


def joined(app: App, address: str) -> tuple[Subscriber, list[List]]:
    with app.database.writing() as session:
        reader = subscribers.add(session, app.organization, EmailAddress.parse(address), now=app.clock.now())
        return reader, list(lists.all_of(session, app.organization.id))


def sent(app: App, server: SmtpServer, address: str) -> Mail:
    sender = Sender(app.sending())
    assert sender.step() is Step.WORKED
    sender.close()
    at = server.record.recipients.index(address)
    return Mail(server.record.bodies[at])


def subject(message: EmailMessage) -> str:
    return str(message["Subject"])


@pytest.mark.parametrize("language", WORDS)
def test_a_welcome_says_what_comes_how_often_and_how_to_change_or_leave(
    app: App, server: SmtpServer, language: str
) -> None:  # M21 M16
    reader, both = joined(app, f"{language}@families.example")
    with app.database.writing() as session:
        assert streams.welcome(session, app.clock, reader, both, language=language)
        assert not streams.welcome(session, app.clock, reader, reversed(both), language="en")
    mail = sent(app, server, reader.address)
    line, described, how_often = WORDS[language]
    assert subject(mail.parsed) == line
    assert mail.parsed["Auto-Submitted"] == "auto-generated"
    assert str(mail.parsed["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"
    assert "<img" not in mail.html
    assert "where <b>" not in mail.html
    links = set(re.findall(r'href="([^"]+)"', mail.html))
    assert links <= set(mail.text.split())
    for page, purpose in (("preferences", ReaderPurpose.PREFERENCES), ("unsubscribe", ReaderPurpose.UNSUBSCRIBE)):
        token = next(link for link in links if f"/{page}/" in link).rpartition("/")[2]
        assert app.signer.read_reader_token(token, purpose).public_id == reader.public_id
    for words in (described, how_often, "Maple School, 1 Main Street"):
        assert words in mail.text


@pytest.mark.parametrize(
    ("language", "names"), [("en", "Family newsletter and Workshops"), ("es", "Noticias y Talleres")]
)
def test_a_confirmation_names_every_list_in_the_readers_language(
    app: App, server: SmtpServer, language: str, names: str
) -> None:
    reader, both = joined(app, f"{language}-new@families.example")
    with app.database.writing() as session:
        assert streams.ask_confirmation(session, app.clock, reader, *both, language=language, window=WINDOW)
    mail = sent(app, server, reader.address)
    assert names in subject(mail.parsed)
    assert names in mail.text
    assert names in mail.html
