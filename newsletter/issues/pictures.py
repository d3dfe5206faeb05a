"""Pictures drawn anew: what is stored is made of the dots alone, so nothing else that lay in a file gets through.

Each is turned as its EXIF says, has its colours put into sRGB, and is scaled down to the width of two columns of a
mail. What is transparent or flat becomes PNG, a photo JPEG; a small GIF keeps its animation. WebP is read and never
written: many mail programs do not show it.
"""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageCms, ImageOps

from newsletter.errors import NewsletterError

from .animations import animation

WIDEST = 1200
"""In pixels: twice a mail's column, for fine screens."""
MOST_PIXELS = 60_000_000
_QUALITY = 82
_FLAT_MAY_COST = 1.5
"""A PNG is taken up to so many times the bytes of the JPEG: text and drawings stay sharp in it."""
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
_OPAQUE = (255, 255)
_PLAIN = ("RGB", "RGBA", "L")
_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, struct.error, zlib.error)
"""What Pillow raises over files that are cut short or made up."""


class PictureBroken(NewsletterError):
    """This picture is damaged or cut short. Open it in a picture program, save it anew, and add it again."""


class PictureTooLarge(NewsletterError):
    """This picture has more than 60 million pixels. Make it smaller, 2,400 pixels wide or less, and add it again."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is stored and sent."""

    content: bytes
    extension: str
    """`jpg`, `png` or `gif`."""
    width: int
    height: int


def redrawn(content: bytes) -> Picture:
    """The picture in a file of any of the formats that we read. Raises `PictureBroken`, `PictureTooLarge`."""
    with _spoken_of(), Image.open(BytesIO(content), formats=_FORMATS) as image:
        if image.width * image.height > MOST_PIXELS:
            raise PictureTooLarge
        moving = animation(image, WIDEST, MOST_PIXELS) if image.format == "GIF" else None
        if moving is not None:
            return Picture(moving.content, "gif", moving.width, moving.height)
        return _still(image)


def _still(image: Image.Image) -> Picture:
    is_photo = image.format == "JPEG"
    image.seek(0)
    image.draft(None, (2 * WIDEST, 2 * WIDEST))  # a JPEG is decoded no larger than it need be
    drawn = _scaled(_in_srgb(ImageOps.exif_transpose(image)))
    drawn.info = {}  # comments and the like would be written with it
    if _is_transparent(drawn):
        return _picture(_png(drawn), "png", drawn)
    drawn = drawn.convert("L" if drawn.mode in ("L", "LA") else "RGB")
    jpeg = _jpeg(drawn)
    png = b"" if is_photo else _png(drawn)
    if png and len(png) <= _FLAT_MAY_COST * len(jpeg):
        return _picture(png, "png", drawn)
    return _picture(jpeg, "jpg", drawn)


def _in_srgb(image: Image.Image) -> Image.Image:
    """The picture in one of the plain modes, its colours as its profile means them."""
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            meant = ImageCms.ImageCmsProfile(BytesIO(profile))
            srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
            converted = ImageCms.profileToProfile(image, meant, srgb, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            converted = None  # a profile that is none
        image = converted or image
    if image.mode.startswith("I"):  # 16 bits of grey
        image = image.convert("I").point(lambda grey: grey / 256).convert("L")
    if image.mode in _PLAIN:
        return image
    has_alpha = "transparency" in image.info or image.mode in ("LA", "PA", "La", "RGBa")
    return image.convert("RGBA" if has_alpha else "RGB")


def _scaled(image: Image.Image) -> Image.Image:
    if "transparency" in image.info:
        image = image.convert("RGBA")
    if image.width <= WIDEST:
        return image
    height = max(1, round(image.height * WIDEST / image.width))
    return image.resize((WIDEST, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _is_transparent(image: Image.Image) -> bool:
    if image.mode != "RGBA":
        return False
    return image.getchannel("A").getextrema() != _OPAQUE


def _jpeg(image: Image.Image) -> bytes:
    written = BytesIO()
    image.save(written, "JPEG", quality=_QUALITY, progressive=True, optimize=True)
    return written.getvalue()


def _png(image: Image.Image) -> bytes:
    written = BytesIO()
    few = image.convert("P", palette=Image.Palette.ADAPTIVE) if _has_few_colours(image) else image
    few.info = {}
    few.save(written, "PNG", optimize=True)
    return written.getvalue()


def _has_few_colours(image: Image.Image) -> bool:
    """Whether a palette holds every colour."""
    return image.mode == "RGB" and image.getcolors(256) is not None


def _picture(content: bytes, extension: str, drawn: Image.Image) -> Picture:
    return Picture(content, extension, drawn.width, drawn.height)


@contextmanager
def _spoken_of() -> Iterator[None]:
    """Turn what Pillow raises into our sentences."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.simplefilter("ignore", UserWarning)  # of a broken EXIF, for one
        try:
            yield
        except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
            raise PictureTooLarge from error
        except _UNREADABLE as error:
            raise PictureBroken from error
