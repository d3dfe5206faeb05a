"""A series opens the next month's draft from the last one, and reminds the editor."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.errors import NewsletterError, NotFound
from newsletter.issues import issues
from newsletter.issues.document import Document
from newsletter.issues.tables import Issue
from newsletter.ledger import streams
from newsletter.ledger.tables import Schedule, ScheduleKind
from subscribers.addresses import EmailAddress
from subscribers.tables import List

from .recurrence import Recurrence
from .streams import REMINDER, ReminderLetter
from .tables import Series

_AUTHOR = "series"
_YEAR = 12


class SeriesExists(NewsletterError):
    """There is a series of this name already. `newsletter series list` shows it."""


class NothingToBeginWith(NewsletterError):
    """A series opens a draft from the last issue, and there is none yet. Import one first."""


def create(
    session: Session,
    clock: Clock,
    name: str,
    rule: Recurrence,
    time_zone: str,
    list_: List,
    next_at: datetime,
    *,
    issue_id: int | None = None,
    remind: str = "",
) -> Series:
    """Make a series that next opens a draft at `next_at`, from the given issue or the newest there is.

    Raises `SeriesExists`, `NothingToBeginWith`, and what refuses an address.
    """
    if _named(session, list_.organization_id, name) is not None:
        raise SeriesExists(f"There is a series {name!r} already. `newsletter series list` shows it.")
    made = Series(
        organization_id=list_.organization_id,
        name=name,
        rule=rule.words,
        time_zone=time_zone,
        list_id=list_.id,
        remind=EmailAddress.parse(remind).mailed if remind else "",
        issue_id=issues.get(session, issue_id).id if issue_id is not None else _newest(session, list_.organization_id),
        created_at=clock.now(),
    )
    session.add(made)
    session.flush()
    session.add(
        Schedule(
            organization_id=list_.organization_id,
            kind=ScheduleKind.SERIES,
            subject_id=made.id,
            next_at=next_at,
            cron=rule.words,
            tz=time_zone,
        )
    )
    session.flush()
    return made


def all_of(session: Session, organization_id: int) -> Sequence[Series]:
    """Every series, by name."""
    return session.scalars(select(Series).where(Series.organization_id == organization_id).order_by(Series.name)).all()


def remove(session: Session, organization_id: int, name: str) -> None:
    """End a series; the drafts it opened stay. Raises `NotFound`."""
    found = _named(session, organization_id, name)
    if found is None:
        raise NotFound(f"There is no series {name!r}. `newsletter series list` shows them.")
    session.execute(delete(Schedule).where(Schedule.kind == ScheduleKind.SERIES, Schedule.subject_id == found.id))
    session.delete(found)


def open_draft(session: Session, clock: Clock, series_id: int, due_at: datetime, next_at: datetime) -> Issue:
    """Begin the next issue as the last one is, and append the mail that tells the editor.

    `due_at` is when that was due, `next_at` when the series opens a draft again. The month moves on as far as the
    calendar does between the two: a weekly series stays in its month, one that was away for long catches up.
    """
    series = session.get_one(Series, series_id)
    last = session.get_one(Issue, series.issue_id)
    document = issues.document_of(issues.latest(session, last))
    zone = ZoneInfo(series.time_zone)
    due, next_due = due_at.astimezone(zone), next_at.astimezone(zone)
    month = max(_months_later(document.month, _months(next_due) - _months(due)), f"{due:%Y-%m}")
    issue = issues.copy(session, last, month, _AUTHOR, clock.now())
    series.issue_id = issue.id
    if series.remind:
        _remind(session, clock, series, issue, document, next_due.date())
    return issue


def _named(session: Session, organization_id: int, name: str) -> Series | None:
    of_name = select(Series).where(Series.organization_id == organization_id, Series.name == name)
    return session.scalars(of_name).one_or_none()


def _newest(session: Session, organization_id: int) -> int:
    newest = next(iter(issues.all_of(session, organization_id)), None)
    if newest is None:
        raise NothingToBeginWith
    return newest.id


def _remind(session: Session, clock: Clock, series: Series, issue: Issue, last: Document, due: date) -> None:
    letter = ReminderLetter(series.list_id, last.original, issue.id, last.month, issue.month, due)
    campaign_id = streams.ensure(session, clock, series.organization_id, REMINDER)
    streams.append(
        session, clock, campaign_id, to_address=series.remind, variant=str(letter), dedupe=f"{series.id}:{issue.id}"
    )


def _months(day: date) -> int:
    return day.year * _YEAR + day.month


def _months_later(month: str, count: int) -> str:
    months = _months(date.fromisoformat(f"{month}-01")) - 1 + count
    return f"{months // _YEAR:04}-{months % _YEAR + 1:02}"
