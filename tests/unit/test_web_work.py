import json
from datetime import UTC, datetime, timedelta

import altcha
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.tokens import Signer
from newsletter.web.work import PATIENCE, VALID, Judgement, Verdict, Work
from tests.support.work import solved

NOW = datetime(2026, 12, 2, 12, tzinfo=UTC)
OLD, NEW = "an-old-secret-of-these-tests-is-long", "a-new-secret-of-these-tests-is-long"
WORK = Work(Signer([OLD]).challenge_keys, 200)
SECOND = timedelta(seconds=1)


def verdict(challenge: str, solution: str = "", after: timedelta = SECOND, work: Work = WORK) -> Verdict:
    return work.judge(challenge, solution, NOW + after).verdict


def test_a_solution_counts_at_once_and_patience_after_a_while() -> None:
    challenge = WORK.ask(NOW)
    assert verdict(challenge, solved(challenge)) is Verdict.DONE
    assert verdict(challenge) is Verdict.TOO_EARLY
    assert verdict(challenge, after=PATIENCE - SECOND) is Verdict.TOO_EARLY
    assert verdict(challenge, after=PATIENCE) is Verdict.DONE


def test_who_is_too_early_is_told_how_long_is_left() -> None:
    judged = WORK.judge(WORK.ask(NOW), "", NOW + timedelta(seconds=3.5))
    assert judged.seconds_left(NOW + timedelta(seconds=3.5)) == 12


def test_a_challenge_ends_after_an_hour_solved_or_not() -> None:
    challenge = WORK.ask(NOW)
    assert verdict(challenge, solved(challenge), VALID - SECOND) is Verdict.DONE
    assert verdict(challenge, solved(challenge), VALID) is Verdict.EXPIRED
    assert verdict(challenge, after=VALID) is Verdict.EXPIRED


@pytest.mark.parametrize(
    "solution", ["", "x", "[]", "7", '{"counter": 1}', '{"counter": -1, "derivedKey": "00"}', "null"]
)
def test_a_wrong_solution_is_no_solution(solution: str) -> None:  # F29
    assert verdict(WORK.ask(NOW), solution) is Verdict.TOO_EARLY


def test_the_solution_of_another_challenge_is_no_solution() -> None:  # F29
    assert verdict(WORK.ask(NOW), solved(WORK.ask(NOW))) is Verdict.TOO_EARLY


@pytest.mark.parametrize(
    ("name", "value"), [("cost", 0), ("keyPrefix", "00"), ("nonce", "ab"), ("data", {"opened": 0}), ("data", None)]
)
def test_a_challenge_that_was_changed_is_not_ours(name: str, value: object) -> None:  # F29
    challenge = json.loads(WORK.ask(NOW))
    challenge["parameters"][name] = value
    assert verdict(json.dumps(challenge), after=PATIENCE) is Verdict.UNKNOWN


def test_a_challenge_of_somebody_else_is_not_ours() -> None:  # F29
    theirs = altcha.create_challenge("SHA-256", 1, counter=1, data={"opened": 0}, hmac_secret=b"theirs")
    assert verdict(json.dumps(theirs.to_dict())) is Verdict.UNKNOWN


@given(
    st.text(max_size=50)
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.sampled_from(["parameters", "signature", "algorithm", "nonce", "salt", "cost"]), x)
        ),
    ).map(json.dumps)
)
def test_what_is_no_challenge_is_not_ours(text: str) -> None:  # F29
    assert WORK.judge(text, text, NOW) == Judgement(Verdict.UNKNOWN)


def test_what_an_old_secret_signed_counts_while_it_is_kept() -> None:
    challenge = WORK.ask(NOW)
    rotated, forgotten = Work(Signer([NEW, OLD]).challenge_keys, 200), Work(Signer([NEW]).challenge_keys, 200)
    assert verdict(challenge, solved(challenge), work=rotated) is Verdict.DONE
    assert verdict(challenge, solved(challenge), work=forgotten) is Verdict.UNKNOWN


def test_where_nothing_is_asked_anything_will_do() -> None:
    free = Work(WORK.keys, 0)
    assert (free.is_asked, free.ask(NOW), verdict("", work=free)) == (False, "", Verdict.DONE)
