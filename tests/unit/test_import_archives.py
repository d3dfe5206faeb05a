"""Files in archives: read in place, and no further than a list of people goes."""

import gzip
import io
import os
import stat
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from subscribers.importing import archives
from subscribers.importing.archives import Member, sources
from subscribers.importing.files import lines_in, opened
from subscribers.importing.looks import look_into
from subscribers.importing.records import ImportFileInvalid, not_read
from tests.support.imports import OPTIONS

PEOPLE = "email,name\nmaria@school.example,María\n"
GHOST = "email,name,subscribed_to_emails,complimentary_plan\nana@school.example,Ana,true,false\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def a_zip(folder: Path, **members: str | bytes) -> Path:
    """A zip whose members' names are given with two underscores for a dot."""
    file = folder / "export.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return file


def refusal(path: Path) -> str:
    with pytest.raises(ImportFileInvalid) as refused:
        for file in sources(path):
            with opened(file) as records:
                list(records)
    return str(refused.value)


def cells(file: archives.Source) -> list[tuple[str, ...]]:
    with opened(file) as records:
        return [record.cells for record in records]


def test_every_csv_file_of_a_zip_is_found_by_name(folder: Path) -> None:
    path = a_zip(folder, b__csv=PEOPLE, a__CSV=PEOPLE, t__tsv=PEOPLE, readme__txt="hello", x__html="<p>")
    found = sources(path)
    assert [file.name for file in found] == ["a.CSV", "b.csv", "t.tsv"]
    assert str(found[1]) == f"{path}: b.csv"
    assert cells(found[1]) == [("email", "name"), ("maria@school.example", "María")]
    assert lines_in(found[1]) == 2


def test_a_gzip_file_is_read_like_the_file_in_it(folder: Path) -> None:
    path = folder / "people.csv.gz"
    path.write_bytes(gzip.compress(PEOPLE.encode()))
    assert cells(path)[1] == ("maria@school.example", "María")
    assert str(sources(path)[0]) == str(path)
    assert lines_in(path) == 2


def test_an_archive_of_several_files_is_not_read_as_one(folder: Path) -> None:
    path = a_zip(folder, a__csv=PEOPLE, b__csv=PEOPLE)
    with pytest.raises(ImportFileInvalid, match=r"export\.zip holds 2 CSV files"), opened(path):
        pass
    assert lines_in(path) == 0
    assert cells(a_zip(folder, a__csv=PEOPLE))[1] == ("maria@school.example", "María")


def test_links_folders_and_what_a_mac_adds_are_passed_over(folder: Path) -> None:  # F42
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("folder.csv/", "")
        archive.writestr("__MACOSX/._people.csv", "x")
        archive.writestr(".hidden.csv", "x")
        archive.writestr("lists/people.csv", PEOPLE)
    assert [file.name for file in sources(path)] == ["lists/people.csv"]


def test_a_name_that_leads_out_of_the_archive_is_only_a_name(folder: Path) -> None:  # F42
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../etc/pass\x1bwd.csv", PEOPLE)
    before = set(folder.parent.rglob("*"))
    (found,) = sources(path)
    assert found.name == "../../etc/pass?wd.csv"
    assert len(cells(found)) == 2
    assert set(folder.parent.rglob("*")) == before


@pytest.mark.parametrize("name", ["inner.zip", "people.csv.gz", "all.tar", "old.7z"])
def test_an_archive_in_an_archive_is_refused(folder: Path, name: str) -> None:  # F42
    members: dict[str, str | bytes] = {"a__csv": PEOPLE, name.replace(".", "__"): b"x"}
    path = a_zip(folder, **members)
    assert refusal(path).startswith(f"{name} is an archive inside an archive.")


@pytest.mark.parametrize("content", [gzip.compress(b"email\n"), b"PK\x03\x04 and more"], ids=["gzip", "zip"])
def test_an_archive_that_calls_itself_a_csv_file_is_refused(folder: Path, content: bytes) -> None:  # F42
    assert "archive inside an archive" in refusal(a_zip(folder, a__csv=content))
    path = folder / "twice.gz"
    path.write_bytes(gzip.compress(content))
    assert "archive inside an archive" in refusal(path)


def test_a_locked_zip_is_refused_with_what_to_do(folder: Path) -> None:
    path = a_zip(folder, a__csv=PEOPLE)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag of the central directory
    path.write_bytes(content)
    assert refusal(path) == "export.zip is locked with a password. Unpack it and import the CSV files in it."


@pytest.mark.parametrize("content", [b"\xd0\xcf\x11\xe0 old", b""])
def test_a_workbook_is_refused_with_what_to_do(folder: Path, content: bytes) -> None:
    path = folder / "people.xlsx"
    path.write_bytes(content or a_zip(folder, **{"[Content_Types]__xml": "<x/>", "a__csv": PEOPLE}).read_bytes())
    assert refusal(path).startswith("people.xlsx is an Excel workbook. Save it as")


def test_a_zip_without_people_is_refused(folder: Path) -> None:
    assert refusal(a_zip(folder, readme__txt="x")) == "export.zip holds no CSV file."
    assert refusal(a_zip(folder)) == "export.zip holds no CSV file."


def test_too_many_files_are_refused(folder: Path) -> None:  # F42
    path = a_zip(folder, **{f"{n}__csv": "" for n in range(archives.MOST_MEMBERS + 1)})
    assert refusal(path) == "export.zip holds more than 10,000 files."


def test_a_bomb_is_stopped_before_it_fills_anything(folder: Path) -> None:  # F42
    zeros = b"email\n" + b"a" * 60_000_000
    packed = folder / "bomb.gz"
    packed.write_bytes(gzip.compress(zeros))
    assert "unpacks to more than a list of people takes" in refusal(packed)
    path = a_zip(folder, a__csv=zeros)
    tracemalloc.start()
    assert "unpacks to more than a list of people takes" in refusal(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


def test_a_size_that_is_declared_too_large_is_refused_at_once(folder: Path) -> None:  # F42
    path = a_zip(folder, a__csv=PEOPLE)
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = (archives.MOST_BYTES + 1).to_bytes(4, "little")
    path.write_bytes(content)
    assert "unpacks to more than" in refusal(path)


def test_damaged_archives_are_said_to_be(folder: Path) -> None:
    rows = "".join(f"{n}{os.urandom(8).hex()}@school.example,x\n" for n in range(20_000))
    whole = gzip.compress(("email,name\n" + rows).encode())
    for content in (whole[: len(whole) // 2], whole[:50_000] + b"\x00" * 50 + whole[50_050:]):
        path = folder / "people.gz"
        path.write_bytes(content)
        assert "people.gz is damaged" in refusal(path)
    path = a_zip(folder, a__csv="email,name\n" + rows)
    zipped = path.read_bytes()
    path.write_bytes(zipped[:50_000] + b"\x00" * 50 + zipped[50_050:])
    assert "a.csv is damaged" in refusal(path)
    path.write_bytes(zipped[:60_000])
    assert "export.zip is damaged" in refusal(path)


def test_a_way_of_packing_that_is_not_known_is_refused(folder: Path) -> None:
    path = a_zip(folder, a__csv=PEOPLE)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 10] = 99
    path.write_bytes(content)
    assert refusal(path) == (
        "a.csv is packed in a way that is not read here. Unpack the archive and import the CSV files in it."
    )


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
@pytest.mark.parametrize("is_damaged", [True, False])
def test_ways_of_packing_that_no_service_uses_are_refused(folder: Path, packing: int, *, is_damaged: bool) -> None:
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr("a.csv", PEOPLE * 2_000)
    content = bytearray(path.read_bytes())
    content[60:100] = bytes(40) if is_damaged else content[60:100]
    path.write_bytes(content)
    assert refusal(path).startswith("a.csv is packed in a way that is not read here.")


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_whatever_byte_of_a_zip_is_damaged_it_is_read_or_refused_in_a_sentence(folder: Path, packing: int) -> None:
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr("lists/ä.csv", PEOPLE)
        archive.writestr("b.csv", GHOST)
    whole = path.read_bytes()
    for at in range(len(whole)):
        for flip in (0x01, 0x80, 0xFF):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
            try:
                looks = look_into(path, OPTIONS).looks
            except ImportFileInvalid as refused:
                assert "None" not in str(refused)  # noqa: PT017  # most are not refused
            else:
                assert looks


def test_what_the_system_does_not_explain_is_not_called_none() -> None:
    assert str(not_read("people.csv", OSError("Invalid data stream"))) == (
        "people.csv cannot be read: Invalid data stream."
    )
    assert "None" not in str(not_read("people.csv", OSError()))


def test_a_large_member_streams(folder: Path) -> None:
    rows = "".join(f"reader{n}@families.example,Reader {n}\n" for n in range(50_000))
    path = a_zip(folder, a__csv="email,name\n" + rows)
    tracemalloc.start()
    (member,) = sources(path)
    with opened(member) as records:
        count = sum(1 for _ in records)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 50_001
    assert peak < 8_000_000


def test_beside_a_services_export_nothing_else_of_the_archive_is_imported(folder: Path) -> None:
    found = look_into(a_zip(folder, members__csv=GHOST, opens__csv=PEOPLE, posts__csv="id,title\n1,x\n"), OPTIONS)
    assert [(look.file.name, look.format.name) for look in found.looks] == [("members.csv", "Ghost")]
    assert found.left_out["posts.csv"].startswith("The file has no column email")
    assert "no export of people" in found.left_out["opens.csv"]


def test_plain_files_of_an_archive_are_all_imported(folder: Path) -> None:
    found = look_into(a_zip(folder, a__csv=PEOPLE, b__csv=PEOPLE), OPTIONS)
    assert [look.file.name for look in found.looks] == ["a.csv", "b.csv"]
    assert not found.left_out


def test_an_archive_of_other_tables_is_refused_with_what_each_lacks(folder: Path) -> None:
    with pytest.raises(ImportFileInvalid, match=r"holds no list of people\. a\.csv: .* b\.csv: The file is empty"):
        look_into(a_zip(folder, a__csv="id\n1\n", b__csv=""), OPTIONS)


def test_a_look_shows_people_whose_address_is_good(folder: Path) -> None:
    path = folder / "people.csv"
    path.write_text("email,name\nnobody,x\nana@school.example,\nshort\nb@school.example,B\nc@school.example,C\n")
    (look,) = look_into(path, OPTIONS).looks
    assert look.examples == ({"email": "ana@school.example"}, {"email": "b@school.example", "name": "B"})


def test_a_member_opens_as_often_as_it_is_asked(folder: Path) -> None:
    (member,) = sources(a_zip(folder, a__csv=PEOPLE))
    assert isinstance(member, Member)
    with member.open() as one, member.open("rb") as other:
        assert one.read() == other.read() == PEOPLE.encode()
    assert isinstance(member.open(), io.BufferedReader)
