import pytest

from newsletter.issues.document import Body, SectionKind
from newsletter.issues.parsing import DocumentInvalid, Problem, parse
from tests.support.issue_files import HEAD, a_file, a_section

OF_THE_DESIGN = """\
---
month: 2026-12
subject: {en: Five small bridges, es: Cinco puentes pequeños}
preheader: {en: Ten minutes, es: Diez minutos}
theme: monthly
---
:::: section story {#reading bands="elementary middle" roles=family must=know}
::: lang en
## Read together
Ten minutes an evening, {{ reader.first_name | default("friend") }}.
:::
::: lang es {source=3f9c21}
## Lean juntos
:::
::::
"""


def problems_of(text: str) -> list[tuple[int, str]]:
    with pytest.raises(DocumentInvalid) as caught:
        parse(text)
    return [(problem.line, problem.text) for problem in caught.value.problems]


def test_a_file_becomes_a_document() -> None:
    document = parse(OF_THE_DESIGN)
    assert document.month == "2026-12"
    assert document.subject == {"en": "Five small bridges", "es": "Cinco puentes pequeños"}
    assert document.preheader == {"en": "Ten minutes", "es": "Diez minutos"}
    assert document.theme == "monthly"
    assert document.languages == ("en", "es")
    assert document.original == "en"
    assert document.field_lines == {"month": 2, "subject": 3, "preheader": 4, "theme": 5}
    (section,) = document.sections
    assert (section.kind, section.key, section.must_know, section.line) == (SectionKind.STORY, "reading", True, 7)
    assert (section.bands, section.roles, section.attributes) == (("elementary", "middle"), ("family",), {})
    english, spanish = section.bodies
    assert english.text == '## Read together\nTen minutes an evening, {{ reader.first_name | default("friend") }}.\n'
    assert (english.language, english.line, english.source) == ("en", 9, None)
    assert (spanish.text, spanish.line, spanish.source) == ("## Lean juntos\n", 13, "3f9c21")


def test_a_text_is_kept_byte_for_byte() -> None:
    text = "  two spaces at the end  \r\n\r\n\ttab\x0b\x0c\x85\u2028 <b> &amp; \\ é e\u0301 \ufeff\n\n\n"
    (section,) = parse(a_file(f":::: section story {{#a}}\n::: lang en\n{text}:::\n::::\n")).sections
    assert section.bodies[0].text == text


def test_attributes_of_a_kind_stay_as_they_were_written() -> None:
    opening = (
        r'event {#e starts="2026-12-08T18:00" place="The \"old\" hall, {left} \\ right" url=https://a.example/?b=c}'
    )
    (section,) = parse(a_file(a_section(opening, en="Come"))).sections
    assert section.attributes == {
        "starts": "2026-12-08T18:00",
        "place": 'The "old" hall, {left} \\ right',
        "url": "https://a.example/?b=c",
    }


def test_a_language_that_only_texts_have_comes_after_those_of_the_subject() -> None:
    assert parse(a_file(a_section(fr="Bonjour", es="Hola"))).languages == ("en", "es", "fr")


def test_a_divider_has_no_text() -> None:
    (section,) = parse(a_file(a_section("divider {#line}"))).sections
    assert (section.kind, section.bodies) == (SectionKind.DIVIDER, ())
    assert problems_of(a_file(a_section("divider {#line}", en="x"))) == [(6, "A divider has no text; take it out.")]


def test_empty_lines_spaces_and_a_byte_order_mark_around_fences_do_no_harm() -> None:
    text = "\ufeff---  \nmonth: 2026-12\n---\n\n  ::::   section tip{#a}  \r\n\n :::lang  en\nx\n:::  \n\n::::\n\n"
    assert parse(text).sections[0].bodies == (Body("en", "x\n"),)


def test_code_may_hold_fences_where_the_end_is_beyond_doubt() -> None:
    text = "```\n:::\n::: note\n```"
    (section,) = parse(a_file(a_section(en=text, es="x"))).sections
    assert section.bodies[0].text == f"{text}\n"


def test_a_code_block_that_is_never_closed_ends_with_its_text() -> None:
    (section,) = parse(a_file(a_section(en="```\ncode", es="```\ncode"))).sections
    assert [body.text for body in section.bodies] == ["```\ncode\n", "```\ncode\n"]


def test_a_fence_in_a_code_block_that_is_never_closed_is_no_guess_of_ours() -> None:
    assert problems_of(a_file(a_section(en="```\n:::\ncode"))) == [
        (8, "This fence stands in the code block of line 7. Close the block above it."),
        (9, "This text stands inside the section of line 5, which closes with ::::. A text opens with: ::: lang en"),
        (10, "This fence stands inside the section of line 5, which closes with ::::. A text opens with: ::: lang en"),
    ]


def test_shorter_fences_are_part_of_a_text() -> None:
    text = "::: lang es\n:::\n:::: section tip {#b}\n"
    file = f":::::: section story {{#a}}\n::::: lang en\n{text}:::::\n::::::\n"
    (section,) = parse(a_file(file)).sections
    assert section.bodies == (Body("en", text),)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (":::: section story {#a}\n::: lang en\nx\n:::\n", (5, "This section is not closed. Add a line :::: after")),
        (":::: section story {#a}\n::: lang en\nx\n::::\n", (6, "This text is not closed. Add a line ::: after it.")),
        (":::: section story {#a}\n::: lang en\nx\n", (5, "This section is not closed.")),
        (
            ":::: section story {#a}\n::: lang en b\n:::\n::::\n",
            (6, "This line cannot be read. A text opens like this:"),
        ),
        (":::: section story {#a}\n::: lang en\nx\n::: lang es\ny\n:::\n::::\n", (6, "This text is not closed.")),
        (":::: section story {#a}\n::: lang en\n:::::\n:::\n::::\n", (7, "This fence means nothing in the text of")),
        (":::: section story {#a}\n::: lang en\n::: note\n:::\n::::\n", (7, "This fence means nothing in the text of")),
        (":::: section story {#a}\n::::\n::::\n", (7, "This fence stands outside every section.")),
        (":::: section story {#a}\n:::: section tip {#b}\n::::\n", (5, "This section is not closed.")),
        (":::: section story {#a}\n:::\n::::\n", (6, "This fence stands inside the section of line 5")),
        ("::: lang en\n:::\n", (5, "This fence stands outside every section.")),
        ("\nHello\nyou\n", (6, "This text stands outside every section.")),
        (":::: section story {#a}\n\nHello\n\n::::\n", (7, "This text stands inside the section of line 5")),
        ("::: section story {#a}\n::: lang en\n:::\n:::\n", (6, "A text opens with fewer colons than its section.")),
        (":::: section poem {#a}\n::::\n", (5, "There is no kind of section 'poem'. There is: story, tip,")),
        (":::: section {#a}\n::::\n", (5, "There is no kind of section ''.")),
        (":::: section story\n::::\n", (5, "Give the section a key of its own, such as {#reading}.")),
        (":::: section story {#a} b\n::::\n", (5, "This line cannot be read. A section opens like this:")),
        (":::: section story {#a #b}\n::::\n", (5, "# stands twice; write it once.")),
        (":::: section story {#a bands=x bands=y}\n::::\n", (5, "bands stands twice; write it once.")),
        (":::: section story {#a .class}\n::::\n", (5, "'.class' cannot be read; write #key or name=")),
        (":::: section story {#a url=}\n::::\n", (5, "'url=' cannot be read;")),
        (':::: section story {#a by="x"y="z"}\n::::\n', (5, '\'by="x"y="z"\' cannot be read;')),
        (":::: section story {#a must=read}\n::::\n", (5, "must=read means nothing here; write must=know")),
        (
            ":::: section story {#a}\n::: lang\n:::\n::::\n",
            (6, "'' is not a language; use a code such as en or pt-BR."),
        ),
        (":::: section story {#a}\n::: lang EN\n:::\n::::\n", (6, "'EN' is not a language;")),
        (":::: section story {#a}\n::: lang en {by=x}\n:::\n::::\n", (6, "A text has only a language and a source;")),
        (":::: section story {#a}\n::: lang en {#b}\n:::\n::::\n", (6, "A text has only a language and a source;")),
        (":::: section story {#a}\n::: lang en\n\0\n:::\n::::\n", (7, "Take out the NUL character.")),
    ],
)
def test_a_fault_in_the_structure_is_named_with_its_line(body: str, problem: tuple[int, str]) -> None:
    line, words = problems_of(a_file(body))[0]
    assert line == problem[0]
    assert words.startswith(problem[1])


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ("month: 2026-12\n", (1, "An issue begins with a line --- and then its month and subject.")),
        ("", (1, "An issue begins with a line ---")),
        ("---\nmonth: 2026-12\n", (1, "The front matter is not closed. Add a line --- after its last field.")),
        ("---\nsubject: {en: x}\n---\n", (1, "Say which month the issue is for, such as: month: 2026-12")),
        ("---\n---\n", (1, "Say which month the issue is for")),
        ("---\ntheme: a\nmonth: 2026-13\n---\n", (3, "Say which month the issue is for")),
        ("---\nmonth: 12\n---\n", (2, "Say which month the issue is for")),
        ("---\nmonth: 2026-12\nsubject: Hello\n---\n", (3, "Say the language of the subject, such as: subject: {en:")),
        (
            "---\nmonth: 2026-12\nsubject: {EN: x}\n---\n",
            (3, "'EN' is not a language; use a code such as en or pt-BR."),
        ),
        ("---\nmonth: 2026-12\nsubject:\n  en: x\n  es: 5\n---\n", (5, "Put the subject in quotes; it is not read as")),
        (
            "---\nmonth: 2026-12\npreheader: {en: One, two}\n---\n",
            (3, "Put the preheader in quotes; it is not read as a text."),
        ),
        ("---\nmonth: 2026-12\ntheme: 3\n---\n", (3, "theme is one word; put it in quotes.")),
        ("---\nmonth: 2026-12\nsubject: {en: a: b: c\n---\n", (3, "This is not YAML:")),
        ("---\nmonth: 2026-12\nmonth: 2026-12\n---\n", (3, "This is not YAML: found duplicate key")),
        ("---\n- month\n---\n", (2, "Write fields here, such as: month: 2026-12")),
        ("---\nmonth: 2026-12\nday: 2026-02-31\n---\n", (2, "This cannot be read as YAML; put texts in quotes.")),
        (f"---\na: {'[' * 900}\n---\n", (2, "This cannot be read as YAML; put texts in quotes.")),
        (f"---\na: {'[' * 9000}\n---\n", (2, "There are more than 1000 brackets in the front matter.")),
    ],
)
def test_a_fault_in_the_front_matter_is_named_with_its_line(head: str, problem: tuple[int, str]) -> None:
    line, words = problems_of(head)[0]
    assert line == problem[0]
    assert words.startswith(problem[1])


def test_a_key_and_a_language_stand_once() -> None:
    text = a_file(a_section(en="x"), a_section(en="y"))
    assert problems_of(text) == [(11, "The key reading stands on line 5 already.")]
    twice = ":::: section story {#a}\n::: lang en\nx\n:::\n::: lang en\ny\n:::\n::::\n"
    assert problems_of(a_file(twice)) == [(9, "The language en stands on line 6 already.")]


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = a_file("junk\n", a_section("poem {#a}", en="x"), a_section("tip", en="y"), head=HEAD.replace("12", "13"))
    assert [line for line, _ in problems_of(text)] == [2, 5, 7, 13]
    with pytest.raises(
        DocumentInvalid, match=r"Correct each line named and import it again\.\n  line 2: Say which month"
    ):
        parse(text)


def test_problems_are_sorted_by_line() -> None:
    error = DocumentInvalid([Problem(9, "b"), Problem(2, "a")])
    assert [problem.line for problem in error.problems] == [2, 9]


def test_a_head_says_of_which_originals_its_translations_were_made() -> None:
    head = '---\nmonth: 2026-12\nsubject: {en: x}\ntranslated_from: {subject: {es: "3f9c21"}, preheader: {}}\n---\n'
    assert parse(a_file(head=head)).translated_from == {"subject": {"es": "3f9c21"}}


@pytest.mark.parametrize("told", ["3f9c21", "{theme: {es: abcdef}}"])
def test_a_head_that_says_it_otherwise_is_refused_with_an_example(told: str) -> None:
    head = f"---\nmonth: 2026-12\nsubject: {{en: x}}\ntranslated_from: {told}\n---\n"
    example = 'Say of which original a translation was made: translated_from: {subject: {es: "3f9c21"}}'
    assert problems_of(a_file(head=head)) == [(4, example)]


def test_a_digest_that_yaml_takes_for_a_number_is_refused() -> None:
    head = "---\nmonth: 2026-12\nsubject: {en: x}\ntranslated_from: {subject: {es: 123456}}\n---\n"
    assert problems_of(a_file(head=head)) == [(4, "Put the subject in quotes; it is not read as a text.")]
