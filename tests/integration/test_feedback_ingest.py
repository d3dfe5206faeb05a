"""`newsletter feedback ingest`: what it takes, from where, and what it says."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from newsletter.commands.output import opened
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState, Delivery, DeliveryState
from newsletter.return_paths import ReturnPath
from newsletter.tokens import DeliveryKey
from subscribers import lists, subscribers
from subscribers.addresses import EmailAddress
from tests.support.commands import CommandLine
from tests.support.returned_mail import note, reported, returned

ANA, GONE = "ana@school.example", "550 5.1.1 no such user"


@pytest.fixture
def newsletter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    command = CommandLine(tmp_path, monkeypatch, capsys)
    command.do("init")
    command.do("lists", "create", "families", "--name", "Family newsletter", "--single-opt-in")
    command.do("subscribers", "add", ANA, "--list", "families")
    return command


@pytest.fixture
def path(newsletter: CommandLine) -> str:
    """The return path of a copy that Ana got."""
    assert newsletter.folder == Path.cwd()
    with opened() as app, app.database.writing() as session:
        now = app.clock.now()
        list_ = lists.get(session, app.organization.id, "families")
        campaign = Campaign(
            organization_id=app.organization.id,
            kind=CampaignKind.BROADCAST,
            state=CampaignState.SENT,
            list_id=list_.id,
            audience=1,
            created_at=now,
            finished_at=now,
        )
        session.add(campaign)
        session.flush()
        reader = subscribers.get(session, app.organization.id, EmailAddress.parse(ANA))
        copy = Delivery(campaign_id=campaign.id, seq=1, subscriber_id=reader.id, to_address=ANA, updated_at=now)
        session.add(copy)
        session.flush()
        session.execute(update(Delivery).values(state=DeliveryState.ACCEPTED, attempt=1))
        key = app.signer.delivery_key(DeliveryKey(campaign.id, 1, 1))
    return ReturnPath("bounce+", "@school.example").of(key)


@pytest.fixture
def folder(newsletter: CommandLine, path: str) -> Path:
    """A refusal for good, a person's note, and a refusal of somebody else's mail."""
    folder = newsletter.folder / "came-back"
    folder.mkdir()
    (folder / "1.eml").write_bytes(returned(path, words=GONE))
    (folder / "2.eml").write_bytes(note())
    (folder / "3.eml").write_bytes(returned(recipient="x@elsewhere.example", name="three"))
    return folder


def maildir(newsletter: CommandLine) -> Path:
    for part in ("new", "cur", "tmp"):
        (newsletter.folder / "box" / part).mkdir(parents=True)
    return newsletter.folder / "box"


def test_a_folder_is_taken_and_summed_up(newsletter: CommandLine, folder: Path) -> None:
    said = newsletter.do("feedback", "ingest", str(folder)).out.splitlines()
    assert said[0] == "3 messages: 1 bounce, 1 other message, 1 of no mail of ours. 1 suppression is new."
    assert said[-1] == "Next: newsletter subscribers suppressions"
    assert any(ANA in line and "suppresses" in line for line in said)
    assert [line.split()[:2] for line in said[2:5]] == [["1.eml", "bounce"], ["2.eml", "none"], ["3.eml", "bounce"]]


def test_a_dry_run_says_the_same_and_changes_nothing(newsletter: CommandLine, folder: Path) -> None:
    dry = newsletter.do("feedback", "ingest", str(folder), "--dry-run", "--json").json()
    assert newsletter.do("subscribers", "suppressions", "--json").json() == []
    wet = newsletter.do("feedback", "ingest", str(folder), "--json").json()
    assert {**dry, "dry_run": False} == wet
    assert [row["reason"] for row in newsletter.do("subscribers", "suppressions", "--json").json()] == ["bounce"]


@pytest.mark.parametrize("how", [(), ("--dry-run",)])
def test_the_same_again_is_said_to_be_known_already(
    newsletter: CommandLine, folder: Path, how: tuple[str, ...]
) -> None:
    newsletter.do("feedback", "ingest", str(folder))
    again = newsletter.do("feedback", "ingest", str(folder), "--json", *how).json()
    assert [row["outcome"] for row in again["rows"]] == ["known already", "changes nothing", "is of no mail of ours"]
    assert (again["rows"][0]["suppressed"], again["suppressing"]) == (True, 0)
    said = newsletter.do("feedback", "ingest", str(folder), *how).out
    assert "No suppression " in said.splitlines()[0]
    assert "suppresses" not in said


def test_an_address_is_counted_once_and_what_comes_twice_is_known(newsletter: CommandLine, path: str) -> None:
    box = newsletter.folder / "came-back"
    box.mkdir()
    for number, name in enumerate(("one", "two", "one")):
        (box / f"{number}.eml").write_bytes(returned(path, words=GONE, name=name))
    said = [newsletter.do("feedback", "ingest", str(box), "--json", *how).json() for how in (("--dry-run",), ())]
    for each in said:
        assert each["suppressing"] == 1
        assert [row["outcome"] for row in each["rows"]] == ["suppresses", "suppresses", "known already"]


def test_a_count_that_is_full_is_a_new_suppression(newsletter: CommandLine, path: str) -> None:
    newsletter.set("soft_bounces", "1")
    newsletter.set("soft_bounce_days", "0")
    file = newsletter.folder / "full.eml"
    file.write_bytes(returned(path, words="452 4.2.2 mailbox full", status="4.2.2"))
    said = newsletter.do("feedback", "ingest", str(file), "--json").json()
    assert ([row["outcome"] for row in said["rows"]], said["suppressing"]) == (["counts"], 1)


def test_whom_a_report_of_another_address_silences_is_shown(newsletter: CommandLine, path: str) -> None:
    file = newsletter.folder / "forwarded.eml"
    file.write_bytes(returned(path, recipient="other@gmail.example", words=GONE))
    (row,) = newsletter.do("feedback", "ingest", str(file), "--json", "--dry-run").json()["rows"]
    assert (row["reader"], row["recipient"]) == (ANA, "other@gmail.example")
    assert f"{ANA} (reported: other@gmail.example)" in newsletter.do("feedback", "ingest", str(file)).out


def test_an_empty_file_is_named_and_nonsense_can_be_traced(newsletter: CommandLine, path: str) -> None:
    box = newsletter.folder / "came-back"
    box.mkdir()
    (box / "empty.eml").touch()
    (box / "zeros.eml").write_bytes(b"\0" * 1000)
    (box / "good.eml").write_bytes(returned(path, words=GONE))
    said = newsletter.do("feedback", "ingest", str(box))
    assert said.err == f"{box / 'empty.eml'} is empty: there is no message in it.\n"
    assert said.out.startswith("2 messages: 1 bounce, 1 other message.")
    assert any(line.split()[:2] == ["zeros.eml", "none"] for line in said.out.splitlines())


def test_a_suppression_explains_itself_and_can_be_lifted(newsletter: CommandLine, folder: Path) -> None:
    newsletter.do("feedback", "ingest", str(folder))
    shown = newsletter.do("subscribers", "show", ANA)
    assert "because mail to it was refused: 550 5.1.1 no such user." in shown.out
    assert " UTC: 550 5.1.1 no such user" in shown.out
    assert f"newsletter subscribers lift {ANA}" in shown.out
    assert ANA in newsletter.do("subscribers", "suppressions", "--reason", "bounce").out
    newsletter.do("subscribers", "lift", ANA, "--yes")
    again = newsletter.do("feedback", "ingest", str(folder)).out
    assert "suppresses" not in again
    assert "came before the lift" in again
    assert newsletter.do("subscribers", "suppressions").out.startswith("0 addresses are never mailed.")
    assert newsletter.do("subscribers", "show", ANA, "--json").json()["suppression"] is None


def test_a_complaint_known_from_a_file_is_the_same_in_an_mbox_after_the_lift(
    newsletter: CommandLine, path: str
) -> None:
    lines = reported(path).replace(b"\r\n", b"\n").splitlines(keepends=True)
    raw = b"".join(line for line in lines if not line.startswith((b"Date:", b"Message-ID: <arf@")))
    (newsletter.folder / "arf.eml").write_bytes(raw)
    assert newsletter.do("feedback", "ingest", "arf.eml", "--json").json()["suppressing"] == 1
    newsletter.do("subscribers", "lift", ANA, "--yes")
    (newsletter.folder / "mbox").write_bytes(b"From MAILER-DAEMON Fri Nov 27 04:00:00 2099\n" + raw + b"\n")
    for how in (("--dry-run",), ()):
        said = newsletter.do("feedback", "ingest", "mbox", "--json", *how).json()
        assert [row["outcome"] for row in said["rows"]] == ["came before the lift"]
    assert newsletter.do("subscribers", "suppressions", "--json").json() == []


@pytest.mark.parametrize("words", [GONE, "452 4.2.2 mailbox full"])
def test_what_came_before_the_lift_is_said_to_silence_nobody(newsletter: CommandLine, path: str, words: str) -> None:
    newsletter.do("subscribers", "suppress", ANA, "--reason", "staff")
    newsletter.do("subscribers", "lift", ANA, "--yes")
    file = newsletter.folder / "late.eml"
    file.write_bytes(returned(path, words=words, status=words[4:9], at=datetime(2026, 1, 2, tzinfo=UTC)))
    for how in (("--dry-run",), (), ()):
        said = newsletter.do("feedback", "ingest", str(file), "--json", *how).json()
        assert ([row["outcome"] for row in said["rows"]], said["suppressing"]) == (["came before the lift"], 0)
        assert newsletter.do("subscribers", "suppressions", "--json").json() == []
    assert "came before the lift" in newsletter.do("feedback", "ingest", str(file)).out


def test_what_comes_back_of_an_erased_reader_is_said_to_silence_nobody(newsletter: CommandLine, folder: Path) -> None:
    newsletter.do("subscribers", "erase", ANA, "--yes")
    said = newsletter.do("feedback", "ingest", str(folder / "1.eml"), "--json").json()
    assert ([row["outcome"] for row in said["rows"]], said["suppressing"]) == (["is kept"], 0)
    assert newsletter.do("subscribers", "suppressions", "--json").json() == []


def test_what_names_only_an_address_is_left_to_a_person(newsletter: CommandLine, path: str) -> None:
    del path
    file = newsletter.folder / "forged.eml"
    file.write_bytes(returned(recipient=ANA, words=GONE))
    said = newsletter.do("feedback", "ingest", str(file)).out
    assert f"newsletter subscribers suppress {ANA} --reason bounce" in said
    assert newsletter.do("subscribers", "suppressions", "--json").json() == []
    newsletter.do("subscribers", "suppress", ANA, "--reason", "bounce")
    assert "subscribers suppress " not in newsletter.do("feedback", "ingest", str(file)).out


def test_a_complaint_of_only_an_address_is_left_to_a_person(newsletter: CommandLine, path: str) -> None:
    del path
    (newsletter.folder / "arf.eml").write_bytes(reported(recipient=ANA))
    said = newsletter.do("feedback", "ingest", "arf.eml").out
    assert f"newsletter subscribers suppress {ANA} --reason complaint" in said


def test_the_commands_for_ten_addresses_are_printed(newsletter: CommandLine, path: str) -> None:
    del path
    names = [f"reader{number}@school.example" for number in range(12)]
    with opened() as app, app.database.writing() as session:
        campaign_id = session.scalars(select(Campaign.id)).one()
        for seq, name in enumerate(names, 2):
            address, now = EmailAddress.parse(name), app.clock.now()
            reader = subscribers.add(session, app.organization, address, now=now)
            copy = Delivery(campaign_id=campaign_id, seq=seq, subscriber_id=reader.id, to_address=name, updated_at=now)
            session.add(copy)
            session.flush()
        session.execute(update(Delivery).values(state=DeliveryState.ACCEPTED, attempt=1))
    box = newsletter.folder / "forged"
    box.mkdir()
    for name in names:
        (box / f"{name}.eml").write_bytes(returned(recipient=name, words=GONE, name=name))
    said = newsletter.do("feedback", "ingest", str(box)).out.splitlines()
    assert [line.split()[-3] for line in said if "subscribers suppress" in line] == sorted(names)[:10]
    assert said[-1] == "... and 2 more."


def test_a_maildir_is_emptied_into_cur_and_nothing_is_lost(newsletter: CommandLine, folder: Path) -> None:
    box = maildir(newsletter)
    for file in folder.iterdir():
        file.rename(box / "new" / file.stem)
    assert newsletter.do("feedback", "ingest", "--maildir", str(box), "--dry-run", "--json").json()["messages"] == 3
    assert len(list((box / "new").iterdir())) == 3
    assert newsletter.do("feedback", "ingest", "--maildir", str(box), "--json").json()["messages"] == 3
    assert sorted(file.name for file in (box / "cur").iterdir()) == ["1:2,S", "2:2,", "3:2,"]
    newsletter.set("feedback", f"maildir:{box}")
    assert newsletter.do("feedback", "ingest").out.startswith("0 messages: nothing to take.")


def test_an_escape_of_a_terminal_is_shown_as_nothing(newsletter: CommandLine, path: str) -> None:
    file = newsletter.folder / "hostile.eml"
    file.write_bytes(returned(path, words="550 5.1.1 \x1b]0;pwned\x07\x1b[31m [bold]no such user[/bold]"))
    printed = newsletter.do("feedback", "ingest", str(file)).out + newsletter.do("subscribers", "show", ANA).out
    assert "\x1b" not in printed
    assert "\x07" not in printed
    assert "[bold]" in printed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Say where the mail is"),
        (("x.eml", "--maildir", "y"), "Give one place"),
        (("nowhere.eml",), "cannot be read"),
        (("--maildir", "nowhere"), "is no Maildir"),
        (("--imap", "https://school.example"), "Write imaps://"),
        (("--imap", "imaps://ana:hunter2@school.example"), "No password belongs into the address"),
        (("--imap", "imaps://ana@school.example?colour=red"), "colour= says nothing here"),
        (("--imap", "imaps://ana@127.0.0.1:9"), "cannot be read"),
        (("x.eml", "--watch"), "Only a mailbox can be watched"),
        (("--maildir", "y", "--watch", "--json"), "leave out --dry-run and --json"),
    ],
)
def test_a_mistake_is_one_sentence(newsletter: CommandLine, arguments: tuple[str, ...], sentence: str) -> None:
    said = newsletter("feedback", "ingest", *arguments)
    assert said.code == 1
    assert sentence in said.err
    assert "hunter2" not in said.err


def test_what_came_back_of_who_is_mailed_still_is_shown_with_the_count(newsletter: CommandLine, path: str) -> None:
    file = newsletter.folder / "1.eml"
    file.write_bytes(returned(path, words="452 4.2.2 mailbox full", status="4.2.2"))
    newsletter.do("feedback", "ingest", str(file))
    shown = newsletter.do("subscribers", "show", ANA)
    assert " UTC, came back for now: 452 4.2.2 mailbox full" in shown.out
    assert "Refused for now and counted: 1 of 3 in a row." in shown.out
    facts = newsletter.do("subscribers", "show", ANA, "--json").json()
    assert facts["in_a_row"] == {"copies": 1, "of": 3, "days": 14}
    assert [(copy["what"], copy["permanent"]) for copy in facts["came_back"]] == [("bounce", False)]


def test_a_lift_is_shown_with_its_day_and_what_went_before(newsletter: CommandLine, folder: Path) -> None:
    newsletter.do("feedback", "ingest", str(folder))
    newsletter.do("subscribers", "lift", ANA, "--yes")
    shown = newsletter.do("subscribers", "show", ANA).out
    assert " UTC, came back for good: 550 5.1.1 no such user" in shown
    assert "A suppression was lifted on " in shown
    assert "in a row" not in shown


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("bounce", "if the mailbox works again"),
        ("complaint", "if they ask for mail again"),
        ("request", "if they ask for mail again"),
        ("moved to Ohio", "if that was a mistake"),
    ],
)
def test_when_to_lift_goes_by_why_it_was_suppressed(newsletter: CommandLine, reason: str, words: str) -> None:
    newsletter.do("subscribers", "suppress", ANA, "--reason", reason)
    last = newsletter.do("subscribers", "show", ANA).out.splitlines()[-1]
    assert last == f"Next, {words}: newsletter subscribers lift {ANA}"
