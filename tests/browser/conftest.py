"""What every test in a browser asks for."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.chromium import a_browser


# Not for a whole session: while Playwright runs, no other test of the process could run an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that has not seen the pages of other modules."""
    with a_browser() as opened:
        yield opened
