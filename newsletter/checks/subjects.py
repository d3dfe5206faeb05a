"""Subject and preheader: the two lines by which a family decides whether to open the letter."""

import re
import unicodedata
from collections.abc import Iterator

from newsletter.issues.document import Document

from .catalog import Check
from .findings import Finding, error, warning
from .texts import without_fields

_LONGEST_SUBJECT = 60
_FEWEST, _FEWEST_IN_DENSE, _MOST = 30, 20, 130
_DENSE = ("ar", "fa", "he", "ja", "ko", "ur", "zh")
"""Scripts that say as much in fewer letters."""
_REPLY = re.compile(r"(?i)\s*(re|fwd?|aw|wg|tr|rv|رد|回复|转发|trả lời)\s*[:：]")
_MARKS = re.compile(r"[!¡！]")
_FEWEST_CAPITALS = 6


def findings(document: Document) -> Iterator[Finding]:
    """What there is to say about both lines, in each language."""
    for language, subject in document.subject.items():
        if subject.strip():
            yield from _subject(subject, document.field_lines.get("subject", 1), f"subject, {language}")
    yield from _preheaders(document)


def letters(text: str) -> int:
    """How wide a line is in a list of mails: in letters, of which an ideograph takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in without_fields(text).strip())


def _subject(text: str, line: int, place: str) -> Iterator[Finding]:
    if "\n" in text or "\r" in text:
        yield error(Check.SUBJECT, line, place, "The subject goes over two lines.", "Write it on one.")
    if letters(text) > _LONGEST_SUBJECT:
        sentence = (
            f"The subject has {letters(text)} letters; a phone shows about 40, and most programs {_LONGEST_SUBJECT}."
        )
        yield warning(Check.SUBJECT, line, place, sentence, "Begin with what matters, and cut the rest.")
    capitals = [letter for letter in without_fields(text) if letter.isupper() or letter.islower()]
    if len(capitals) >= _FEWEST_CAPITALS and all(letter.isupper() for letter in capitals):
        yield warning(Check.SUBJECT, line, place, "The subject shouts: it is all capitals.", "Write it as a sentence.")
    if len(_MARKS.findall(text.replace("¡", ""))) > 1:
        sentence = "The subject has more than one exclamation mark, as spam has."
        yield warning(Check.SUBJECT, line, place, sentence, "Take them out.")
    if _REPLY.match(text):
        sentence = "The subject says that this is an answer, and it is none."
        yield error(Check.SUBJECT, line, place, sentence, "Take the first word out: that is a trick of spam.")
    if not any(letter.isalnum() for letter in text):
        sentence = "There is no word in the subject; it cannot be read aloud or found again."
        yield warning(Check.SUBJECT, line, place, sentence, "Add words to the pictures.")


def _preheaders(document: Document) -> Iterator[Finding]:
    line = document.field_lines.get("preheader", document.field_lines.get("subject", 1))
    for language in document.languages:
        text, place = document.preheader.get(language, "").strip(), f"preheader, {language}"
        if not text:
            sentence = "There is no preheader, so mailboxes show whatever the letter begins with."
            yield warning(
                Check.PREHEADER, line, place, sentence, f"Add it: preheader: {{{language}: What it is about}}"
            )
        elif text == document.subject.get(language, "").strip():
            sentence = "The preheader is the subject once more."
            yield warning(Check.PREHEADER, line, place, sentence, "Say what the subject does not.")
        else:
            yield from _length(text, language, line, place)


def _length(text: str, language: str, line: int, place: str) -> Iterator[Finding]:
    fewest = _FEWEST_IN_DENSE if language.partition("-")[0] in _DENSE else _FEWEST
    if not fewest <= letters(text) <= _MOST:
        sentence = f"The preheader has {letters(text)} letters; {fewest} to {_MOST} are good."
        remedy = "Add what else is in it." if letters(text) < fewest else "Cut its end: nobody sees that."
        yield warning(Check.PREHEADER, line, place, sentence, remedy)
