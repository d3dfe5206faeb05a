import csv
import io
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsletter.commands.root import root
from newsletter.errors import NewsletterError
from newsletter.events.tables import EventKind
from newsletter.ledger.tables import DeliveryState, Exclusion
from subscribers.db import Database
from tests.support.mixed_returns import mixed
from tests.support.returns import SENT_AT, Returns


@pytest.fixture
def sent(sqlite_url: str) -> int:
    """A campaign of 1,206 readers, some of whom opened and clicked; its id."""
    database = Database(sqlite_url)
    with database.writing() as session:
        returns = Returns(session)
        returns.link(2, "https://school.example/workshop", "Come to the workshop")
        first = returns.copies(600, agreed=True)
        returns.copies(600)
        returns.copies(1, variant="es-1")
        for reason in (Exclusion.SUPPRESSED, Exclusion.UNCONFIRMED):
            returns.copy(DeliveryState.EXCLUDED, reason=reason)
        for seq in range(first, first + 150):
            returns.event(EventKind.OPEN, seq)
        returns.event(EventKind.CLICK, first, link_no=2)
        campaign_id = returns.campaign_id
    database.close()
    return campaign_id


def call(url: str, *arguments: object) -> Result:
    environment = {"NEWSLETTER_DATABASE_URL": url, "NEWSLETTER_SECRET_KEY": "k" * 40, "NEWSLETTER_TIMEZONE": "UTC"}
    return CliRunner().invoke(root, [str(argument) for argument in arguments], env=environment)


@pytest.fixture(autouse=True)
def _in_a_folder_without_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_person_reads_what_happened_first_and_what_to_try_next_last(sqlite_url: str, sent: int) -> None:
    lines = call(sqlite_url, "reports", "campaign", sent).stdout.splitlines()
    assert lines[0] == f"Campaign {sent} is sent: 1,201 of 1,201 copies were accepted."
    assert lines[1] == "Sent from Wednesday 2 December 2026, 12:00 UTC to 12:00 UTC."
    assert lines[-1] == f"Next: newsletter reports campaign {sent} --csv report.csv"


def test_counts_have_separators_and_shares_one_digit(sqlite_url: str, sent: int) -> None:
    words = [line.split() for line in call(sqlite_url, "reports", "campaign", sent).stdout.splitlines()]
    assert ["accepted", "1,201", "99.8", "%"] in words
    assert ["because", "suppressed", "1"] in words
    assert ["opened", "150", "25.0", "%", "0", "0", "150"] in words
    assert ["delivered", "-", "-"] in words
    assert ["en", "hidden", "hidden", "hidden", "hidden", "hidden"] in words


def test_a_campaign_that_has_not_begun_says_so(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.writing() as session:
        campaign = Returns(session).campaign
        campaign.started_at = None
    database.close()
    assert "Sending has not begun." in call(sqlite_url, "reports", "campaign", campaign.id).stdout


def test_a_sending_over_midnight_says_both_days(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.writing() as session:
        returns = Returns(session)
        returns.campaign.finished_at = SENT_AT + timedelta(days=1)
        campaign_id = returns.campaign_id
    database.close()
    output = call(sqlite_url, "reports", "campaign", campaign_id).stdout
    assert "2 December 2026, 12:00 UTC to Thursday 3 December 2026, 12:00 UTC." in output


def test_a_campaign_that_is_still_being_sent_has_no_end(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.writing() as session:
        returns = Returns(session)
        returns.campaign.finished_at = None
        returns.copy(DeliveryState.UNKNOWN)
        campaign_id = returns.campaign_id
    database.close()
    output = call(sqlite_url, "reports", "campaign", campaign_id).stdout
    assert "Being sent since Wednesday 2 December 2026, 12:00 UTC." in output
    assert output.endswith(f"Next: newsletter campaigns deliveries {campaign_id} --state unknown\n")


def test_the_report_is_one_json_value(sqlite_url: str, sent: int) -> None:
    facts = json.loads(call(sqlite_url, "reports", "campaign", sent, "--json").stdout)
    assert facts["totals"]["opened"] == {"human": 150, "machine": 0, "unknown": 0, "total": 150}
    assert facts["rates"]["opened"] == 0.25


def test_the_report_as_csv_goes_to_standard_output_or_into_a_file(sqlite_url: str, sent: int, tmp_path: Path) -> None:
    printed = call(sqlite_url, "reports", "campaign", sent, "--csv").stdout
    said = call(sqlite_url, "reports", "campaign", sent, "--csv", tmp_path / "report.csv").stdout
    assert (tmp_path / "report.csv").read_text(encoding="utf-8") == printed
    assert said == f"The report is in {tmp_path / 'report.csv'}.\n"
    rows = list(csv.reader(io.StringIO(printed)))
    assert rows[0] == ["part", "name", "figure", "value"]
    assert ["totals", "opened", "human", "150"] in rows


def test_a_file_that_cannot_be_written_is_a_sentence(sqlite_url: str, sent: int, tmp_path: Path) -> None:
    result = call(sqlite_url, "reports", "campaign", sent, "--csv", tmp_path / "nowhere" / "report.csv")
    assert isinstance(result.exception, NewsletterError)
    assert "cannot be written: No such file or directory" in str(result.exception)


def test_json_and_csv_together_are_wrong_usage(sqlite_url: str, sent: int) -> None:
    assert call(sqlite_url, "reports", "campaign", sent, "--json", "--csv").exit_code == 2


def test_links_are_shown_to_people_and_programs(sqlite_url: str, sent: int) -> None:
    shown = call(sqlite_url, "reports", "links", sent).stdout
    assert shown.startswith(f"Of the links of campaign {sent}, 1 of 1 were followed.\n")
    assert "Come to the workshop" in shown
    facts = json.loads(call(sqlite_url, "reports", "links", sent, "--json").stdout)
    assert facts == [
        {
            "no": 2,
            "label": "Come to the workshop",
            "target": "https://school.example/workshop",
            "human": 1,
            "machine": 0,
            "unknown": 0,
            "total": 1,
        }
    ]


def test_a_campaign_without_links_says_so(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.writing() as session:
        campaign_id = Returns(session).campaign_id
    database.close()
    assert "has no links" in call(sqlite_url, "reports", "links", campaign_id).stdout


def test_answers_are_shown_by_question_with_their_shares(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.writing() as session:
        returns = Returns(session)
        returns.link(2, "answer:chairs/1", "Yes")
        returns.link(3, "answer:chairs/2", "No")
        returns.requests(EventKind.CLICK, 3, link_no=2)
        returns.requests(EventKind.CLICK, 1, link_no=3)
        campaign_id = returns.campaign_id
    database.close()
    shown = call(sqlite_url, "reports", "answers", campaign_id).stdout
    first = f"The questions of campaign {campaign_id} were answered 4 times; who taps twice counts twice."
    assert shown.splitlines()[0] == first
    assert ["Yes", "3", "75.0", "%", "0", "0"] in [line.split() for line in shown.splitlines()]
    told = json.loads(call(sqlite_url, "reports", "answers", campaign_id, "--json").stdout)
    assert told == [
        {
            "key": "chairs",
            "answers": [
                {"label": "Yes", "people": 3, "machines": 0, "unknown": 0},
                {"label": "No", "people": 1, "machines": 0, "unknown": 0},
            ],
        }
    ]


def test_a_campaign_that_asks_nothing_says_so(sqlite_url: str, sent: int) -> None:
    assert f"Campaign {sent} asks no question." in call(sqlite_url, "reports", "answers", sent).stdout


def test_a_report_shows_what_is_usual_hours_and_why_copies_came_back(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.writing() as session:
        returns = mixed(session)
        for days in (1, 2):
            earlier = Returns(session, returns, SENT_AT - timedelta(days=days))
            earlier.event(EventKind.OPEN, earlier.copies(4, agreed=True))
        campaign_id = returns.campaign_id
    database.close()
    shown = call(sqlite_url, "reports", "campaign", campaign_id).stdout
    lines = [line.split() for line in shown.splitlines()]
    assert "More readers opened it than in any of the last 2 issues: " in shown
    assert ["Beside", "the", "last", "2", "This", "one", "Middle", "Lowest", "Highest"] in lines
    assert ["Why", "copies", "came", "back", "For", "good", "For", "now"] in lines
    assert re.search(r"Most opened (and most clicked )?in the hour from \d+:00", " ".join(shown.split()))
    printed = call(sqlite_url, "reports", "campaign", campaign_id, "--csv").stdout
    parts = {row[0] for row in csv.reader(io.StringIO(printed))}
    of_readers = {"language", "band", "role", "domain"}
    assert parts == {"part", "totals", "rates", "link", "hour", "returned", "usual"} | of_readers


def test_a_test_of_two_subjects_is_told_with_its_uncertainty(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.writing() as session:
        returns = Returns(session)
        returns.copies(2, agreed=True)
        returns.campaign.subject_b = json.dumps({"en": "Other"})
        arm = {"accepted": 80, "of": 80, "clicked": 48}
        other = {"accepted": 80, "of": 70, "clicked": 56}
        returns.campaign.decision = {"counts": "readers", "arms": {"A": arm, "B": other}, "decided_by": "clicks"}
        returns.campaign.winner = "B"
        campaign_id = returns.campaign_id
    database.close()
    shown = call(sqlite_url, "reports", "campaign", campaign_id).stdout
    assert "B is ahead by 20.0 points (between 5.2 and 33.4): more than chance." in shown
    of_winner = ["B", "won", "70", "56", "80.0", "%", "69.2", "%", "and", "87.7", "%"]
    assert of_winner in [line.split() for line in shown.splitlines()]
    printed = call(sqlite_url, "reports", "campaign", campaign_id, "--csv").stdout
    assert ["test", "B", "clicked", "56"] in list(csv.reader(io.StringIO(printed)))


def test_a_count_that_is_kept_is_made_by_command_and_its_time_is_said(sqlite_url: str, sent: int) -> None:
    for large_ones in ((), (sent,)):
        said = call(sqlite_url, "reports", "rollup", *large_ones).stdout
        assert said == f"Counted 1 campaign.\nNext: newsletter reports campaign {sent}\n"
    assert "The copies were counted at " in call(sqlite_url, "reports", "campaign", sent).stdout
    assert json.loads(call(sqlite_url, "reports", "rollup", sent, "--json").stdout) == [{"id": sent}]


def test_where_every_campaign_is_small_no_count_is_kept(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.writing() as session:
        Returns(session).copies(3)
    database.close()
    assert call(sqlite_url, "reports", "rollup").stdout.startswith("No campaign is so large")


def test_counting_a_campaign_that_is_not_there_is_a_sentence(sqlite_url: str, sent: int) -> None:
    result = call(sqlite_url, "reports", "rollup", sent + 1)
    assert isinstance(result.exception, NewsletterError)


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("option", ["--html", "--csv"])
def test_a_report_replaces_an_older_report_and_no_other_file(sqlite_url: str, option: str) -> None:
    Path("report").write_text("somebody's work", encoding="utf-8")
    refused = call(sqlite_url, "reports", "growth", option, "report")
    assert refused.exit_code == 1
    assert isinstance(refused.exception, NewsletterError)
    assert "is there already" in str(refused.exception)
    assert Path("report").read_text(encoding="utf-8") == "somebody's work"
    for _ in range(2):
        assert call(sqlite_url, "reports", "growth", option, "new").exit_code == 0
