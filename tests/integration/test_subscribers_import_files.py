"""What happens to a file before the database is asked: one kind of database will do."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from subscribers.consent import Evidence
from subscribers.db import Base, Database
from subscribers.errors import NotFound
from subscribers.importing import ImportFileInvalid, ImportOptions, School, import_file
from subscribers.tables import (
    Subscriber,
)
from tests.support.imports import BANDS, HEADER, NOW, ROLL_OVER, TODAY, Community, a_community, counts, told

FORM = Evidence(source="form")
MARIA = "maria@school.example"
ROW = f"{MARIA},María Pérez,es,America/Chicago,2;9,family;educator,pta;band,perez,yes"
FILE = f"{HEADER}\n{ROW}\n"


@pytest.fixture
def community(sqlite_url: str, tmp_path: Path) -> Iterator[Community]:
    database = Database(sqlite_url)
    yield a_community(database, tmp_path)
    database.close()


def rows(community: Community, table: type[Base]) -> int:
    with community.database.reading() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_bad_lines_are_named_and_good_ones_kept(community: Community) -> None:  # F38
    text = (
        f"{HEADER}\n"
        "good1@school.example,,,,,,,,\n"
        "nobody,,Klingon,Mars/Base,13,teacher,,,perhaps\n"
        ",No address,,,,,,,\n"
        "short@school.example\n"
        "good1@SCHOOL.example,Again,,,,,,,\n"
        "\n"
        ",,,,,,,,\n"
        f"good2@school.example,{'x' * 201},,,,,,,\n"
        "good3@school.example,a\x00b,,,,,,,\n"
        'good4@school.example,"Two\nlines",,,,,,,\n'
        '"open@school.example,,,,,,,,\n'
        "good5@school.example,,,,,,,,\n"
        'quo"te@school.example,"a"b,,,,,,,\n'
        f"{HEADER}\n"
        "good6@school.example,,,,,,,,"
    )
    result = community.load(text)
    assert counts(result) == {"read": 13, "created": 4, "rejected": 9}
    assert {error.line: error.error.split(":")[0][:40] for error in result.errors} == {
        3: "'nobody' is not an email address",
        4: "There is no email address.",
        5: "This line has 1 cells where the header h",
        6: "good1@school.example is on an earlier li",
        9: "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'... is l",
        10: "'a\\x00b' has a control character in it.",
        13: 'A quotation mark (") is opened and not c',
        15: 'A quotation mark (") stands where none m',
        16: "'email' is not an email address",
    }
    for problem in ("'Klingon'", "'Mars/Base'", "'13'", "'teacher'", "'perhaps'"):
        assert problem in result.errors[0].error
    assert community.known("good4@school.example")["name"] == "Two lines"
    assert community.known("good6@school.example")


def test_a_file_without_a_good_line_is_of_no_use(community: Community) -> None:
    assert not community.load("email\nnobody\n").is_useful
    assert not community.load("email\n").is_useful
    assert community.load(f"email\n{MARIA}\n").is_useful


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xef\xbb\xbf" + FILE.encode(), id="UTF-8 with a byte order mark"),
        pytest.param(FILE.encode("utf-16"), id="UTF-16"),
        pytest.param(FILE.replace("\n", "\r").encode(), id="CR"),
        pytest.param(FILE.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(FILE.replace("email,name", " E-MAIL ,NAME").replace("E-MAIL", "Email").encode(), id="capitals"),
    ],
)
def test_files_come_in_many_shapes(community: Community, data: bytes) -> None:  # F38
    assert counts(community.load(data)) == {"read": 1, "created": 1}
    assert community.known(MARIA)["name"] == "María Pérez"


def test_a_line_in_another_encoding_is_named(community: Community) -> None:  # F38
    good = "good@school.example,Añá".encode()
    bad = "bad@school.example,María".encode("cp1252")
    cut = "half@school.example,x".encode("utf-16-le") + b"\x00\xd8"
    result = community.load(b"email,name\n" + bad + b"\n" + good + b"\n")
    assert counts(result) == {"read": 2, "created": 1, "rejected": 1}
    assert result.errors[0].line == 2
    assert "CSV UTF-8" in result.errors[0].error
    result = community.load(b"\xff\xfe" + "email,name\n".encode("utf-16-le") + cut)
    assert counts(result) == {"read": 1, "rejected": 1}


def test_a_huge_cell_costs_its_line_only(community: Community) -> None:  # F38
    huge = "x" * 10_000_000
    text = f'email,name\nbig@school.example,{huge}\nbroken@school.example,"{"y" * 99_990}\n{MARIA},Maria\n'
    result = community.load(text)
    assert counts(result) == {"read": 3, "created": 1, "rejected": 2}
    assert [error.line for error in result.errors] == [2, 3]
    assert "longer than 100,000" in result.errors[0].error


@pytest.mark.parametrize(
    ("text", "mapping", "sentence"),
    [
        ("", {}, "is empty"),
        ("\n,\n", {}, "is empty"),
        ("name\nMaria\n", {}, "no column email. It has: name"),
        ("eMail1\nx\n", {}, "--map email=eMail1"),
        ("Parent e-mail;x\n1;2\n", {}, "--map 'email=Parent e-mail'"),
        ("email,Email\nx,y\n", {}, "2 columns 'email'"),
        ("email\nx\n", {"phone": "email"}, "'phone' is not a field"),
        ("email\nx\n", {"name": "Parent"}, "no column 'Parent'"),
        ("émail\n".encode("cp1252") + "é\n".encode(), {}, "The header on line 1 cannot be read"),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused_whole(
    community: Community, text: str | bytes, mapping: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ImportFileInvalid) as refused:
        community.load(text, mapping=mapping)
    assert sentence in str(refused.value)
    assert rows(community, Subscriber) == 0


def test_a_missing_file_and_a_missing_list_are_said(community: Community, tmp_path: Path) -> None:
    def load(file: Path, list_slug: str) -> None:
        options = ImportOptions(list_slug, School(TODAY, ROLL_OVER, BANDS), NOW)
        import_file(community.database, community.organization, file, options)

    with pytest.raises(ImportFileInvalid, match="cannot be read: No such file"):
        load(tmp_path / "nix.csv", "families")
    with pytest.raises(NotFound, match="Lists: families"):
        load(community.write(FILE), "nix")


def test_columns_called_otherwise_are_mapped_and_unknown_ones_named(community: Community) -> None:
    text = f"Parent e-mail,Full Name,Phone,name\n{MARIA},Maria,555,old name\n"
    result = community.load(text, mapping={"email": "parent E-Mail", "name": "full name"})
    assert counts(result) == {"read": 1, "created": 1}
    assert result.unknown_columns == ("Phone", "name")
    assert community.known(MARIA)["name"] == "Maria"


def test_twins_are_two_children(community: Community) -> None:
    community.load(f"{HEADER}\n{MARIA},,,,3;3,,,,\n")
    assert told(community.known(MARIA)) == ["3", "3"]
    community.load(f"{HEADER}\n{MARIA},,,,3,,,,\n")
    assert told(community.known(MARIA)) == ["3"]


def test_a_level_is_believed_one_school_year_longer(community: Community) -> None:
    community.load(FILE.replace("2;9", "high"))
    assert community.known(MARIA, date(2027, 6, 30))["children"][0]["stale"] is False
    assert community.known(MARIA, date(2027, 7, 1))["children"][0]["stale"] is True
    assert community.known(MARIA, date(2028, 6, 30))["bands"] == ["high"]
    assert community.known(MARIA, date(2028, 7, 1))["bands"] == []


def test_an_addresss_second_line_is_refused_pages_later(community: Community) -> None:
    lines = [
        "email",
        "first@school.example",
        *(f"reader{n}@school.example" for n in range(1_500)),
        "FIRST@school.example",
    ]
    result = community.load("\n".join(lines))
    assert counts(result) == {"read": 1_502, "created": 1_501, "rejected": 1}
    assert result.errors[0].line == 1_503


def test_progress_tells_every_line(community: Community) -> None:
    heard: list[int] = []
    file = community.write("\n".join(["email", *(f"reader{n}@school.example" for n in range(6_200)), "nobody"]))
    options = ImportOptions("families", School(TODAY, ROLL_OVER, BANDS), NOW)
    import_file(community.database, community.organization, file, options, heard.append)
    assert sum(heard) == 6_201
    assert len(heard) == 2


def test_a_file_of_nothing_but_faults_is_counted_to_the_end_and_told_in_part(community: Community) -> None:  # F39
    result = community.load("email\n" + "nobody\n" * 10_001)
    assert result.rejected == 10_001
    assert len(result.errors) == 10_000
