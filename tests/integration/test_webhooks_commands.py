"""`newsletter webhooks`, as staff type it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from newsletter.app import App
from newsletter.webhooks.tables import ASKABLE, CallState
from tests.support.commands import CommandLine
from tests.support.postfix import free_port
from tests.support.receivers import HOUSE, Receiver, a_receiver
from tests.support.school import add_family
from tests.support.webhooks import a_telling_school, call_all, calls, webhook

MADE = ("webhooks", "create")
CONFIRMED = ("--on", "subscriber.confirmed")


@pytest.fixture
def app(sqlite_url: str, tmp_path: Path) -> Iterator[App]:
    with a_telling_school(sqlite_url, tmp_path) as app:
        yield app


@pytest.fixture
def newsletter(
    app: App, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    line = CommandLine(tmp_path, monkeypatch, capsys).of_school(sqlite_url, app.settings.transport)
    line.set("webhook_networks", HOUSE)
    return line


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as receiver:
        yield receiver


def test_a_webhook_is_made_tested_and_shown(app: App, newsletter: CommandLine, receiver: Receiver) -> None:
    made = newsletter.do(*MADE, receiver.url, *CONFIRMED, "--list", "families", "--with-addresses", "--json").json()
    assert (made["id"], made["events"], made["list"]) == (1, ["subscriber.confirmed"], "families")
    tested = newsletter.do("webhooks", "test", "1")
    assert tested.out.startswith("Webhook 1 answered 200 in ")
    assert receiver.heard[0].verify(made["secret"])["type"] == "ping"
    add_family(app, "new@families.example")
    call_all(app)
    assert receiver.heard[1].verify(made["secret"])["data"]["subscriber"]["address"] == "new@families.example"
    shown = newsletter.do("webhooks", "show", "1")
    assert "1 done, 0 waiting, 0 dead" in shown.out
    assert "of people: addresses" in shown.out
    facts = newsletter.do("webhooks", "show", "1", "--json")
    assert made["secret"] not in facts.out + shown.out
    assert [call["event"] for call in facts.json()["calls"]] == ["subscriber.confirmed", "ping"]
    assert facts.json()["calls"][0]["webhook_id"] == receiver.heard[1].name
    assert newsletter.do("webhooks", "list").out.startswith("1 webhook\n")
    assert newsletter.do("webhooks", "list", "--json").json()[0]["done"] == 1


def test_a_secret_is_shown_once_when_it_is_made_and_when_it_is_rotated(
    newsletter: CommandLine, receiver: Receiver
) -> None:
    made = newsletter.do(*MADE, receiver.url, "--on", "all")
    assert f"{len(ASKABLE)} events" in made.out
    assert "whsec_" in made.out
    rotated = newsletter.do("webhooks", "rotate", "1")
    assert "for a day" in newsletter.do("webhooks", "rotate", "--help").out
    assert rotated.out.count("whsec_") == 1
    secret = newsletter.do("webhooks", "rotate", "1", "--json").json()["secret"]
    newsletter.do("webhooks", "test", "1")
    receiver.heard[0].verify(secret)
    assert "whsec_" not in newsletter.do("webhooks", "show", "1").out


def test_a_test_that_fails_ends_with_one_and_says_nothing_of_the_webhook(
    app: App, newsletter: CommandLine, receiver: Receiver
) -> None:
    newsletter.do(*MADE, receiver.url, *CONFIRMED)
    receiver.status, receiver.answer = 500, b"<b>broken</b>"
    failed = newsletter("webhooks", "test", "1")
    assert (failed.code, "answered 500" in failed.out, "<b>broken</b>" in failed.out) == (1, True, True)
    assert webhook(app, 1).failures == 0
    assert newsletter.do("webhooks", "list", "--json").json()[0]["dead"] == 0
    receiver.status = "drop"
    failed = newsletter("webhooks", "test", "1", "--json")
    assert (failed.code, failed.json()["ok"], failed.json()["status"]) == (1, False, None)
    assert "did not answer" in newsletter("webhooks", "test", "1").out


def test_while_a_webhook_is_paused_its_calls_wait(app: App, newsletter: CommandLine, receiver: Receiver) -> None:
    newsletter.do(*MADE, receiver.url, *CONFIRMED)
    assert "paused" in newsletter.do("webhooks", "pause", "1").out
    add_family(app, "new@families.example")
    call_all(app)
    assert receiver.heard == []
    assert "A person paused it." in newsletter.do("webhooks", "show", "1").out
    assert "1 call waited" in newsletter.do("webhooks", "resume", "1").out
    call_all(app)
    assert len(receiver.heard) == 1
    assert newsletter.do("webhooks", "remove", "1").out.startswith("Webhook 1 is removed")
    assert calls(app) == []
    assert newsletter.do("webhooks", "list").out.startswith("0 webhooks\n")


def test_dead_calls_are_shown_and_replayed(app: App, newsletter: CommandLine, receiver: Receiver) -> None:
    newsletter.do(*MADE, receiver.url, *CONFIRMED)
    receiver.status = 410
    add_family(app, "new@families.example")
    call_all(app)
    dead = newsletter.do("webhooks", "calls", "1", "--state", "dead")
    assert dead.out.endswith("Next: newsletter webhooks resume 1, then newsletter webhooks replay 1 --dead\n")
    assert "It has failed 1 time since" in newsletter.do("webhooks", "show", "1").out
    [call] = newsletter.do("webhooks", "calls", "1", "--json").json()
    assert (call["state"], call["tries"][0]["status"]) == ("dead", 410)
    assert "webhooks resume 1" in newsletter.do("webhooks", "replay", "1", "--dead").out
    newsletter.do("webhooks", "resume", "1")
    receiver.status = 200
    call_all(app)
    for choice in (("--call", "1"), ("--since", "2026-01-01 00:00")):
        assert newsletter.do("webhooks", "replay", "1", *choice).out.startswith("1 call of webhook 1 will be")
        call_all(app)
    assert newsletter.do("webhooks", "replay", "1", "--dead", "--json").json()["calls"] == 0
    assert len(set(receiver.names())) == 1
    assert len(receiver.heard) == 4
    assert [call.state for call in calls(app)] == [CallState.DONE]


def test_why_a_webhook_fails_stands_above_its_calls_and_those_that_were_tried_come_first(
    app: App, newsletter: CommandLine, receiver: Receiver
) -> None:
    newsletter.do(*MADE, receiver.url, *CONFIRMED)
    assert "Last answer: none is known" in newsletter.do("webhooks", "show", "1").out
    for number in range(15):
        add_family(app, f"new{number}@families.example")
    receiver.statuses, receiver.answer = [500, 503], b"out of order"
    call_all(app)
    newsletter.do("webhooks", "resume", "1")
    call_all(app)
    above, below = newsletter.do("webhooks", "show", "1").out.split("\ncall ")
    assert re.search(r"failed 1 time since 20\d\d-\d\d-\d\d \d\d:\d\d America/Chicago\.", above)
    assert re.search(r"Last answer \(20\d\d-\d\d-\d\d \d\d:\d\d America/Chicago\): 503: out of order$", above)
    rows = below.splitlines()[1:]
    assert ["out of order" in row for row in rows] == [True] * 2 + [False] * 8
    facts = newsletter.do("webhooks", "show", "1", "--json").json()
    assert facts["last_answer"]["status"] == 503
    assert [call["id"] for call in facts["calls"]] == [2, 1, *range(15, 7, -1)]
    assert [len(call["tries"]) for call in facts["calls"]] == [1, 1, *[0] * 8]


def test_a_call_is_replayed_since_the_time_that_is_shown_of_it(
    app: App, newsletter: CommandLine, receiver: Receiver
) -> None:
    newsletter.do(*MADE, receiver.url, *CONFIRMED)
    add_family(app, "new@families.example")
    call_all(app)
    shown = newsletter.do("webhooks", "calls", "1").out
    assert "happened (America/Chicago)" in shown
    [happened] = re.findall(r"20\d\d-\d\d-\d\d \d\d:\d\d", shown)
    assert newsletter.do("webhooks", "replay", "1", "--since", happened, "--json").json()["calls"] == 1
    ahead = newsletter("webhooks", "replay", "1", "--since", "2999-01-01 00:00")
    assert (ahead.code, ahead.out, ahead.err.count("\n")) == (1, "", 1)
    assert "2999-01-01 00:00 lies ahead: in America/Chicago it is 20" in ahead.err


def test_the_log_has_the_status_of_a_call_that_failed(app: App, newsletter: CommandLine, receiver: Receiver) -> None:
    newsletter.do(*MADE, receiver.url, *CONFIRMED)
    add_family(app, "new@families.example")
    receiver.status, receiver.answer = 500, b""
    with capture_logs() as logs:
        call_all(app)
    assert [(line["status"], line["why"]) for line in logs] == [(500, "")]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((*MADE, "http://127.0.0.1:9/", "--on", "subscriber.born"), "'subscriber.born' is no event"),
        ((*MADE, "https://10.0.0.1/", *CONFIRMED), "NEWSLETTER_WEBHOOK_NETWORKS"),
        ((*MADE, "http://127.0.0.1:9/", *CONFIRMED, "--list", "nobody"), "nobody"),
        (("webhooks", "show", "7"), "There is no such webhook"),
        (("webhooks", "calls", "7"), "There is no such webhook"),
        (("webhooks", "test", "7"), "There is no such webhook"),
        (("webhooks", "pause", "7"), "There is no such webhook"),
        (("webhooks", "remove", "7"), "There is no such webhook"),
        (("webhooks", "replay", "7", "--dead"), "There is no such webhook"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(newsletter: CommandLine, arguments: tuple[str, ...], why: str) -> None:
    said = newsletter(*arguments)
    assert (said.code, said.out) == (1, "")
    assert why in said.err
    assert said.err.count("\n") == 1
    assert newsletter.do("webhooks", "list", "--json").json() == []


def test_an_address_without_https_is_refused_before_its_name_is_looked_up(newsletter: CommandLine) -> None:
    newsletter.set("webhook_networks", "")
    nobody = "n" * 64 + ".example"  # longer than any name, so no server is asked for it
    said = newsletter(*MADE, f"http://{nobody}/x", *CONFIRMED)
    assert (said.code, "begins with https://" in said.err, "No machine" in said.err) == (1, True, False)
    said = newsletter(*MADE, f"https://{nobody}/x", *CONFIRMED)
    assert (said.code, said.err) == (1, f"Error: No machine has the name {nobody}.\n")


def test_a_replay_names_what_it_means(newsletter: CommandLine, receiver: Receiver) -> None:
    newsletter.do(*MADE, receiver.url, *CONFIRMED)
    assert "There are no calls" in newsletter.do("webhooks", "calls", "1").out
    assert newsletter("webhooks", "replay", "1").code == 2
    assert newsletter("webhooks", "replay", "1", "--dead", "--call", "1").code == 2
    assert "no such call" in newsletter("webhooks", "replay", "1", "--call", "9").err


def test_people_of_an_import_are_told_too(
    newsletter: CommandLine, app: App, receiver: Receiver, tmp_path: Path
) -> None:
    newsletter.do(*MADE, receiver.url, "--on", "all")
    (tmp_path / "more.csv").write_text("email\n" + "".join(f"new{n}@families.example\n" for n in range(40)))
    newsletter.do("subscribers", "import", "more.csv", "--list", "families", "--status", "confirmed")
    call_all(app)
    assert sorted(receiver.types()) == ["subscriber.confirmed"] * 40 + ["subscriber.subscribed"] * 40
    assert len({heard.data["subscriber"]["id"] for heard in receiver.heard}) == 40


def doctor(newsletter: CommandLine) -> str:
    """What the doctor says of webhooks."""
    told = newsletter("doctor", "--json").json()
    return "\n".join(f"{one['level']}: {one['sentence']} {one['remedy']}" for one in told if "webhook" in one["about"])


def test_the_doctor_tells_a_webhook_that_fails_from_one_that_was_never_called(
    app: App, newsletter: CommandLine, receiver: Receiver
) -> None:
    newsletter.do(*MADE, receiver.url, *CONFIRMED)
    newsletter.do("webhooks", "test", "1")
    add_family(app, "new@families.example")
    add_family(app, "more@families.example")
    found = doctor(newsletter)
    assert found.startswith("warning: It was not called yet. Calls that wait: 2. Calls are made by: newsletter run")
    receiver.statuses, receiver.answer = [500], b"out of order"
    call_all(app)
    found = doctor(newsletter)
    assert re.match(
        r"warning: It has failed once since 20\d\d-\d\d-\d\d \d\d:\d\d C[SD]T\. Calls that wait: 2\. Last ", found
    )
    assert "): 500: out of order See its calls: newsletter webhooks show 1" in found
    newsletter.do("webhooks", "resume", "1")
    assert "warning: It was not called again since it failed. Calls that wait: 2. Last answer (" in doctor(newsletter)
    call_all(app)
    assert doctor(newsletter).startswith("ok: Its receiver takes what it is told. Calls that wait: 1.")


def test_the_doctor_warns_of_a_receiver_that_nothing_answers_for(app: App, newsletter: CommandLine) -> None:
    newsletter.do(*MADE, f"http://127.0.0.1:{free_port()}/", *CONFIRMED)
    add_family(app, "new@families.example")
    call_all(app)
    found = doctor(newsletter)
    assert found.startswith("warning: It has failed once since ")
    assert "none: It cannot be reached" in found


def test_the_doctor_says_what_ails_a_webhook(app: App, newsletter: CommandLine, receiver: Receiver) -> None:
    newsletter.do(*MADE, receiver.url, *CONFIRMED)

    def found() -> str:
        return doctor(newsletter)

    assert found().startswith("ok: It was not called yet.")
    with app.database.writing() as session:
        session.connection().exec_driver_sql("DROP TRIGGER webhook_subscriber_confirmed_0")
        session.connection().exec_driver_sql(
            "UPDATE webhook SET failures = 3, failing_since = '2026-01-01 00:00:00.000000'"
        )
    assert "error: The database does not gather all" in found()
    assert (
        "failed 3 times since 2025-12-31 18:00 CST. Calls that wait: 0. What it answered is not kept any more."
        in found()
    )
    newsletter.do("db", "upgrade")
    newsletter.do("webhooks", "resume", "1")
    receiver.status = 410
    add_family(app, "new@families.example")
    call_all(app)
    assert "It is off. The receiver answered 410: it is gone." in found()
    newsletter.do("webhooks", "resume", "1")
    assert "replay 1 --dead" in found()
    newsletter.set("secret_key", "another-secret-key-that-is-long-enough-for-us")
    assert "error: A webhook's secret was sealed by another" in found()
