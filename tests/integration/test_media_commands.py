"""`newsletter media`, as an editor uses it."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import func, select

from newsletter.app import App
from newsletter.issues import issues, media, uploads
from newsletter.issues.media_stores import FolderStore
from newsletter.issues.parsing import parse
from newsletter.issues.shelf import Shelf
from newsletter.issues.tables import Media
from subscribers import organizations
from tests.support.commands import CommandLine
from tests.support.disks import no_file_longer_than
from tests.support.issue_files import a_file, a_section
from tests.support.pictures import a_drawing, a_photo
from tests.support.school import a_school


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[App]:
    with a_school(database_url, f"file://{tmp_path}/outbox", tmp_path) as app:
        yield app


@pytest.fixture
def newsletter(
    app: App, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    assert app.settings.database_url == database_url
    (tmp_path / "IMG 7 (Größe).JPG").write_bytes(a_photo())
    (tmp_path / "logo.png").write_bytes(a_drawing())
    (tmp_path / "form.pdf").write_bytes(b"%PDF-1.7\n")
    return CommandLine(tmp_path, monkeypatch, capsys).of_school(database_url, f"file://{tmp_path}/outbox")


def test_pictures_and_files_are_added_listed_shown_and_removed(newsletter: CommandLine) -> None:
    said = newsletter.do("media", "add", "IMG 7 (Größe).JPG", "logo.png", "form.pdf").out
    assert said.startswith("IMG 7 (Größe).JPG is stored as img-7-grosse: image/jpeg")
    assert "![What it shows](media:logo)" in said
    assert "[What it is](media:form)" in said
    rows = newsletter.do("media", "list", "--json").json()
    assert [(row["name"], row["width"]) for row in rows] == [("form", None), ("img-7-grosse", 300), ("logo", 300)]
    shown = newsletter.do("media", "show", "media:logo", "--json").json()
    assert shown["url"] == f"http://127.0.0.1:8000/media/{shown['digest']}.png"
    stored = newsletter.folder / "var" / "media" / f"{shown['digest']}.png"
    assert stored.stat().st_size == shown["size_bytes"]
    assert "No issue uses it" in newsletter.do("media", "show", "logo").out
    assert newsletter.do("media", "remove", "logo").out.startswith("logo is removed")
    assert not stored.exists()
    assert "3 items" not in newsletter.do("media", "list").out
    for command in ("show", "remove"):
        assert newsletter("media", command, "logo").err.startswith("Error: There is no picture or file 'logo'.")


def test_an_empty_list_says_how_to_begin(newsletter: CommandLine) -> None:
    assert newsletter.do("media", "list").out == "Nothing is stored yet. Next: newsletter media add photo.jpg\n"


def test_the_same_file_again_gives_the_same_item_under_the_name_it_has(newsletter: CommandLine) -> None:
    newsletter.do("media", "add", "logo.png")
    (newsletter.folder / "other.png").write_bytes((newsletter.folder / "logo.png").read_bytes())
    again = newsletter.do("media", "add", "other.png", "--name", "emblem")
    assert again.out.startswith("other.png was stored before, as logo")
    assert len(newsletter.do("media", "list", "--json").json()) == 1


def test_two_files_of_one_name_get_two_names(newsletter: CommandLine) -> None:
    for folder in ("a", "b", "c"):
        (newsletter.folder / folder).mkdir()
        (newsletter.folder / folder / "photo.jpg").write_bytes(a_photo())
    (newsletter.folder / "!.jpg").write_bytes(a_photo())
    rows = newsletter.do("media", "add", "a/photo.jpg", "b/photo.jpg", "c/photo.jpg", "!.jpg", "--json").json()
    assert [row["name"] for row in rows] == ["photo", "photo-2", "photo-3", "file"]


def test_a_name_of_ones_own_is_plain_and_not_taken(newsletter: CommandLine) -> None:
    assert newsletter.do("media", "add", "logo.png", "--name", "our-logo", "--json").json()[0]["name"] == "our-logo"
    taken = newsletter("media", "add", "form.pdf", "--name", "our-logo")
    assert (taken.code, taken.err.startswith("Error: Another picture or file is called our-logo.")) == (1, True)
    for name in ("Our logo", "-", "a" * 61):
        assert "small letters a to z" in newsletter("media", "add", "form.pdf", f"--name={name}").err
    assert "A name is for one file" in newsletter("media", "add", "form.pdf", "logo.png", "--name", "x").err


def test_one_file_that_is_refused_stores_none_of_the_others(newsletter: CommandLine) -> None:
    (newsletter.folder / "evil.svg").write_text("<svg/>")
    said = newsletter("media", "add", "logo.png", "evil.svg")
    assert (said.code, said.err) == (1, "Error: evil.svg is not taken. It can hold programs. Export it as PNG.\n")
    assert newsletter.do("media", "list", "--json").json() == []
    assert "cannot be read" in newsletter("media", "add", "nowhere.png").err


def test_a_full_disk_is_one_sentence_and_names_nothing(newsletter: CommandLine, app: App) -> None:  # F15
    with no_file_longer_than(2_000):
        said = newsletter("media", "add", "IMG 7 (Größe).JPG")
    assert (said.code, "Nothing is lost: make room" in said.err) == (1, True)
    with app.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Media)) == 0
    assert list((newsletter.folder / "var" / "media").iterdir()) == []
    newsletter.do("media", "add", "IMG 7 (Größe).JPG")


def test_what_any_revision_uses_stays(newsletter: CommandLine, app: App) -> None:
    newsletter.do("media", "add", "logo.png", "form.pdf", "IMG 7 (Größe).JPG")
    first = a_file(a_section(en="![Our logo](media:logo) and [the form][f]\n\n[f]: media:form", es="Hola"))
    second = a_file(a_section("button {#go url=media:form}", en="Go"))
    with app.database.writing() as session:
        issue = issues.import_document(session, app.organization.id, first, "Ana", app.clock.now())
        issues.save(session, issue, second, "Ana", app.clock.now())
        issue_id = issue.id
    refused = newsletter("media", "remove", "logo")
    assert refused.err.startswith(f"Error: Revision 1 of issue {issue_id} uses media:logo, and what was saved is kept")
    assert f"Used by issue {issue_id}, revision 1, 2" in newsletter.do("media", "show", "form").out
    newsletter.do("media", "remove", "img-7-grosse")
    assert len(newsletter.do("media", "list", "--json").json()) == 2


def test_a_document_names_what_it_uses_and_the_store_says_what_that_is(newsletter: CommandLine, app: App) -> None:
    newsletter.do("media", "add", "logo.png")
    text = "![x](media:logo) [y](media:gone) `media:code` media:words <media:auto> ![z](https://a.example/media:no)"
    targets = media.references(parse(a_file(a_section(en=text))))
    assert targets == {"media:logo", "media:gone", "media:auto"}
    with app.database.reading() as session:
        found = media.resolved(session, app.organization.id, targets)
    assert set(found) == {"media:logo"}
    logo = found["media:logo"]
    assert logo.url("https://x.example") == f"https://x.example/media/{logo.digest}.png"
    assert (logo.is_picture, logo.width, logo.height, logo.content_type) == (True, 300, 200, "image/png")


def test_a_picture_in_raw_mjml_is_found_and_stays(newsletter: CommandLine, app: App) -> None:
    newsletter.do("media", "add", "logo.png", "form.pdf", "IMG 7 (Größe).JPG")
    raw = '<mj-image src=\'media:logo\' href="media:form"/><mj-hero background-url = "media:img-7-grosse">'
    text = a_file(a_section("mjml {#raw}", en=f"{raw} ![not Markdown](media:words)"))
    assert media.references(parse(text)) == {"media:logo", "media:form", "media:img-7-grosse"}
    with app.database.writing() as session:
        issues.import_document(session, app.organization.id, text, "Ana", app.clock.now())
    for name in ("logo", "form", "img-7-grosse"):
        assert f"uses media:{name}, and what was saved is kept" in newsletter("media", "remove", name).err


def test_a_stored_picture_in_raw_mjml_is_nothing_to_correct(
    newsletter: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSLETTER_RAW_MJML", "on")
    newsletter.do("media", "add", "logo.png")
    raw = '<mj-section><mj-column><mj-image src="media:{}" alt="Our logo" /></mj-column></mj-section>'
    for name, is_missing in (("logo", False), ("gone", True)):
        text = a_file(a_section("mjml {#raw}", en=raw.format(name), es=raw.format(name)))
        (newsletter.folder / "raw.md").write_text(text, encoding="utf-8")
        issue_id = newsletter.do("issues", "import", "raw.md", "--json").json()["id"]
        found = newsletter("issues", "check", str(issue_id)).out
        assert (f"There is no stored picture {name}" in found) == is_missing


def test_what_is_added_while_it_is_removed_keeps_its_bytes(
    newsletter: CommandLine, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (newsletter.folder / "logo.png").read_bytes()
    upload = uploads.read("logo.png", content)
    shelf = Shelf(app.database, FolderStore(newsletter.folder / "shelf"), app.organization.id)
    shelf.keep(upload, "logo.png", app.clock.now())
    adding = Thread(target=lambda: shelf.keep(upload, "logo.png", app.clock.now()))
    really_remove = FolderStore.remove

    def remove(store: FolderStore, key: str) -> None:
        adding.start()
        adding.join(0.5)  # as much of it as can be done now is done before the bytes go
        really_remove(store, key)

    monkeypatch.setattr(FolderStore, "remove", remove)
    shelf.drop("logo")
    adding.join(30)
    with app.database.reading() as session:
        facts = media.get(session, app.organization.id, "logo")
    assert (newsletter.folder / "shelf" / facts.key).stat().st_size == facts.size_bytes


def test_bytes_that_another_name_still_needs_stay(newsletter: CommandLine, app: App) -> None:
    newsletter.do("media", "add", "logo.png")
    with app.database.writing() as session:
        other = organizations.create(session, "Elm Families", app.clock.now())
        upload = uploads.read("logo.png", (newsletter.folder / "logo.png").read_bytes())
        kept = media.add(session, other.id, upload, "logo.png", app.clock.now())
    Shelf(app.database, app.media_store(), 1).drop("logo")
    assert (newsletter.folder / "var" / "media" / kept.key).stat().st_size == kept.size_bytes
