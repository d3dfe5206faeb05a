from pathlib import Path

import pytest

from tests.support.commands import CommandLine
from tests.support.school import ISSUE


@pytest.fixture
def newsletter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sqlite_url: str
) -> CommandLine:
    """An installation with one list and two families."""
    command_line = CommandLine(tmp_path, monkeypatch, capsys)
    command_line.set("database_url", sqlite_url)
    command_line.do("init")
    command_line.do("lists", "create", "families", "--name", "Families", "--single-opt-in")
    (tmp_path / "people.csv").write_text("email,language,grades,tags\nann@x.example,es,2,[fair]\nben@x.example,en,9,\n")
    command_line.do("subscribers", "import", "people.csv", "--list", "families", "--status", "confirmed")
    return command_line


def test_a_segment_is_saved_shown_and_counted_as_json(newsletter: CommandLine) -> None:
    facts = {"name": "Spanish", "rule": "language = es", "count": 1}
    assert newsletter.do("segments", "create", "Spanish", "LANGUAGE=es", "--json").json() == facts
    shown = newsletter.do("segments", "show", "Spanish", "--json").json()
    assert shown.pop("since")
    assert shown.pop("sql").startswith("SELECT subscriber.id\nFROM subscriber\nWHERE ")
    tree = {"field": "language", "operator": "=", "values": ["es"]}
    assert shown == {**facts, "resolved": "language = es", "tree": tree}
    listed = newsletter.do("segments", "list", "--json").json()
    assert listed == [{"name": "Spanish", "rule": "language = es"}]
    counted = newsletter.do("segments", "count", "Spanish", "--list", "families", "--json").json()
    assert counted == {"rule": "language = es", "list": "families", "count": 1}


def test_counting_on_a_list_leaves_out_who_is_not_mailed(newsletter: CommandLine) -> None:
    newsletter.do("subscribers", "suppress", "ann@x.example", "--reason", "request")
    assert newsletter.do("segments", "count", "--rule", "", "--json").json()["count"] == 2
    on_list = newsletter.do("segments", "count", "--rule", "", "--list", "families")
    assert on_list.out == "Readers of families who would be mailed now: 1\n"


def test_an_empty_list_of_segments_says_what_to_do(newsletter: CommandLine) -> None:
    assert "newsletter segments create" in newsletter.do("segments", "list").out


def test_brackets_in_a_rule_are_printed_as_they_are(newsletter: CommandLine) -> None:
    made = newsletter.do("segments", "create", "[b]Fair[/b]", "tag = [fair]")
    assert "Segment [b]Fair[/b] is saved. Subscribers it chooses today: 1" in made.out
    assert "[b]Fair[/b]: tag = [fair]" in newsletter.do("segments", "show", "[b]Fair[/b]").out
    assert "tag = [fair]" in newsletter.do("segments", "list").out


def test_a_segment_of_everyone_says_so(newsletter: CommandLine) -> None:
    newsletter.do("segments", "create", "All", "")
    assert "All: everyone" in newsletter.do("segments", "show", "All").out
    assert "everyone" in newsletter.do("segments", "list").out


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("band = hihg", "At character 8: 'hihg' is not a band; did you mean high?"),
        ("list != familys", "There is no list 'familys'. Lists: families."),
        ("band = high or", "The rule ends too early"),
    ],
)
def test_a_wrong_rule_is_one_sentence(newsletter: CommandLine, rule: str, sentence: str) -> None:
    for arguments in (("segments", "count", "--rule", rule), ("segments", "create", "x", rule)):
        refused = newsletter(*arguments)
        assert refused.code == 1
        assert sentence in refused.err
        assert refused.out == ""
    assert newsletter.do("segments", "list", "--json").json() == []


def test_a_name_and_a_rule_at_once_are_wrong_usage(newsletter: CommandLine) -> None:
    assert newsletter("segments", "count", "x", "--rule", "band = high").code == 2
    assert newsletter("segments", "count").code == 2


def test_a_rule_is_shown_with_its_select_and_the_segments_it_names(newsletter: CommandLine) -> None:
    newsletter.do("segments", "create", "Ben", "grade = 9")
    shown = newsletter.do("segments", "show", "--rule", 'segment = Ben or tag contains "f]\'"').out
    assert shown.startswith(
        "segment = Ben or tag contains f]'\n"
        "Subscribers it chooses today: 1\n"
        "With the segments that it names: grade = 9 or tag contains f]'\n\n"
        "SELECT subscriber.id\nFROM subscriber\nWHERE subscriber.organization_id = 1\n  AND ((EXISTS (SELECT *\n"
    )
    assert "GLOB '*[fF]]''*'" in shown
    assert newsletter("segments", "show").code == 2


def test_a_campaign_keeps_the_rule_and_not_the_segment(newsletter: CommandLine) -> None:
    (Path.cwd() / "issue.md").write_text(ISSUE, encoding="utf-8")
    newsletter.do("issues", "import", "issue.md")
    newsletter.do("segments", "create", "Spanish", "language = es")
    make = ("campaigns", "create", "--issue", "1", "--list", "families")
    assert newsletter.do(*make, "--rule", "segment = Spanish and not tag = x", "--json").json()["audience"] == 1
    assert newsletter.do("campaigns", "list", "--json").json()[0]["segment"] == "language = es and not tag = x"
    assert newsletter.do(*make, "--rule", "not opened within 90 days", "--json").json()["audience"] == 0
    copied = newsletter.do("campaigns", "copy", "2", "--json").json()
    assert copied["audience"] == 0, "every place that reads a rule knows what was opened"
    refused = newsletter(*make, "--rule", "clicked = 77")
    assert (refused.code, refused.err) == (
        1,
        "Error: At character 11: There is no campaign 77. `newsletter campaigns list` shows those there are.\n",
    )


def test_a_segment_is_edited_renamed_and_deleted(newsletter: CommandLine) -> None:
    newsletter.do("segments", "create", "Spanish", "language = es")
    edited = newsletter.do("segments", "edit", "Spanish", "language = en", "--json").json()
    assert edited == {"name": "Spanish", "rule": "language = en", "count": 1}
    assert "Segment [b]English is saved" in newsletter.do("segments", "rename", "Spanish", "[b]English").out
    assert "no segment 'Spanish'" in newsletter("segments", "delete", "Spanish").err
    assert newsletter.do("segments", "delete", "[b]English").out == "Segment [b]English is deleted.\n"
    assert newsletter.do("segments", "list", "--json").json() == []
