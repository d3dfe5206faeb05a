"""How the columns of a file that no service wrote are known by what people call them."""

import pytest

from subscribers.importing.columns import Columns
from subscribers.importing.formats import PLAIN
from subscribers.importing.records import ImportFileInvalid


def of(header: str, **mapping: str) -> Columns:
    return Columns.of(tuple(header.split(",")), mapping)


def read(header: str, row: str, **mapping: str) -> dict[str, str]:
    return of(header, **mapping).fields(tuple(row.split(",")))


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Email Address", "email"),
        ("E-mail", "email"),
        ("E-Mail_Address", "email"),
        ("EMAIL", "email"),
        ("Full Name", "name"),
        ("Grade", "grades"),
        ("grade_level", "grades"),
        ("Language", "language"),
        ("Time Zone", "timezone"),
        ("time-zone", "timezone"),
        ("Tag", "tags"),
        ("School Name", "school"),
        ("Role", "roles"),
    ],
)
def test_a_column_is_known_as_people_write_its_name(name: str, field: str) -> None:
    columns = of(name if field == "email" else f"email,{name}")
    assert (columns.format, columns.unknown) == (PLAIN, ())
    assert field in columns.fields(("",) * columns.width)


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        ("First Name,Last Name", "Ana,Lopez", "Ana Lopez"),
        ("last_name,FIRST-NAME", "Lopez,Ana", "Ana Lopez"),
        ("First Name,Surname", "Ana,", "Ana"),
        ("Given name,Notes", "Ana,x", "Ana"),
    ],
)
def test_first_and_last_name_are_the_name(header: str, row: str, name: str) -> None:
    assert read(f"E-mail,{header}", f"a@b.example,{row}") == {"email": "a@b.example", "name": name}


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("Email,E-mail Address", "'Email' and 'E-mail Address' would both be the email"),
        ("email,Grade,Grades", "'Grade' and 'Grades' would both be the grades"),
        ("email,Full Name,First Name", "'Full Name' and 'First Name' would both be the name"),
        ("email,Last Name,Surname", "'Last Name' and 'Surname' would both be the last name"),
    ],
)
def test_two_columns_that_would_be_one_field_are_named(header: str, columns: str) -> None:
    with pytest.raises(ImportFileInvalid, match=columns):
        of(header)


def test_a_mapping_says_which_of_two_columns_it_is_and_what_a_column_is_instead() -> None:
    header, row = "Email,E-mail Address,First Name,Last Name,Grade", "a@b.example,c@d.example,Ana,Lopez,3rd grader"
    mapping = {"email": "e-mail address", "name": "Last Name", "attribute:level": "Grade"}
    assert read(header, row, **mapping) == {"email": "c@d.example", "name": "Lopez", "attribute:level": "3rd grader"}
    assert of(header, **mapping).unknown == ("Email", "First Name")


def test_what_may_mean_several_things_is_not_guessed() -> None:
    assert of("email,State,Family name,Zip,Parent email").unknown == ("State", "Family name", "Zip", "Parent email")


def test_a_service_is_known_by_its_own_names_alone() -> None:
    assert of("E-mail,Expiry,Email_Disabled").format is PLAIN
    assert of("Email,Expiry,Email_Disabled,Grade").unknown == ("Expiry", "Grade")


@pytest.mark.parametrize(
    ("header", "mapping", "sentence"),
    [
        ("Correo,Señal", {}, "It has: Correo, Señal. Name the right one with --map email=COLUMN"),
        ("Parent Email,Grade", {}, "It has: Parent Email, Grade. .* --map 'email=Parent Email'"),
        ("Correo,Señal", {"email": "correio"}, "no column 'correio'. It has: Correo, Señal."),
        ("Email,NAME,Name", {}, "2 columns 'NAME'"),
    ],
)
def test_a_sentence_shows_columns_as_the_file_spells_them(header: str, mapping: dict[str, str], sentence: str) -> None:
    with pytest.raises(ImportFileInvalid, match=sentence):
        of(header, **mapping)
