from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from newsletter import checks
from newsletter.checks import Check, CheckContext, Finding, Level, letters
from newsletter.issues.parsing import parse
from newsletter.issues.writing import write
from subscribers.grades import Bands
from tests.support.issue_files import HEAD, a_file, a_section
from tests.support.mails import identity

CONTEXT = CheckContext(date(2026, 12, 1), Bands.parse("elementary=PK-5 middle=6-8 high=9-12"), identity())
EXAMPLE = Path(__file__).parents[2] / "examples" / "2026-12.md"
EVENT = 'event {{#e starts="2026-12-08T18:00" timezone="America/Chicago" place="Hall" {0}}}'


def check(text: str) -> list[Finding]:
    """All findings but that there is no preheader, for these heads have none."""
    return [one for one in checks.check(parse(text), CONTEXT) if one.check is not Check.PREHEADER]


def told(text: str) -> list[tuple[str, int, str, str]]:
    return [(finding.level.value, finding.line, finding.place, finding.sentence) for finding in check(text)]


def in_english(text: str, opening: str = "story {#reading}") -> list[tuple[str, int, str, str]]:
    """What is said of one section with this text, which begins on line 7."""
    return told(a_file(a_section(opening, en=text), head=HEAD.replace(", es: Cinco puentes pequeños", "")))


def test_the_sample_issue_has_no_finding_and_is_canonical() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert check(text) == []
    assert write(parse(text)) == text


def test_a_sound_issue_has_no_finding() -> None:
    assert (
        told(
            a_file(
                a_section(
                    en='## Read\nWith {{ reader.first_name | default("us") }}',
                    es='## Lean con {{ reader.first_name | default("todos") }}',
                )
            )
        )
        == []
    )


def test_an_unknown_field_of_the_head_is_warned_about_and_a_near_one_named() -> None:
    text = a_file(a_section(en="x"), head="---\nmonth: 2026-12\nsubject: {en: x}\nprehaeder: y\nours: z\n---\n")
    near, own = check(text)
    assert (near.level, near.line, near.place) == (Level.WARNING, 4, "prehaeder")
    assert (near.sentence, near.remedy) == ("There is no field prehaeder.", "Did you mean preheader?")
    assert (own.line, own.remedy) == (5, "It is kept, and nothing is done with it.")


@pytest.mark.parametrize(
    ("head", "finding"),
    [
        ("---\nmonth: 2026-12\n---\n", ("error", 1, "subject", "The subject is missing.")),
        ("---\nmonth: 2026-12\nsubject: {en: ' '}\n---\n", ("error", 3, "subject", "The subject is missing.")),
        (
            "---\nmonth: 2026-12\nsubject: {es: Hola}\n---\n",
            ("error", 3, "subject, en", "There are texts in en, and no subject."),
        ),
    ],
)
def test_a_subject_is_asked_for_in_each_language(head: str, finding: tuple[str, int, str, str]) -> None:
    assert finding in told(a_file(a_section(en="x", es="y"), head=head))


def test_a_theme_that_there_is_not_is_an_error() -> None:
    text = a_file(a_section(en="x"), head="---\nmonth: 2026-12\nsubject: {en: x}\ntheme: loud\n---\n")
    assert told(text) == [("error", 4, "theme", "There is no theme 'loud'. There is: announcement, letter, monthly.")]


def test_a_language_that_nobody_knows_is_warned_about() -> None:
    head = "---\nmonth: 2026-12\nsubject: {en: x, xx: y}\n---\n"
    found = told(a_file(a_section(en="x", xx="y"), head=head))
    assert found == [("warning", 3, "xx", "We know no language xx; its dates would be in English.")]
    found = told(a_file(a_section(en="x", xy="y"), head="---\nmonth: 2026-12\nsubject: {en: x}\n---\n"))
    assert ("warning", 9, "xy", "We know no language xy; its dates would be in English.") in found


def test_an_issue_without_sections_and_one_with_too_many_are_errors() -> None:
    assert told(HEAD) == [("error", 1, "issue", "There is no section.")]
    many = a_file(*(a_section(f"divider {{#d{no}}}") for no in range(64)))
    assert told(many) == [("error", 4 + 63 * 3 + 1, "issue", "An issue holds 63 sections at most.")]


@pytest.mark.parametrize("text", ["{{ reader.frist_name }}", "{{ reader.password }}", "{{ reader.name.upper() }}"])
def test_an_unknown_merge_field_is_an_error_wherever_it_stands(text: str) -> None:
    (in_text,) = in_english(f"## Read\n\n{text}")
    assert (in_text[0], in_text[1], in_text[2]) == ("error", 9, "section reading, en")
    head = f"---\nmonth: 2026-12\nsubject: {{en: '{text}'}}\npreheader: {{en: '{text}'}}\n---\n"
    assert [found[:3] for found in told(a_file(a_section(en="x"), head=head))] == [
        ("error", 3, "subject, en"),
        ("error", 4, "preheader, en"),
    ]


def test_a_section_that_says_nothing_is_an_error() -> None:
    without_text = told(a_file(a_section("tip {#a}")))
    assert without_text == [("error", 5, "section a", "The section has no text.")]
    blank = told(a_file(a_section("tip {#a}", en=" \n", es="x")))
    assert blank == [("error", 6, "section a, en", "The text is empty.")]
    assert in_english("\n\n") == [("error", 6, "section reading, en", "The text is empty.")]


def test_a_section_without_the_first_language_is_an_error_and_without_another_a_warning() -> None:
    original = "There is no text in en, the issue's first language."
    assert told(a_file(a_section("tip {#a}", es="x"))) == [("error", 5, "section a", original)]
    other = "There is no text in es; its readers get the one in en."
    assert told(a_file(a_section("tip {#a}", en="x"))) == [("warning", 5, "section a", other)]


def test_a_translation_of_an_older_original_is_warned_about_until_its_source_is_renewed() -> None:
    stale = ":::: section tip {#a}\n::: lang en\nx\n:::\n::: lang es {source=000000}\ny\n:::\n::::\n"
    (finding,) = check(a_file(stale))
    assert (finding.level, finding.line, finding.place) == (Level.WARNING, 9, "section a, es")
    source = finding.remedy.partition("{source=")[2][:6]
    assert check(a_file(stale.replace("000000", source))) == []


def test_a_subject_that_was_translated_from_another_original_is_warned_about() -> None:
    head = '---\nmonth: 2026-12\nsubject: {en: Five, es: Cinco}\ntranslated_from: {subject: {es: "000000"}}\n---\n'
    text = a_file(a_section(en="x", es="y"), head=head)
    (finding,) = check(text)
    assert (finding.line, finding.place) == (3, "subject, es")
    assert finding.sentence == "The original was changed after this was translated."
    right = finding.remedy.partition("translated_from: ")[2]
    assert right.startswith("subject: {es:")
    assert check(text.replace('subject: {es: "000000"}', right)) == []


def test_an_unknown_attribute_is_an_error_and_a_near_one_named() -> None:
    text = a_file(a_section("resource {#a url=https://a.example/ ulr=https://b.example/}", en="x", es="y"))
    (finding,) = check(text)
    assert (finding.level, finding.line, finding.place) == (Level.ERROR, 5, "section a")
    assert (finding.sentence, finding.remedy) == ("A section of kind resource has no ulr.", "Did you mean url?")
    (finding,) = check(a_file(a_section("story {#a colour=red}", en="x", es="y")))
    assert finding.remedy == "There is: bands, roles, languages, rule, must."


def test_bands_and_roles_that_there_are_not_are_errors() -> None:
    aimed = a_section('story {#a bands="high hihg" roles="family famly"}', en="x", es="y")
    (band, role) = check(a_file(a_section(en="For all", es="Para todos"), aimed))
    assert (band.sentence, band.remedy) == (
        "There is no band hihg, so nobody would see this.",
        "There is: elementary, middle, high.",
    )
    assert role.sentence == "There is no role famly, so nobody would see this."
    assert {band.level, role.level} == {Level.ERROR}


@pytest.mark.parametrize(
    ("opening", "sentence"),
    [
        ('event {#e starts="2026-12-08T18:00" timezone="America/Chicago" place="Hall"}', None),
        ('event {#e starts="2026-12-08" timezone="America/Chicago" url="https://a.example/"}', None),
        ('event {#e timezone="America/Chicago" place="Hall"}', "The event has no beginning."),
        ('event {#e starts="2026-12-08T18:00" place="Hall"}', "The event has no time zone."),
        (EVENT.format("ends=later"), "ends='later' is no date and time."),
        (EVENT.format('ends="2026-12-08T17:00"'), "The event ends before it begins."),
        ('event {#e starts="8 Dec" timezone="UTC" place="Hall"}', "starts='8 Dec' is no date and time."),
        ('event {#e starts="2026-12-08" timezone="Chicago" place="Hall"}', "There is no time zone Chicago."),
        ('event {#e starts="2026-12-08" timezone="UTC"}', "The event has neither a place nor a link."),
        (
            'event {#e starts="2026-12-08" timezone="UTC" place="{{ list.name }}"}',
            "A merge field in place would be shown as it is typed.",
        ),
        ("button {#b}", "This button leads nowhere."),
        ("resource {#b}", "This resource leads nowhere."),
        ("button {#b url=www.school.example}", "A mail may not link to 'www.school.example'."),
        ("button {#b url=mailto:office@school.example}", None),
        ("resource {#b url=mailto:office@school.example}", "A resource is a web page."),
    ],
)
def test_what_a_kind_needs_is_asked_for(opening: str, sentence: str | None) -> None:
    found = in_english("## Come", opening)
    assert [(line, words) for _, line, _, words in found] == ([(5, sentence)] if sentence else [])


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "vbscript:x", "/page"]
)
def test_script_and_data_targets_are_errors(target: str) -> None:  # M37
    text = f"## Read\n\nOne line,\n[the list]({target}) and\n![Two girls]({target})\n\n[the rest][1]\n\n[1]: {target}"
    assert in_english(text) == [
        ("error", line, "section reading, en", f"A mail may not link to {target!r}.") for line in (10, 11, 13)
    ]
    (in_attribute,) = in_english("## Go", f'button {{#b url="{target}"}}')
    assert in_attribute == ("error", 5, "section b", f"A mail may not link to {target!r}.")


def test_an_escaped_script_target_is_an_error_too() -> None:  # M37
    (finding,) = in_english("[x](java&#115;cript:alert)")
    assert finding[0] == "error"
    (finding,) = in_english("<javascript:alert>")
    assert finding[0] == "error"


def test_a_picture_in_a_text_is_fetched_from_the_web() -> None:
    assert in_english("![x](https://school.example/x.png)") == []
    (finding,) = in_english("![x](mailto:a@b.example)")
    assert finding[0] == "error"


def test_a_target_with_a_merge_field_is_an_error_on_its_line() -> None:
    sentence = "A link's target cannot hold a merge field; it is the same for every reader."
    assert in_english("## Read\n[x](https://a.example/{{list.name}})") == [
        ("error", 8, "section reading, en", sentence)
    ]
    found = in_english("{{ reader.nme }}\n[x](https://a.example/{{list.name}})")
    assert ("error", 8, "section reading, en", sentence) in found


def test_mjml_in_a_text_is_an_error() -> None:  # M25
    found = in_english("## Read\n\n<mj-section>\n<mj-text>x</mj-text>\n</mj-section>\n\nand <mj-text>")
    assert found == [
        ("error", 9, "section reading, en", "Readers would see these MJML tags as they are typed."),
        ("error", 13, "section reading, en", "Readers would see these MJML tags as they are typed."),
    ]
    assert in_english("an open <mj-text tag")[0][0] == "error"
    assert in_english("`<mj-text>`") == []


def test_html_in_a_text_is_warned_about() -> None:
    found = in_english("## Read\n\n<div>\nx\n</div>\n\nand <b>bold</b>")
    assert found == [
        ("warning", 9, "section reading, en", "Readers would see <div> as it is typed."),
        ("warning", 13, "section reading, en", "Readers would see <b> as it is typed."),
    ]


def test_a_code_block_that_is_never_closed_is_warned_about() -> None:
    (finding,) = in_english("x\n\n```\ncode")
    assert (finding[0], finding[1]) == ("warning", 9)
    assert in_english("x\n\n```\ncode\n```") == []


def test_what_one_must_know_needs_a_title() -> None:
    (finding,) = in_english("Come", "story {#a must=know}")
    assert (finding[0], finding[1]) == ("warning", 7)
    assert in_english("## Come", "story {#a must=know}") == []


def test_whatever_else_keeps_the_letter_from_being_made_is_an_error() -> None:
    document = parse(a_file(a_section(en="## Read", es="## {{ reader.nme }}")))
    found = list(letters.findings(document, [], CONTEXT))
    assert [(finding.level, finding.place) for finding in found] == [
        (Level.ERROR, "letter, en"),
        (Level.ERROR, "letter, es"),
    ]


def test_the_mjml_of_the_whole_letter_is_checked_once_in_each_language() -> None:  # M25
    document = parse(a_file(a_section(en="## Read", es="## Lea")))
    long = replace(document, subject={"en": "x" * 150_000, "es": "y"})
    (finding,) = letters.findings(long, [], CONTEXT)
    assert (finding.level, finding.place) == (Level.ERROR, "letter, en")
    assert "150,000 is the most." in finding.sentence


def test_findings_come_in_the_order_of_the_file() -> None:
    text = a_file(a_section("button {#a}", en="<b>", es="x"))
    lines = [finding.line for finding in check(text.replace("---\n:", "ours: x\n---\n:"))]
    assert lines == sorted(lines)
    assert len(lines) == 3


def test_errors_keep_an_issue_from_being_sent_and_warnings_do_not() -> None:
    faulty = parse(a_file(a_section("button {#b}", en="<b>x</b>", es="x")))
    assert [finding.sentence for finding in checks.blocking(checks.check(faulty, CONTEXT))] == [
        "This button leads nowhere."
    ]
    with pytest.raises(checks.IssueHasFaults, match=r"\n  line 5, section b: This button leads nowhere\. Add url="):
        checks.refuse_faults(faulty, CONTEXT)
    checks.refuse_faults(parse(a_file(a_section(en="<b>x</b>", es="x"))), CONTEXT)


def test_of_six_things_one_must_know_the_sixth_is_too_many() -> None:
    sections = (a_section(f"tip {{#t{no} must=know}}", en=f"## Tip {no}", es=f"## Idea {no}") for no in range(6))
    (finding,) = check(a_file(*sections))
    assert (finding.check, finding.level, finding.place) == (Check.MUST_KNOW, Level.WARNING, "section t5")


def test_a_section_for_one_language_needs_no_text_in_another() -> None:
    both = a_section(en="## Read", es="## Lean")
    assert check(a_file(both, a_section("tip {#a languages=es}", es="## Vengan"))) == []
    (finding,) = check(a_file(both, a_section("tip {#a languages=es}", en="## Come")))
    assert (finding.check, finding.sentence) == (
        Check.TRANSLATION,
        "There is no text in es; its readers get the one in en.",
    )


def test_a_letter_of_many_words_is_told_with_its_minutes() -> None:
    text = "We read a book and we like it. " * 24
    sections = (a_section(f"story {{#s{no}}}", en=f"## Part {no}\n\n{text}") for no in range(9))
    head = HEAD.replace(", es: Cinco puentes pequeños", "")
    assert told(a_file(*sections, head=head)) == [
        ("warning", 1, "letter, en", "The whole letter has 1,737 words: 9 minutes to read.")
    ]


def test_a_month_in_which_no_day_is_over_yet_is_not_held_against_the_issue() -> None:
    event = a_section(
        'event {#e starts="2026-12-08T18:00" timezone="America/Chicago" place="Hall"}', en="## Come", es="## Venga"
    )
    assert check(a_file(event)) == []
    for day, sentence in ((date(2026, 12, 9), "Tuesday, December 8, 2026 is over."), (date(2026, 11, 1), None)):
        found = checks.check(parse(a_file(event)), replace(CONTEXT, day=day))
        assert [one.sentence for one in found if one.check is Check.PAST] == ([sentence] if sentence else [])


def test_the_text_of_an_event_names_its_weekday_where_it_names_any() -> None:
    event = EVENT.format('ends="2026-12-08T19:00"')
    assert in_english("## Come\n\nBring it by Friday or on Tuesday.", event) == []
    ((level, _, _, sentence),) = in_english("## Come\n\nSee you Friday.", event)
    assert (level, sentence) == ("warning", "The event is on a Tuesday, and its text says Friday.")


def test_faint_words_of_a_theme_are_told_on_the_first_line() -> None:
    text = '<mj-section><mj-column><mj-text color="#999999">Faint</mj-text></mj-column></mj-section>'
    document = parse(a_file(a_section("mjml {#m}", en=text), head=HEAD.replace(", es: Cinco puentes pequeños", "")))
    (finding,) = letters.findings(document, [], CONTEXT)
    assert (finding.check, finding.line, finding.place) == (Check.CONTRAST, 1, "letter, en")
    assert finding.sentence == "“Faint” is hard to see in light mode: #999999 on #ffffff has a contrast of 2.8:1."


def test_history_told_with_its_year_is_not_past() -> None:
    text = "## Read\n\nSince September 1, 2019 we read. On Friday, November 27 we met."
    ((level, line, _, sentence),) = in_english(text)
    assert (level, line, sentence) == ("warning", 9, "Friday, November 27 is before the month of the issue.")
