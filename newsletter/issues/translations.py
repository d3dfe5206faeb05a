"""An issue's translations in the store: how far they are, what goes to a translator, and what came back."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError

from . import issues, po, sign_offs, taking, xliff
from .document import Document
from .problems import DocumentInvalid
from .sheets import Returned, Sheet
from .sign_offs import Standing
from .tables import Issue, Revision
from .taking import OriginalNotTranslated, Taken
from .translating import State, spelled, units
from .writing import write

_WRITERS: dict[str, Callable[[Sheet], bytes]] = {".xlf": xliff.write, ".xliff": xliff.write, ".po": po.write}
_READERS: dict[str, Callable[[bytes], Returned]] = {".xlf": xliff.read, ".xliff": xliff.read, ".po": po.read}


class FormatUnknown(NewsletterError):
    """A translator's file ends in .xlf (XLIFF) or in .po."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a language of an issue is."""

    language: str
    done: int
    stale: int
    missing: int
    words: int
    """In the originals of what is stale or missing."""
    sign_off: Standing


def progress(session: Session, issue: Issue) -> list[Progress]:
    """How far every language is that the issue is translated into."""
    document = issues.document_of(issues.latest(session, issue))
    return [_progress(document, standing) for standing in sign_offs.standings(session, issue, document)]


def sheet(session: Session, issue: Issue, language: str, *, everything: bool = False) -> Sheet:
    """What a translator into a language gets: what is missing or stale, or everything.

    Raises `LanguageInvalid`, `OriginalNotTranslated`.
    """
    newest = issues.latest(session, issue)
    document = issues.document_of(newest)
    language = spelled(document, language)
    if language == document.original:
        raise OriginalNotTranslated(f"{language} is the original of issue {issue.id}. Choose one to translate into.")
    wanted = units(document, language, _earlier(session, newest))
    chosen = tuple(unit for unit in wanted if everything or unit.state is not State.DONE)
    return Sheet(issue.id, issue.month, document.original, language, newest.created_at, chosen)


def take(
    session: Session, issue: Issue, returned: Returned, author: str, now: datetime, *, unfinished: bool = False
) -> tuple[Taken, Revision]:
    """Save what is good of a translator's file as one revision; nothing is saved where nothing is new.

    Raises as `taking.language_of`.
    """
    issues.hold(session, issue)  # so that nobody saves between our reading and our writing
    newest = issues.latest(session, issue)
    document = issues.document_of(newest)
    taken = taking.take(returned, issue.id, document, _earlier(session, newest), unfinished=unfinished)
    if not taken.done and not taken.stale:
        return taken, newest
    return taken, issues.save(session, issue, write(taken.document), author, now)


def written(name: PurePath, sheet: Sheet) -> bytes:
    """The file of a sheet, in the format of its name. Raises `FormatUnknown`."""
    return _WRITERS[_format(name)](sheet)


def read(name: PurePath, content: bytes) -> Returned:
    """What a translator's file says, in the format of its name. Raises `FormatUnknown`, `TranslationFileInvalid`."""
    return _READERS[_format(name)](content)


def _progress(document: Document, standing: Standing) -> Progress:
    found = units(document, standing.language)
    of = {state: [unit for unit in found if unit.state is state] for state in State}
    words = sum(unit.words for unit in (*of[State.STALE], *of[State.MISSING]))
    done, stale, missing = (len(of[state]) for state in (State.DONE, State.STALE, State.MISSING))
    return Progress(standing.language, done, stale, missing, words, standing)


def _earlier(session: Session, newest: Revision) -> Iterator[Document]:
    """The documents of the revisions before, the newest first; one that can no longer be read is passed over."""
    before = select(Revision).where(Revision.issue_id == newest.issue_id, Revision.no < newest.no)
    for revision in session.scalars(before.order_by(Revision.no.desc())):
        with suppress(DocumentInvalid):
            yield issues.document_of(revision)


def _format(name: PurePath) -> str:
    suffix = name.suffix.lower()
    if suffix not in _WRITERS:
        raise FormatUnknown(f"{name.name} does not say its format. Name it {name.stem}.xlf (XLIFF) or {name.stem}.po.")
    return suffix
