"""What an answer means for a call, and when it is made again."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from newsletter.webhooks.outcomes import DELAYS, MOST_TRIES, Reply, judge, silence
from newsletter.webhooks.tables import CallState

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def reply(status: int | None, retry_after: str = "") -> Reply:
    return Reply(status, "", 1, retry_after)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (200, CallState.DONE),
        (204, CallState.DONE),
        (299, CallState.DONE),
        (301, CallState.WAITING),
        (400, CallState.WAITING),
        (404, CallState.WAITING),
        (410, CallState.DEAD),
        (500, CallState.WAITING),
        (None, CallState.WAITING),
    ],
)
def test_only_an_answer_of_the_twohundreds_is_a_yes(status: int | None, state: CallState) -> None:
    assert judge(reply(status), 1, NOW, Random(1)).state is state  # noqa: S311 - chance, no secret


def test_each_try_waits_longer_by_a_fifth_at_most_and_the_last_is_the_end() -> None:
    chance = Random(7)  # noqa: S311 - chance, no secret
    for tries, delay in enumerate(DELAYS, 1):
        waits = [judge(reply(500), tries, NOW, chance).wait or timedelta() for _ in range(50)]
        assert delay <= min(waits) < max(waits) <= delay * 1.2
    assert judge(reply(500), MOST_TRIES, NOW, chance).state is CallState.DEAD


@pytest.mark.parametrize(
    ("status", "wish", "least", "most"),
    [
        (429, "3600", 3600, 3600),
        (503, "3600", 3600, 3600),
        (500, "3600", 5, 6),
        (429, "999999999999999", 86400, 86400),
        (429, "0", 5, 6),
        (429, "-5", 5, 6),
        (429, "²", 5, 6),
        (429, "soon", 5, 6),
        (429, "", 5, 6),
        (429, "Tue, 01 Dec 2026 13:00:00 GMT", 3600, 3600),
        (429, "Tue, 01 Dec 2026 13:00:00", 3600, 3600),
        (429, "Tue, 01 Dec 2020 13:00:00 GMT", 5, 6),
    ],
)
def test_a_busy_receiver_is_believed_up_to_a_day(status: int, wish: str, least: float, most: float) -> None:
    wait = judge(reply(status, wish), 1, NOW, Random(1)).wait  # noqa: S311 - chance, no secret
    assert wait is not None
    assert least <= wait.total_seconds() <= most


def test_a_receiver_that_fails_is_left_alone_longer_and_longer_up_to_five_minutes() -> None:
    assert [silence(n).total_seconds() for n in (1, 2, 3, 8, 9, 10**9)] == [2, 4, 8, 256, 300, 300]
