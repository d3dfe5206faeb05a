"""In what a file is written is told from its bytes."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.importing.encodings import delimiter_of, encoding_of
from subscribers.importing.files import encoding_of as label_of
from subscribers.importing.files import opened
from subscribers.importing.formats import is_email

ROWS = "email,name\nmaria@school.example,María\n"


def opening(text: bytes) -> Callable[[], io.BytesIO]:
    return lambda: io.BytesIO(text)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (ROWS.encode(), "UTF-8"),
        (b"\xef\xbb\xbf" + ROWS.encode(), "UTF-8"),
        (b"email\nx\n", "UTF-8"),
        (b"", "UTF-8"),
        (ROWS.encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + ROWS.encode("utf-16-be"), "UTF-16"),
        (ROWS.encode("utf-16-le"), "UTF-16"),
        (ROWS.encode("utf-16-be"), "UTF-16"),
        (ROWS.encode("cp1252"), "Windows-1252"),
        (ROWS.encode() + "José\n".encode("cp1252"), "UTF-8"),
        (b"email\n\x81\xe9\n", "UTF-8"),
        (b"email,name\nx\x00y,z\n", "UTF-8"),
    ],
)
def test_an_encoding_is_known_by_its_bytes(text: bytes, label: str, tmp_path: Path) -> None:  # F38
    assert encoding_of(opening(text)).label == label
    file = tmp_path / "people.csv"
    file.write_bytes(text)
    assert label_of(file) == label


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_reads_the_same_in_every_encoding_and_with_every_end_of_line(
    codec: str, end: str, tmp_path: Path
) -> None:  # F38
    file = tmp_path / "people.csv"
    file.write_bytes(ROWS.replace("\n", end).encode(codec))
    with opened(file) as records:
        found = [(record.line, record.cells) for record in records]
    assert found == [(1, ("email", "name")), (2, ("maria@school.example", "María"))]


def test_a_character_over_the_edge_of_a_block_is_seen() -> None:
    edge = b"x" * ((1 << 20) - 1)
    assert encoding_of(opening(edge + "é".encode())).label == "UTF-8"
    assert encoding_of(opening(edge + "é".encode() + b"\n\xe9")).label == "UTF-8"
    assert encoding_of(opening(edge + b"\xe9\n" + b"\xe9")).label == "Windows-1252"


@given(text=st.text(st.characters(codec="cp1252", exclude_categories=["Cc"]), min_size=1))
def test_text_in_windows_1252_is_never_read_as_other_letters(text: str) -> None:
    encoding = encoding_of(opening(b"email,name\n" + text.encode("cp1252")))
    read = text.encode("cp1252").decode(encoding.codec, encoding.errors)
    is_damaged = any("\ud800" <= letter <= "\udfff" for letter in read)
    if encoding.label == "Windows-1252" or text.isascii():
        assert read == text
    else:  # what happens to be UTF-8 in one place at least
        assert is_damaged or text.encode("cp1252").decode("utf-8") == read


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("email,name", ","),
        ("name;email;grades", ";"),
        ("name\tEmail Address", "\t"),
        ("name|email", "|"),
        ('\n\n"name, first";email', ";"),
        ("Name;Email;Grades (K, 1, 2, 3)", ";"),
        ("Name, first, last;E-mail", ";"),
        ("email", ","),
        ("", ","),
    ],
)
def test_the_header_says_what_parts_the_cells(header: str, delimiter: str) -> None:  # F38
    assert delimiter_of(io.StringIO(header), is_email) == delimiter
