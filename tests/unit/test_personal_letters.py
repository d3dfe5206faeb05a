from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from newsletter.campaigns.personal_letters import PersonalLetter, has_ended
from subscribers.tables import List

TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds UTC


@given(TIMES, st.integers(1, 10**6), st.sampled_from(["en", "es-MX", "zh-Hans"]))
def test_a_letter_is_read_as_it_was_written(now: datetime, list_id: int, language: str) -> None:
    letter = PersonalLetter.of(List(id=list_id), language, now)
    assert PersonalLetter.parse(str(letter)) == letter
    assert letter.list_ids == (list_id,)


@given(TIMES)
def test_a_link_works_for_a_day_and_never_an_hour_longer(now: datetime) -> None:
    ends = PersonalLetter.of(List(id=1), "en", now).ends
    assert not has_ended(ends, now + timedelta(days=1, microseconds=-1))
    assert has_ended(ends, now + timedelta(days=1, hours=1))


@given(TIMES.map(lambda now: now.replace(minute=1)))
def test_letters_of_one_hour_are_alike(now: datetime) -> None:
    letter = PersonalLetter.of(List(id=1), "en", now)
    assert PersonalLetter.of(List(id=1), "en", now.replace(minute=59)) == letter
    assert PersonalLetter.of(List(id=1), "en", now + timedelta(hours=1)) != letter
