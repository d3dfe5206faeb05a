"""A series opens the next month's draft from the last one, and reminds the editor."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.errors import NewsletterError, NotFound
from newsletter.issues import issues, writing
from newsletter.issues.tables import Issue
from newsletter.ledger import streams
from newsletter.ledger.tables import Schedule, ScheduleKind
from subscribers.addresses import EmailAddress
from subscribers.tables import List

from .recurrence import Recurrence
from .streams import REMINDER, ReminderLetter
from .tables import Series

_AUTHOR = "series"


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


def open_draft(session: Session, clock: Clock, series_id: int) -> Issue:
    """Begin the next month's issue as the last one is, and append the mail that tells the editor."""
    series = session.get_one(Series, series_id)
    last = session.get_one(Issue, series.issue_id)
    document = issues.document_of(issues.latest(session, last))
    text = writing.write(replace(document, month=_month_after(document.month)))
    issue = issues.import_document(session, series.organization_id, text, _AUTHOR, clock.now())
    series.issue_id = issue.id
    if series.remind:
        letter = ReminderLetter(series.list_id, document.original, issue.id, document.month, issue.month)
        campaign_id = streams.ensure(session, clock, series.organization_id, REMINDER)
        streams.append(
            session,
            clock,
            campaign_id,
            to_address=series.remind,
            variant=str(letter),
            dedupe=f"{series.id}:{issue.month}",
        )
    return issue


def _named(session: Session, organization_id: int, name: str) -> Series | None:
    of_name = select(Series).where(Series.organization_id == organization_id, Series.name == name)
    return session.scalars(of_name).one_or_none()


def _newest(session: Session, organization_id: int) -> int:
    newest = next(iter(issues.all_of(session, organization_id)), None)
    if newest is None:
        raise NothingToBeginWith
    return newest.id


def _month_after(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year + number // 12:04}-{number % 12 + 1:02}"
