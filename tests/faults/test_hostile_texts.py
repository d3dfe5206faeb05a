"""Texts that try to break out, to stop the machine or to bring in what is not theirs, through the command line."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import CommandLine, Said
from tests.support.issue_files import a_file, a_section
from tests.support.school import a_school

SECRET = "k" * 40
LONGEST_SECONDS = 4
WAYS_OUT = [
    "{{ ''.__class__.__mro__ }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ lipsum.__globals__['os'].environ }}",
    "{{ namespace(a=1) }}",
    "{{ reader|attr('__class__') }}",
    "{{ '%s'|format(reader) }}",
    "{{ '{0.__class__}'.format(reader) }}",
    "{{ 'a'['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "{{ reader.\\u005f\\u005fclass\\u005f\\u005f }}",
    "{{ \uff52eader.__\uff43lass__ }}",
    "{{ self.__init__ }}",
    "{{ config.secret_key }}",
    "{% set x = cycler %}{{ x }}",
    "{% include '/etc/passwd' %}",
    "{% raw %}{{ reader.name }}{% endraw %}",
]
BOMBS = [
    "{{ 'a' * 10**9 }}",
    "{% for i in range(10**9) %}{% for j in range(10**9) %}x{% endfor %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ range(10**9) | list | length }}",
    "{% if reader.name %}" * 20_000,
    "{{" * 100_000,
]


@pytest.fixture
def newsletter(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[CommandLine]:
    outbox = f"file:{tmp_path / 'outbox'}"
    with a_school(sqlite_url, outbox, tmp_path):
        yield CommandLine(tmp_path, monkeypatch, capsys).of_school(sqlite_url, outbox)


def imported(newsletter: CommandLine, text: str) -> Said:
    (newsletter.folder / "hostile.md").write_text(text, encoding="utf-8")
    return newsletter("issues", "import", "hostile.md")


def in_a_text(text: str) -> str:
    return a_file(a_section(en=f"## Hello\n\n{text}", es="## Hola"))


def in_a_field(field: str, text: str) -> str:
    quoted = text.replace("'", "''")
    rest = "" if field == "subject" else "subject: {en: Hello}\n"
    return a_file(a_section(en="## Hello"), head=f"---\nmonth: 2026-12\n{rest}{field}: {{en: '{quoted}'}}\n---\n")


def messages(newsletter: CommandLine) -> list[str]:
    return newsletter.do("issues", "list", "--json").out.split('"id"')[1:]


@pytest.mark.parametrize("place", ["text", "subject", "preheader"])
@pytest.mark.parametrize("way_out", WAYS_OUT)
def test_a_way_out_of_the_sandbox_is_an_error_that_tells_no_secret(  # F20
    newsletter: CommandLine, place: str, way_out: str
) -> None:
    text = in_a_text(way_out) if place == "text" else in_a_field(place, way_out)
    assert " error" in imported(newsletter, text).out
    told = [newsletter("issues", "check", "2"), newsletter("issues", "preview", "2")]
    assert all(said.code == 1 for said in told)
    assert "Correct the merge field." in told[0].out
    for said in told:
        assert not re.search(rf"{SECRET}|root:|<class |environ\b.*NEWSLETTER", said.out + said.err)
        assert "Traceback" not in said.err


def test_a_merge_field_in_an_attribute_is_refused(newsletter: CommandLine) -> None:  # F20
    opening = 'event {#x starts="2026-12-08T18:00" timezone="UTC" place="{{ cycler.__init__ }}"}'
    imported(newsletter, a_file(a_section(opening, en="## Hello", es="## Hola")))
    said = newsletter("issues", "check", "2")
    assert said.code == 1
    assert "A merge field in place would be shown as it is typed." in said.out


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_template_bomb_is_an_error_at_once(newsletter: CommandLine, bomb: str) -> None:  # F21
    began = time.monotonic()
    assert " error" in imported(newsletter, in_a_text(bomb)).out
    assert time.monotonic() - began < LONGEST_SECONDS
    assert newsletter("issues", "preview", "2").code == 1


@pytest.mark.parametrize(
    "front", ["subject: " + "[" * 900, "subject: " + "{a: " * 900, "".join(f"{' ' * n}a:\n" for n in range(900))]
)
def test_fields_that_are_nested_too_deeply_are_one_sentence(newsletter: CommandLine, front: str) -> None:  # F21
    said = imported(newsletter, a_file(a_section(en="## Hello"), head=f"---\nmonth: 2026-12\n{front}\n---\n"))
    assert said.code == 1
    assert "put texts in quotes" in said.err
    assert "Traceback" not in said.err


INCLUDES = ["/etc/passwd", "file:///etc/passwd", "https://evil.example/x.mjml"]


@pytest.mark.parametrize("name", INCLUDES)
def test_an_include_in_a_section_of_mjml_is_refused(newsletter: CommandLine, name: str) -> None:  # F22
    imported(newsletter, a_file(a_section("mjml {#raw}", en=f'<mj-text>Hi</mj-text><mj-include path="{name}" />')))
    assert newsletter("issues", "check", "2").code == 1
    said = newsletter("issues", "preview", "2")
    assert (said.code, "include" in said.err, said.out) == (1, True, "")


@pytest.mark.parametrize("name", INCLUDES)
def test_nothing_is_included(newsletter: CommandLine, name: str) -> None:  # F22
    include = f'<mj-include path="{name}" /> <mj-raw>x</mj-raw>'
    imported(newsletter, in_a_text(f"{include}\n\n```\n{include}\n```\n"))
    for form in ("html", "text", "eml"):
        shown = newsletter.do("issues", "preview", "2", "--format", form).out
        assert "root:" not in shown
        assert "<mj-" not in shown or form != "html"  # a text shows it as it was typed


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<div>hello</div>\n" * 300_000, "holds at most a million characters"),
        ("<b>x</b>" * 650_000, "holds at most a million characters"),
        ("word " * 200_000, "holds at most a million characters"),
        ("**a*b" * 100_000, "takes too much time to lay out"),
    ],
    ids=["5 MB of HTML", "5 MB of HTML in a line", "a line of 1 MB", "half a million open stars"],
)
def test_a_text_that_is_too_much_is_refused_and_not_kept(  # F43
    newsletter: CommandLine, text: str, sentence: str
) -> None:
    said = imported(newsletter, in_a_text(text))
    assert said.code == 1
    assert said.err.startswith("Error: ")
    assert sentence in said.err
    assert len(said.err.splitlines()) == 1
    assert len(messages(newsletter)) == 1


@pytest.mark.parametrize(
    "text",
    ["word " * 60_000, "x" * 300_000, "ñ" * 300_000, "." * 300_000, "[a](https://a.example/" + "b" * 300_000 + ")"],
    ids=["words", "one word", "one word beyond ASCII", "dots", "a link"],
)
def test_no_line_on_the_wire_is_longer_than_998(newsletter: CommandLine, text: str) -> None:  # F43 M3
    imported(newsletter, in_a_text(text))
    newsletter.do("issues", "preview", "2", "--format", "eml", "--out", "mail.eml")
    lines = (newsletter.folder / "mail.eml").read_bytes().split(b"\r\n")
    assert len(lines) > 3_000
    assert max(map(len, lines)) <= 998


def test_ten_thousand_links_are_refused_or_all_there(newsletter: CommandLine) -> None:  # F43
    links = "\n\n".join(f"[link {n}](https://a.example/{n})" for n in range(10_000))
    said = imported(newsletter, in_a_text(links))
    if said.code:
        assert "takes too much time to lay out" in said.err
        assert len(messages(newsletter)) == 1
    else:
        assert newsletter("issues", "check", "2").out
