"""GIFs that move: kept where they are small, drawn anew frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

LARGEST_ANIMATION = 1_000_000
"""In bytes; one that is larger is no mail's."""
_MOST_FRAMES = 200
_SHOWN_MS = 100
"""A frame of which nothing is said."""


@dataclass(frozen=True, slots=True)
class Animation:
    """A GIF as it is stored."""

    content: bytes
    width: int
    height: int


def animation(image: Image.Image, widest: int, most_pixels: int) -> Animation | None:
    """The GIF with all its frames; None where it does not move, or is not small. It raises what Pillow raises.

    `widest` is its width at most, `most_pixels` those of all its frames together.
    """
    most = min(_MOST_FRAMES, most_pixels // (image.width * image.height))
    frames: list[Image.Image] = []
    durations: list[int] = []
    for frame, duration in _frames(image, widest):
        if len(frames) == most:
            return None
        frames.append(frame)
        durations.append(duration)
    if len(frames) < 2:  # noqa: PLR2004 - it takes two to move
        return None
    written = BytesIO()
    loop = {"loop": image.info["loop"]} if "loop" in image.info else {}
    frames[0].save(
        written, "GIF", save_all=True, append_images=frames[1:], duration=durations, disposal=2, optimize=True, **loop
    )
    content = written.getvalue()
    return Animation(content, *frames[0].size) if len(content) <= LARGEST_ANIMATION else None


def _frames(image: Image.Image, widest: int) -> Iterator[tuple[Image.Image, int]]:
    size = image.size
    if image.width > widest:
        size = (widest, max(1, round(image.height * widest / image.width)))
    no = 0
    while True:
        try:
            image.seek(no)
        except EOFError:
            return
        frame = image.convert("RGBA")
        frame.info = {}
        yield frame if frame.size == size else frame.resize(size, Image.Resampling.LANCZOS), _duration(image)
        no += 1


def _duration(image: Image.Image) -> int:
    return int(image.info.get("duration") or _SHOWN_MS)
