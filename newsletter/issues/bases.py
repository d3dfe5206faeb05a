"""Which revision a file was taken from, so that of two who write at once neither undoes the other unseen.

The line `# issue 4, revision 7` stands first in the front matter of a file that was taken, and in no saved document.
"""

import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError

from . import issues
from .tables import Issue

_OPENING = re.compile(r"\A\ufeff?---[^\S\n]*?(?P<end>\r?\n)")
_LINE = re.compile(r"# issue (?P<issue>\d{1,9}), revision (?P<no>\d{1,9})[^\S\n]*\n")


class SavedMeanwhile(NewsletterError):
    """The issue was saved since this file was taken. Import it all the same with --over."""


class OfAnotherIssue(NewsletterError):
    """This file was taken from another issue. Import it all the same with --over."""


@dataclass(frozen=True, slots=True)
class Base:
    """The revision that a file was taken from."""

    issue_id: int
    no: int


def marked(text: str, base: Base) -> str:
    """A document's text as it is taken, with the line of its base."""
    line = f"# issue {base.issue_id}, revision {base.no}"
    return _OPENING.sub(lambda opening: f"{opening[0]}{line}{opening['end']}", text, count=1)


def split(text: str) -> tuple[str, Base | None]:
    """The text of a file without the line of its base, and the base where it has one."""
    opening = _OPENING.match(text)
    found = _LINE.match(text, opening.end()) if opening is not None else None
    if found is None:
        return text, None
    return text[: found.start()] + text[found.end() :], Base(int(found["issue"]), int(found["no"]))


def refuse_older(session: Session, issue: Issue, base: Base, text: str) -> None:
    """Raise `SavedMeanwhile` or `OfAnotherIssue` where saving a text would undo what its writer has not seen.

    Who saves meanwhile waits. A text that is the newest already undoes nothing.
    """
    issues.hold(session, issue)
    newest = issues.latest(session, issue)
    if newest.document == text:
        return
    if base.issue_id != issue.id:
        raise OfAnotherIssue(
            f"This file was taken from issue {base.issue_id}, not from issue {issue.id}. "
            "Import it all the same with --over."
        )
    if base.no < newest.no:
        raise SavedMeanwhile(
            f"Issue {issue.id} was saved since you took this file: revision {newest.no} by {newest.author}. "
            f"See: newsletter issues diff {issue.id} {base.no} {newest.no}. Import it all the same with --over."
        )
