"""Naughty strings in every text field: kept as they are, or refused with a sentence."""

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from subscribers.db import Database
from subscribers.importing import ImportResult
from subscribers.importing.columns import Columns
from subscribers.importing.files import opened
from subscribers.tables import Household, School, Subscriber, SubscriberTag, Tag
from tests.support.imports import Community, a_community

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "naughty" / "blns.json"
STRINGS: list[str] = json.loads(CORPUS.read_text()) if CORPUS.exists() else []
FIELDS = {"name", "tags", "household", "place", "school", "attribute:note", "interests", "attended"}

pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason=f"the corpus is not here: {CORPUS}")


@pytest.fixture
def community(database_url: str, tmp_path: Path) -> Iterator[Community]:
    database = Database(database_url)
    yield a_community(database, tmp_path)
    database.close()


def a_file(field: str) -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("email", field))
    rows.writerows((f"n{n}@school.example", string) for n, string in enumerate(STRINGS))
    return text.getvalue()


def plain(string: str) -> str:
    """As the import keeps it: composed, and with single blanks."""
    return unicodedata.normalize("NFC", " ".join(string.split()))


def kept(result: ImportResult, community: Community, field: str) -> Iterator[int]:
    """The strings whose lines were taken; of every other there is a sentence."""
    refused = {error.line: error.error for error in result.errors}
    assert all(sentence and "\n" not in sentence for sentence in refused.values())
    assert result.rejected == len(refused)
    with opened(community.write(a_file(field))) as records:
        next(records)
        for record in records:
            if record.line not in refused:
                yield int(record.cells[0].partition("@")[0][1:])


def by_address(community: Community, *columns: InstrumentedAttribute[Any]) -> dict[int, Any]:
    with community.database.reading() as session:
        rows = session.execute(select(Subscriber.address, *columns)).all()
    return {int(address.partition("@")[0][1:]): value for address, value in rows}


def test_the_corpus_is_read() -> None:
    assert len(STRINGS) == 515


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_a_naughty_cell_is_the_field_that_the_file_says(community: Community, field: str) -> None:  # F44
    with opened(community.write(a_file(field))) as records:
        columns = Columns.read(records, {})
        read = {}
        for record in records:
            assert not record.error or "longer" in record.error or "\ufffd" in STRINGS[record.line - 2]
            if not record.error:
                told = columns.fields(record.cells)
                read[int(told["email"].partition("@")[0][1:])] = told[field]
    assert len(read) > len(STRINGS) - 5
    assert {n: text for n, text in read.items() if text != STRINGS[n].strip()} == {}


def names(community: Community) -> dict[int, str]:
    return by_address(community, Subscriber.name)


def places(community: Community) -> dict[int, str]:
    return by_address(community, Subscriber.place)


def attributes(community: Community) -> dict[int, str]:
    return {n: str(told.get("note", "")) for n, told in by_address(community, Subscriber.attributes).items()}


@pytest.mark.parametrize(
    ("field", "stored"),
    [("name", names), ("place", places), ("attribute:note", attributes)],
    ids=["name", "place", "attribute"],
)
def test_a_naughty_text_is_kept_or_refused(
    community: Community, field: str, stored: Callable[[Community], Mapping[int, str]]
) -> None:  # F44
    result = community.load(a_file(field))
    found = stored(community)
    taken = list(kept(result, community, field))
    assert len(taken) > len(STRINGS) - 60
    assert {n: found[n] for n in taken} == {n: plain(STRINGS[n]) for n in taken}


def test_naughty_tags_are_kept_or_refused(community: Community) -> None:  # F44
    result = community.load(a_file("tags"))
    with community.database.reading() as session:
        rows = session.execute(
            select(Subscriber.address, Tag.name)
            .join(SubscriberTag, SubscriberTag.subscriber_id == Subscriber.id)
            .join(Tag, Tag.id == SubscriberTag.tag_id)
        ).all()
    found: dict[int, set[str]] = {}
    for address, tag in rows:
        found.setdefault(int(address.partition("@")[0][1:]), set()).add(tag)
    taken = list(kept(result, community, "tags"))
    wanted = {n: {plain(word) for word in STRINGS[n].replace(",", ";").split(";") if word.strip()} for n in taken}
    assert {n: found.get(n, set()) for n in taken} == wanted


@pytest.mark.parametrize(("field", "column"), [("household", Household.key), ("school", School.name)])
def test_naughty_names_of_households_and_schools_are_kept_or_refused(
    community: Community, field: str, column: InstrumentedAttribute[str]
) -> None:  # F44
    result = community.load(a_file(field))
    with community.database.reading() as session:
        found = set(session.scalars(select(column)))
    told = {plain(STRINGS[n]) for n in kept(result, community, field)} - {""}
    assert found <= told
    assert {name.casefold() for name in found} == {name.casefold() for name in told}  # one school in any capitals


@pytest.mark.parametrize("field", ["language", "timezone", "grades", "roles", "tracking", "email"])
def test_a_naughty_cell_elsewhere_costs_its_line_and_nothing_else(community: Community, field: str) -> None:  # F44
    text = a_file(field) if field != "email" else a_file("name").replace("email,name", "name,email", 1)
    result = community.load(text + "last@school.example,\n" if field != "email" else text + ",last@school.example\n")
    assert community.known("last@school.example")
    assert result.read == result.rejected + result.written.created + result.written.updated + result.written.unchanged
