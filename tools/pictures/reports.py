"""The reports that are shown: of a made-up school's year, made by the same functions as the commands'."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.report_samples import a_school_year, report_pages


def report(name: str) -> str:
    """The page of a report."""
    return _pages()[name]


@cache
def _pages() -> dict[str, str]:
    with TemporaryDirectory(prefix="newsletter-pictures-") as folder:
        app = a_school_year(Path(folder))
        pages = report_pages(app)
        app.close()
    return pages
