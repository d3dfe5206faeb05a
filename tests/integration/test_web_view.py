from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import select

from newsletter.campaigns import streams
from newsletter.campaigns.preparing import prepare
from newsletter.campaigns.streams import TEST
from newsletter.clock import Clock
from newsletter.issues import issues
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState, Delivery
from newsletter.rendering.variants import Variant
from newsletter.tokens import FIRST_LINK, OPEN_LINK, VIEW_LINK
from subscribers import households
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.households import ChildTold
from subscribers.tables import Subscriber, Told
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

DOCUMENT = """\
---
month: 2026-12
subject: {en: Five small bridges, es: Cinco puentes pequeños}
preheader: {en: Soon, es: Pronto}
theme: monthly
---

:::: section story {#hello}
::: lang en
## Hello {{ reader.first_name | default("friend") }}

Read [the guide](https://guide.example/a?b=c).
:::
::: lang es
## Hola {{ reader.first_name | default("familia") }}

Lea [la guía](https://guide.example/a?b=c).
:::
::::

:::: section story {#young bands="elementary"}
::: lang en
## For the youngest
:::
::: lang es
## Para los más pequeños
:::
::::
"""
NINTH_GRADER, SECOND_GRADER = ChildTold(graduation_year=2030), ChildTold(graduation_year=2037)


@pytest.fixture
def world(sqlite_url: str, clock: Clock) -> Iterator[World]:
    database = Database(sqlite_url)
    yield new_world(database, clock, postal_address="12 Main Street", from_="Five Bridges <letters@school.example>")
    database.close()


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def with_child(world: World, reader: Subscriber, *children: ChildTold) -> Subscriber:
    with world.database.writing() as session:
        known = session.get_one(Subscriber, reader.id)
        households.set_children(session, known, children, Told.FAMILY, world.app.clock.now())
    return reader


def sent_issue(world: World) -> int:
    """The id of a campaign whose audience is fixed."""
    now = world.app.clock.now()
    with world.database.writing() as session:
        issue = issues.import_document(session, world.app.organization.id, DOCUMENT, "editor", now)
        campaign = Campaign(
            organization_id=world.app.organization.id,
            kind=CampaignKind.BROADCAST,
            state=CampaignState.PREPARING,
            issue_id=issue.id,
            revision_id=issues.latest(session, issue).id,
            list_id=world.list_ids["monthly"],
            created_at=now,
        )
        session.add(campaign)
        session.flush()
        campaign_id = campaign.id
    prepare(world.database, world.app.clock, campaign_id, world.app.today(), world.app.rule_context)
    return campaign_id


def view_path(world: World, campaign_id: int, reader: Subscriber) -> str:
    with world.database.reading() as session:
        of_reader = select(Delivery.seq).where(Delivery.subscriber_id == reader.id)
        seq = session.scalars(of_reader.where(Delivery.campaign_id == campaign_id)).one()
    return f"/view/{world.mail_token(campaign_id, seq, VIEW_LINK)}"


def test_each_reader_sees_the_copy_that_they_got(world: World, client: httpx.Client) -> None:
    young = with_child(world, world.reader("a@school.example", name="Maria <b> Diaz"), SECOND_GRADER)
    older = with_child(world, world.reader("b@school.example", language="es"), NINTH_GRADER)
    campaign_id = sent_issue(world)
    english = client.get(view_path(world, campaign_id, young))
    spanish = client.get(view_path(world, campaign_id, older))
    assert (english.status_code, spanish.status_code) == (200, 200)
    assert "Hello Maria" in english.text
    assert "For the youngest" in english.text
    assert "<b>" not in english.text  # F24
    assert "Hola familia" in spanish.text
    assert "pequeños</h" not in spanish.text
    assert 'lang="es"' in spanish.text
    assert spanish.text.count('role="main"') == 1


def test_the_web_copys_links_are_the_readers_own(world: World, client: httpx.Client) -> None:
    reader = world.reader("a@school.example")
    campaign_id = sent_issue(world)
    page = client.get(view_path(world, campaign_id, reader)).text
    path = f"/c/{world.mail_token(campaign_id, 1, FIRST_LINK)}"
    assert path in page
    assert client.get(path).headers["location"] == "https://guide.example/a?b=c"
    assert f"/o/{world.mail_token(campaign_id, 1, OPEN_LINK)}.gif" in page


def test_nothing_in_a_web_copy_can_run(world: World, client: httpx.Client) -> None:  # F25
    reader = world.reader("a@school.example")
    headers = client.get(view_path(world, sent_issue(world), reader)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert headers["x-robots-tag"] == "noindex"
    assert headers["cache-control"] == "no-store"


def test_a_later_edit_does_not_change_what_was_sent(world: World, client: httpx.Client) -> None:  # F19
    reader = world.reader("a@school.example")
    campaign_id = sent_issue(world)
    with world.database.writing() as session:
        campaign = session.get_one(Campaign, campaign_id)
        issue = issues.get(session, campaign.issue_id or 0)
        issues.save(session, issue, DOCUMENT.replace("Hello", "Goodbye"), "editor", world.app.clock.now())
    assert "Hello friend" in client.get(view_path(world, campaign_id, reader)).text


def test_the_copy_of_somebody_erased_names_nobody(world: World, client: httpx.Client) -> None:
    reader = world.reader("a@school.example", name="Maria")
    campaign_id = sent_issue(world)
    path = view_path(world, campaign_id, reader)
    with world.database.writing() as session:
        session.delete(session.get_one(Subscriber, reader.id))
    page = client.get(path)
    assert page.status_code == 200
    assert "Hello friend" in page.text


def test_a_test_mail_has_a_web_copy_too(world: World, client: httpx.Client) -> None:
    world.reader("a@school.example")
    with world.database.reading() as session:
        revision_id = session.get_one(Campaign, sent_issue(world)).revision_id or 0
    shown = streams.TestIssue(world.list_ids["monthly"], revision_id, Variant("en", 3))
    with world.database.writing() as session:
        editor = EmailAddress.parse("editor@school.example")
        seq = streams.send_test(session, world.app.clock, world.app.organization, editor, shown, "Ed")
        campaign_id = session.scalars(select(Campaign.id).where(Campaign.stream == TEST)).one()
    assert seq is not None
    page = client.get(f"/view/{world.mail_token(campaign_id, seq, VIEW_LINK)}")
    assert page.status_code == 200
    assert "For the youngest" in page.text


def test_what_is_no_web_copy_is_not_shown(world: World, client: httpx.Client) -> None:  # F29
    reader = world.reader("a@school.example")
    campaign_id = sent_issue(world)
    unbound = world.sent_to(reader)
    for token in (
        world.mail_token(campaign_id, 1, OPEN_LINK),
        world.mail_token(campaign_id, 99, VIEW_LINK),
        world.mail_token(99, 1, VIEW_LINK),
        world.mail_token(unbound, 1, VIEW_LINK),
        "x",
    ):
        assert client.get(f"/view/{token}").status_code == 404
