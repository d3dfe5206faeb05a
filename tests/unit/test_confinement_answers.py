"""What a child that was taken over might answer."""

import pickle
from typing import Any

import pytest

from newsletter.confinement import answers
from newsletter.confinement.answers import ConfinedFault
from newsletter.errors import NewsletterError
from newsletter.rendering.merge import MergeFieldRefused
from tests.support import greedy


class Trap:
    """Unpickled, it would end the tests."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (exit, (1,))


@pytest.mark.parametrize(
    "line",
    [
        pickle.dumps(Trap()),
        b"v" + pickle.dumps(Trap()),
        b"v[7]",
        b"v{}",
        b"v[",
        b'v[{"text": "x"}]',
        b'v[{"text": "x", "raw": "", "at": "never", "colour": "blue", "numbers": {}, "words": []}]',
        b"r7",
        b'r["SystemExit"]',
        b'r["NewsletterError", 7]',
        b'r["NewsletterError", "x", {}]',
        b"x[]",
        b"\n",
        b"",
    ],
)
def test_an_answer_that_the_function_cannot_give_makes_nothing(line: bytes) -> None:  # F20
    with pytest.raises(ConfinedFault):
        answers.read(line, greedy.echo)


@pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt", "ConfinedFault", "nowhere", "__class__"])
def test_no_error_but_ours_can_be_named(name: str) -> None:  # F20
    with pytest.raises(NewsletterError, match=r"^told$") as caught:
        answers.read(b'r["%s", "told"]' % name.encode(), greedy.echo)
    assert type(caught.value) is NewsletterError


def test_an_error_of_ours_is_raised_again_with_its_sentence() -> None:
    line = answers.refusal(MergeFieldRefused("There is no merge field x."))
    with pytest.raises(MergeFieldRefused, match=r"^There is no merge field x\.$"):
        answers.read(line, greedy.echo)


def test_a_broken_surrogate_becomes_a_question_mark() -> None:  # F44
    assert answers.read(answers.written("a\ud800b"), greedy.speak) == "a?b"


def test_an_answer_is_one_line() -> None:
    assert answers.written("a\nb\r\u2028").count(b"\n") == 1
