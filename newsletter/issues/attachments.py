"""Files that readers open elsewhere: which kinds there are, and how each is known by what is in it, not by its name."""

import re
import stat
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from zipfile import ZipFile, ZipInfo

from newsletter.errors import NewsletterError

_MOST_UNPACKED = 200_000_000
_MOST_PARTS = 5_000
_ZIP = b"PK\x03\x04"
_MP3 = re.compile(rb"ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_OFFICE_PARTS = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}
_ODT = b"application/vnd.oasis.opendocument.text"
_OFFICE = "application/vnd.openxmlformats-officedocument"


class ArchiveDangerous(NewsletterError):
    """This document cannot be taken: it is packed as no office program packs one. Save it anew, or as PDF."""


class HoldsMacros(NewsletterError):
    """This document holds macros, which are programs. Save it without them, or as PDF."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of attachment, by its extension."""

    content_type: str
    is_one: Callable[[bytes], bool]
    """Whether bytes are of this kind. Raises `ArchiveDangerous`, `HoldsMacros`."""


def _is_pdf(content: bytes) -> bool:
    return content.startswith(b"%PDF-")


def _is_mp3(content: bytes) -> bool:
    return _MP3.match(content) is not None


def _is_text(content: bytes) -> bool:
    try:
        return not _UNPRINTABLE.search(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return False


def _is_calendar(content: bytes) -> bool:
    return _is_text(content) and content.decode("utf-8-sig").lstrip().upper().startswith("BEGIN:VCALENDAR")


def _is_office(extension: str) -> Callable[[bytes], bool]:
    def is_one(content: bytes) -> bool:
        names = _parts(content)
        if any(name.lower().endswith("vbaproject.bin") for name in names):
            raise HoldsMacros
        return "[Content_Types].xml" in names and _OFFICE_PARTS[extension] in names

    return is_one


def _is_odt(content: bytes) -> bool:
    # Its first part is not packed, and says what it is (OpenDocument 1.3, part 2, 3.3).
    return "mimetype" in _parts(content) and _ODT in content[:200]


def _parts(content: bytes) -> set[str]:
    """The names in an archive; none where it is none. Raises `ArchiveDangerous`."""
    if not content.startswith(_ZIP):
        return set()
    try:
        with ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, LookupError, OSError) as error:
        raise ArchiveDangerous from error
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > _MOST_PARTS or unpacked > _MOST_UNPACKED or any(map(_is_odd, parts)):
        raise ArchiveDangerous
    return {part.filename for part in parts}


def _is_odd(part: ZipInfo) -> bool:
    """Links, secrets and ways out of the folder stand in no document."""
    is_link = stat.S_ISLNK(part.external_attr >> 16)
    is_locked = part.flag_bits & 1
    return bool(is_link or is_locked or part.filename.startswith("/") or ".." in part.filename.split("/"))


KINDS: Mapping[str, Kind] = {
    "pdf": Kind("application/pdf", _is_pdf),
    "ics": Kind("text/calendar; charset=utf-8", _is_calendar),
    "docx": Kind(f"{_OFFICE}.wordprocessingml.document", _is_office("docx")),
    "xlsx": Kind(f"{_OFFICE}.spreadsheetml.sheet", _is_office("xlsx")),
    "pptx": Kind(f"{_OFFICE}.presentationml.presentation", _is_office("pptx")),
    "odt": Kind(_ODT.decode(), _is_odt),
    "mp3": Kind("audio/mpeg", _is_mp3),
    "csv": Kind("text/csv; charset=utf-8", _is_text),
    "txt": Kind("text/plain; charset=utf-8", _is_text),
}
