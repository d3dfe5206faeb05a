"""Files as people add them: photos of a phone, drawings, documents, and what pretends to be one of these."""

import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

SECRET_PLACE = b"51.5074 N, 0.1278 W"
"""What a camera wrote into a photo, and nobody may learn from it."""


def written(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def noise(width: int = 300, height: int = 200) -> Image.Image:
    """Like a photo: no two dots alike."""
    return Image.effect_noise((width, height), 80).convert("RGB")


def a_photo(width: int = 300, height: int = 200, kind: str = "JPEG", **options: Any) -> bytes:
    return written(noise(width, height), kind, **options)


def a_drawing(width: int = 300, height: int = 200) -> bytes:
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).rectangle((20, 20, width // 2, height // 2), fill=(15, 118, 110))
    return written(image, "PNG")


def a_moving_gif(frames: int = 5, size: int = 60, **options: Any) -> bytes:
    drawn = []
    for no in range(frames):
        image = Image.new("RGB", (size, size), "white")
        ImageDraw.Draw(image).ellipse((no, no, no + 20, no + 20), fill=(180, 83, 9))
        drawn.append(image)
    return written(drawn[0], "GIF", save_all=True, append_images=drawn[1:], duration=90, loop=0, **options)


def an_archive(parts: Mapping[str, str | bytes], *, packed: bool = False) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def a_document(part: str = "word/document.xml", **more: str | bytes) -> bytes:
    """A docx, or another by its main part."""
    return an_archive({"[Content_Types].xml": "<Types/>", part: "<w/>", **more})


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))
