"""What is let in as a picture or an attachment, and as what it is stored."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw

from newsletter.errors import NewsletterError
from newsletter.issues import uploads
from newsletter.issues.attachments import ArchiveDangerous, HoldsMacros
from newsletter.issues.pictures import PictureBroken, PictureTooLarge
from newsletter.issues.uploads import AlsoSomethingElse, KindRefused, NotWhatItSays, TooLarge, Upload
from tests.support.pictures import (
    SECRET_PLACE,
    a_document,
    a_drawing,
    a_moving_gif,
    a_photo,
    an_archive,
    noise,
    opened,
    written,
)


def test_a_photo_of_a_phone_is_turned_made_small_and_stripped_of_what_the_camera_wrote() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, SECRET_PLACE.decode()  # lies on its side; a description
    file = a_photo(2000, 1500, exif=exif, comment=SECRET_PLACE)
    assert SECRET_PLACE in file
    upload = uploads.read("IMG_1.JPG", file)
    image = opened(upload.content)
    assert (image.format, image.size) == ("JPEG", (1200, 1600))
    assert (upload.width, upload.height, upload.extension) == (1200, 1600, "jpg")
    assert SECRET_PLACE not in upload.content
    assert not {"exif", "comment", "icc_profile"} & image.info.keys()
    assert image.info["progressive"]


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP"])
def test_nothing_that_was_written_beside_the_dots_is_stored(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET_PLACE.decode()
    beside = {"comment": SECRET_PLACE} if kind == "GIF" else {"exif": exif}
    file = written(noise(), kind, **beside)
    assert SECRET_PLACE in file
    assert SECRET_PLACE not in uploads.read(f"a.{kind.lower()}", file).content


def test_a_picture_is_never_made_larger() -> None:
    assert uploads.read("a.jpg", a_photo(30, 20)).width == 30


def test_the_same_file_gives_the_same_bytes() -> None:
    file = a_photo()
    assert uploads.read("a.jpg", file) == uploads.read("b.jpeg", file)


def test_a_drawing_stays_a_sharp_png_and_a_photo_in_png_becomes_a_small_jpeg() -> None:
    drawing, photo = a_drawing(), written(noise(), "PNG")
    assert uploads.read("a.png", drawing).extension == "png"
    stored = uploads.read("b.png", photo)
    assert (stored.extension, len(stored.content) < len(photo)) == ("jpg", True)


def test_what_is_transparent_stays_so() -> None:
    image = Image.new("RGBA", (1600, 400))
    ImageDraw.Draw(image).ellipse((20, 20, 380, 380), fill=(15, 118, 110, 255))
    stored = opened(uploads.read("logo.png", written(image, "PNG")).content)
    assert (stored.format, stored.mode, stored.size) == ("PNG", "RGBA", (1200, 300))
    assert stored.getpixel((0, 0))[3] == 0  # type: ignore[index]


def test_a_transparency_that_hides_nothing_is_let_go() -> None:
    opaque = noise().convert("RGBA")
    assert uploads.read("a.png", written(opaque, "PNG")).extension == "jpg"


@pytest.mark.parametrize("quality", [None, 80])
def test_webp_becomes_what_mail_programs_show(quality: int | None) -> None:
    flat = Image.new("RGB", (300, 200), "teal")
    file = written(flat, "WEBP", lossless=True) if quality is None else a_photo(kind="WEBP", quality=quality)
    assert uploads.read("a.webp", file).extension == ("png" if quality is None else "jpg")


@pytest.mark.parametrize("mode", ["CMYK", "L", "P", "1", "LA", "I;16", "RGBA", "PA"])
def test_every_way_to_store_colours_is_read(mode: str) -> None:
    image = (
        Image.new("I;16", (40, 30), 30_000) if mode == "I;16" else noise(40, 30).convert(mode if mode != "PA" else "P")
    )
    kind = "JPEG" if mode == "CMYK" else "PNG"
    stored = uploads.read("a.png", written(image, kind))
    shown = opened(stored.content)
    assert shown.size == (40, 30)
    assert shown.convert("L").getextrema() != (0, 255) or mode != "I;16"


def test_sixteen_bits_of_grey_are_not_burnt_out() -> None:
    grey = Image.new("I;16", (40, 30), 30_000)
    assert opened(uploads.read("a.png", written(grey, "PNG")).content).convert("L").getpixel((5, 5)) == 117


def test_a_palette_with_a_hole_stays_transparent_when_it_is_made_small() -> None:
    image = Image.new("P", (1300, 100), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    file = written(image, "PNG", transparency=0)
    stored = opened(uploads.read("a.png", file).content)
    assert (stored.mode, stored.size, stored.getpixel((3, 3))[3]) == ("RGBA", (1200, 92), 0)  # type: ignore[index]


def test_colours_of_another_profile_are_put_into_those_that_everybody_shows() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    green = Image.new("RGB", (40, 30), (10, 200, 30))
    with_profile = opened(uploads.read("a.jpg", written(green, "JPEG", icc_profile=lab, quality=95)).content)
    broken = opened(uploads.read("a.jpg", written(green, "JPEG", icc_profile=b"no profile", quality=95)).content)
    for image in (with_profile, broken):
        red, shown, _ = image.convert("RGB").getpixel((20, 15))  # type: ignore[misc]
        assert red < 30
        assert shown > 180


def test_a_small_gif_keeps_moving() -> None:
    stored = uploads.read("ball.gif", a_moving_gif())
    image = opened(stored.content)
    assert (stored.extension, image.n_frames, image.info["duration"], image.info["loop"]) == ("gif", 5, 90, 0)  # type: ignore[attr-defined]


def test_a_wide_gif_moves_on_a_smaller_stage() -> None:
    image = opened(uploads.read("ball.gif", a_moving_gif(3, 1500)).content)
    assert (image.size, image.n_frames) == ((1200, 1200), 3)  # type: ignore[attr-defined]


@pytest.mark.parametrize("frames", [1, 201])
def test_a_gif_that_stands_still_or_is_a_film_becomes_its_first_picture(frames: int) -> None:
    assert uploads.read("film.gif", a_moving_gif(frames, 240)).extension == "png"


def test_a_gif_whose_animation_is_heavy_becomes_its_first_picture() -> None:
    frames = [noise(700, 700) for _ in range(4)]
    file = written(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert uploads.read("heavy.gif", file).extension == "jpg"


# What is refused: THREATS 42.


def a_bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is so large."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    dots = zlib.compress(b"\0" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", dots) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [8_000, 10_000, 30_000])
def test_a_picture_that_would_fill_the_memory_is_refused(side: int) -> None:  # F42
    with pytest.raises(PictureTooLarge, match=r"bomb\.png: This picture has more than 60 million pixels"):
        uploads.read("bomb.png", a_bomb(side, side))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_picture_that_is_cut_short_is_refused(kind: str) -> None:
    file = a_photo(kind=kind)
    with pytest.raises(PictureBroken, match="damaged or cut short"):
        uploads.read("a.png", file[: len(file) // 2])


WHOLE = {kind: a_photo(30, 20, kind) for kind in ("JPEG", "PNG", "WEBP")} | {"GIF": a_moving_gif(2, 30)}


@given(st.data())
def test_a_file_that_is_spoilt_anywhere_is_a_picture_or_one_sentence(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]))
    file = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    with suppress(NewsletterError):  # whose first line is the sentence
        upload = uploads.read("a.png", bytes(file))
        assert opened(upload.content).size == (upload.width, upload.height)


@pytest.mark.parametrize("name", ["evil.svg", "evil.png"])
def test_svg_is_refused_whatever_its_name(name: str) -> None:  # F42
    with pytest.raises((KindRefused, NotWhatItSays), match=r"It can hold programs\. Export it as PNG"):
        uploads.read(name, b"<?xml version='1.0'?><svg onload='alert(1)'/>")


@pytest.mark.parametrize(
    "file",
    [
        a_photo() + an_archive({"a.class": "x"}),
        b"GIF89a/*" + b"<script>alert(1)</script>" + a_moving_gif()[8:],
        a_photo()[:20] + b"%PDF-1.4" + a_photo()[20:],
    ],
    ids=["archive", "page", "pdf"],
)
def test_a_picture_that_is_also_something_else_is_refused(file: bytes) -> None:  # F42
    with pytest.raises(AlsoSomethingElse, match="is two things at once"):
        uploads.read("a.jpg", file)


def test_a_pdf_that_is_also_an_archive_is_refused() -> None:  # F42
    with pytest.raises(AlsoSomethingElse):
        uploads.read("a.pdf", b"%PDF-1.7\n" + an_archive({"a.class": "x"}))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("a.jpg", b"MZ\x90\x00"),
        ("a.pdf", b"<html>"),
        ("a.pdf", a_photo()),
        ("a.docx", a_document("xl/workbook.xml")),
        ("a.docx", b"no archive"),
        ("a.xlsx", an_archive({"a.txt": "x"})),
        ("a.odt", a_document()),
        ("a.mp3", b"RIFF"),
        ("a.ics", b"Dear families"),
        ("a.txt", b"\x00\x01"),
        ("a.csv", "Größe".encode("latin-1")),
    ],
    ids=range(11),
)
def test_what_is_not_what_its_name_says_is_refused(name: str, file: bytes) -> None:
    with pytest.raises(NotWhatItSays, match="name"):
        uploads.read(name, file)


@pytest.mark.parametrize(("name", "hint"), [("a.heic", "Save it as JPEG"), ("a.exe", "You can add JPEG"), ("a", "pdf")])
def test_a_kind_that_is_not_taken_is_refused_with_the_way_out(name: str, hint: str) -> None:
    with pytest.raises(KindRefused, match=hint):
        uploads.read(name, b"x")


def test_what_is_too_large_is_refused_before_it_is_opened() -> None:
    with pytest.raises(TooLarge, match=r"a\.jpg is larger than 20 MB"):
        uploads.read("a.jpg", a_photo() + b"\0" * uploads.LARGEST_PICTURE)
    with pytest.raises(TooLarge, match=r"a\.pdf is larger than 10 MB"):
        uploads.read("a.pdf", b"%PDF-" + b"\0" * uploads.LARGEST_ATTACHMENT)


ODT = an_archive({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<x/>"})


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("form.pdf", b"%PDF-1.7\n..."),
        ("trip.ics", b"\xef\xbb\xbfBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),
        ("a.docx", a_document()),
        ("a.XLSX", a_document("xl/workbook.xml")),
        ("a.pptx", a_document("ppt/presentation.xml")),
        ("a.odt", ODT),
        ("song.mp3", b"ID3\x04\x00"),
        ("song.mp3", b"\xff\xfb\x90\x00"),
        ("list.csv", "name,größe\r\n".encode()),
        ("read.txt", "Hello\t读书\n".encode()),
    ],
    ids=range(10),
)
def test_every_kind_of_attachment_is_kept_as_it_is(name: str, file: bytes) -> None:
    upload = uploads.read(name, file)
    assert (upload.content, upload.width) == (file, None)
    assert upload.digest == upload.source_digest
    assert f".{upload.extension}" == name[-len(upload.extension) - 1 :].lower()
    assert upload.content_type == uploads.CONTENT_TYPES[upload.extension]


def a_linked() -> bytes:
    link = zipfile.ZipInfo("word/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    file = BytesIO(a_document())
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    return file.getvalue()


@pytest.mark.parametrize(
    "make",  # not made already: a bomb takes seconds, and whoever runs one test collects all
    [
        lambda: an_archive({"[Content_Types].xml": "", "word/document.xml": b"\0" * 210_000_000}, packed=True),
        lambda: an_archive({f"word/{n}": "" for n in range(5_001)}),
        lambda: a_document(**{"../evil": "x"}),
        lambda: a_document(**{"/etc/cron": "x"}),
        a_linked,
        lambda: b"PK\x03\x04 and no more",
    ],
    ids=["bomb", "many parts", "way out", "from the root", "link", "cut"],
)
def test_an_archive_that_would_do_harm_is_refused(make: Callable[[], bytes]) -> None:  # F42
    with pytest.raises(ArchiveDangerous, match="packed as no office program packs one"):
        uploads.read("a.docx", make())


def test_a_document_with_programs_in_it_is_refused() -> None:
    with pytest.raises(HoldsMacros, match="macros"):
        uploads.read("a.docx", a_document(**{"word/vbaProject.bin": "x"}))


def test_an_upload_knows_its_bytes() -> None:
    assert Upload(b"abc", "txt", "x").digest.startswith("ba7816bf")
