"""How the readers of a campaign answered its questions. An answer is a tap on a link, and is counted as clicks are."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.events.tables import Actor, EventKind
from newsletter.ledger.states import get
from newsletter.ledger.tables import Link
from newsletter.rendering.answers import is_answer, question_of

from .figures import Counters, counters_of


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """One answer and the taps on it: who taps twice is counted twice, for most readers are not told apart."""

    label: str
    people: int
    machines: int
    unknown: int
    """Of whom nobody can say which they are."""


@dataclass(frozen=True, slots=True)
class QuestionFigures:
    """The answers to one question, in the issue's order."""

    key: str
    answers: Sequence[AnswerFigures]

    @property
    def people(self) -> int:
        """The taps of people on any of its answers."""
        return sum(answer.people for answer in self.answers)


def question_figures(session: Session, campaign_id: int) -> tuple[QuestionFigures, ...]:
    """Every question of a campaign, in the issue's order. Raises `CampaignNotFound`."""
    get(session, campaign_id)
    return questions_from(session, campaign_id, counters_of(session, campaign_id, (EventKind.CLICK,)))


def questions_from(session: Session, campaign_id: int, counters: Counters) -> tuple[QuestionFigures, ...]:
    """The same, where its counters are read."""
    of_campaign = select(Link).where(Link.campaign_id == campaign_id).order_by(Link.no)
    links = [link for link in session.scalars(of_campaign) if is_answer(link.target)]
    return tuple(
        QuestionFigures(key, [_figures(link, counters) for link in answers])
        for key, answers in groupby(links, key=lambda link: question_of(link.target)[0])
    )


def _figures(link: Link, counters: Counters) -> AnswerFigures:
    people, machines, unknown = (
        counters.requests.get((EventKind.CLICK, link.no, actor), 0)
        for actor in (Actor.HUMAN, Actor.MACHINE, Actor.UNKNOWN)
    )
    return AnswerFigures(link.label, people, machines, unknown)
