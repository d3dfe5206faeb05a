"""A page to print as a PDF, where the optional library for it is installed: `pip install newsletter[pdf]`.

Nothing is fetched from elsewhere: a picture is shown if it is in the page itself or stored here.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from functools import lru_cache
from importlib.util import find_spec
from typing import TypeAlias

from newsletter.errors import NewsletterError

SECONDS = 20
Stored: TypeAlias = Callable[[str], bytes | None]
"""The bytes of a picture by its address, where it is stored here."""


class PdfNotMade(NewsletterError):
    """This installation makes no PDF. Install newsletter[pdf], or print the page from a browser."""


class PdfTooSlow(NewsletterError):
    """The PDF takes too long. Try again in a minute, or print the page from a browser."""


class Press:
    """Makes one PDF at a time, in a thread of its own, and remembers the last few."""

    def __init__(self, stored: Stored, seconds: float = SECONDS) -> None:
        self.is_installed = find_spec("weasyprint") is not None
        """Whether the library is here; it is loaded when the first PDF is asked for, for that takes a second or two."""
        self._stored, self._seconds = stored, seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pdf")
        self._made = lru_cache(maxsize=16)(self._pdf)

    def pdf(self, html: str) -> bytes:
        """The page as a PDF. Raises `PdfNotMade`, `PdfTooSlow`."""
        waiting = self._thread.submit(self._made, html)
        try:
            return waiting.result(self._seconds)
        except Late as error:
            waiting.cancel()
            raise PdfTooSlow from error
        except (ImportError, OSError) as error:  # no library, or it finds no Pango
            raise PdfNotMade from error

    def _pdf(self, html: str) -> bytes:
        from .typesetting import typeset  # noqa: PLC0415 - the library is optional, and slow to load

        return typeset(html, self._stored)
