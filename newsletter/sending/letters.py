"""The letters of the streams: how each reads its variant, and what it says of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from babel.lists import format_list
from sqlalchemy.orm import Session

from newsletter.campaigns.personal_letters import PERSONAL, PersonalLetter
from newsletter.campaigns.replies import ReplyLetter
from newsletter.campaigns.school_letters import STILL_RIGHT, StillRightLetter
from newsletter.campaigns.streams import CONFIRM, REMINDER, WELCOME, ListsLetter, ReminderLetter
from newsletter.campaigns.submission_letters import SUBMISSION, SubmissionLetter
from newsletter.events.replies import STREAM as REPLY
from newsletter.rendering import dates
from newsletter.rendering.compile import LetterValue
from newsletter.rendering.content import PersonalSlot
from subscribers import lists
from subscribers.tables import List

Values = Mapping[str, LetterValue]


class Letter(Protocol):
    """What every letter has: the lists it is about, its sender's first, and the language it is in."""

    @property
    def list_ids(self) -> tuple[int, ...]:
        """At least one."""
        ...

    @property
    def language(self) -> str:
        """A language's code."""
        ...


@dataclass(frozen=True, slots=True)
class LetterKind:
    """One kind of letter; its words are in `templates/mail/<stream>`."""

    parse: Callable[[str], Letter]
    values_of: Callable[[Session, Any, Sequence[List]], Values]
    """Of a letter that `parse` read, and of its lists."""
    answers_to: Callable[[Session, Any], str] = lambda *_: ""
    """Where answers to a letter go, as people write a Reply-To; empty: where those to any mail of the list go."""
    can_be_left: bool = False
    """Whether it goes to a member, who can leave by it as by any mail of the list."""


def listed(named: Sequence[List], language: str) -> str:
    """The names of lists as one text: "Family news and Workshops"."""
    names = [lists.name_in(list_, language) for list_ in named]
    return str(format_list(names, locale=dates.locale_of(language)))


def _confirmation(session: Session, letter: ListsLetter, named: Sequence[List]) -> Values:
    del session, letter, named  # the lists are named as one text, as in every letter
    return {}


def _welcome(session: Session, letter: ListsLetter, named: Sequence[List]) -> Values:
    del session
    return {
        "names": [lists.name_in(list_, letter.language) for list_ in named],
        "descriptions": [lists.description_in(list_, letter.language) for list_ in named],
    }


def _reminder(session: Session, letter: ReminderLetter, named: Sequence[List]) -> Values:
    del session, named
    return {
        "month": dates.month(letter.month, letter.language),
        "last": dates.month(letter.last_month, letter.language),
        "issue": str(letter.issue_id),
        "due": dates.long_day(letter.due, letter.language),
        "file": f"{letter.month}.md",
    }


def _still_right(session: Session, letter: StillRightLetter, named: Sequence[List]) -> Values:
    del session, named
    return letter.values()


def _personal(session: Session, letter: PersonalLetter, named: Sequence[List]) -> Values:
    del session, named
    return {"personal_url": PersonalSlot(letter.ends)}


def _submission(session: Session, letter: SubmissionLetter, named: Sequence[List]) -> Values:
    del named
    return letter.values(session)


def _reply(session: Session, letter: ReplyLetter, named: Sequence[List]) -> Values:
    del named
    return letter.values(session)


LETTERS: Mapping[str, LetterKind] = {
    CONFIRM: LetterKind(ListsLetter.parse, _confirmation),
    WELCOME: LetterKind(ListsLetter.parse, _welcome, can_be_left=True),
    REMINDER: LetterKind(ReminderLetter.parse, _reminder),
    STILL_RIGHT: LetterKind(StillRightLetter.parse, _still_right, can_be_left=True),
    PERSONAL: LetterKind(PersonalLetter.parse, _personal),
    SUBMISSION: LetterKind(SubmissionLetter.parse, _submission),
    REPLY: LetterKind(ReplyLetter.parse, _reply, answers_to=lambda session, letter: letter.answers_to(session)),
}
