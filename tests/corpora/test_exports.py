"""Export files of other services, as they come."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from subscribers.db import Database
from subscribers.importing.columns import Columns
from subscribers.importing.files import opened
from tests.support.imports import Community, a_community, counts

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "exports"
LOREM = ["Lorem Editors"]

pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason=f"the corpus is not here: {CORPUS}")


@pytest.fixture
def community(database_url: str, tmp_path: Path) -> Iterator[Community]:
    database = Database(database_url)
    yield a_community(database, tmp_path)
    database.close()


def read(name: str) -> tuple[str, dict[str, dict[str, str]]]:
    """What a file is taken for, and its people by address."""
    with opened(CORPUS / name) as records:
        columns = Columns.read(records, {})
        people = [columns.fields(record.cells) for record in records]
    return columns.format.name, {person["email"]: person for person in people}


def test_mailchimps_subscribed_people_stay_so() -> None:
    kind, people = read("mailchimp-subscribed.csv")
    assert kind == "Mailchimp (subscribed)"
    assert list(people) == [f"s{n}@example.com" for n in range(1, 6)]
    assert {person["standing"] for person in people.values()} == {"subscribed"}
    assert (people["s5@example.com"]["name"], people["s5@example.com"]["tags"]) == ("Dolor Simet", LOREM[0])
    assert people["s1@example.com"]["joined"] == "2023-04-21T11:16:57+00:00"
    assert people["s1@example.com"]["confirmed"] == "2023-04-21T11:16:57+00:00"


def test_mailchimps_unsubscribed_people_stay_so() -> None:  # F40
    kind, people = read("mailchimp-unsubscribed.csv")
    assert kind == "Mailchimp (unsubscribed)"
    assert list(people) == [f"u{n}@example.com" for n in range(1, 6)]
    assert {person["standing"] for person in people.values()} == {"unsubscribed"}
    assert [people[f"u{n}@example.com"]["name"] for n in (1, 2, 3)] == ["Dolor", "Simet", "Lorem Ipsum"]


def test_substack_says_who_has_switched_mails_off() -> None:  # F40
    kind, people = read("substack-subscribers.csv")
    assert kind == "Substack"
    standings = {address: person["standing"] for address, person in people.items()}
    assert len(standings) == 17
    off = {address for address, standing in standings.items() if standing == "unsubscribed"}
    assert off == {"maguirec086@comm.ca", "nottimferris@gmail.com"}
    assert {address for address, standing in standings.items() if standing == "pending"} == {"maïbes@gmail.com"}


@pytest.mark.parametrize("name", ["mailchimp-subscribed.csv", "mailchimp-unsubscribed.csv", "substack-subscribers.csv"])
def test_every_line_is_taken_and_a_second_time_changes_nothing(community: Community, name: str) -> None:
    text = (CORPUS / name).read_bytes()
    first = counts(community.load(text))
    assert "rejected" not in first
    again = counts(community.load(text))
    assert not {"created", "updated", "rejected"} & set(again)
    assert again["read"] == first["read"]


def test_who_left_elsewhere_is_not_on_the_list_here_either(community: Community) -> None:  # F40
    community.load((CORPUS / "mailchimp-unsubscribed.csv").read_bytes())
    assert {community.state(f"u{n}@example.com") for n in range(1, 6)} == {"unsubscribed"}
    community.load((CORPUS / "substack-subscribers.csv").read_bytes())
    assert community.state("nottimferris@gmail.com") == "unsubscribed"
    assert community.state("maguirec086@comm.ca") == "unsubscribed"
    assert community.state("jill@example.com") == "confirmed"
    assert community.state("maïbes@gmail.com") == "pending"


def test_names_and_tags_come_along(community: Community) -> None:
    community.load((CORPUS / "mailchimp-subscribed.csv").read_bytes())
    known = community.known("s5@example.com")
    assert (known["name"], known["tags"]) == ("Dolor Simet", LOREM)
    assert community.state("s5@example.com") == "confirmed"
