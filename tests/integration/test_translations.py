"""Translations and sign-offs in the store, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePath

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.issues import issues, sign_offs, translations
from newsletter.issues.document import Document
from newsletter.issues.sheets import Returned
from newsletter.issues.sign_offs import NotASignature, NothingToSign, NotSignedOff, NotWhollyTranslated, Standing
from newsletter.issues.tables import Issue, Revision, SignOff
from newsletter.issues.taking import OriginalNotTranslated
from newsletter.issues.translating import State
from newsletter.issues.translations import FormatUnknown
from subscribers.db import Database
from subscribers.languages import LanguageInvalid
from tests.support.issue_files import a_file, a_section
from tests.support.people import an_organization
from tests.support.translator import done, through_a_file

NOW = datetime(2026, 12, 2, 12, tzinfo=UTC)
TEXT = a_file(a_section(en="One", es="Uno"), a_section("tip {#bag}", en="A note"))


def an_issue(session: Session) -> Issue:
    return issues.import_document(session, an_organization(session).id, TEXT, "Ana", NOW)


def newest(session: Session, issue: Issue) -> Document:
    return issues.document_of(issues.latest(session, issue))


def change(session: Session, issue: Issue, old: str, new: str) -> Revision:
    text = issues.latest(session, issue).document
    assert old in text
    return issues.save(session, issue, text.replace(old, new), "Ana", NOW)


def returned(session: Session, issue: Issue, language: str, *, everything: bool = False) -> Returned:
    sheet = translations.sheet(session, issue, language, everything=everything)
    return through_a_file(done(sheet, lambda unit: f"{unit.original.strip()} ({language})"), "po")


def signed(session: Session, issue: Issue, by: str = "Marta Gil", *, as_it_is: bool = True) -> Standing:
    sign_offs.sign(session, issue, newest(session, issue), "es", by, NOW, as_it_is=as_it_is)
    return standing(session, issue)


def standing(session: Session, issue: Issue) -> Standing:
    return sign_offs.standings(session, issue, newest(session, issue))[0]


def test_a_translators_file_is_one_new_revision_and_the_same_again_is_none(database: Database) -> None:
    with database.writing() as session:
        issue = an_issue(session)
        file = returned(session, issue, "fr")
        taken, revision = translations.take(session, issue, file, "Luc", NOW)
        assert (revision.no, revision.author, len(taken.done)) == (2, "Luc", 3)
        again, same = translations.take(session, issue, file, "Luc", NOW)
        assert (same.no, len(again.unchanged)) == (2, 3)
    with database.reading() as session:
        assert newest(session, issues.get(session, issue.id)).languages == ("en", "es", "fr")


def test_a_stale_text_is_shown_with_its_original_from_an_earlier_revision(database: Database) -> None:
    with database.writing() as session:
        issue = an_issue(session)
        translations.take(session, issue, returned(session, issue, "es"), "Luc", NOW)
        change(session, issue, "A note", "Two notes")
        change(session, issue, "Two notes", "Three notes")
        (unit,) = translations.sheet(session, issue, "es").units
    assert (unit.id, unit.state, unit.before) == ("section.bag", State.STALE, "A note\n")


def test_a_text_whose_original_changed_since_the_export_is_saved_and_stays_stale(database: Database) -> None:
    with database.writing() as session:
        issue = an_issue(session)
        file = returned(session, issue, "es")
        change(session, issue, "A note", "Two notes")
        taken, _ = translations.take(session, issue, file, "Luc", NOW)
        assert taken.stale == ("section.bag",)
        (progress,) = translations.progress(session, issue)
    assert (progress.done, progress.stale, progress.missing, progress.words) == (2, 1, 0, 2)


def test_only_what_is_missing_or_stale_is_exported_unless_all_is_wished(database: Database) -> None:
    with database.writing() as session:
        issue = an_issue(session)
        few = translations.sheet(session, issue, "ES")
        everything = translations.sheet(session, issue, "es", everything=True)
    assert (few.language, few.made_at) == ("es", NOW)
    assert [unit.id for unit in few.units] == ["section.bag"]
    assert [unit.id for unit in everything.units] == ["subject", "section.reading", "section.bag"]


def test_a_language_or_format_that_cannot_be_is_refused(database: Database) -> None:
    with database.writing() as session:
        issue = an_issue(session)
        with pytest.raises(OriginalNotTranslated, match="en is the original"):
            translations.sheet(session, issue, "en")
        with pytest.raises(LanguageInvalid):
            translations.sheet(session, issue, "no language at all")
    with pytest.raises(FormatUnknown, match=r"es\.docx does not say its format\. Name it es\.xlf"):
        translations.read(PurePath("es.docx"), b"")


def test_a_revision_that_can_no_longer_be_read_hides_nothing(database: Database) -> None:
    with database.writing() as session:
        issue = an_issue(session)
        first = issues.latest(session, issue)
        translations.take(session, issue, returned(session, issue, "es"), "Luc", NOW)
        change(session, issue, "A note", "Two notes")
        first.document = "of another time"
        assert translations.sheet(session, issue, "es").units[0].before == "A note\n"


def test_a_sign_off_holds_until_a_text_or_its_original_changes(database: Database) -> None:
    with database.writing() as session:
        issue = an_issue(session)
        assert standing(session, issue) == Standing("es")
        assert signed(session, issue) == Standing("es", "Marta Gil", NOW, is_valid=True)
        for old, new in (("Uno", "Dos"), ("One", "Two"), ("A note", "Notes"), ("Cinco", "Seis"), ("Five", "Six")):
            change(session, issue, old, new)
            assert standing(session, issue) == Standing("es", "Marta Gil", NOW, is_valid=False)
            change(session, issue, new, old)
            assert standing(session, issue).is_valid


@pytest.mark.parametrize(
    ("kind", "was", "is_now"),
    [
        ("event", "starts=2026-12-04T18:00", "starts=2026-12-05T18:00"),
        ("event", "ends=2026-12-04T20:00", "ends=2026-12-04T21:00"),
        ("event", "timezone=America/Chicago", "timezone=America/New_York"),
        ("event", "place=Library", "place=Gym"),
        ("event", "workshop=one-team", "workshop=two-teams"),
        ("resource", "url=https://a.example/", "url=https://b.example/"),
        ("quote", "by=Ana", "by=Ben"),
        ("announcement", "until=2026-12-04", "until=2026-12-05"),
        ("image", "src=media:garden", "src=media:gate"),
        ("thanks", "to=office@school.example", "to=lee@school.example"),
    ],
)
def test_a_sign_off_holds_until_what_readers_see_of_a_sections_own_line_changes(
    database: Database, kind: str, was: str, is_now: str
) -> None:
    text = a_file(a_section(f"{kind} {{#it note=a {was}}}", en="One", es="Uno"))
    with database.writing() as session:
        issue = issues.import_document(session, an_organization(session).id, text, "Ana", NOW)
        assert signed(session, issue).is_valid
        change(session, issue, "note=a", "note=b")
        assert standing(session, issue).is_valid  # for nobody sees that
        change(session, issue, was, is_now)
        assert not standing(session, issue).is_valid
        change(session, issue, is_now, was)
        assert standing(session, issue).is_valid


def test_what_readers_of_a_language_do_not_see_leaves_its_sign_off_alone(database: Database) -> None:
    with database.writing() as session:
        issue = an_issue(session)
        signed(session, issue)
        translations.take(session, issue, returned(session, issue, "fr"), "Luc", NOW)
        change(session, issue, "One (fr)", "Un")
        french = {row.language: row for row in sign_offs.standings(session, issue, newest(session, issue))}
    assert (french["es"].is_valid, french["fr"].is_valid) == (True, False)


def test_the_same_signature_again_changes_nothing_and_anothers_is_kept_too(database: Database) -> None:
    with database.writing() as session:
        issue = an_issue(session)
        signed(session, issue)
        signed(session, issue, " Marta  Gil ")
        assert session.scalar(select(func.count()).select_from(SignOff)) == 1
        assert signed(session, issue, "Luis").signed_by == "Luis"
        assert session.scalar(select(func.count()).select_from(SignOff)) == 2


def test_what_is_not_translated_is_not_signed_off_unless_as_it_is(database: Database) -> None:
    with database.writing() as session:
        issue = an_issue(session)
        with pytest.raises(NotWhollyTranslated, match=r"Not all is translated into es: section.bag \(missing\)"):
            signed(session, issue, as_it_is=False)
        translations.take(session, issue, returned(session, issue, "es"), "Luc", NOW)
        assert signed(session, issue, as_it_is=False).is_valid


def test_only_a_person_signs_and_only_translations(database: Database) -> None:
    with database.writing() as session:
        issue = an_issue(session)
        document = newest(session, issue)
        with pytest.raises(NotASignature):
            signed(session, issue, " ")
        with pytest.raises(NothingToSign, match="en is the original of issue"):
            sign_offs.sign(session, issue, document, "en", "Marta", NOW)
        with pytest.raises(NothingToSign, match=r"says nothing in fr. There is: es."):
            sign_offs.sign(session, issue, document, "fr", "Marta", NOW)
        alone = replace(document, languages=("en",))
        with pytest.raises(NothingToSign, match="It is in one language only"):
            sign_offs.sign(session, issue, alone, "fr", "Marta", NOW)


def test_every_language_that_is_not_signed_off_is_named_with_its_command(database: Database) -> None:
    with database.writing() as session:
        issue = an_issue(session)
        signed(session, issue)
        sign_offs.refuse_unsigned(session, issue, newest(session, issue))
        translations.take(session, issue, returned(session, issue, "fr"), "Luc", NOW)
        change(session, issue, "Uno", "Dos")
        with pytest.raises(NotSignedOff) as refused:
            sign_offs.refuse_unsigned(session, issue, newest(session, issue))
    es, fr = str(refused.value).splitlines()
    assert es.startswith("The texts in es were changed after Marta Gil had signed them off. Use: newsletter issues ")
    assert fr.endswith(f'in fr. Use: newsletter issues sign-off {issue.id} --language fr --by "NAME"')


def test_the_sample_issue_goes_to_a_translator_and_back(database: Database) -> None:
    sample = Path(__file__).parents[2] / "examples" / "2026-12.md"
    with database.writing() as session:
        organization_id = an_organization(session).id
        issue = issues.import_document(session, organization_id, sample.read_text(encoding="utf-8"), "Ana", NOW)
        before = newest(session, issue)
        taken, _ = translations.take(session, issue, returned(session, issue, "fr"), "Luc", NOW)
        assert (len(taken.done), taken.left) == (19, ())
        after = newest(session, issue)
    assert [section.bodies[:2] for section in after.sections] == [section.bodies for section in before.sections]
    assert "# The sample issue." in after.front_matter
