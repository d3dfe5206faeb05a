"""A test of two subjects: arm A has the issue's own, arm B another; the rest gets the one that more people followed."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from babel import Locale
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.errors import NewsletterError
from newsletter.issues.document import Document
from newsletter.ledger.states import get
from newsletter.ledger.tables import Campaign, CampaignState, Chunk, ChunkState, Schedule, ScheduleKind
from newsletter.rendering import merge
from newsletter.settings import Tracking

from . import trials
from .lanes import ARM_A, ARM_B
from .trials import Result

ARMS = (ARM_A, ARM_B)
_IN_LANGUAGE = re.compile(r"([a-z]{2,3})((?:-[A-Za-z]{2,4})?)=(.*)", re.DOTALL)
_LANGUAGES = Locale("en").languages
_GOING_ON = (CampaignState.SENDING, CampaignState.PAUSED, CampaignState.STOPPED)


class SubjectInvalid(NewsletterError):
    """The other subject must be one line, and not the issue's own."""


class NothingToDecide(NewsletterError):
    """This campaign has no test of two subjects that waits for its winner."""


class Decider(StrEnum):
    """What chose the winner of a test."""

    CLICKS = "clicks"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Trial:
    """How two subjects are compared."""

    subjects: Mapping[str, str]
    """The other subject by language; a language without one has no difference between the arms."""
    percent: int = 20
    """How much of the audience the two arms are together."""
    decide_after: timedelta = timedelta(hours=4)

    @classmethod
    def of(cls, document: Document, texts: Iterable[str], percent: int, decide_after: timedelta) -> "Trial":
        """Read `TEXT`, for the issue's original language, or `es=TEXT`. Raises `SubjectInvalid`."""
        subjects: dict[str, str] = {}
        for text in texts:
            language, subject = _told(document, text)
            if language in subjects:
                raise SubjectInvalid(f"There are two other subjects in {language}. Give one for each language.")
            subjects[language] = _checked(subject.strip(), document.subject.get(language, ""))
        return cls(subjects, percent, decide_after)

    @classmethod
    def kept(cls, campaign: Campaign) -> "Trial | None":
        """The trial of a campaign; None where it has none."""
        if not campaign.subject_b:
            return None
        decide_after = timedelta(minutes=campaign.decide_minutes)
        return cls(json.loads(campaign.subject_b), campaign.test_percent, decide_after)


def with_subject_b(document: Document, subject_b: str) -> Document:
    """The issue as arm B gets it; `subject_b` is as the campaign keeps it."""
    return replace(document, subject={**document.subject, **json.loads(subject_b)})


def columns(trial: Trial | None) -> dict[str, Any]:
    """A campaign's columns for a trial."""
    if trial is None:
        return {}
    return {
        "subject_b": json.dumps(dict(trial.subjects), ensure_ascii=False),
        "test_percent": trial.percent,
        "decide_minutes": int(trial.decide_after.total_seconds() // 60),
    }


def await_winner(session: Session, clock: Clock, campaign: Campaign) -> None:
    """Put the decision into the due-table, as the sending begins."""
    if campaign.subject_b:
        due_at = session.scalars(select(clock.sql(timedelta(minutes=campaign.decide_minutes)))).one()
        session.add(
            Schedule(
                organization_id=campaign.organization_id,
                kind=ScheduleKind.WINNER,
                subject_id=campaign.id,
                next_at=due_at,
            )
        )


def decide(session: Session, clock: Clock, campaign_id: int, tracking: Tracking) -> str | None:
    """Send the rest with the subject of the arm that more people followed; A where they are even.

    Returns the winner, or None where there was nothing to decide: it is decided already, or the campaign has ended.
    """
    found = trials.results(session, campaign_id, tracking)
    arm = ARM_B if found[1].rate > found[0].rate else ARM_A
    return arm if _settle(session, clock, campaign_id, arm, _standing(found, Decider.CLICKS)) else None


def choose(session: Session, clock: Clock, campaign_id: int, arm: str, tracking: Tracking) -> None:
    """A person decides before the time. Raises `NothingToDecide`."""
    get(session, campaign_id)
    found = trials.results(session, campaign_id, tracking)
    if not _settle(session, clock, campaign_id, arm, _standing(found, Decider.PERSON)):
        raise NothingToDecide


def decides_at(session: Session, campaign: Campaign) -> datetime | None:
    """When the winner will be chosen; None where nothing waits for it."""
    if campaign.winner or campaign.state not in _GOING_ON:
        return None
    return session.scalar(select(Schedule.next_at).where(*_of_winner(campaign.id)))


def facts(session: Session, campaign: Campaign, tracking: Tracking) -> dict[str, Any] | None:
    """How a test stands, for people and programs; None where there is none.

    Once it is decided: how it stood at that moment, for the rest then belongs to the winner's arm.
    """
    if not campaign.subject_b:
        return None
    due = decides_at(session, campaign)
    standing = campaign.decision or _standing(trials.results(session, campaign.id, tracking))
    return {
        "subject_b": json.loads(campaign.subject_b),
        "percent": campaign.test_percent,
        **standing,
        "winner": campaign.winner or None,
        "decided_at": campaign.decided_at.isoformat() if campaign.decided_at else None,
        "decide_at": due.isoformat() if due else None,
    }


def _standing(found: Iterable[Result], by: Decider | None = None) -> dict[str, Any]:
    arms = list(found)
    return {"counts": arms[0].counts, "arms": {result.arm: result.facts() for result in arms}, "decided_by": by}


def _settle(session: Session, clock: Clock, campaign_id: int, arm: str, decision: dict[str, Any]) -> bool:
    """Whether this call decided it."""
    # The due-table first and the campaign next, as the tick does, so that a person and the tick never wait in a ring.
    session.execute(update(Schedule).where(*_of_winner(campaign_id)).values(next_at=None))
    won = session.scalar(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.subject_b != "", Campaign.winner == "")
        .where(Campaign.state.in_(_GOING_ON))
        .values(winner=arm, decision=decision, decided_at=clock.sql())
        .returning(Campaign.id)
    )
    if won is None:
        return False
    session.execute(
        update(Chunk)
        .where(Chunk.campaign_id == campaign_id, Chunk.state == ChunkState.HELD)
        .values(arm=arm, state=ChunkState.READY)
    )
    return True


def _told(document: Document, text: str) -> tuple[str, str]:
    """The language of a subject, and the subject."""
    match = _IN_LANGUAGE.fullmatch(text)
    if match is None or (match[1] + match[2] not in document.languages and match[1] not in _LANGUAGES):
        return document.original, text
    language = match[1] + match[2]
    if language not in document.languages:
        known = ", ".join(document.languages)
        raise SubjectInvalid(f"The issue has no texts in {language}. Give the other subject in one of: {known}.")
    return language, match[3]


def _checked(subject: str, own: str) -> str:
    if not subject or not subject.isprintable():
        raise SubjectInvalid("The other subject must be one line that says something.")
    if subject == own:
        raise SubjectInvalid(f"The other subject is the issue's own: {own}. Write one that differs.")
    for problem in merge.problems(subject):
        raise SubjectInvalid(f"The other subject has a merge field that cannot be filled in: {problem.text}")
    return subject


def _of_winner(campaign_id: int) -> tuple[Any, ...]:
    return Schedule.kind == ScheduleKind.WINNER, Schedule.subject_id == campaign_id
