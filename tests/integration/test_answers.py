"""A question in a mail, from the tap to the figures."""

import email
import email.policy
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from newsletter.app import App
from newsletter.campaigns import lifecycle
from newsletter.events.counters import Counter, grow
from newsletter.events.tables import Actor, EventKind
from newsletter.issues import issues
from newsletter.ledger.tables import Link
from newsletter.reports.answers import question_figures
from newsletter.tokens import VIEW_LINK, MailClaim
from subscribers import lists
from subscribers.tables import List
from tests.support import school
from tests.support.web_server import visiting
from tests.support.web_world import BROWSER

ISSUE = """\
---
month: 2026-12
subject: {en: One question, es: Una pregunta}
---
:::: section question {#chairs}
::: lang en
## Will you come on Tuesday?
- Yes
- No, sorry
:::
::: lang es
## ¿Vendrá el martes?
- Sí
- No, lo siento
:::
::::
"""


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[App]:
    with school.a_school(database_url, f"file://{tmp_path / 'outbox'}", tmp_path) as opened:
        yield opened


@pytest.fixture
def campaign_id(app: App) -> int:
    """A campaign of the question, sent to three families."""
    with app.database.writing() as session:
        asked = issues.import_document(session, app.organization.id, ISSUE, "editor", app.clock.now())
        list_: List = lists.get(session, app.organization.id, "families")
        campaign = lifecycle.create(session, app.clock, asked.id, lifecycle.Aim(list_, ""))
        lifecycle.schedule(session, campaign.id, app.clock.now(), "UTC", app.gate(), needs_approval=False)
    school.send(app, campaign.id)
    return campaign.id


@pytest.fixture
def client(app: App, campaign_id: int) -> Iterator[httpx.Client]:
    """A reader's browser, an hour after the mail came."""
    del campaign_id  # sent by now
    app.clock.offset += timedelta(hours=1)
    with visiting(app, {"User-Agent": BROWSER}) as opened:
        yield opened


def answers_in(folder: Path, address: str) -> list[str]:
    """The paths behind the answers in a reader's mail, in order."""
    for file in folder.glob("*.eml"):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        if address in str(mail["To"]):
            text = next(part for part in mail.walk() if part.get_content_type() == "text/plain").get_content()
            return re.findall(r"http://127\.0\.0\.1:8000(/c/\S+)", text)
    raise AssertionError(f"no mail to {address}")


def taps(app: App, campaign_id: int) -> list[tuple[str, int, int]]:
    with app.database.reading() as session:
        (question,) = question_figures(session, campaign_id)
    assert question.key == "chairs"
    return [(answer.label, answer.people, answer.machines) for answer in question.answers]


def test_a_tap_counts_the_answer_and_says_so_in_the_readers_language(
    app: App, campaign_id: int, client: httpx.Client, tmp_path: Path
) -> None:
    yes, no = answers_in(tmp_path / "outbox", "spanish@families.example")
    page = client.get(yes, follow_redirects=True)
    assert page.status_code == 200
    assert "Hemos contado su respuesta: «<bdi>Sí</bdi>»." in page.text
    english = answers_in(tmp_path / "outbox", "ninth@families.example")
    assert "“<bdi>No, sorry</bdi>”" in client.get(english[1], follow_redirects=True).text
    assert client.head(no).status_code == 302
    assert taps(app, campaign_id) == [("Yes", 1, 0), ("No, sorry", 1, 1)]


def test_a_tap_of_whom_nobody_can_say_who_it_was_is_shown_as_such(app: App, campaign_id: int) -> None:
    with app.database.writing() as session:
        yes = session.scalars(select(Link).where(Link.campaign_id == campaign_id, Link.label == "Yes")).one()
        grow(session, {Counter.at(campaign_id, EventKind.CLICK, app.clock.now(), Actor.UNKNOWN, yes.no): 2})
        (question,) = question_figures(session, campaign_id)
    assert [(answer.people, answer.unknown) for answer in question.answers] == [(0, 2), (0, 0)]


def test_the_page_of_thanks_counts_nothing_and_is_no_way_elsewhere(
    app: App, campaign_id: int, client: httpx.Client, tmp_path: Path
) -> None:
    yes, _ = answers_in(tmp_path / "outbox", "both@families.example")
    page = client.get(yes).headers["location"]
    assert page == yes.replace("/c/", "/answer/")
    for _ in range(3):
        assert client.get(page).status_code == 200
    assert taps(app, campaign_id)[0] == ("Yes", 1, 0)
    forged = app.signer.mail_token(MailClaim(campaign_id, 1, VIEW_LINK))
    assert client.get(f"/answer/{forged}").status_code == 404
    assert client.get(f"{page}x").status_code == 404


def test_a_campaign_without_questions_has_no_answers(app: App) -> None:
    campaign_id = school.a_scheduled_campaign(app)
    school.send(app, campaign_id)
    with app.database.reading() as session:
        assert question_figures(session, campaign_id) == ()
