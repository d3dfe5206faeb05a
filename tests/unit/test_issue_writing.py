import dataclasses

from hypothesis import given, settings

from newsletter.issues.document import Body, Document, Section, SectionKind
from newsletter.issues.parsing import parse
from newsletter.issues.skeletons import skeleton
from newsletter.issues.writing import write
from tests.support.issue_files import a_file, a_section, documents

OWN_FIELDS = """\
---
# Ours: the office reads this before Friday.
editor: Ana   # and Luis
month: '2026-12'
subject:
  en: "Five small bridges"
  es: Cinco puentes
tags: [a, b]
---
"""


@given(documents())
@settings(deadline=None)
def test_what_is_written_is_read_again_as_the_same_document(document: Document) -> None:
    assert parse(write(document)) == document


@given(documents())
@settings(deadline=None)
def test_a_canonical_file_comes_out_byte_for_byte(document: Document) -> None:
    canonical = write(document)
    assert write(parse(canonical)) == canonical


def test_own_fields_and_comments_come_out_as_they_were() -> None:
    text = a_file(a_section(en="x"), head=OWN_FIELDS)
    assert write(parse(text)) == text


def test_a_changed_subject_leaves_own_fields_and_comments_alone() -> None:
    document = parse(OWN_FIELDS)
    changed = dataclasses.replace(document, subject={"en": "Six: bridges", "es": "Seis puentes"}, theme="monthly")
    assert write(changed) == OWN_FIELDS.replace('"Five small bridges"', '"Six: bridges"').replace(
        "Cinco", "Seis"
    ).replace("tags: [a, b]\n", "tags: [a, b]\ntheme: monthly\n")
    assert parse(write(changed)) == changed


def test_another_order_of_languages_makes_another_original() -> None:
    document = parse(OWN_FIELDS)
    turned = dataclasses.replace(document, subject={"es": "Cinco", "en": "Five"}, languages=("es", "en"))
    assert parse(write(turned)).original == "es"


def test_a_field_that_is_emptied_is_taken_out() -> None:
    document = parse(OWN_FIELDS)
    emptied = dataclasses.replace(document, subject={}, languages=())
    assert "subject" not in write(emptied)
    assert parse(write(emptied)) == emptied


def test_a_fence_is_longer_than_any_run_of_colons_inside() -> None:
    body = Body("en", "```\n:::::\n```\n:::: section story {#b}\n")
    document = Document("2026-12", {"en": "x"}, {}, "", ("en",), (Section(SectionKind.STORY, "a", bodies=(body,)),))
    assert write(document).splitlines()[4:6] == [":::::::" + " section story {#a}", "::::::" + " lang en"]
    assert parse(write(document)) == document


def test_code_that_one_text_opens_is_not_closed_by_the_next() -> None:
    bodies = (Body("en", "```:::\n"), Body("es", "```\n"))
    document = Document("2026-12", {}, {}, "", ("en", "es"), (Section(SectionKind.STORY, "a", bodies=bodies),))
    assert parse(write(document)) == document


def test_a_loosely_written_file_comes_out_in_the_one_canonical_form() -> None:
    opening = 'section  tip {must="know" by="a" roles="family"  #a}'
    loose = f"month: 2026-12\n---\n\n\n::::: {opening}\n ::: lang en\nx\n:::\n:::::"
    canonical = "month: 2026-12\n---\n:::: section tip {#a roles=family must=know by=a}\n::: lang en\nx\n:::\n::::\n"
    assert write(parse(f"---\n{loose}")) == f"---\n{canonical}"


def test_an_empty_draft_is_canonical_and_in_every_language() -> None:
    draft = skeleton("2027-01", ("en", "es"), "America/Chicago")
    assert parse(write(draft)) == draft
    assert draft.languages == ("en", "es")
