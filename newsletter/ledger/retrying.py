"""When a delivery that was refused for now is tried again."""

from datetime import timedelta

DELAYS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))
_ROUND = len(DELAYS) + 1
"""How many tries there are, with these waits between them."""


def next_delay(attempt: int) -> timedelta | None:
    """How long to wait after the attempt of this number (the first is 1), or None: no more tries.

    Tries come in rounds. A copy that was tried to the end and that a person retries gets a whole new round; one that
    was refused earlier goes on with what is left of its round.
    """
    within = (attempt - 1) % _ROUND
    return DELAYS[within] if within < len(DELAYS) else None
