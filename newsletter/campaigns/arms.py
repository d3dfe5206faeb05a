"""A test of two subjects: arm A has the issue's own, arm B another; the rest gets the one that more people followed."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.errors import NewsletterError
from newsletter.events.tables import Actor, CampaignStat, Event, EventKind
from newsletter.issues.document import Document
from newsletter.ledger.states import get
from newsletter.ledger.tables import (
    Campaign,
    CampaignState,
    Chunk,
    ChunkState,
    Delivery,
    DeliveryState,
    Schedule,
    ScheduleKind,
)
from subscribers.tables import Subscriber

from .lanes import ARM_A, ARM_B

ARMS = (ARM_A, ARM_B)
_IN_LANGUAGE = re.compile(r"([a-z]{2,3}(?:-[A-Za-z]{2,4})?)=(.*)", re.DOTALL)
_GOING_ON = (CampaignState.SENDING, CampaignState.PAUSED, CampaignState.STOPPED)


class SubjectInvalid(NewsletterError):
    """The other subject must be one line, and not the issue's own."""


class NothingToDecide(NewsletterError):
    """This campaign has no test of two subjects that waits for its winner."""


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
            match = _IN_LANGUAGE.fullmatch(text)
            known = match is not None and match[1] in document.languages
            language, subject = (match[1], match[2]) if match is not None and known else (document.original, text)
            subjects[language] = _checked(subject.strip(), document.subject.get(language, ""))
        return cls(subjects, percent, decide_after)


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


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one arm so far."""

    arm: str
    accepted: int
    clicked: int
    """Copies that a person followed a link of, among readers who agreed to tracking; without any, requests."""

    @property
    def rate(self) -> float:
        """Clicks a copy."""
        return self.clicked / self.accepted if self.accepted else 0.0


def results(session: Session, campaign_id: int) -> list[Result]:
    """Both arms. Of readers who agreed where there are any in the arms, else by the counters that hold no reader."""
    tracked = [_of_readers(session, campaign_id, arm) for arm in ARMS]
    if any(result.accepted for result in tracked):
        return tracked
    return [_of_counters(session, campaign_id, arm) for arm in ARMS]


def decide(session: Session, campaign_id: int, arm: str | None = None) -> str | None:
    """Send the rest with the subject of the better arm, or of the one a person chose.

    Clicks of people by copy; A where they are even. Returns the winner, or None where there was nothing to decide:
    it is decided already, or the campaign has ended.
    """
    if arm is None:
        a, b = results(session, campaign_id)
        arm = ARM_B if b.rate > a.rate else ARM_A
    won = session.scalar(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.subject_b != "", Campaign.winner == "")
        .where(Campaign.state.in_(_GOING_ON))
        .values(winner=arm)
        .returning(Campaign.id)
    )
    if won is None:
        return None
    session.execute(
        update(Chunk)
        .where(Chunk.campaign_id == campaign_id, Chunk.state == ChunkState.HELD)
        .values(arm=arm, state=ChunkState.READY)
    )
    session.execute(update(Schedule).where(*_of_winner(campaign_id)).values(next_at=None))
    return arm


def choose(session: Session, campaign_id: int, arm: str) -> None:
    """A person decides before the time. Raises `NothingToDecide`."""
    get(session, campaign_id)
    if decide(session, campaign_id, arm) is None:
        raise NothingToDecide


def facts(session: Session, campaign: Campaign) -> dict[str, Any] | None:
    """How a test stands, for people and programs; None where there is none."""
    if not campaign.subject_b:
        return None
    due = session.scalar(select(Schedule.next_at).where(*_of_winner(campaign.id)))
    return {
        "subject_b": json.loads(campaign.subject_b),
        "percent": campaign.test_percent,
        "arms": {
            result.arm: {"accepted": result.accepted, "clicked": result.clicked, "rate": round(result.rate, 4)}
            for result in results(session, campaign.id)
        },
        "winner": campaign.winner or None,
        "decide_at": due.isoformat() if due else None,
    }


def _checked(subject: str, own: str) -> str:
    if not subject or not subject.isprintable() or subject == own:
        raise SubjectInvalid
    return subject


def _of_winner(campaign_id: int) -> tuple[Any, ...]:
    return Schedule.kind == ScheduleKind.WINNER, Schedule.subject_id == campaign_id


def _in_arm(campaign_id: int, arm: str) -> tuple[Any, ...]:
    """Conditions over `Delivery` and the `Chunk` it lies in."""
    return (
        Delivery.campaign_id == campaign_id,
        Chunk.campaign_id == campaign_id,
        Chunk.arm == arm,
        Delivery.seq.between(Chunk.lo, Chunk.hi),
        Delivery.state == DeliveryState.ACCEPTED,
    )


def _of_readers(session: Session, campaign_id: int, arm: str) -> Result:
    clicked = select(Event.id).where(
        Event.campaign_id == campaign_id,
        Event.seq == Delivery.seq,
        Event.kind == EventKind.CLICK,
        Event.actor == Actor.HUMAN,
    )
    copies = (
        select(func.count(), func.count().filter(clicked.exists()))
        .select_from(Delivery)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .join(Chunk, Chunk.campaign_id == Delivery.campaign_id)
        .where(*_in_arm(campaign_id, arm), Subscriber.tracking.is_(True))
    )
    return Result(arm, *session.execute(copies).one())


def _of_counters(session: Session, campaign_id: int, arm: str) -> Result:
    copies = (
        select(func.count())
        .select_from(Delivery)
        .join(Chunk, Chunk.campaign_id == Delivery.campaign_id)
        .where(*_in_arm(campaign_id, arm))
    )
    clicks = select(func.coalesce(func.sum(CampaignStat.count), 0)).where(
        CampaignStat.campaign_id == campaign_id,
        CampaignStat.arm == arm,
        CampaignStat.kind == EventKind.CLICK,
        CampaignStat.actor == Actor.HUMAN,
    )
    return Result(arm, session.scalars(copies).one(), session.scalars(clicks).one())
