"""Exporting the people of a test's community."""

import io
from datetime import date
from typing import Any

from subscribers import exporting
from subscribers.exporting import Chosen, Exported, Form
from subscribers.segments.rules import Rule, RuleContext
from tests.support.imports import BANDS, ROLL_OVER, TODAY, Community

READ = (
    *("email", "name", "language", "timezone", "grades", "roles", "tags", "household", "tracking"),
    *("place", "joined", "attended", "interests", "attribute:bus"),
)


def chosen(community: Community, *, rule: str = "", day: date = TODAY, **more: Any) -> Chosen:
    context = RuleContext(community.organization.id, day, ROLL_OVER, BANDS)
    return Chosen(context, Rule.parse(rule), **{"list_id": community.list_id, **more})


def export(community: Community, form: Form = Form.CSV, **more: Any) -> tuple[str, Exported]:
    file = io.StringIO()
    with community.database.reading() as session:
        found = exporting.export(session, chosen(community, **more), form, file)
    return file.getvalue(), found
