"""The page for a receiver's engineer shows what is really sent."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from newsletter.app import App
from newsletter.events import persons
from newsletter.events.tables import EventKind
from newsletter.ledger import states
from newsletter.ledger.tables import CampaignState
from newsletter.webhooks.outcomes import DELAYS
from newsletter.webhooks.tables import ASKABLE
from subscribers import subscriptions
from tests.integration.test_webhooks_gathering import a_notice, a_sent_campaign, follow, reader
from tests.support.receivers import a_receiver
from tests.support.school import EVIDENCE, add_family
from tests.support.webhooks import a_telling_school, a_webhook, call_all

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^### `([\w.]+)`\n.*?^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))


def happen(app: App) -> None:
    """Everything that can be told, to one reader."""
    add_family(app, "new@families.example")
    campaign_id = a_sent_campaign(app)
    follow(app, campaign_id)
    a_notice(app, EventKind.BOUNCE, campaign_id, is_permanent=True, status="5.1.1")
    a_notice(app, EventKind.COMPLAINT, campaign_id)
    with app.database.writing() as session:
        subscriptions.unsubscribe(session, reader(session, app), None, app.clock.now(), evidence=EVIDENCE)
        states.move(session, campaign_id, CampaignState.SENDING)
        states.move(session, campaign_id, CampaignState.STOPPED, stop_reason="The mail server refused our login.")
    call_all(app)
    with app.database.writing() as session:
        persons.erase(session, app.organization, reader(session, app), now=app.clock.now(), never_again=False)
    call_all(app)


def form(value: Any) -> Any:
    """What JSON is like: its names, and the kinds of what is behind them."""
    return {name: form(one) for name, one in value.items()} if isinstance(value, dict) else type(value)


def test_every_event_is_documented_with_a_body_as_it_is_sent(sqlite_url: str, tmp_path: Path) -> None:
    assert list(EXAMPLES) == [topic.value for topic in ASKABLE]
    with a_telling_school(sqlite_url, tmp_path) as app, a_receiver() as receiver:
        a_webhook(app, receiver.url, *ASKABLE)
        happen(app)
    sent = {heard.type: heard.json for heard in receiver.heard}
    for name, example in EXAMPLES.items():
        assert form(json.loads(example)) == form(sent[name]), name
        assert json.loads(example)["type"] == name


def test_the_tries_are_documented_as_they_are_made() -> None:
    rows = re.findall(r"^\| (\d+) \| (\d+) (second|minute|hour)s? \|$", PAGE, re.MULTILINE)
    units = {"second": 1, "minute": 60, "hour": 3600}
    assert [int(number) for number, *_ in rows] == list(range(2, len(DELAYS) + 2))
    assert [int(count) * units[unit] for _, count, unit in rows] == [delay.total_seconds() for delay in DELAYS]


def test_the_receiver_of_the_page_takes_what_is_sent_and_refuses_what_is_forged(
    sqlite_url: str, tmp_path: Path
) -> None:
    [code] = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    with a_telling_school(sqlite_url, tmp_path) as app, a_receiver() as receiver:
        _, secret = a_webhook(app, receiver.url, *ASKABLE)
        add_family(app, "new@families.example")
        call_all(app)
    taken: list[tuple[str, Any]] = []
    names: dict[str, Any] = {
        "is_new": lambda name: name.startswith("msg_"),
        "put_into_your_queue": lambda *told: taken.append(told),
    }
    exec(code.replace("whsec_...", secret), names)  # noqa: S102 - the page's own example
    heard = receiver.heard[0]
    assert names["take"](heard.headers, heard.body) == 204
    assert taken == [(heard.type, heard.data)]
    assert names["take"](heard.headers, heard.body + b" ") == 400


@pytest.mark.parametrize("word", ["whsec_", "webhook-id", "webhook-timestamp", "webhook-signature", "Retry-After"])
def test_the_page_names_what_a_receiver_must_know(word: str) -> None:
    assert word in PAGE
