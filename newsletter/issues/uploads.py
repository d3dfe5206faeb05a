"""What is let in: a file becomes a picture drawn anew, or an attachment as it is, or nothing."""

import hashlib
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePath

from newsletter.errors import NewsletterError

from . import attachments, pictures

LARGEST_PICTURE = 20_000_000
LARGEST_ATTACHMENT = 10_000_000
CONTENT_TYPES: Mapping[str, str] = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    **{extension: kind.content_type for extension, kind in attachments.KINDS.items()},
}
"""By extension, of all that is ever stored."""
_PICTURE_NAMES = ("jpg", "jpeg", "png", "gif", "webp")
_MAGIC = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF.{4}WEBP", re.DOTALL)
_HEAD = 1024
_ALSO_HTML = re.compile(rb"<(script|html|svg|\?php|!doctype)", re.IGNORECASE)
_IS_SVG = re.compile(rb"\s*(<\?xml|<!--|<!doctype\s+svg|<svg)", re.IGNORECASE)
_NAMED = "JPEG, PNG, GIF and WebP pictures, and " + ", ".join(attachments.KINDS)
_OTHERWISE = {
    "heic": "Save it as JPEG: on an iPhone, Settings, Camera, Formats, Most Compatible.",
    "svg": "It can hold programs. Export it as PNG.",
    "doc": "Save it as docx or PDF.",
    "xls": "Save it as xlsx or PDF.",
    "ppt": "Save it as pptx or PDF.",
    "zip": "Add the files one by one.",
}


class KindRefused(NewsletterError):
    """Files of this kind are not taken."""


class NotWhatItSays(NewsletterError):
    """What is in this file is not what its name says. Open it, save it anew, and add it again."""


class AlsoSomethingElse(NewsletterError):
    """This file is two things at once, as files that do harm are. Open it, save it anew, and add it again."""


class TooLarge(NewsletterError):
    """This file is too large."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What will be stored of a file."""

    content: bytes
    extension: str
    source_digest: str
    """Of the file as it came: the same file again is known by it."""
    width: int | None = None
    """In pixels; None for an attachment."""
    height: int | None = None

    @property
    def digest(self) -> str:
        """Of what is stored."""
        return digest_of(self.content)

    @property
    def content_type(self) -> str:
        """As HTTP says it."""
        return CONTENT_TYPES[self.extension]


def read(file_name: str, content: bytes) -> Upload:
    """Judge a file. Raises `KindRefused`, `NotWhatItSays`, `AlsoSomethingElse`, `TooLarge`, and what pictures raise."""
    extension = PurePath(file_name).suffix.lower().removeprefix(".")
    if _MAGIC.match(content):
        return _picture(file_name, extension, content)
    if extension in _PICTURE_NAMES:
        raise NotWhatItSays(f"{file_name} is no picture, whatever its name says. {_svg_hint(content)}".rstrip())
    if extension not in attachments.KINDS:
        raise KindRefused(f"{file_name} is not taken. {_OTHERWISE.get(extension) or f'You can add {_NAMED}.'}")
    return _attachment(file_name, extension, content)


def digest_of(content: bytes) -> str:
    """The name of bytes: SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _picture(file_name: str, extension: str, content: bytes) -> Upload:
    if extension in attachments.KINDS:
        raise NotWhatItSays(f"{file_name} is a picture, whatever its name says. Give it the name of one.")
    _refuse_large(file_name, content, LARGEST_PICTURE)
    _refuse_second_nature(file_name, content)
    try:
        drawn = pictures.redrawn(content)
    except (pictures.PictureBroken, pictures.PictureTooLarge) as refused:
        raise type(refused)(f"{file_name}: {refused}") from refused
    return Upload(drawn.content, drawn.extension, digest_of(content), drawn.width, drawn.height)


def _attachment(file_name: str, extension: str, content: bytes) -> Upload:
    _refuse_large(file_name, content, LARGEST_ATTACHMENT)
    if not attachments.KINDS[extension].is_one(content):
        hint = "Save it as UTF-8." if extension in ("txt", "csv", "ics") else "Open it, save it anew, and add it again."
        raise NotWhatItSays(f"{file_name} is not what its name says. {hint}")
    if extension in ("pdf", "mp3"):
        _refuse_second_nature(file_name, content[len("%PDF-") :])
    return Upload(content, extension, digest_of(content))


def _refuse_large(file_name: str, content: bytes, most: int) -> None:
    if len(content) > most:
        raise TooLarge(f"{file_name} is larger than {most // 1_000_000} MB. Make it smaller, and add it again.")


def _refuse_second_nature(file_name: str, content: bytes) -> None:
    """Raise `AlsoSomethingElse` where another program would take the same bytes for an archive, a page or a PDF."""
    head = content[:_HEAD]
    if zipfile.is_zipfile(BytesIO(content)) or b"%PDF-" in head or _ALSO_HTML.search(head):
        raise AlsoSomethingElse(f"{file_name} is two things at once. Open it, save it anew, and add it again.")


def _svg_hint(content: bytes) -> str:
    return f"It looks like SVG. {_OTHERWISE['svg']}" if _IS_SVG.match(content) else ""
