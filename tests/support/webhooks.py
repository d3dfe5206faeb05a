"""Webhooks of a test: made as the command makes them, and called until nothing is due."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select

from newsletter.app import App
from newsletter.clock import Clock
from newsletter.webhooks import webhooks
from newsletter.webhooks.calling import Caller
from newsletter.webhooks.tables import Topic, Webhook, WebhookAttempt, WebhookCall
from newsletter.webhooks.webhooks import Wish

from .receivers import HOUSE
from .school import a_school


@contextmanager
def a_telling_school(database_url: str, folder: Path, clock: Clock | None = None, **more: object) -> Iterator[App]:
    """A school that may call the test's own network."""
    with a_school(database_url, f"file:{folder / 'out'}", folder, clock, webhook_networks=HOUSE, **more) as app:
        yield app


def a_webhook(app: App, url: str, *topics: Topic, **more: Any) -> tuple[int, str]:
    """A webhook that asks for these, and its secret."""
    made, secret = webhooks.set_up(
        app.database, app.telling.vault, app.organization.id, Wish(url, topics, **more), app.clock.now()
    )
    return made.id, secret


def a_caller(app: App) -> Caller:
    """The application's, with chances that are always the same."""
    usual = app.telling.caller()
    return Caller(app.database, app.clock, usual.vault, usual.outside, usual.tracking, Random(1))  # noqa: S311 - no secret


def call_all(app: App) -> None:
    """Make every call that is due now."""
    caller = a_caller(app)
    while caller.step():
        pass


def calls(app: App) -> list[WebhookCall]:
    with app.database.reading() as session:
        return list(session.scalars(select(WebhookCall).order_by(WebhookCall.id)))


def attempts(app: App) -> list[WebhookAttempt]:
    with app.database.reading() as session:
        return list(session.scalars(select(WebhookAttempt).order_by(WebhookAttempt.id)))


def webhook(app: App, webhook_id: int) -> Webhook:
    with app.database.reading() as session:
        return session.get_one(Webhook, webhook_id)
