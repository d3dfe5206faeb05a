"""What each kind of file becomes, field by field."""

import csv
import io

import pytest

from subscribers.importing.columns import Columns
from subscribers.importing.formats.rules import moment, quoted_tags
from subscribers.importing.records import ImportFileInvalid, Record
from subscribers.standings import Standing

MAILCHIMP = (
    "Email Address,First Name,Last Name,Company,Position,ZIP Code,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,"
    "CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,{},LEID,EUID,NOTES,TAGS"
)
MARIA = (
    "maria@school.example, María ,Pérez,,,60601,2,2023-04-21 11:16:57,192.0.2.1,,,,,,,{},,,{},1,x,,"
    '"""PTA"",""Band, jazz"""'
)


def read(header: str, row: str, **mapping: str) -> dict[str, str]:
    cells, values = csv.reader(io.StringIO(f"{header}\n{row}\n"))
    return Columns.of(tuple(cells), mapping).fields(tuple(values))


def kind(header: str) -> str:
    return Columns.of(tuple(header.split(",")), {}).format.name


@pytest.mark.parametrize(
    ("column", "cell", "standing"),
    [("LAST_CHANGED", "x", "subscribed"), ("UNSUB_TIME", "x", "unsubscribed"), ("CLEAN_TIME", "x", "bounced")],
)
def test_mailchimps_three_files_are_told_by_their_times(column: str, cell: str, standing: str) -> None:
    header = MAILCHIMP.format(column)
    assert read(header, MARIA.format("America/Chicago", cell)) == {
        "email": "maria@school.example",
        "name": "María Pérez",
        "timezone": "America/Chicago",
        "place": "60601",
        "tags": "PTA;Band / jazz",
        "joined": "2023-04-21T11:16:57+00:00",
        "confirmed": "",
        "network": "192.0.2.1",
        "standing": standing,
    }
    assert kind(header).startswith("Mailchimp")


def test_a_time_of_leaving_that_is_empty_does_not_bring_anybody_back() -> None:  # F40
    assert read(MAILCHIMP.format("UNSUB_TIME"), MARIA.format("", ""))["standing"] == "unsubscribed"


def test_a_time_zone_that_is_no_name_of_one_is_not_taken() -> None:
    assert read(MAILCHIMP.format("LAST_CHANGED"), MARIA.format("cst", ""))["timezone"] == ""


@pytest.mark.parametrize(("disabled", "standing"), [("false", "subscribed"), ("TRUE", "unsubscribed"), ("", "pending")])
def test_substack_says_whom_it_no_longer_mails(disabled: str, standing: str) -> None:
    header = "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at"
    fields = read(header, f"ana@school.example,false,,other,{disabled},2024-01-15T10:00:00.000Z,")
    assert fields == {"email": "ana@school.example", "joined": "2024-01-15T10:00:00+00:00", "standing": standing}
    assert kind(header) == "Substack"


@pytest.mark.parametrize(("subscribed", "standing"), [("true", "subscribed"), ("false", "unsubscribed")])
def test_ghost_says_who_is_subscribed(subscribed: str, standing: str) -> None:
    header = (
        "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels"
    )
    row = f'1,ana@school.example,Ana,,{subscribed},false,,2024-01-15T10:00:00.000Z,,"PTA, Band;x"'
    assert read(header, row) == {
        "email": "ana@school.example",
        "name": "Ana",
        "tags": "PTA;Band / x",
        "joined": "2024-01-15T10:00:00+00:00",
        "standing": standing,
    }
    assert kind(header) == "Ghost"


@pytest.mark.parametrize(
    ("status", "left_at", "standing"),
    [
        ("active", "", "subscribed"),
        ("active", "2024-03-13 11:33:53 UTC", "unsubscribed"),
        ("inactive", "", "unsubscribed"),
        ("pending", "", "pending"),
        ("validating", "", "validating"),
    ],
)
def test_beehiiv_says_where_people_stand_and_a_new_word_of_theirs_is_not_guessed(
    status: str, left_at: str, standing: str
) -> None:
    header = "email,First Name,Last Name,status,tier,created_at,stripe_customer_id,Free Tier,unsubscribed_at"
    fields = read(header, f"ana@school.example, Ana ,,{status},free,2023-03-24 10:23:10 UTC,,Yes,{left_at}")
    assert fields == {
        "email": "ana@school.example",
        "name": "Ana",
        "joined": "2023-03-24T10:23:10+00:00",
        "standing": standing,
    }
    assert kind(header) == "beehiiv"


@pytest.mark.parametrize(
    ("status", "standing"), [("enabled", ""), ("disabled", "unsubscribed"), ("blocklisted", "unsubscribed")]
)
def test_listmonk_says_only_who_is_not_to_be_mailed(status: str, standing: str) -> None:
    header = "uuid,email,name,attributes,status,created_at,updated_at"
    row = f"u-1,ana@school.example,Ana,{{}},{status},2023-03-24 10:23:10.123456 +0530 IST,"
    fields = read(header, row)
    assert (fields["name"], fields["standing"]) == ("Ana", standing)
    assert fields["joined"] == "2023-03-24T04:53:10.123456+00:00"
    assert kind(header) == "listmonk"


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("Unsubscribed", "unsubscribed"),
        ("cleaned", "bounced"),
        ("Opted out", "unsubscribed"),
        ("enrolled", ""),
        ("", ""),
    ],
)
def test_who_left_elsewhere_is_known_by_a_column_of_no_service(status: str, standing: str) -> None:
    assert read("email,Subscription Status", f"ana@school.example,{status}")["standing"] == standing


def test_a_standing_goes_before_a_status_and_of_two_statuses_none_is_guessed() -> None:
    assert read("email,standing,status", "ana@school.example,pending,bounced")["standing"] == "pending"
    with pytest.raises(ImportFileInvalid, match="'Status' and 'Email Status' would both be the standing"):
        read("email,Status,Email Status", "ana@school.example,,")


def test_our_own_header_has_every_field() -> None:
    header = (
        "email,name,language,timezone,grades,school,roles,tags,household,tracking,place,joined,standing,attended,"
        "interests,attribute:Bus line,ATTRIBUTE:x"
    )
    row = "a@b.example,Ana,es,,2,Maple,family,pta,perez,yes,60601,2024-05-31,confirmed,Reading,Math, 12 ,"
    fields = read(header, row)
    assert (fields["joined"], fields["standing"]) == ("2024-05-31T00:00:00+00:00", "subscribed")
    assert (fields["attribute:Bus line"], fields["attribute:x"]) == ("12", "")
    assert fields["attended"] == "Reading"
    assert kind(header) == "plain CSV"


def test_a_mapping_goes_before_what_a_service_means() -> None:
    header = MAILCHIMP.format("LAST_CHANGED")
    fields = read(header, MARIA.format("", ""), name="first name", **{"attribute:rating": "MEMBER_RATING"})
    assert (fields["name"], fields["attribute:rating"]) == ("María", "2")
    columns = Columns.of(tuple(header.split(",")), {"attribute:rating": "MEMBER_RATING"})
    assert "MEMBER_RATING" not in columns.unknown
    assert {"Company", "NOTES", "LEID"} <= set(columns.unknown)


@pytest.mark.parametrize("standing", Standing)
def test_a_column_that_is_mapped_may_say_where_people_stand_in_our_words(standing: str) -> None:
    assert read("email,State", f"a@b.example,{standing.title()}", standing="State")["standing"] == standing


@pytest.mark.parametrize(
    ("header", "mapping", "sentence"),
    [
        ("email,name,Name", {}, "2 columns 'name'"),
        ("email,x,X", {"place": "x"}, "2 columns 'x'"),
        (MAILCHIMP.format("UNSUB_TIME,TAGS"), {}, "2 columns 'TAGS'"),
        ("email", {"attribute:": "email"}, "attribute:NAME"),
        ("email", {"attribute:bus": "Bus"}, "no column 'Bus'"),
    ],
)
def test_columns_that_are_doubled_or_missing_are_named(header: str, mapping: dict[str, str], sentence: str) -> None:
    with pytest.raises(ImportFileInvalid, match=sentence):  # F38
        Columns.of(tuple(header.split(",")), mapping)


def test_doubled_columns_that_nobody_asks_for_do_no_harm() -> None:
    columns = Columns.of(("email", "Notes", "notes", ""), {})
    assert columns.unknown == ("Notes", "notes")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2024-05-31", "2024-05-31T00:00:00+00:00"),
        ("2024-05-31 18:20", "2024-05-31T18:20:00+00:00"),
        ("2024-05-31T18:20:00Z", "2024-05-31T18:20:00+00:00"),
        ("2024-05-31 18:20:00 -0400", "2024-05-31T22:20:00+00:00"),
        ("2024-05-31T18:20:00+02:00", "2024-05-31T16:20:00+00:00"),
        ("2024-13-31", "2024-13-31"),
        ("0001-01-01T00:00:00+23:00", "0001-01-01T00:00:00+23:00"),
        ("31.05.2024", "31.05.2024"),
        ("", ""),
    ],
)
def test_a_moment_becomes_iso_in_utc_and_anything_else_is_left_for_the_import_to_refuse(text: str, told: str) -> None:
    assert moment(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('"PTA","Band"', "PTA;Band"),
        ('"PTA, evening", Band', "PTA / evening;Band"),
        ("Editors", "Editors"),
        ('"half', '"half'),
        ("", ""),
    ],
)
def test_a_tag_keeps_what_would_part_it_as_a_slash(text: str, told: str) -> None:
    assert quoted_tags(text) == told


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [('{"email": "ana@x.example"}', "JSON"), ("[", "JSON"), ("%PDF-1.4", "a PDF"), ("<html>", "a page or XML")],
)
def test_a_file_that_is_no_table_is_called_what_it_is(beginning: str, kind: str) -> None:
    with pytest.raises(ImportFileInvalid, match=f"^This is {kind}, not a table"):
        Columns.of((beginning, "name"), {})


def test_the_line_by_which_excel_says_what_parts_its_cells_is_no_header() -> None:
    lines = iter([Record(1, ("sep=", "")), Record(2, ("email", "name"))])
    assert Columns.read(lines, {}).width == 2


def test_no_column_is_suggested_that_only_sounds_a_little_like_it() -> None:
    with pytest.raises(ImportFileInvalid, match="--map email=COLUMN"):
        Columns.of(("correo", "señal"), {})
