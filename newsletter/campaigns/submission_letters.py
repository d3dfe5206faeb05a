"""The letter that asks somebody to write a section of an issue."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.errors import NewsletterError
from newsletter.issues.tables import Issue, Submission
from newsletter.ledger import streams
from newsletter.rendering import dates
from newsletter.rendering.content import SubmitSlot
from subscribers import lists, suppressions
from subscribers.addresses import EmailAddress
from subscribers.tables import Organization

SUBMISSION = "submission"
_Values: TypeAlias = Mapping[str, str | SubmitSlot]


class NoListToAskBy(NewsletterError):
    """A mail goes in the name of a list, and there is none yet. Make one: newsletter lists create."""


class AskedSuppressed(NewsletterError):
    """This address is never mailed. Ask by another address."""


@dataclass(frozen=True, slots=True)
class SubmissionLetter:
    """What tells one letter from another; who is asked for what stands in the submission, and goes with it."""

    list_id: int
    language: str
    time_zone: str
    submission_id: int

    def __str__(self) -> str:
        return f"{SUBMISSION}:{self.list_id}:{self.language}:{self.time_zone}:{self.submission_id}"

    @classmethod
    def parse(cls, text: str) -> "SubmissionLetter":
        """Read what `str` wrote."""
        _, list_id, language, time_zone, submission_id = text.split(":", 4)
        return cls(int(list_id), language, time_zone, int(submission_id))

    @property
    def list_ids(self) -> tuple[int]:
        """The one list in whose name it goes."""
        return (self.list_id,)

    def values(self, session: Session) -> _Values:
        """What the letter says of its own."""
        submission = session.get_one(Submission, self.submission_id)
        month = session.get_one(Issue, submission.issue_id).month
        return {
            "month": dates.month(month, self.language),
            "due": last_day(submission, self.time_zone, self.language),
            "note": submission.note,
            "submit_url": SubmitSlot(submission.public_id),
        }


def send_request(
    session: Session, clock: Clock, organization: Organization, submission: Submission, time_zone: str
) -> None:
    """Append the letter, in the caller's transaction. Raises `NoListToAskBy`, `AskedSuppressed`."""
    address = EmailAddress.parse(submission.asked_address)
    if suppressions.is_suppressed(session, organization, address):
        raise AskedSuppressed(f"{address.mailed} is never mailed. Ask by another address.")
    letter = SubmissionLetter(_list_id(session, organization.id), submission.language, time_zone, submission.id)
    campaign_id = streams.ensure(session, clock, organization.id, SUBMISSION)
    streams.append(session, clock, campaign_id, to_address=address.mailed, variant=str(letter))


def last_day(submission: Submission, time_zone: str, language: str) -> str:
    """The last day on which a text is taken, in words."""
    last_moment = submission.due_at - timedelta(microseconds=1)
    return dates.long_day(last_moment.astimezone(ZoneInfo(time_zone)).date(), language)


def _list_id(session: Session, organization_id: int) -> int:
    found = lists.foremost(session, organization_id)
    if found is None:
        raise NoListToAskBy
    return found.id
