"""How well people are told from machines, on logs that are made up and whose truth is known."""

import pytest

from benchmarks.persons_or_machines import Figures, as_they_came, measured
from newsletter.events.tables import Actor
from tests.support.traffic import LISTED, log

COPIES = 8_000


@pytest.fixture(scope="module", params=[1, 2, 3])
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def figures(seed: int) -> Figures:
    """As installed."""
    return measured(log(COPIES, seed))


@pytest.fixture(scope="module")
def with_lists(seed: int) -> Figures:
    return measured(log(COPIES, seed), LISTED)


def test_the_log_has_enough_of_both_to_measure(figures: Figures) -> None:
    assert figures.count(person=True) > 7_000
    assert figures.count(person=False) > 9_000


def test_fewer_than_one_person_in_a_thousand_is_called_a_machine(figures: Figures) -> None:
    assert figures.wronged < 0.001
    assert figures.precision > 0.999


def test_a_list_of_networks_that_people_sit_in_too_wrongs_hardly_more_of_them(with_lists: Figures) -> None:
    assert with_lists.wronged < 0.002
    assert with_lists.precision > 0.998


def test_what_is_called_human_is_human(figures: Figures, with_lists: Figures) -> None:
    assert figures.human_precision > 0.95
    assert with_lists.human_precision > figures.human_precision


def test_gateways_are_found_and_hardly_ever_taken_for_people(figures: Figures) -> None:
    gateways = figures.count(person=False, sort="gateway")
    assert figures.count(Actor.MACHINE, sort="gateway") / gateways > 0.85
    assert figures.count(Actor.HUMAN, sort="gateway") / gateways < 0.04


def test_what_providers_fetch_ahead_is_never_taken_for_a_person(figures: Figures) -> None:
    assert figures.count(sort="apple ahead") > 1_000
    for sort in ("apple ahead", "gmail ahead", "preview", "browser ahead"):
        assert figures.count(Actor.HUMAN, sort=sort) == 0


def test_few_people_are_doubted(figures: Figures, with_lists: Figures) -> None:
    assert figures.doubted < 0.06
    assert with_lists.doubted < 0.08


def test_judged_as_they_come_requests_wrong_nobody_more_and_find_fewer_machines(seed: int, figures: Figures) -> None:
    live = as_they_came(log(COPIES, seed))
    assert live.wronged <= figures.wronged
    assert 0.5 < live.recall < figures.recall
