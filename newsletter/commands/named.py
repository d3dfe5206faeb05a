"""What the arguments of a command name: a list, and an issue as it is now."""

from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.issues import issues
from newsletter.issues.document import Document
from subscribers import lists
from subscribers.tables import List


def list_named(session: Session, app: App, slug: str | None) -> List | None:
    """The list of a name, or else the first there is. Raises `NotFound`."""
    if slug is not None:
        return lists.get(session, app.organization.id, slug)
    return next(iter(lists.all_of(session, app.organization.id)), None)


def newest(session: Session, app: App, issue_id: int) -> Document:
    """What an issue says now, with what it refers to written in. Raises `NotFound`, `RuleInvalid`."""
    saved = issues.latest(session, issues.get(session, issue_id))
    return app.binder().bound(session, issues.document_of(saved))
