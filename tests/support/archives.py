"""Issues that were sent, so that they are in the archive; and one issue of every kind of section in six languages."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from newsletter.issues import issues
from newsletter.issues.document import Document
from newsletter.issues.parsing import parse
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState
from newsletter.rendering.pages import Audience, IssuePage, issue_page
from tests.support.mails import identity
from tests.support.web_world import World

LANGUAGES = ("en", "es", "fr", "ar", "zh", "vi")
BANDS = ("elementary", "middle", "high")
SIX_LANGUAGES = (Path(__file__).parent / "six-languages.md").read_text(encoding="utf-8")
SAMPLE = (Path(__file__).parents[2] / "examples" / "2026-12.md").read_text(encoding="utf-8")
SHORT = """\
---
month: 2026-12
subject: {en: Small bridges, es: Puentes pequeños}
---
:::: section story {#one}
::: lang en
## One thing
:::
::: lang es
## Una cosa
:::
::::
"""


def six_languages() -> Document:
    return parse(SIX_LANGUAGES)


def a_page(language: str = "en", *bands: str, document: Document | None = None) -> IssuePage:
    """What everybody sees of an issue."""
    return issue_page(document or six_languages(), identity(), Audience(language, bands, BANDS), {})


def publish(
    world: World,
    text: str = SHORT,
    *,
    slug: str = "monthly",
    issue_id: int | None = None,
    sent_at: datetime | None = None,
    **facts: Any,
) -> int:
    """Send an issue to a list; the issue's id. A text again is the next revision of the same issue."""
    now = sent_at or world.app.clock.now()
    organization_id = world.app.organization.id
    with world.database.writing() as session:
        known = issues.get(session, issue_id) if issue_id else None
        issue = issues.import_document(session, organization_id, text, "editor", now, issue=known)
        sent = {
            "kind": CampaignKind.BROADCAST,
            "state": CampaignState.SENT,
            "issue_id": issue.id,
            "revision_id": issues.latest(session, issue).id,
            "list_id": world.list_ids[slug],
            "created_at": now - timedelta(days=1),
            "started_at": now,
            "finished_at": now + timedelta(minutes=5),
        }
        session.add(Campaign(organization_id=organization_id, **{**sent, **facts}))
        return issue.id
