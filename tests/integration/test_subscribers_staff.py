"""What staff do about one reader by command: add, unsubscribe, suppress, lift."""

from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.clock import Clock
from newsletter.commands.output import opened
from newsletter.events.tables import CampaignStat, EventKind
from subscribers import lists, subscribers, subscriptions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Database
from tests.support.commands import CommandLine
from tests.support.web_world import new_world

ANN = "ann@school.example"
ASKED = "They are asked by mail to confirm, once `newsletter run` sends it."
ROSTER = "email,grades\n" + "".join(f"reader{n}@school.example,3\n" for n in range(10)) + f"{ANN},4\n"


@pytest.fixture
def newsletter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    command = CommandLine(tmp_path, monkeypatch, capsys)
    command.do("init")
    command.do("lists", "create", "families", "--name", "Family newsletter", "--single-opt-in")
    return command


def add(newsletter: CommandLine, *more: str) -> str:
    return newsletter.do("subscribers", "add", ANN, "--list", "families", *more).out.splitlines()[0]


def grades(newsletter: CommandLine) -> list[str]:
    return [child["grade"] for child in newsletter.do("subscribers", "show", ANN, "--json").json()["children"]]


def mails(newsletter: CommandLine) -> list[str]:
    return [mail["mail"] for mail in newsletter.do("subscribers", "data", ANN).json()["mails"]]


def confirm() -> None:
    """As the link in the mail does."""
    with opened() as app, app.database.writing() as session:
        reader = subscribers.get(session, app.organization.id, EmailAddress.parse(ANN))
        list_ = lists.get(session, app.organization.id, "families")
        assert subscriptions.confirm(session, reader, list_, app.clock.now(), evidence=Evidence(source="mail"))


def test_a_grade_adds_a_child_and_takes_none_away(newsletter: CommandLine) -> None:
    add(newsletter, "--grade", "K", "--grade", "9")
    newsletter.do("lists", "create", "board", "--name", "Board")
    newsletter.do("subscribers", "add", ANN, "--list", "board", "--grade", "3", "--grade", "9")
    assert sorted(grades(newsletter)) == ["3", "9", "K"]
    add(newsletter, "--grade", "3", "--grade", "3")
    assert sorted(grades(newsletter)) == ["3", "3", "9", "K"]


def test_who_is_off_the_roster_is_asked_when_added_again(newsletter: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "roster.csv"
    for text in (ROSTER, ROSTER.replace(f"{ANN},4\n", "")):
        file.write_text(text)
        command = ("subscribers", "import", str(file), "--list", "families", "--sync", "--status", "confirmed")
        newsletter.do(*command, "--consent", "On paper")
    said = add(newsletter)
    assert said == f"{ANN} is confirmed, no longer on the school's list on families. {ASKED}"
    assert mails(newsletter) == ["confirm"]
    confirm()
    assert add(newsletter) == f"{ANN} is confirmed on families."


def test_who_left_and_was_erased_comes_back_by_a_confirmation(newsletter: CommandLine) -> None:
    add(newsletter)
    newsletter.do("subscribers", "unsubscribe", ANN)
    newsletter.do("subscribers", "erase", ANN, "--yes")
    assert add(newsletter) == f"{ANN} is pending on families. {ASKED}"
    assert mails(newsletter) == ["confirm"]
    confirm()
    assert add(newsletter) == f"{ANN} is confirmed on families."


def test_who_leaves_through_staff_counts_as_who_leaves_by_a_link(sqlite_url: str, newsletter: CommandLine) -> None:
    database = Database(sqlite_url)
    world = new_world(database, Clock())
    campaign_id = world.sent_to(world.reader(ANN))
    newsletter.set("database_url", sqlite_url)
    newsletter.do("subscribers", "unsubscribe", ANN)
    with database.reading() as session:
        rows = session.scalars(select(CampaignStat).where(CampaignStat.kind == EventKind.UNSUBSCRIBE)).all()
    assert [(row.campaign_id, row.count) for row in rows] == [(campaign_id, 1)]
    database.close()


def test_a_suppression_is_lifted_after_a_question(newsletter: CommandLine) -> None:
    add(newsletter)
    newsletter.do("subscribers", "suppress", ANN, "--reason", "moved to Ohio")
    refused = newsletter("subscribers", "add", ANN, "--list", "families")
    assert refused.err.endswith(f"If that was a mistake: newsletter subscribers lift {ANN}\n")
    unasked = newsletter("subscribers", "lift", ANN).err
    assert unasked.startswith("Error: Suppressed since ")
    assert unasked.endswith(
        f"because staff decided so: moved to Ohio. Nobody is here to be asked: add --yes to mail {ANN} again.\n"
    )
    lifted = newsletter.do("subscribers", "lift", ANN, "--yes")
    assert lifted.out.splitlines()[0] == f"{ANN} may be mailed again, on the lists that they have not left."
    assert not newsletter.do("subscribers", "show", ANN, "--json").json()["suppressed"]
    assert newsletter("subscribers", "lift", ANN, "--yes").err == (
        f"Error: {ANN} is not suppressed; there is nothing to lift.\n"
    )
    (kept,) = newsletter.do("subscribers", "data", ANN).json()["suppressions"]
    assert (kept["detail"], kept["lifted_at"] is not None) == ("moved to Ohio", True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("segments", "create", "\udcffx", "band = high"),
        ("subscribers", "suppress", ANN, "--reason", "\udcff no"),
        ("subscribers", "import", "\udcff.csv", "--list", "families"),
    ],
)
def test_bytes_that_are_no_text_are_refused(newsletter: CommandLine, arguments: tuple[str, ...]) -> None:
    said = newsletter(*arguments)
    assert (said.code, said.err) == (
        1,
        "Error: What was typed is not text in UTF-8. Rename the file, or type the words anew.\n",
    )


def test_two_changes_to_a_child_at_once_are_refused(newsletter: CommandLine) -> None:
    add(newsletter, "--grade", "4")
    for flags in (("--repeats", "--moved-away"), ("--add", "--remove"), (), ("--remove", "--school", "Oak")):
        assert newsletter("subscribers", "child", ANN, "--grade", "4", *flags).code == 2
    assert grades(newsletter) == ["4"]


def test_what_carries_confirmations_is_not_cancelled(newsletter: CommandLine) -> None:
    newsletter.do("lists", "edit", "families", "--double-opt-in")
    add(newsletter)
    for step in ("pause", "cancel"):
        said = newsletter("campaigns", step, "1")
        assert (said.code, said.err.startswith("Error: Campaign 1 is a stream of single mails")) == (1, True)


def test_of_an_address_that_is_only_suppressed_that_is_said(newsletter: CommandLine) -> None:
    newsletter.do("subscribers", "suppress", ANN, "--reason", "bounce")
    said = newsletter("subscribers", "show", ANN).err
    assert said.startswith(f"Error: There is no subscriber {ANN}, and nobody is mailed there. Suppressed since ")
    assert said.endswith("because mail to it was refused.\n")


def test_grades_of_a_day_to_come_are_refused(newsletter: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROSTER)
    command = ("subscribers", "import", "a.csv", "--list", "families", "--grades-as-of", "2099-01-01")
    assert "has not come yet" in newsletter(*command).err
