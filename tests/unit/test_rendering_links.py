"""Targets byte for byte, and the numbers that click URLs carry."""

import pytest

from newsletter.rendering.content import LinkSlot
from newsletter.rendering.links import LinkTable
from newsletter.rendering.targets import ascii_host, is_allowed, is_web, on_the_wire
from newsletter.tokens import FIRST_LINK
from tests.support.mails import SAMPLE, document, section


@pytest.mark.parametrize(
    ("typed", "wire"),
    [
        ("https://a.example/x?a=b&c=%20d;e#f", "https://a.example/x?a=b&c=%20d;e#f"),
        ("https://a.example/{}/?q={x}|y^z'~", "https://a.example/{}/?q={x}|y^z'~"),
        ("HTTP://A.example/", "HTTP://A.example/"),
        ("https://bücher.example/ñ?q=é#ü", "https://xn--bcher-kva.example/%C3%B1?q=%C3%A9#%C3%BC"),
        ("https://u:p@bücher.example:8443/", "https://u:p@xn--bcher-kva.example:8443/"),
        (" https://a.example/a b\n", "https://a.example/a%20b"),
        ("mailto:señora@school.example", "mailto:se%C3%B1ora@school.example"),
        ("https://a..é/", "https://a..%C3%A9/"),
    ],
)
def test_a_target_goes_out_as_it_was_typed(typed: str, wire: str) -> None:  # F28
    assert on_the_wire(typed) == wire


@pytest.mark.parametrize(
    ("url", "web", "allowed"),
    [
        ("https://a.example", True, True),
        ("HTTP://a.example", True, True),
        ("mailto:a@b.example", False, True),
        ("tel:+1555", False, True),
        ("javascript:alert(1)", False, False),
        ("data:text/html,x", False, False),
        ("//evil.example", False, False),
        ("/path", False, False),
        ("https:", False, False),
        ("http://[broken", False, False),
        ("", False, False),
    ],
)
def test_only_pages_addresses_and_numbers_may_be_linked(url: str, *, web: bool, allowed: bool) -> None:
    assert (is_web(url), is_allowed(url)) == (web, allowed)


def test_a_host_that_is_no_name_stays() -> None:
    assert ascii_host("a..é") == "a..é"


def test_every_web_link_of_every_language_has_one_number_in_the_documents_order() -> None:
    table = LinkTable.of(
        document(
            section(en="[a](https://a.example) [m](mailto:x@y.example)", es="[b](https://b.example)"),
            section("button", en="## Go {{ list.name }}", attributes={"url": "https://c.example/?x=1"}),
            section("resource", key="cards", en="no title", attributes={"url": "https://d.example"}),
            section("event", en="## No page", attributes={"url": "javascript:alert(1)"}),
            section(en="[again](https://a.example)"),
        )
    )
    assert [(row.no, row.target, row.label) for row in table.rows] == [
        (FIRST_LINK, "https://a.example", "a"),
        (FIRST_LINK + 1, "https://b.example", "b"),
        (FIRST_LINK + 2, "https://c.example/?x=1", "Go {{ list.name }}"),
        (FIRST_LINK + 3, "https://d.example", "cards"),
    ]
    assert table.slot("https://d.example") == LinkSlot(FIRST_LINK + 3)
    assert table.slot("mailto:x@y.example") is None
    assert table.slot("https://nowhere.example") is None


def test_the_same_document_gives_the_same_numbers() -> None:
    assert LinkTable.of(SAMPLE).rows == LinkTable.of(SAMPLE).rows
    assert LinkTable().last == FIRST_LINK - 1


@pytest.mark.parametrize(
    ("target", "tagged"),
    [
        ("https://a.example", "https://a.example?utm_source=the%20letter"),
        ("https://a.example/?q=1#f?", "https://a.example/?q=1&utm_source=the%20letter#f?"),
        ("https://a.example/?utm_source=own", "https://a.example/?utm_source=own"),
    ],
)
def test_a_lists_utm_tags_go_before_the_fragment_and_never_twice(target: str, tagged: str) -> None:
    table = LinkTable.of(document(section(en=f"[a]({target})")), {"utm_source": "the letter"})
    assert table.rows[0].target == tagged
    assert table.slot(target) == LinkSlot(FIRST_LINK)
