"""Whether the next school year is prepared: families are to be asked before it begins."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy.orm import Session

from newsletter.app import App
from subscribers import rollovers
from subscribers.rollovers import Turn

from .findings import Finding, ok, warning

_AHEAD = timedelta(days=30)


def examine(session: Session, app: App) -> Iterator[Finding]:
    """Look in the last days before a roll-over whether it was run."""
    settings, today = app.settings, app.today()
    turn = Turn(settings.roll_over.end_year(today) + 1, settings.roll_over, settings.grade_bands)
    if turn.day - today > _AHEAD or not rollovers.households(session, app.organization.id):
        return
    about, year = "school year", settings.roll_over.school_year(turn.end_year)
    run = rollovers.ran(session, app.organization.id, turn)
    if run is None:
        yield warning(
            about,
            f"School year {year} begins on {turn.day}, and no family was asked whether its grades are right.",
            "Look at `newsletter subscribers rollover --dry-run`, and run it.",
        )
    else:
        yield ok(about, f"The roll-over to school year {year} was run on {run.ran_at.date()}.")
