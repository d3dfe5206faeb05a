"""What an issue must pass before it may be sent, and the revision that is sent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.issues import issues, sign_offs
from newsletter.issues.binding import Binder
from newsletter.issues.document import Document
from newsletter.issues.tables import Issue, Revision
from newsletter.issues.writing import write
from newsletter.ledger.tables import Campaign
from subscribers.tables import List

from . import arms

_AUTHOR = "bound with what it refers to"


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets an issue through, or raises a sentence."""

    clock: Clock
    binder: Binder
    refuse: Callable[[Session, Document, List], None]
    """Raises where a document may not be sent to a list as it is."""
    needs_sign_off: bool
    """Whether a person must have signed off every language that it is translated into."""

    def revision(self, session: Session, campaign: Campaign, issue: Issue) -> Revision:
        """The issue's newest revision; where that names workshops or segments, one made of it with these written in.

        Raises what `refuse` raises, `NotSignedOff` where signatures are asked for, and `NotFound` or `RuleInvalid`
        where the issue refers to what is not there.
        """
        issues.hold(session, issue)  # what is checked is what is bound
        newest, list_ = issues.latest(session, issue), session.get_one(List, campaign.list_id)
        document = issues.document_of(newest)
        bound = self.binder.bound(session, document)
        self.refuse(session, bound, list_)
        if self.needs_sign_off:
            sign_offs.refuse_unsigned(session, issue, document)
        if campaign.subject_b:
            self.refuse(session, arms.with_subject_b(bound, campaign.subject_b), list_)
        return _kept(session, issue, newest, document, bound, self.clock.now())


def bound_revision(session: Session, issue: Issue, binder: Binder, now: datetime) -> Revision:
    """The issue's newest revision with what it refers to written in, unchecked: for what goes to its editors alone.

    Raises `NotFound` or `RuleInvalid` where the issue refers to what is not there.
    """
    issues.hold(session, issue)
    newest = issues.latest(session, issue)
    document = issues.document_of(newest)
    return _kept(session, issue, newest, document, binder.bound(session, document), now)


def _kept(
    session: Session, issue: Issue, newest: Revision, document: Document, bound: Document, now: datetime
) -> Revision:
    """The revision of what is bound: the newest itself, where it refers to nothing."""
    if bound is document:
        return newest
    return issues.bind(session, issue, newest, write(bound), _AUTHOR, now)
