"""The grades on the preferences page, with a school's file that is imported again every night."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx
import pytest

from newsletter.clock import Clock
from newsletter.tokens import ReaderPurpose
from subscribers import answers, corrections, guardians, households, importing
from subscribers.db import Database
from subscribers.households import ChildTold
from subscribers.tables import Child, Subscriber, SubscriptionState, Told
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

SAVED = {"action": "save", "lists": "monthly", "language": "en", "frequency": "every", "name": "Maria"}
MARIA = "maria@school.example"
THIRD, SECOND = ChildTold(2036), ChildTold(2037)


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock)


@pytest.fixture
def reader(world: World) -> Subscriber:
    return world.reader(MARIA, name="Maria")


@pytest.fixture
def path(world: World, reader: Subscriber) -> str:
    return f"/preferences/{world.reader_token(ReaderPurpose.PREFERENCES, reader)}"


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def save(client: httpx.Client, path: str, *values: str) -> None:
    assert client.post(path, data=SAVED | {"children": list(values)}).status_code == 200


def load(world: World, folder: Path, grades: str, *, header: str = "grades", others: Iterable[str] = ()) -> None:
    file = folder / "school.csv"
    file.write_text(f"email,{header}\n" + "".join(f"{address},{grades}\n" for address in (MARIA, *others)))
    school = importing.School(world.app.today(), world.app.settings.roll_over, world.app.settings.grade_bands)
    state = SubscriptionState.CONFIRMED
    options = importing.ImportOptions("monthly", school, world.app.clock.now(), state=state)
    importing.import_file(world.database, world.app.organization, file, options)


def rows(world: World, reader: Subscriber) -> list[Child]:
    with world.database.reading() as session:
        return list(answers.own_children(session, reader))


def values(world: World, reader: Subscriber) -> list[str | None]:
    """The grades and levels of the children as staff see them; None for who has left."""
    settings = world.app.settings
    with world.database.reading() as session:
        children = households.children_of(session, session.get_one(Subscriber, reader.id))
        day = world.app.today()
        facts = [households.describe(child, day, settings.roll_over, settings.grade_bands) for child in children]
    return sorted((fact["grade"] or fact["band"] for fact in facts), key=str)


def ticked(client: httpx.Client, path: str) -> list[str]:
    boxes = re.findall(r"<input[^>]*>", client.get(path).text)
    checked = [box for box in boxes if 'name="children"' in box and "checked" in box]
    return [value for box in checked for value in re.findall(r'value="([^"]+)"', box)]


def test_a_child_known_to_form_and_import_stays_one_however_often_both_tell(
    world: World, client: httpx.Client, reader: Subscriber, path: str, tmp_path: Path
) -> None:
    save(client, path, "3")
    load(world, tmp_path, "3")
    assert {child.told_by for child in rows(world, reader)} == {Told.FAMILY, Told.IMPORT}
    for _ in range(3):
        save(client, path, "3")
        load(world, tmp_path, "3")
        assert values(world, reader) == ["3"]
        assert len(rows(world, reader)) == 2


def test_a_save_adds_nothing_to_what_an_import_told(
    world: World, client: httpx.Client, reader: Subscriber, path: str, tmp_path: Path
) -> None:
    load(world, tmp_path, "3;3;high")
    before = [child.id for child in rows(world, reader)]
    save(client, path, *ticked(client, path))
    load(world, tmp_path, "3;3;high")
    assert [child.id for child in rows(world, reader)] == before
    assert values(world, reader) == ["3", "3", "high"]


@pytest.mark.parametrize("told", ["2", "3"])
def test_a_repeated_grade_outlives_a_save_and_the_next_import(
    world: World, client: httpx.Client, reader: Subscriber, path: str, tmp_path: Path, told: str
) -> None:
    load(world, tmp_path, "3;9")
    with world.database.writing() as session:
        corrections.repeat(session, session.get_one(Subscriber, reader.id), THIRD)
    assert ticked(client, path) == ["2", "9"]
    for _ in range(2):
        save(client, path, told, "9")  # the old grade told again changes nothing either
        load(world, tmp_path, "3;9")
        assert values(world, reader) == ["2", "9"]
    assert len(rows(world, reader)) == 2


@pytest.mark.parametrize("told_by", list(Told))
def test_a_child_that_moved_away_stays_away_until_it_is_ticked(
    world: World, client: httpx.Client, reader: Subscriber, path: str, tmp_path: Path, told_by: Told
) -> None:
    with world.database.writing() as session:
        known = session.get_one(Subscriber, reader.id)
        households.set_children(session, known, [THIRD], told_by, world.app.clock.now())
        corrections.move_away(session, known, THIRD, world.app.settings.roll_over.end_year(world.app.today()))
    away = [(child.id, child.graduation_year, child.told_year) for child in rows(world, reader)]
    save(client, path, "9")
    assert [(c.id, c.graduation_year, c.told_year) for c in rows(world, reader) if c.told_year] == away
    if told_by is Told.IMPORT:
        load(world, tmp_path, "3")
    assert ticked(client, path) == ["9"]
    save(client, path, "3", "9")
    assert values(world, reader) == ["3", "9"]
    assert [child.told_year for child in rows(world, reader)] == [None, None]


def test_what_the_reader_unticked_does_not_come_back_with_the_same_file(
    world: World, client: httpx.Client, reader: Subscriber, path: str, tmp_path: Path
) -> None:
    load(world, tmp_path, "3;9")
    for _ in range(2):
        save(client, path, "4", "9")
        load(world, tmp_path, "3;9")
        assert ticked(client, path) == ["4", "9"]
    save(client, path, "3", "9")
    load(world, tmp_path, "3;9")
    assert values(world, reader) == ["3", "9"]
    load(world, tmp_path, "4;9")
    assert values(world, reader) == ["4", "9"]


def test_what_one_guardian_corrects_is_corrected_for_the_other(
    world: World, client: httpx.Client, reader: Subscriber, path: str, tmp_path: Path
) -> None:
    other = "jose@school.example"
    save(client, path, "3", "9")  # told by a form and by the import, it is still one child
    for _ in range(2):
        load(world, tmp_path, "3 @ Oak;9 @ Lincoln,perez", header="grades,household", others=[other])
        save(client, path, "4", "9")
        with world.database.reading() as session:
            day, roll_over, bands = world.app.today(), world.app.settings.roll_over, world.app.settings.grade_bands
            home = guardians.describe(session, session.get_one(Subscriber, reader.id), day, roll_over, bands)
        assert len(home["guardians"]) == 2
        here = [(child["grade"], child["school"]) for child in home["children"] if not child["left"]]
        assert sorted(here) == [("4", "Oak"), ("9", "Lincoln")]


def test_a_grade_of_another_band_is_at_no_school_that_we_know(
    world: World, client: httpx.Client, reader: Subscriber, path: str, tmp_path: Path
) -> None:
    load(world, tmp_path, "5 @ Oak")
    save(client, path, "6")
    with world.database.reading() as session:
        children = households.children_of(session, session.get_one(Subscriber, reader.id))
        here = [child for child in children if child.told_by is Told.FAMILY]
    assert [child.school_id for child in here] == [None]


def test_a_level_gives_way_to_the_grade_that_the_reader_ticks(
    world: World, client: httpx.Client, reader: Subscriber, path: str, tmp_path: Path
) -> None:
    load(world, tmp_path, "elementary")
    save(client, path, "3")
    assert values(world, reader) == ["3"]
