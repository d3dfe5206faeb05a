"""Sign-offs: a person says that an issue may go out in a language, as its texts are now."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError

from .document import Document
from .tables import Issue, SignOff
from .translating import State, is_seen_in, spelled, units

_SHOWN = ("starts", "ends", "timezone", "workshop", "place", "url", "to", "src", "by", "until")
"""The attributes of sections that readers see, or are led to."""


class NotASignature(NewsletterError):
    """Say who signs, by name: --by "Marta Gil"."""


class NothingToSign(NewsletterError):
    """Only the languages that an issue is translated into are signed off."""


class NotWhollyTranslated(NewsletterError):
    """Some texts are stale or missing. Translate them, or add --as-it-is."""


class NotSignedOff(NewsletterError):
    """A language of the issue is not signed off: `newsletter issues sign-off ID`."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a language of an issue is signed off."""

    language: str
    signed_by: str = ""
    """Who signed last; empty where nobody did."""
    signed_at: datetime | None = None
    is_valid: bool = False
    """Whether the texts are still as they were signed."""


def digest_of(document: Document, language: str) -> str:
    """A hash of what readers of a language are shown, in another one where a text is missing, and of the originals.

    Times, places, links and pictures are shown too, though they stand in a section's own line.

    Where sections stand does not matter.
    """
    fields = [document.subject_in(language), document.preheader_in(language)]
    shown = [
        (section.key, body.text, [section.attributes.get(name, "") for name in _SHOWN])
        for section in document.sections
        if is_seen_in(section, language) and (body := section.body(language, document.languages)) is not None
    ]
    made_of = [(unit.id, unit.original) for unit in units(document, language)]
    return hashlib.sha256(json.dumps([fields, sorted(shown), sorted(made_of)]).encode()).hexdigest()


def sign(
    session: Session, issue: Issue, document: Document, language: str, by: str, now: datetime, *, as_it_is: bool = False
) -> SignOff:
    """Sign a language off; the same person for the same texts again changes nothing.

    Raises `NotASignature`, `NothingToSign`, and without `as_it_is` also `NotWhollyTranslated`.
    """
    name = " ".join(by.split())
    if not name:
        raise NotASignature
    language = spelled(document, language)
    _refuse_other_languages(issue, document, language)
    if not as_it_is:
        _refuse_untranslated(document, language)
    digest = digest_of(document, language)
    newest = next(iter(_of(session, issue, language)), None)
    if newest is not None and (newest.digest, newest.signed_by) == (digest, name):
        return newest
    signed = SignOff(issue_id=issue.id, language=language, digest=digest, signed_by=name, signed_at=now)
    session.add(signed)
    session.flush()
    return signed


def standings(session: Session, issue: Issue, document: Document) -> list[Standing]:
    """How each language that the issue is translated into stands."""
    return [_standing(session, issue, document, language) for language in document.languages[1:]]


def refuse_unsigned(session: Session, issue: Issue, document: Document) -> None:
    """Raise `NotSignedOff` with a line for every language that nobody has signed off as it is."""
    open_ = [standing for standing in standings(session, issue, document) if not standing.is_valid]
    if open_:
        raise NotSignedOff("\n".join(f"{sentence(standing)} Use: {remedy(standing, issue.id)}" for standing in open_))


def sentence(standing: Standing) -> str:
    """What keeps a language from being sent."""
    if standing.signed_by:
        return f"The texts in {standing.language} were changed after {standing.signed_by} had signed them off."
    return f"Nobody has signed off the texts in {standing.language}."


def remedy(standing: Standing, issue_id: int) -> str:
    """The command that signs a language off."""
    return f'newsletter issues sign-off {issue_id} --language {standing.language} --by "NAME"'


def _standing(session: Session, issue: Issue, document: Document, language: str) -> Standing:
    signed = _of(session, issue, language)
    if not signed:
        return Standing(language)
    digest = digest_of(document, language)
    found = next((sign_off for sign_off in signed if sign_off.digest == digest), signed[0])
    return Standing(language, found.signed_by, found.signed_at, is_valid=found.digest == digest)


def _refuse_other_languages(issue: Issue, document: Document, language: str) -> None:
    others = document.languages[1:]
    if language == document.original:
        raise NothingToSign(f"{language} is the original of issue {issue.id}. Only translations are signed off.")
    if language not in others:
        there_is = f"There is: {', '.join(others)}." if others else "It is in one language only."
        raise NothingToSign(f"Issue {issue.id} says nothing in {language}. {there_is}")


def _refuse_untranslated(document: Document, language: str) -> None:
    wanting = [unit for unit in units(document, language) if unit.state is not State.DONE]
    if wanting:
        named = ", ".join(f"{unit.id} ({unit.state})" for unit in wanting)
        raise NotWhollyTranslated(f"Not all is translated into {language}: {named}. Translate it, or add --as-it-is.")


def _of(session: Session, issue: Issue, language: str) -> Sequence[SignOff]:
    of_language = select(SignOff).where(SignOff.issue_id == issue.id, SignOff.language == language)
    return session.scalars(of_language.order_by(SignOff.id.desc())).all()
