"""The messages themselves, read by Python's own parser and looked at byte for byte: one test a mail standard."""

import re
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime
from html import escape, unescape
from html.parser import HTMLParser

import pytest

from newsletter.rendering.compile import compile_letter
from newsletter.rendering.content import Content, MergeSlot
from newsletter.rendering.editions import Edition
from newsletter.rendering.headers import SenderInvalid
from newsletter.rendering.variants import Variant
from newsletter.tokens import ReaderPurpose
from tests.support.mails import (
    CAMPAIGN,
    DATE,
    SAMPLE,
    SIGNER,
    Mail,
    content_of,
    document,
    identity,
    mail,
    reader,
    section,
)

HOSTILE = "Ana\r\nBcc: all@evil.example\x00\u2028X: <script>alert(1)</script> & {{ 7*7 }}"


class Page(HTMLParser):
    """The elements of an HTML part, and the words of each link."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.links: dict[str, str] = {}
        self._link: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "a" and ("aria-hidden", "true") not in attrs:  # that link is for machines
            self._link = dict(attrs)["href"] or ""
            self.links.setdefault(self._link, "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._link = None

    def handle_data(self, data: str) -> None:
        if self._link is not None:
            self.links[self._link] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def sample() -> Mail:
    return mail()


def hostile() -> Mail:
    subject = {"en": "Hello {{ reader.first_name }},\r\nX-Evil: 1 ñ"}
    evil = identity(organization=f"Org\r\nX-A: 1{HOSTILE}", list_name=HOSTILE, list_slug="fam\r\nX-B: 1")
    to = reader(HOSTILE, first_name=HOSTILE)
    return mail(content_of(document(section(en="Hi {{ reader.name }}"), subject=subject), who=evil), to=to, who=evil)


def test_each_header_that_must_be_there_is_there_once(sample: Mail) -> None:  # M1
    for name in ("From", "Date", "Subject", "Message-ID", "MIME-Version", "To", "Reply-To", "List-Id"):
        assert len(sample.parsed.get_all(name, [])) == 1, name
    assert parsedate_to_datetime(str(sample.parsed["Date"])) == parsedate_to_datetime(DATE)


def test_message_id_names_the_delivery_and_is_of_our_domain(sample: Mail) -> None:  # M2
    left, _, right = str(sample.parsed["Message-ID"]).strip("<>").partition("@")
    key = SIGNER.read_delivery_key(left)
    assert (right, key.campaign_id, key.seq, key.attempt) == ("school.example", CAMPAIGN, 7, 1)


@pytest.mark.parametrize("make", [mail, hostile, lambda: mail(to=reader("Ñ" * 5000, first_name="=." * 5000))])
def test_lines_are_short_and_end_in_crlf(make: object) -> None:  # M3 M4
    made: Mail = make()  # type: ignore[operator]
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", made.raw)
    lines = made.raw.split(b"\r\n")
    assert all(len(line) <= 998 for line in lines)
    body = made.raw.split(b"\r\n\r\n", 1)[1]
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    assert not any(line.startswith(b".") for line in lines)
    assert all(len(word) <= 75 for word in re.findall(r"=\?[^\s]+\?=", made.head))


def test_machine_headers_are_never_encoded_even_with_a_long_token() -> None:  # M5
    made = mail(to=reader(public_id="p" * 200))
    for name in ("List-Unsubscribe", "List-Id", "List-Unsubscribe-Post", "Feedback-ID"):
        (line,) = made.header_lines(name)
        assert "=?" not in line
    assert "=?" not in str(made.parsed["To"].addresses[0].addr_spec)
    assert "p" * 200 in made.header_lines("List-Unsubscribe")[0]


def test_list_unsubscribe_is_one_https_uri_without_white_space(sample: Mail) -> None:  # M6
    (line,) = sample.header_lines("List-Unsubscribe")
    assert re.fullmatch(r"List-Unsubscribe: <https://news\.school\.example/unsubscribe/[^\s<>]+>", line)


def test_the_one_click_header_is_right_to_the_byte(sample: Mail) -> None:  # M7
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in sample.raw


def test_the_unsubscribe_url_names_reader_and_list_without_the_address(sample: Mail) -> None:  # M9
    token = sample.header_lines("List-Unsubscribe")[0].rstrip(">").rpartition("/")[2]
    claim = SIGNER.read_reader_token(token, ReaderPurpose.UNSUBSCRIBE)
    assert (claim.public_id, claim.subject_id) == (reader().public_id, 3)
    body = sample.raw.split(b"\r\n\r\n", 1)[1]
    assert b"ana@home" not in body
    assert "ana" not in token.lower().replace(reader().public_id.lower(), "")


def test_list_id_and_feedback_id(sample: Mail) -> None:  # M10 M11
    assert sample.header_lines("List-Id") == ['List-Id: "Letter for families" <families.school.example>']
    assert sample.header_lines("Feedback-ID") == ["Feedback-ID: 42:families:our-school-community:school-example"]


def test_text_comes_before_html_and_neither_is_empty(sample: Mail) -> None:  # M12
    assert sample.parsed.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in sample.parsed.iter_parts()] == ["text/plain", "text/html"]
    assert len(sample.text) > 500
    assert len(sample.html) > 5000


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_text_has_every_link_of_the_html_on_a_line_of_its_own(language: str) -> None:  # M13
    made = mail(content_of(language=language))
    links = {link.removeprefix("mailto:") for link in Page(made.html).links}
    assert any("/unsubscribe/" in link for link in links)
    assert links <= set(made.text.split("\n"))


def test_a_long_issue_stays_within_what_gmail_shows() -> None:  # M14
    words = "A letter that says a little of everything, week after week. " * 12
    many = [section(en=f"## Part {n}\n\n{words}\n\n[More](https://a.example/{n})") for n in range(30)]
    assert len(mail(content_of(document(*many))).html.encode()) <= 100_000


def test_both_parts_have_the_postal_address(sample: Mail) -> None:  # M15
    address = "12 Oak Street, Springfield, IL 62701"
    assert address in sample.text
    assert address in sample.html


def test_the_body_has_a_visible_unsubscribe_link_early_enough(sample: Mail) -> None:  # M16
    links = Page(sample.html).links
    (url,) = [url for url in links if "/unsubscribe/" in url]
    assert links[url] == "Unsubscribe"
    assert sample.html.encode().index(url.encode()) < 100_000


def test_names_of_other_scripts_go_out_as_a_labels() -> None:  # M17
    made = mail(who=identity(from_header="Bücherei <post@bücherei.example>"))
    assert made.parsed["From"].addresses[0].addr_spec == "post@xn--bcherei-n2a.example"
    assert str(made.parsed["Message-ID"]).endswith("@xn--bcherei-n2a.example>")
    with pytest.raises(SenderInvalid):
        mail(who=identity(from_header="señor@school.example"))


def test_no_value_can_add_a_header() -> None:  # M18 F23
    made = hostile()
    assert sorted(made.parsed.keys()) == sorted(mail().parsed.keys())
    assert not {"bcc", "x-evil", "x-a", "x-b"} & {name.lower() for name in made.parsed}
    assert made.parsed["To"].addresses[0].addr_spec == "ana@home.example"
    assert [address.addr_spec for address in made.parsed["To"].addresses] == ["ana@home.example"]


def broken(field: str, text: str) -> Mail:
    """The sample's mail with a text in one of its fields."""
    if field in ("name", "first_name"):
        return mail(to=reader(**{"name": "Ana Ruiz", "first_name": "Ana", field: text}))
    if field in ("subject", "preheader"):
        own = section(en="## Hello")
        texts = {"subject": {"en": "Hello"}, "preheader": {"en": "Hi"}, field: {"en": text}}
        return mail(content_of(document(own, subject=texts["subject"], preheader=texts["preheader"])))
    who = identity(**{field: f"{text} <office@school.example>" if field in ("from_header", "reply_to") else text})
    return mail(who=who)


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\0", "\x0b", "\x85", "\u2028", "\u2029", "\r\n\r\n"])
@pytest.mark.parametrize(
    "field",
    ["subject", "preheader", "name", "first_name", "organization", "list_name", "list_slug", "from_header", "reply_to"],
)
def test_no_field_can_break_a_line(field: str, break_: str) -> None:  # M18 F23
    made = broken(field, f"Ana{break_}Bcc: all@evil.example{break_}")
    assert (made.parsed.keys(), made.parsed.defects) == (mail().parsed.keys(), [])
    assert not any(break_ in str(value) for value in made.parsed.values())
    assert b"\0" not in made.raw


@pytest.mark.parametrize("field", ["from_header", "reply_to"])
@pytest.mark.parametrize(
    "address", ["a@b.example\r\nBcc: c@d.example", "a\u2028@b.example", "a\0@b.example", "a@b\n.example"]
)
def test_an_address_with_a_break_in_it_is_refused(field: str, address: str) -> None:  # F23
    with pytest.raises(SenderInvalid):
        mail(who=identity(**{field: f"Office <{address}>"}))


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "{{7*7}}",
        "{% if 1 %}49{% endif %}",
        "%recipient%",
        "&lt;b&gt;",
        "-q.0-",
        "slotq0z",
        '"><b>',
    ],
)
@pytest.mark.parametrize("field", ["name", "organization", "list_name", "postal_address"])
def test_a_name_is_escaped_once_everywhere_and_never_evaluated(field: str, name: str) -> None:  # M19 F24
    text = "{{ reader.name }} {{ reader.name ~ '' }} {{ list.name }} {{ organization.name }}"
    who = identity() if field == "name" else identity(**{field: name})
    to = reader(name) if field == "name" else reader()
    issue = mail(content_of(document(section(en=text), subject={"en": text}), who=who), to=to, who=who)
    welcome = compile_letter("welcome", "en", who, {"names": [who.list_name], "descriptions": [who.organization]})
    letters = [mail(letter, to=to, who=who) for letter in (compile_letter("confirm", "en", who), welcome)]
    for made in (issue, *(letters if field != "name" else ())):
        shown = unescape(re.sub(r"<[^<>]*>", "", made.html))
        assert name in shown
        assert name in made.text
        assert "<script" not in made.html
        assert "49" not in shown.replace(name, "")
        assert escape(escape(name)) == escape(name) or escape(escape(name)) not in made.html
    if field != "postal_address":
        assert name in str(issue.parsed["Subject"])


def test_merge_values_are_escaped_in_html_and_nowhere_else() -> None:  # M19 F24
    made = hostile()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {{ 7*7 }}" in made.html
    assert "<script" not in made.html
    assert "<script>alert(1)</script> & {{ 7*7 }}" in made.text
    assert "{{ 7*7 }}" in str(make_header(decode_header(str(made.parsed["Subject"]))))


def test_a_message_has_one_recipient(sample: Mail) -> None:  # M20
    assert [address.addr_spec for address in sample.parsed["To"].addresses] == ["ana@home.example"]
    assert sample.parsed["To"].addresses[0].display_name == "Ana Ruiz"
    assert sample.parsed["Cc"] is None


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_confirmation_says_it_is_automatic_and_has_no_pixel(language: str) -> None:  # M21
    letter = compile_letter("confirm", language, identity())
    made = mail(letter, auto_submitted=True, list_headers=False)
    assert made.header_lines("Auto-Submitted") == ["Auto-Submitted: auto-generated"]
    assert not made.header_lines("List-Unsubscribe")
    assert not made.header_lines("List-Id")
    assert not Page(made.html).all("img")
    token = next(iter(Page(made.html).links)).rpartition("/confirm/")[2]
    assert SIGNER.read_reader_token(token, ReaderPurpose.CONFIRM).subject_id == 3
    assert f"https://news.school.example/confirm/{token}" in made.text.split("\n")
    assert "12 Oak Street" in made.text
    assert "Letter for families" in str(make_header(decode_header(str(made.parsed["Subject"]))))


def test_an_issue_is_not_automatic(sample: Mail) -> None:  # M21
    assert sample.parsed["Auto-Submitted"] is None


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("es", "ltr"), ("ar", "rtl")])
def test_language_direction_and_title_are_set(language: str, direction: str) -> None:  # M22
    arabic = document(section(en="## Hi\n\nText"), subject={"en": "Hi", "es": "Hola", "ar": "مرحبا"})
    html = mail(content_of(arabic, language)).html
    page = Page(html)
    assert {"ltr": "rtl", "rtl": "ltr"}[direction] not in re.findall(r"direction:(\w+)", html)
    assert (page.all("html")[0]["lang"], page.all("html")[0]["dir"]) == (language, direction)
    assert page.all("title")
    assert all(attributes.get("lang") != "und" for _, attributes in page.elements)


def test_a_body_in_another_language_says_so() -> None:  # M22
    page = Page(mail(content_of(language="es")).html)
    assert any(attributes["lang"] == "en" for attributes in page.all("h2") if "lang" in attributes)
    assert any(attributes.get("lang") == "en" for attributes in page.all("div"))


def test_layout_tables_are_presentation_and_every_image_has_alt(sample: Mail) -> None:  # M23
    page = Page(re.sub(r"<!--\[if[^>]*>(<!-->)?|(<!--)?<!\[endif\]-->", "", sample.html))
    assert page.all("table")
    assert all(table.get("role") == "presentation" for table in page.all("table"))
    assert [image.get("alt") for image in page.all("img")] == ["", "Two people at a table"]


def test_no_link_is_without_words(sample: Mail) -> None:  # M24
    assert all(words.strip() for words in Page(sample.html).links.values())


def test_the_pixel_comes_first_and_only_where_it_is_wanted(sample: Mail) -> None:
    first = Page(sample.html).all("img")[0]
    src = first["src"] or ""
    claim = SIGNER.read_mail_token(src.rpartition("/o/")[2].removesuffix(".gif"))
    assert (claim.campaign_id, claim.seq, claim.link_no, first["width"]) == (CAMPAIGN, 7, 0, "1")
    assert sample.html.index(src) < sample.html.index("December 2026")
    assert "/o/" not in mail(who=identity(tracking_pixel=False)).html


def test_every_web_link_is_a_signed_click_and_others_stay(sample: Mail) -> None:  # M44
    links = Page(sample.html).links
    clicks = [link for link in links if link.startswith("https://news.school.example/c/")]
    assert {SIGNER.read_mail_token(link.rpartition("/")[2]).link_no for link in clicks} == {2, 3, 4, 5}
    assert "mailto:office@school.example" in links
    assert not any(host in sample.html for host in ('"https://library.example', '"https://school.example'))
    (view,) = [link for link in links if "/view/" in link]
    assert SIGNER.read_mail_token(view.rpartition("/")[2]).link_no == 1


def test_fields_that_are_the_same_for_all_become_constants() -> None:
    content = content_of(
        document(
            section(en="{{ list.name }} of {{ organization.name }}, {{ issue.month }} {{ reader.name ~ list.name }}"),
            subject={"en": "{{ organization.name }}: {{ list.name }}"},
        ),
        who=identity(organization="Smith & Sons"),
    )
    assert content.subject == ("Smith & Sons: Letter for families",)
    assert "Letter for families of Smith &amp; Sons, December 2026 " in "".join(
        p for p in content.html if isinstance(p, str)
    )
    assert [slot for slot in content.slots() if isinstance(slot, MergeSlot)] == [
        MergeSlot("{{ reader.name ~ list.name }}")
    ] * 2
    assert "Ana RuizLetter for families" in mail(content).text


def test_the_subject_may_name_the_reader() -> None:
    content = content_of(
        document(section(en="x"), subject={"en": 'For you, {{ reader.first_name | default("friend") }} ñ'})
    )
    assert mail(content).parsed["Subject"] == "For you, Ana ñ"
    assert mail(content, to=reader("")).parsed["Subject"] == "For you, friend ñ"


def test_an_address_of_another_script_goes_out_in_utf_8() -> None:  # M5
    made = mail(Content(("x",), ("x",), ("x",)), to=reader("Ñ", address="señora@home.example"))
    assert "\r\n <señora@home.example>".encode() in made.raw


def test_the_letter_reads_as_a_letter(sample: Mail) -> None:
    assert sample.text.startswith(
        "Our School Community\nDecember 2026\n-------------\n\nIn this issue:\n- Workshop (Tue, Dec 8,"
    )
    assert "[For elementary families]\nRead together\n-------------\n\nSee the list.\nhttps://" in sample.text
    assert "[For middle school and high school families]\nTry this:\nTry it\n------\n\n1. One\n2. Two\n" in sample.text
    assert "\n* * *\n" in sample.text
    assert "right.\n-- A mother, Room 12\n" in sample.text
    assert "\n\n\n\n" not in sample.text


def test_without_a_link_table_nothing_is_tracked() -> None:
    page = Page(mail(Edition(SAMPLE, identity()).content(Variant.everything(SAMPLE, "en"))).html)
    assert "https://school.example/workshop?a=b&c=d#f" in page.links
    assert not any("/c/" in link or "/view/" in link for link in page.links)
    assert len(page.all("img")) == 1


def test_a_section_that_says_nothing_in_any_language_is_left_out() -> None:
    made = mail(content_of(document(section(bands=("high",)), section(en="## Here\n\nText"))))
    assert "high school" not in made.html
    assert "Here" in made.html


def test_a_band_of_the_organizations_own_is_named_as_it_is() -> None:
    made = mail(content_of(document(section(en="## Here", bands=("primary-years",)))))
    assert "For primary-years families" in made.text
    assert "band-other" in made.html


def test_what_is_in_the_issue_is_what_one_must_know_or_else_the_first_titles() -> None:
    plain_issue = document(*(section(en=f"## Part {n}") for n in range(7)), section("button", en="## Go"))
    assert "- Part 4\n" in mail(content_of(plain_issue)).text
    assert "- Part 5" not in mail(content_of(plain_issue)).text
    own = section(en="## C", must_know=True, bands=("high",))
    urgent = document(section(en="## A"), section(en="## B", must_know=True), own)
    assert "In this issue:\n- C\n- B\n" in mail(content_of(urgent)).text
    assert "In this issue" not in mail(content_of(document(section(en="No title")))).html


def test_a_button_says_its_heading_once() -> None:
    made = mail(
        content_of(document(section("button", en="## Thank a teacher", attributes={"url": "https://a.example"})))
    )
    assert list(Page(made.html).links.values()).count("Thank a teacher") == 1
    assert not Page(made.html).all("h2")
    assert "Thank a teacher:\nhttps://" in made.text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://[", "", "data:text/html,x"])
def test_a_target_that_may_not_be_linked_makes_no_button(url: str) -> None:
    made = mail(content_of(document(section("resource", en="## Cards", attributes={"url": url}))))
    assert "button" not in [attributes.get("class") for attributes in Page(made.html).all("td")]
    assert len(Page(made.html).links) == 3


def test_a_resource_says_where_its_link_goes() -> None:
    kinds = [section("resource", en="## Cards", attributes={"url": "https://www.cards.example:8443/x"})]
    kinds += [section("button", en="No heading", attributes={"url": "mailto:a@b.example"})]
    made = mail(content_of(document(*kinds)))
    assert "Open it at cards.example:\nhttps://news.school.example/c/" in made.text
    assert "Open it at mailto:a@b.example" in made.text
