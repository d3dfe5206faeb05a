"""The intervals of shares and of their differences are those that their authors published."""

import pytest

from newsletter.campaigns.lanes import ARM_A, ARM_B
from newsletter.reports.arms import ArmFigures, TrialFigures, verdict
from newsletter.reports.uncertainty import Interval, difference, share


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_share_lies_between_what_wilson_says(part: int, whole: int, low: float, high: float) -> None:
    """The examples of R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872, method 3."""
    found = share(part, whole)
    assert found.value == part / whole
    assert [found.low, found.high] == pytest.approx([low, high], abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((2, 7), (6, 7), 0.0582, 0.8062),
        ((0, 29), (5, 56), -0.0381, 0.1926),
        ((0, 10), (10, 10), 0.6075, 1.0),
        ((0, 20), (10, 10), 0.6791, 1.0),
    ],
)
def test_a_difference_lies_between_what_newcombe_says(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    """The examples of R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10."""
    found = difference(share(*first), share(*second))
    assert [found.low, found.high] == pytest.approx([low, high], abs=5e-5)


def a_test(first: tuple[int, int], second: tuple[int, int]) -> TrialFigures:
    arms = tuple(
        ArmFigures(arm, of, of, clicked, share(clicked, of) if of else None)
        for arm, (clicked, of) in ((ARM_A, first), (ARM_B, second))
    )
    lead = difference(arms[0].share, arms[1].share) if arms[0].share and arms[1].share else None
    return TrialFigures({"en": "Other"}, (arms[0], arms[1]), lead, None, counts_readers=True)


def test_a_lead_beyond_chance_is_said_with_its_bounds_for_either_arm() -> None:
    assert verdict(a_test((48, 80), (56, 70))) == (
        "B is ahead by 20.0 points (between 5.2 and 33.4): more than chance."
    )
    assert verdict(a_test((56, 70), (48, 80))) == (
        "A is ahead by 20.0 points (between 5.2 and 33.4): more than chance."
    )


def test_a_lead_that_chance_explains_is_no_lead() -> None:
    assert verdict(a_test((0, 29), (5, 56))) == (
        "Too close to tell: B's share is between -3.8 and +19.3 points from A's, and chance alone explains that."
    )


def test_where_nothing_can_be_compared_no_number_is_made_up() -> None:
    assert verdict(a_test((0, 0), (5, 56))).startswith("No copy of one of the arms was accepted")
    requests = TrialFigures({}, a_test((1, 2), (1, 2)).arms, None, None, counts_readers=False)
    assert verdict(requests).startswith("Only requests were counted")


def test_zero_at_the_very_bound_is_not_beyond_chance() -> None:
    assert not Interval(0.1, 0.0, 0.2).is_beyond_chance
    assert Interval(-0.1, -0.2, -0.01).is_beyond_chance
