"""Whatever a file holds, its second run changes nothing and every line is accounted for."""

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from subscribers.db import Base, Database
from subscribers.importing.files import opened
from subscribers.importing.pages import Tally
from subscribers.tables import Child, Household, Subscriber, SubscriberRole, SubscriberTag, Subscription
from tests.support.imports import HEADER, Community, a_community

PEOPLE = (Subscriber, Subscription, SubscriberRole, SubscriberTag, Child, Household)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
ROWS = st.tuples(
    st.one_of(st.sampled_from([f"reader{n}@school.example" for n in range(4)]), WORDS),
    WORDS,
    st.sampled_from(["", "en", "es", "pt_BR", "Spanish"]),
    st.sampled_from(["", "America/Chicago", "Mars"]),
    st.lists(st.sampled_from(["K", "3", "9", "elementary", "13"]), max_size=4).map(";".join),
    st.lists(st.sampled_from(["family", "educator", "teacher"]), max_size=2).map(";".join),
    st.lists(st.sampled_from(["pta", "band", "Chess club"]), max_size=3).map(";".join),
    st.sampled_from(["", "perez", "smith"]),
    st.sampled_from(["", "yes", "no", "maybe"]),
)


@pytest.fixture(scope="module")
def community(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Community]:
    folder = tmp_path_factory.mktemp("properties")
    shutil.copy(migrated_sqlite, folder / "newsletter.db")
    database = Database(f"sqlite:///{folder / 'newsletter.db'}")
    yield a_community(database, folder)
    database.close()


def a_file(rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER.split(","), *rows])
    return text.getvalue()


def everything(database: Database) -> list[list[tuple[object, ...]]]:
    def of(table: type[Base]) -> list[tuple[object, ...]]:
        columns = list(table.__table__.columns)
        return [tuple(row) for row in session.execute(select(*columns).order_by(*table.__table__.primary_key))]

    with database.reading() as session:
        return [of(table) for table in PEOPLE]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, max_size=8))
def test_a_second_run_of_any_file_changes_nothing(community: Community, rows: list[tuple[str, ...]]) -> None:
    first = community.load(a_file(rows))
    before = everything(community.database)
    second = community.load(a_file(rows))
    assert second.written == Tally(unchanged=second.read - second.rejected)
    assert (first.read, first.errors) == (second.read, second.errors)
    assert everything(community.database) == before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, max_size=8))
def test_every_line_of_any_file_is_accounted_for(community: Community, rows: list[tuple[str, ...]]) -> None:
    result = community.load(a_file(rows), dry_run=True)
    written = result.written
    done = written.created + written.updated + written.unchanged + written.suppressed
    assert result.read == done + result.rejected
    assert len(result.errors) == result.rejected


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8), min_size=2), max_size=6)
)
def test_cells_come_back_as_they_were_written(community: Community, rows: list[list[str]]) -> None:
    assume(not set(";|\t").intersection("".join("".join(row) for row in rows[:1])))  # a header of another separator
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    wanted = [tuple(row) for row in rows if any(cell.strip() for cell in row) and "\ufffd" not in "".join(row)]
    with opened(community.write(text.getvalue())) as records:
        assert [record.cells for record in records if not record.error] == wanted


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_without_an_end_in_tears(community: Community, data: bytes) -> None:  # F38
    assume(
        not data.startswith((b"\xd0\xcf\x11\xe0", b"PK", b"\x1f\x8b"))
    )  # workbooks and archives have their own tests
    with opened(community.write(data)) as records:
        lines = [record.line for record in records]
    assert lines == sorted(set(lines))
