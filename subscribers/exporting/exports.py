"""An export: whom it writes, and how many."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from subscribers.tables import Subscriber

from . import forms
from .forms import Form
from .people import Chosen, attribute_names, base, pages


@dataclass(frozen=True, slots=True)
class Exported:
    """How many people were written, and how many were left out because they are never to be mailed."""

    people: int
    left_out: int


def export(
    session: Session,
    chosen: Chosen,
    form: Form,
    file: TextIO,
    progress: Callable[[int], object] = lambda people: people,
) -> Exported:
    """Write people in the order in which they came; `progress` hears of each page.

    An import of the CSV gives the same people again. Raises `RuleInvalid` where a value of the rule cannot be.
    """
    write = forms.csv_lines(file, attribute_names(session, chosen)) if form is Form.CSV else forms.json_lines(file)
    written = left_out = 0
    for page in pages(session, chosen):
        kept = page if chosen.with_suppressed else [person for person in page if not person.suppressed]
        write(kept)
        written += len(kept)
        left_out += len(page) - len(kept)
        progress(len(page))
    return Exported(written, left_out)


def count(session: Session, chosen: Chosen) -> int:
    """How many are chosen, suppressed or not: for a progress bar."""
    return session.scalars(select(func.count()).select_from(base(chosen, Subscriber.id).subquery())).one()
