"""An export gives the same people to a new installation."""

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from subscribers.db import Base, Database
from subscribers.tables import (
    Child,
    Household,
    Subscriber,
    Subscription,
    Tag,
)
from tests.support.exports import READ, export
from tests.support.imports import Community, a_community

PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["", "=cmd()", "'=x", "O'Brien", 'Ana, "B"', "-", "@a", "ü"]),
        st.sampled_from(["", "en", "es"]),
        st.sampled_from(["", "America/Chicago"]),
        st.lists(st.sampled_from(["K", "3", "3", "9", "elementary"]), max_size=3).map(";".join),
        st.lists(st.sampled_from(["family", "educator"]), max_size=2).map(";".join),
        st.lists(st.sampled_from(["pta", "=band", "+1"]), max_size=2).map(";".join),
        st.sampled_from(["", "perez", "=smith"]),
        st.sampled_from(["", "yes", "no"]),
        st.sampled_from(["", "60614", "=Chicago", "'=x"]),
        st.sampled_from(["", "2019-04-21T11:16:57Z", "2020-02-29"]),
        st.lists(st.sampled_from(["Reading night", "Homework help (2026-03-04)"]), max_size=2, unique=True).map(
            ";".join
        ),
        st.sampled_from(["", "hosting", "+dads"]),
        st.sampled_from(["", "12", "1.5", "007", "=bus"]),
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def empty(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return migrated_sqlite, tmp_path_factory.mktemp("round-trips")


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(rows=PEOPLE)
def test_an_import_of_an_export_gives_the_same_people(empty: tuple[Path, Path], rows: list[tuple[str, ...]]) -> None:
    template, folder = empty
    first, second = (a_new_community(template, folder / name) for name in ("first", "second"))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(READ)
    writer.writerows((f"p{n}@school.example", *row) for n, row in enumerate(rows))
    first.load(text.getvalue())
    exported, found = export(first)
    assert found.people == len(rows)
    assert second.load(exported).rejected == 0
    assert known(first, len(rows)) == known(second, len(rows))
    assert export(second)[0] == exported
    assert counts(first.database) == counts(second.database)
    first.database.close()
    second.database.close()


def known(community: Community, count: int) -> list[dict[str, Any]]:
    """What is known of people, their children in whatever order they were told."""
    people_ = [community.known(f"p{n}@school.example") for n in range(count)]
    return [one | {"children": sorted(map(str, one["children"]))} for one in people_]


def a_new_community(template: Path, folder: Path) -> Community:
    folder.mkdir(exist_ok=True)
    shutil.copy(template, folder / "newsletter.db")
    return a_community(Database(f"sqlite:///{folder / 'newsletter.db'}"), folder)


def counts(database: Database) -> dict[str, int]:
    def of(table: type[Base]) -> int:
        return session.scalars(select(func.count()).select_from(table)).one()

    with database.reading() as session:
        return {table.__tablename__: of(table) for table in (Subscriber, Subscription, Child, Household, Tag)}
