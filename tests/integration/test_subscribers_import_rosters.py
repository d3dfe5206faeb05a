"""A school's roster: who is missing from it has left, unless that is more than can be believed."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from subscribers import audience, households, lists, subscribers, subscriptions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.households import ChildTold
from subscribers.importing import ImportResult
from subscribers.tables import Child, ImportRun, Subscriber, Subscription, SubscriptionState, Told
from tests.support.imports import NOW, Community, a_community, counts

FORM, MAIL = Evidence(source="form"), Evidence(source="mail")


@pytest.fixture
def community(database: Database, tmp_path: Path) -> Community:
    return a_community(database, tmp_path)


def a_roster(numbers: Iterable[int], *more: str) -> str:
    return "\n".join(["email,grades", *(f"reader{n}@school.example,{n % 12 + 1}" for n in numbers), *more])


def sync(community: Community, text: str, **options: Any) -> ImportResult:
    return community.load(text, roster=True, **options)


def refusal(community: Community, text: str, **options: Any) -> str:
    return sync(community, text, **options).leaving_refused


def gone(community: Community, list_id: int | None = None) -> list[str]:
    """Who is marked as off the roster, by the part before the @."""
    marked = (
        select(Subscriber.address)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscription.off_roster_at.is_not(None), Subscription.list_id == (list_id or community.list_id))
    )
    with community.database.reading() as session:
        return sorted(address.split("@")[0] for address in session.scalars(marked))


def children(community: Community, told_by: Told = Told.IMPORT) -> int:
    with community.database.reading() as session:
        return session.scalars(select(func.count()).select_from(Child).where(Child.told_by == told_by)).one()


def join(community: Community, address: str, *, confirms: bool) -> None:
    """Sign up by the form."""
    with community.database.writing() as session:
        reader = subscribers.add(session, community.organization, EmailAddress.parse(address), now=NOW)
        list_ = community.list_(session)
        subscriptions.subscribe(session, reader, list_, SubscriptionState.PENDING, NOW, evidence=FORM)
        if confirms:
            subscriptions.confirm(session, reader, list_, NOW, evidence=MAIL)


def test_who_is_missing_is_marked_and_who_comes_back_is_not(community: Community) -> None:
    assert counts(sync(community, a_roster(range(40)))) == {"read": 40, "created": 40}
    assert counts(sync(community, a_roster(range(38)))) == {"read": 38, "unchanged": 38, "left": 2}
    assert gone(community) == ["reader38", "reader39"]
    assert children(community) == 38
    assert community.state("reader39@school.example") == "confirmed"
    found = counts(sync(community, a_roster(range(39))))
    assert found == {"read": 39, "updated": 1, "unchanged": 38, "returned": 1}
    assert gone(community) == ["reader39"]
    assert children(community) == 39


def test_the_same_roster_again_changes_nothing(community: Community) -> None:
    sync(community, a_roster(range(40)))
    sync(community, a_roster(range(38)))
    assert counts(sync(community, a_roster(range(38)))) == {"read": 38, "unchanged": 38}
    assert gone(community) == ["reader38", "reader39"]


def test_off_the_roster_is_not_mailed(community: Community) -> None:
    sync(community, a_roster(range(10)))
    sync(community, a_roster(range(9)))
    with community.database.reading() as session:
        excluded = select(audience.exclusion(community.list_id)).select_from(Subscriber)
        excluded = excluded.join(Subscription, Subscription.subscriber_id == Subscriber.id)
        assert sorted(filter(None, session.scalars(excluded))) == ["off-roster"]


def test_readers_who_came_another_way_are_untouched(community: Community) -> None:
    join(community, "own@school.example", confirms=True)
    join(community, "both@school.example", confirms=True)
    community.load("email\nfile@school.example\n")
    sync(community, a_roster(range(40), "both@school.example,3"))
    assert counts(sync(community, a_roster(range(40)))) == {"read": 40, "unchanged": 40}
    assert gone(community) == []
    assert community.state("both@school.example") == "confirmed"


def test_a_form_that_nobody_confirmed_keeps_nobody_on_the_list(community: Community) -> None:
    join(community, "reader39@school.example", confirms=False)
    sync(community, a_roster(range(40)))
    assert community.state("reader39@school.example") == "confirmed"
    assert sync(community, a_roster(range(39))).left == 1
    assert gone(community) == ["reader39"]


def test_who_was_imported_before_the_first_roster_is_a_member_once_named(community: Community) -> None:
    community.load(a_roster(range(40)))
    sync(community, a_roster(range(40)))
    assert counts(sync(community, a_roster(range(39))))["left"] == 1


def test_children_that_the_family_told_of_stay(community: Community) -> None:
    sync(community, a_roster(range(10)))
    with community.database.writing() as session:
        reader = subscribers.get(session, community.organization.id, EmailAddress.parse("reader9@school.example"))
        households.set_children(session, reader, [ChildTold(2036)], Told.FAMILY, NOW)
    sync(community, a_roster(range(9)))
    assert (children(community), children(community, Told.FAMILY)) == (9, 1)


def test_the_children_of_a_reader_on_another_lists_roster_stay(community: Community) -> None:
    with community.database.writing() as session:
        lists.create(session, community.organization.id, "teachers", "Teachers", now=NOW)
    sync(community, a_roster(range(10)))
    sync(community, a_roster(range(10)), list_slug="teachers")
    sync(community, a_roster(range(9)), list_slug="teachers")
    assert gone(community) == []
    assert children(community) == 10
    sync(community, a_roster(range(9)))
    assert children(community) == 9


def test_the_children_of_a_reader_who_gets_another_list_stay(community: Community) -> None:
    with community.database.writing() as session:
        lists.create(session, community.organization.id, "teachers", "Teachers", now=NOW)
    community.load("email,grades\nreader9@school.example,4\n", list_slug="teachers")
    for members in (10, 9):
        sync(community, "email\n" + "".join(f"reader{n}@school.example\n" for n in range(members)))
    assert gone(community) == ["reader9"]
    assert [child["grade"] for child in community.known("reader9@school.example")["children"]] == ["4"]


def test_who_left_the_list_is_still_named_by_the_roster(community: Community) -> None:
    sync(community, a_roster(range(10)))
    with community.database.writing() as session:
        reader = subscribers.get(session, community.organization.id, EmailAddress.parse("reader3@school.example"))
        subscriptions.unsubscribe(session, reader, None, NOW, evidence=FORM)
    assert counts(sync(community, a_roster(range(10)))) == {"read": 10, "unchanged": 9, "suppressed": 1}
    assert gone(community) == []
    sync(community, a_roster(n for n in range(10) if n != 3))
    assert gone(community) == ["reader3"]
    assert community.state("reader3@school.example") == "unsubscribed"
    assert counts(sync(community, a_roster(range(10)))) == {"read": 10, "unchanged": 9, "suppressed": 1, "returned": 1}


def test_more_than_one_in_ten_are_not_believed_to_have_left(community: Community) -> None:
    sync(community, a_roster(range(50)))
    text = a_roster(range(1, 45), "new@school.example,3")
    rehearsed = sync(community, text, dry_run=True)
    assert rehearsed.left == 6
    assert re.search(r"6 of 50 people are missing .*--allow-leavers 6", refusal(community, text))
    assert rehearsed.facts()["leaving_refused"].startswith("Nobody is marked as left: 6 of 50")
    assert gone(community) == []
    assert community.state("new@school.example") == "confirmed"
    assert refusal(community, text, allow_leavers=5)
    done = sync(community, text, allow_leavers=6)
    assert (done.left, done.resumed_at, done.written.created) == (6, 45, 1)
    assert len(gone(community)) == 6


def test_five_of_ten_may_leave(community: Community) -> None:
    sync(community, a_roster(range(10)))
    assert sync(community, a_roster(range(5)), dry_run=True).left == 5
    said = refusal(community, a_roster(range(5)), allow_leavers=4)
    assert re.search(r"5 of 10 people are missing .*more than the 4 that were allowed\. .*--allow-leavers 5", said)
    assert gone(community) == []
    assert sync(community, a_roster(range(5))).left == 5


def test_more_than_half_are_not_believed_to_have_left_however_few_they_are(community: Community) -> None:
    sync(community, a_roster(range(5)))
    said = refusal(community, a_roster(range(2)))
    assert re.search(r"3 of 5 people are missing .* more than half\. .*--allow-leavers 3", said)
    assert gone(community) == []
    assert sync(community, a_roster(range(2)), allow_leavers=3).left == 3


def test_a_roster_that_names_nobody_marks_nobody_whatever_is_allowed(community: Community) -> None:
    sync(community, a_roster(range(5)))
    assert "the file names nobody" in refusal(community, a_roster(()), allow_leavers=100)
    assert gone(community) == []


@pytest.mark.parametrize("members", [1, 5])
def test_a_roster_that_names_none_of_the_members_marks_nobody(community: Community, members: int) -> None:
    sync(community, a_roster(range(members)))
    text = a_roster((7,))
    rehearsed = sync(community, text, dry_run=True)
    assert f"{members} of {members} people are missing" in rehearsed.facts()["leaving_refused"]
    assert re.search(f"which is everybody.*--allow-leavers {members}", refusal(community, text))
    assert gone(community) == []


def test_the_first_roster_of_a_list_may_be_empty(community: Community) -> None:
    assert sync(community, a_roster(())).left == 0


def test_a_bad_line_that_names_somebody_keeps_them(community: Community) -> None:
    sync(community, a_roster(range(40)))
    result = sync(community, a_roster(range(38), "reader38@school.example,13", ",3"))
    assert (result.rejected, result.left) == (2, 1)
    assert gone(community) == ["reader39"]


def test_nobody_leaves_by_a_line_that_cannot_be_read(community: Community) -> None:
    sync(community, a_roster(range(40)))
    for damage in ("reader39@school,3", "reader39@school.example", '"reader39@school.example,3'):
        text = a_roster(range(39), damage)
        assert sync(community, text, dry_run=True).facts()["leaving_refused"]
        assert "1 line of the file could not be read" in refusal(community, text)
        assert gone(community) == []
    assert sync(community, text, allow_leavers=1).left == 1


def test_a_dry_run_says_how_many_would_leave_and_marks_nobody(community: Community) -> None:
    sync(community, a_roster(range(40)))
    text = a_roster(range(38))
    rehearsed = sync(community, text, dry_run=True)
    assert gone(community) == []
    with community.database.reading() as session:
        assert session.scalars(select(func.count()).select_from(ImportRun)).one() == 1
    assert rehearsed == sync(community, text)
