"""A whole campaign's events, repeated and out of order, end as they do told once in order."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from newsletter.clock import Clock
from newsletter.ledger import balance
from subscribers.db import Database
from subscribers.tables import Suppression
from tests.support.event_streams import (
    FATES,
    FULL,
    an_unsettled_campaign,
    end_of,
    share,
    shuffled,
    stream_of,
    tell,
    tell_in_order,
)

EVENTS = 100_000
A_CALL = 1_700
"""As many as fill a call of SendGrid's."""


def assert_one_end(
    database: Database, clock: Clock, fates: list[int], seed: int, a_call: int, *, is_shared: bool = False
) -> None:
    in_order, in_any = (an_unsettled_campaign(database, len(fates)) for _ in range(2))
    if is_shared:
        for campaign_id in (in_order, in_any):
            share(database, campaign_id, len(fates))
    tell_in_order(database, clock, stream_of(in_order, fates), a_call)
    tell(database, clock, shuffled(stream_of(in_any, fates), seed), a_call)
    assert end_of(database, in_any) == end_of(database, in_order)
    with database.reading() as session:
        assert balance.balance(session, in_any).balances


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fates=st.lists(st.integers(0, len(FATES) - 1), min_size=1, max_size=14),
    seed=st.integers(0, 2**32),
    a_call=st.integers(1, 60),
)
def test_any_stream_repeated_and_shuffled_over_calls_ends_as_it_does_once_in_order(
    database: Database, clock: Clock, fates: list[int], seed: int, a_call: int
) -> None:  # F37 M52 M53
    assert_one_end(database, clock, fates, seed, a_call)


def test_every_fate_is_met_in_one_stream(database: Database, clock: Clock) -> None:  # F37 M52 M53
    assert_one_end(database, clock, [*range(len(FATES))] * 5, seed=6, a_call=97)


def test_refusals_that_count_over_several_copies_of_a_reader_end_the_same(
    database: Database, clock: Clock
) -> None:  # F37 M53
    full, arrived, blocked = FULL, 0, 4
    weeks = [[full] * 4, [full, full, full, blocked], [full, arrived, full, full], [full, blocked, full, arrived]]
    fates = [fate for week in zip(*([*each, full] for each in weeks), strict=True) for fate in week]
    assert_one_end(database, clock, fates, seed=6, a_call=7, is_shared=True)
    with database.reading() as session:
        assert session.scalars(select(Suppression.id).where(Suppression.is_counted)).all()


@pytest.mark.long
def test_a_hundred_thousand_events_repeated_and_shuffled_end_as_they_do_once_in_order(
    database: Database, clock: Clock
) -> None:  # F37 M52 M53
    a_round = [*range(len(FATES)), *[0, 1] * len(FATES)]  # most copies arrive
    fates = a_round * (EVENTS // sum(len(FATES[fate]) for fate in a_round) + 1)
    assert_one_end(database, clock, fates, seed=2026, a_call=A_CALL)
