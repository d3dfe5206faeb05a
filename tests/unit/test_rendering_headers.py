"""Header values, as RFC 5322, 2047, 2369, 2919 and 8058 want them."""

from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.rendering import headers
from newsletter.rendering.headers import Mailbox, SenderInvalid
from newsletter.rendering.merge import clean
from tests.support.mails import identity


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("Our School <letters@school.example>", "Our School", "letters@school.example"),
        ('"School, Inc." <a@School.EXAMPLE>', "School, Inc.", "a@school.example"),
        ("School, Inc. <a@school.example>", "School, Inc.", "a@school.example"),
        ("a@localhost", "", "a@localhost"),
        ("Bücherei <post@bücherei.example>", "Bücherei", "post@xn--bcherei-n2a.example"),  # M17
    ],
)
def test_a_sender_is_a_name_and_an_address(text: str, name: str, address: str) -> None:
    assert Mailbox.parse(text) == Mailbox(name, address)


@pytest.mark.parametrize("text", ["", "School", "<>", "@school.example", "a@", "señor@school.example", "A <a@b> <c@d>"])
def test_what_is_no_sender_is_refused(text: str) -> None:
    with pytest.raises(SenderInvalid, match="Write a name and an address"):
        Mailbox.parse(text)


@given(st.text(max_size=300))
def test_free_text_reads_back_from_short_encoded_words(text: str) -> None:  # M4 M18
    written = headers.unstructured(text, len("Subject: "))
    assert str(make_header(decode_header(written.replace("\r\n ", " ")))).strip() == clean(text).strip()
    lines = f"Subject: {written}".split("\r\n")
    assert all(len(line) <= 76 for line in lines)
    assert all(line.startswith(" ") for line in lines[1:])
    assert all(len(word) <= 75 for line in lines for word in line.split() if word.startswith("=?"))


@given(st.text(max_size=200))
def test_a_name_never_touches_the_address(name: str) -> None:  # M5 M18
    written = headers.mailbox(name, "ana@home.example", len("To: "))
    assert written == "ana@home.example" or written.endswith(" <ana@home.example>")
    assert all(len(line) <= 100 for line in written.split("\r\n"))
    assert all(line.startswith(" ") for line in written.split("\r\n")[1:])


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("Ana Ruiz", '"Ana Ruiz" <'),
        ('Ana "la jefa" Ruiz', "=?utf-8?b?"),
        ("Ruiz, Ana", "=?utf-8?b?"),
        ("=?utf-8?q?x?=", "=?utf-8?b?"),
        ("Ana\r\nBcc: x@y.example", "=?utf-8?b?"),
        ("", "ana@"),
    ],
)
def test_a_plain_name_is_quoted_and_any_other_encoded(name: str, start: str) -> None:  # F23
    assert headers.mailbox(name, "ana@home.example", 4).startswith(start)


def test_a_lists_name_for_machines_stays_within_its_octets() -> None:  # M10
    assert headers.list_id(identity(list_name="Another name")) == "families.school.example"
    assert len(headers.list_id(identity(list_slug="x" * 400))) <= 253
    assert headers.list_id(identity(list_slug="a b\r\nX: y>")) == "a-b-x-y.school.example"


@pytest.mark.parametrize(
    ("given_identity", "expected"),
    [
        (identity(), "42:families:our-school-community:school-example"),
        (identity(organization="学校", from_header="a@b.c"), "42:families:organization:b-c00"),
        (identity(organization="Escuela Ñandú: nº 1"), "42:families:escuela-nandu-no-1:school-example"),
    ],
)
def test_feedback_id_has_four_fields_the_last_of_five_to_fifteen(given_identity: object, expected: str) -> None:  # M11
    written = headers.feedback_id(given_identity, 42)  # type: ignore[arg-type]
    assert written == expected
    assert len(written.split(":")) == 4
    assert 5 <= len(written.rpartition(":")[2]) <= 15


def test_the_name_stands_before_the_list_id_where_both_fit() -> None:  # M10
    assert headers.labelled_list_id(identity(list_name="Carta")) == '"Carta" <families.school.example>'
    assert headers.labelled_list_id(identity(list_name="")) == "<families.school.example>"
    assert headers.labelled_list_id(identity(list_name="字" * 120)) == "<families.school.example>"
    short = headers.labelled_list_id(identity(list_name="Año nuevo"))
    assert short.endswith("?=\r\n <families.school.example>")
    assert len(short) <= 255


def test_a_list_is_called_as_readers_of_the_language_know_it() -> None:
    known = identity(list_name="Letter", list_names={"es": "Carta", "pt-BR": "Folha"})
    assert [known.in_language(code).list_name for code in ("en", "es", "es-MX", "pt", "pt-BR")] == [
        "Letter",
        "Carta",
        "Carta",
        "Letter",
        "Folha",
    ]
