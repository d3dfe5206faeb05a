"""Waiting until something is so, and not for ever."""

import time
from collections.abc import Callable

_PATIENCE_SECONDS = 60
_PAUSE_SECONDS = 0.02


def await_truth(
    is_so: Callable[[], object], otherwise: Callable[[], object] = lambda: "it did not come to be so"
) -> None:
    """Ask until it is so. Raises `AssertionError` with what is there instead."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > until:
            raise AssertionError(otherwise())
        time.sleep(_PAUSE_SECONDS)
