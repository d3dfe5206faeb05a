"""Taking what came back from a translator: what is good goes into the document, all else is said."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from newsletter.errors import NewsletterError

from .document import Document, digest_of
from .sheets import Returned, ReturnedText, TranslationFileInvalid, inner, refit
from .translating import State, Translation, Unit, originals, translated, units

_UNFIT = re.compile("[\0\ud800-\udfff]")


class OriginalNotTranslated(NewsletterError):
    """The first language of an issue is its original; choose one to translate into."""


@dataclass(frozen=True, slots=True)
class Left:
    """A text that was not taken, and why."""

    id: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a translator's file."""

    language: str
    document: Document
    """With all that was taken."""
    done: tuple[str, ...]
    """The ids of the texts that were taken."""
    stale: tuple[str, ...]
    """Taken too, but their originals were changed since the export."""
    unchanged: tuple[str, ...]
    """We have these already."""
    left: tuple[Left, ...]


def language_of(returned: Returned, issue_id: int, document: Document) -> str:
    """The language that a file is for. Raises `TranslationFileInvalid` where it is not for this issue."""
    if returned.made_for is None:
        sentence = f"This file does not say which issue it is of: newsletter-issue-{issue_id}-LANGUAGE."
        raise TranslationFileInvalid(f"{sentence} Export it again, and have the tool keep the project's name.")
    found_id, language = returned.made_for
    if found_id != issue_id:
        again = f"newsletter issues translations import {found_id} FILE"
        raise TranslationFileInvalid(f"This file is of issue {found_id}, not of issue {issue_id}. Use: {again}")
    if returned.language and _main(returned.language) != _main(language):
        sentence = f"This file was exported for {language}, and now says that it is in {returned.language}."
        raise TranslationFileInvalid(f"{sentence} Set its language back to {language}.")
    if returned.original and _main(returned.original) != _main(document.original):
        sentence = f"This file is translated from {returned.original}, and the original is in {document.original}."
        raise TranslationFileInvalid(f"{sentence} Export it again.")
    if language == document.original:
        raise OriginalNotTranslated(f"{language} is the original of this issue. Export another language.")
    return language


def take(
    returned: Returned, issue_id: int, document: Document, earlier: Iterable[Document], *, unfinished: bool = False
) -> Taken:
    """Put a file's translations into a document.

    `earlier` are the document's older states, the newest first. With `unfinished`, also texts that the file marks so
    are taken. Raises as `language_of`.
    """
    language = language_of(returned, issue_id, document)
    desk = _Desk(language, {unit.id: unit for unit in units(document, language)}, earlier, unfinished)
    for text in returned.texts:
        desk.judge(text)
    return Taken(
        language=language,
        document=translated(document, language, desk.taken),
        done=tuple(id_ for id_, new in desk.taken.items() if new.source == desk.units[id_].digest),
        stale=tuple(id_ for id_, new in desk.taken.items() if new.source != desk.units[id_].digest),
        unchanged=tuple(desk.unchanged),
        left=tuple(desk.left),
    )


class _Desk:
    """Where texts come in one by one and are judged."""

    def __init__(self, language: str, wanted: dict[str, Unit], earlier: Iterable[Document], unfinished: bool) -> None:
        self.units = wanted
        self.taken: dict[str, Translation] = {}
        self.unchanged: list[str] = []
        self.left: list[Left] = []
        self._language = language
        self._earlier = earlier
        self._unfinished = unfinished
        self._seen: set[str] = set()

    def judge(self, text: ReturnedText) -> None:
        """Take a text, see that we have it, or say why it is left."""
        unit = self.units.get(text.id)
        if unit is None:
            sentence = "The issue has no such text for readers of this language; its section may be renamed or gone."
            self.left.append(Left(text.id, sentence))
            return
        source = self._source(text, unit)
        fault = next(self._unfit(text, unit, source), "")
        if not fault and _is_same(text, unit, source):
            self.unchanged.append(unit.id)
        elif fault := fault or next(self._untimely(text, unit, source), ""):
            self.left.append(Left(unit.id, fault))
        else:
            self.taken[unit.id] = Translation(refit(text.text, unit.original), source)
        self._seen.add(unit.id)

    def _unfit(self, text: ReturnedText, unit: Unit, source: str) -> Iterator[str]:
        if unit.id in self._seen:
            yield "It stands in the file twice; only the first was looked at."
        if text.language and _main(text.language) != _main(self._language):
            yield f"It is marked as {text.language}, and the file is for {self._language}."
        if not source:
            yield "Its original in the file is none that this issue ever had. Leave originals as they are exported."
        if _UNFIT.search(text.text):
            yield "It holds a character that no text can hold, such as NUL. Write it anew."
        if not text.text.strip():
            is_missing = unit.state is State.MISSING
            yield "It is not translated yet." if is_missing else "It is empty in the file; the text that we have stays."

    def _untimely(self, text: ReturnedText, unit: Unit, source: str) -> Iterator[str]:
        if not text.is_finished and not self._unfinished:
            yield "The file marks it as unfinished. Finish it there, or import with --finished."
        if source != unit.digest and unit.state is State.DONE:
            yield "Its original was changed since the export, and the text that we have is newer; that stays."

    def _source(self, text: ReturnedText, unit: Unit) -> str:
        """The digest of the original that a text was made of; empty where the issue never had it."""
        folded = _folded(text.source)
        return unit.digest if folded == _folded(unit.original) else self._former.get(folded, "")

    @cached_property
    def _former(self) -> dict[str, str]:
        """Every original that there was, and its digest; read only when it is asked for."""
        found: dict[str, str] = {}
        for document in self._earlier:
            for original in originals(document):
                found.setdefault(_folded(original), digest_of(original))
        return found


def _is_same(text: ReturnedText, unit: Unit, source: str) -> bool:
    """Whether nothing new came: not even that a stale text still holds for the original as it is now."""
    confirms = text.is_finished and source == unit.digest and unit.state is State.STALE
    return inner(text.text) == inner(unit.text) and not confirms


def _folded(text: str) -> str:
    """The text whatever its blanks: tools mend them."""
    return " ".join(text.split())


def _main(language: str) -> str:
    return re.split("[-_]", language.lower())[0]
