"""The answers to a question: each is a link of its own, and to follow it is to give it.

Where such a link leads is our own page of thanks, so its target is no address but says which answer it is.
"""

from newsletter.issues.document import Document

from . import markdown
from .content import Marks

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


def said(document: Document, target: str, language: str) -> str:
    """The words of an answer as readers of a language saw them; empty where the issue has no such answer."""
    key, number = question_of(target)
    section = document.section(key)
    body = section.body(language, document.languages) if section else None
    if body is None:
        return ""
    marks = Marks([body.text])
    labels = markdown.answers(markdown.read(body.text, marks)).labels
    return marks.expressions(markdown.words(labels[number - 1])) if number <= len(labels) else ""
