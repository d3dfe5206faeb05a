"""The part of `pdf` that needs the optional library."""

from collections.abc import Callable, Mapping

from PIL import ImageFile
from weasyprint import HTML
from weasyprint.urls import URLFetcher, URLFetcherResponse

# WeasyPrint lets the whole process take pictures that are cut short; uploads must not be.
ImageFile.LOAD_TRUNCATED_IMAGES = False


def typeset(html: str, stored: Callable[[str], bytes | None]) -> bytes:
    """A page as a PDF that screen readers can read (PDF/UA-1)."""
    made: bytes = HTML(string=html, url_fetcher=_Fetcher(stored)).write_pdf(pdf_variant="pdf/ua-1")
    return made


class _Fetcher(URLFetcher):  # type: ignore[misc]  # the library has no types
    """Gives what is in the page itself or stored here, and asks no network for anything."""

    def __init__(self, stored: Callable[[str], bytes | None]) -> None:
        super().__init__(allowed_protocols=("data",), allow_redirects=False)
        self._stored = stored

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        """The bytes of an address. Raises `ValueError` for what lies elsewhere; a page is made without it."""
        stored = self._stored(url)
        return super().fetch(url, headers) if stored is None else URLFetcherResponse(url, stored)
