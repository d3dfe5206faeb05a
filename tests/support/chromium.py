"""The real browser of tests."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

_CHROMIUM = (
    shutil.which("chromium-headless-shell")  # opens a page in a fifth of the time: it draws no window around it
    or shutil.which("chromium")
    or shutil.which("google-chrome")
)
NEEDS_CHROMIUM = pytest.mark.skipif(
    _CHROMIUM is None, reason="no Chromium here; on Debian: apt-get install chromium-headless-shell"
)


@contextmanager
def a_browser(*arguments: str) -> Iterator[Browser]:
    """A running Chromium, started with more arguments."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-gpu", *arguments]
        )
        yield opened
        opened.close()
