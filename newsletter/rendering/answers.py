"""The answers to a question: each is a link of its own, and to follow it is to give it.

Where such a link leads is our own page of thanks, so its target is no address but says which answer it is.
"""

_SCHEME = "answer:"


def target(key: str, number: int) -> str:
    """What a link table keeps for an answer of the question `key`; numbers begin with 1."""
    return f"{_SCHEME}{key}/{number}"


def is_answer(target: str) -> bool:
    """Whether a link's target is an answer."""
    return target.startswith(_SCHEME)


def question_of(target: str) -> tuple[str, int]:
    """The question's key and the answer's number."""
    key, _, number = target.removeprefix(_SCHEME).rpartition("/")
    return key, int(number)
