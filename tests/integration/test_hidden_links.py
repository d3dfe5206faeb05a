"""The link that nobody sees: in the mail's page alone, and out of every reader's way."""

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import select

from newsletter.app import App
from newsletter.clock import Clock
from newsletter.ledger.tables import Link
from newsletter.rendering import hidden_links
from newsletter.tokens import VIEW_LINK, MailClaim
from tests.support import school
from tests.support.web_server import visiting

_HIDDEN = 'a[aria-hidden="true"]'


@pytest.fixture
def app(database_url: str, tmp_path: Path, clock: Clock, request: pytest.FixtureRequest) -> Iterator[App]:
    settings = getattr(request, "param", {})
    with school.a_school(database_url, f"file:{tmp_path / 'outbox'}", tmp_path, clock, **settings) as opened:
        yield opened


@pytest.fixture
def campaign_id(app: App) -> int:
    campaign_id = school.a_scheduled_campaign(app)
    school.send(app, campaign_id)
    return campaign_id


def mails(folder: Path) -> list[EmailMessage]:
    found = [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in (folder / "outbox").glob("*.eml")
    ]
    assert found
    return found


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def path_of(mail: EmailMessage) -> str:
    (link,) = LexborHTMLParser(part(mail, "html")).css(_HIDDEN)
    return (link.attributes["href"] or "").removeprefix("http://127.0.0.1:8000")


def test_each_mail_has_one_that_no_eye_ear_or_key_comes_to(campaign_id: int, tmp_path: Path) -> None:
    assert campaign_id
    for mail in mails(tmp_path):
        (link,) = LexborHTMLParser(part(mail, "html")).css(_HIDDEN)
        assert link.attributes["tabindex"] == "-1"
        assert "display:none" in (link.attributes["style"] or "").replace(" ", "")
        assert link.text() == ""


def test_it_is_not_in_the_text_nor_in_the_web_copy(app: App, campaign_id: int, tmp_path: Path) -> None:
    for mail in mails(tmp_path):
        assert path_of(mail) not in part(mail, "plain")
    view = app.signer.mail_token(MailClaim(campaign_id, 1, VIEW_LINK))
    with visiting(app) as client:
        page = client.get(f"/view/{view}")
        archived = client.get("/archive")
    assert page.status_code == archived.status_code == 200
    assert _links(page.text) > 0
    for shown in (page.text, archived.text):
        assert not LexborHTMLParser(shown).css(_HIDDEN)


def test_it_is_a_link_of_the_campaign_and_leads_to_a_page_of_ours(app: App, campaign_id: int, tmp_path: Path) -> None:
    with app.database.reading() as session:
        targets = session.scalars(select(Link.target).where(Link.campaign_id == campaign_id).order_by(Link.no)).all()
    assert targets[-1] == hidden_links.TARGET
    with visiting(app) as client:
        for mail in mails(tmp_path):
            answer = client.get(path_of(mail))
            assert (answer.status_code, answer.headers["location"]) == (302, "/subscribe")


@pytest.mark.parametrize("app", [{"hidden_link": "off"}, {"tracking": "off"}], indirect=True)
def test_where_it_is_turned_off_no_mail_has_it(campaign_id: int, tmp_path: Path) -> None:
    assert campaign_id
    for mail in mails(tmp_path):
        assert not LexborHTMLParser(part(mail, "html")).css(_HIDDEN)


def _links(html: str) -> int:
    return len(LexborHTMLParser(html).css('a[href*="/c/"]'))
