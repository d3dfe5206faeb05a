"""A whole installation inside the test's process: families, an issue, and a real mail server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select

from newsletter import app as wiring
from newsletter.app import App
from newsletter.campaigns import lifecycle, preparing
from newsletter.clock import Clock
from newsletter.engine.embedded import Ending, send_campaign
from newsletter.issues import issues
from newsletter.ledger.tables import Chunk
from newsletter.sending.sender import Sender, Step
from newsletter.settings import Settings
from subscribers import consent, households, lists, organizations, subscribers, subscriptions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.tables import Purpose, Role, SubscriptionState, Told

ISSUE = """\
---
month: 2026-12
subject: {en: 'Small bridges, {{ reader.first_name | default("friend") }}', es: Puentes pequeños}
preheader: {en: One thing a week, es: Una cosa por semana}
---
:::: section story {#everyone must=know}
::: lang en
## For everyone
Read [the guide](https://guide.example/start?a=b&c=1#top).
:::
::: lang es
## Para todos
Lea [la guía](https://guide.example/es).
:::
::::
:::: section tip {#little bands=elementary}
::: lang en
## Ten minutes an evening
:::
::: lang es
## Diez minutos
:::
::::
:::: section tip {#tall bands=high}
::: lang en
## Plan the year
:::
::: lang es
## El plan del año
:::
::::
"""
FAMILIES = {
    "both@families.example": ("Ana Ruiz", "en", "2;9", True),
    "ninth@families.example": ("Ben Ode", "en", "9", False),
    "spanish@families.example": ("Carla Paz", "es-MX", "K", True),
}
EVIDENCE = Evidence(source="staff", wording="Told us on paper.")


@contextmanager
def a_school(
    database_url: str, transport: str, folder: Path, clock: Clock | None = None, **more: object
) -> Iterator[App]:
    """An opened installation with one list of three families and one issue."""
    settings = Settings(
        database_url=database_url,
        secret_key=SecretStr("k" * 40),
        transport=transport,
        state_folder=folder,
        from_="Maple Families <news@maple.example>",
        postal_address="Maple School, 1 Main Street",
        connections=2,
        **more,  # type: ignore[arg-type]  # the settings check them
    )
    database = Database(database_url)
    with database.writing() as session:
        organizations.create(session, "Maple Families", (clock or Clock()).now())
    database.close()
    app = wiring.build(settings, clock)
    with app.database.writing() as session:
        list_ = lists.create(session, app.organization.id, "families", "Family newsletter", now=app.clock.now())
        assert list_.id == 1
        issues.import_document(session, app.organization.id, ISSUE, "editor", app.clock.now())
    for address, (name, language, grades, tracking) in FAMILIES.items():
        add_family(app, address, name=name, language=language, grades=grades, tracking=tracking)
    yield app
    app.close()


def add_family(
    app: App, address: str, *, name: str = "", language: str = "en", grades: str = "", tracking: bool = False
) -> int:
    """A confirmed family on the list; its id."""
    settings, now = app.settings, app.clock.now()
    with app.database.writing() as session:
        list_ = lists.get(session, app.organization.id, "families")
        reader = subscribers.add(
            session,
            app.organization,
            EmailAddress.parse(address),
            name=name,
            language=language,
            roles=(Role.FAMILY,),
            now=now,
        )
        told = households.parse_children(grades, app.today(), settings.roll_over, settings.grade_bands)
        households.set_children(session, reader, told, Told.FAMILY, now)
        subscriptions.subscribe(session, reader, list_, SubscriptionState.CONFIRMED, now, evidence=EVIDENCE)
        consent.record(session, reader, Purpose.TRACKING, tracking, evidence=EVIDENCE, now=now)
        return reader.id


def send(app: App, campaign_id: int, stop: threading.Event | None = None) -> Ending:
    """Run two senders until the campaign ends, as `newsletter send` does."""
    return send_campaign(app.scheduler(), app.sending(), campaign_id, stop=stop or threading.Event())


def step_until_nothing(sender: Sender) -> None:
    """Let one sender work until nothing is ready."""
    while sender.step() is Step.WORKED:
        pass


def a_scheduled_campaign(app: App, rule: str = "") -> int:
    """A campaign of the issue to the list, due now."""
    with app.database.writing() as session:
        list_ = lists.get(session, app.organization.id, "families")
        campaign = lifecycle.create(session, app.clock, 1, lifecycle.Aim(list_, rule))
        lifecycle.schedule(session, campaign.id, app.clock.now(), "UTC", app.gate(), needs_approval=False)
        return campaign.id


def add_families(app: App, count: int, domain: str = "families.example", **more: Any) -> None:
    """So many confirmed families: `more0@...` and so on."""
    for n in range(count):
        add_family(app, f"more{n}@{domain}", **more)


def a_scheduled_trial(app: App, percent: int, *texts: str) -> int:
    """A campaign that tests another subject on so much of the list, due now; it is decided after four hours."""
    with app.database.writing() as session:
        aim = lifecycle.Aim(lists.get(session, app.organization.id, "families"))
        trial = lifecycle.trial_of(session, 1, texts or ("Seven long bridges",), percent, timedelta(hours=4))
        campaign = lifecycle.create(session, app.clock, 1, aim, trial)
        lifecycle.schedule(session, campaign.id, app.clock.now(), "UTC", app.gate(), needs_approval=False)
        return campaign.id


def snapshot(app: App, campaign_id: int, limits: preparing.Limits | None = None) -> None:
    """Fix the audience of a campaign that is due."""
    app.scheduler().fire()
    preparing.prepare(app.database, app.clock, campaign_id, app.today(), app.rule_context, limits or preparing.Limits())


def chunks(app: App, campaign_id: int) -> list[Chunk]:
    """The chunks of a campaign, in order."""
    with app.database.reading() as session:
        return list(session.scalars(select(Chunk).where(Chunk.campaign_id == campaign_id).order_by(Chunk.no)))
