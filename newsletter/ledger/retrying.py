"""When a delivery that was refused for now is tried again."""

from datetime import timedelta

DELAYS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))


def next_delay(attempt: int) -> timedelta | None:
    """How long to wait after the attempt of this number (the first is 1), or None: no more tries."""
    return DELAYS[attempt - 1] if attempt <= len(DELAYS) else None
