"""How many years of school a text asks for, and how long it is.

English: the grade of Flesch and Kincaid (1975): 0.39 words a sentence + 11.8 syllables a word - 15.59. Spanish: the
ease of Fernández Huerta (1959): 206.84 - 60 syllables a word - 1.02 words a sentence. French: that of Kandel and Moles
(1958): 207 - 73.6 syllables a word - 1.015 words a sentence. Both have the scale of Flesch, whose table names the
grades: 90 to 100 is grade 5, 60 to 70 grade 8 or 9, 50 to 60 grade 10 to 12.

No formula for Arabic, Chinese and Vietnamese is agreed on: syllables tell nothing where words are of one syllable, or
hold their article, preposition and pronoun. There we look at the mean sentence alone. Guides to plain English ask for
15 words on average, and 25 at most (plainlanguage.gov, GOV.UK). We warn above 20 words of English, which an Arabic
text says in about 16 words, a Vietnamese one in about 28 syllables, a Chinese one in about 34 characters.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from newsletter.issues.document import Document

from .catalog import Check
from .findings import Finding, warning
from .parts import FIELD, Block
from .syllables import syllables
from .texts import Text

_WORD = re.compile(r"[^\W\d_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}][^\W\d_]+)*")
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")
_END = re.compile(
    r"[.!?…]+[\"'”’»)\]]*\s+(?=[^a-zà-ÿ])(?<![ .(][A-Z]\.\s)(?<!\b[DMS]r\.\s)(?<!\bMs\.\s)(?<!\bSra\.\s)"
    r"|[؟]+\s*|[。！？…]+[”」』）]*"
)
_FEWEST_WORDS, _HARDEST_GRADE = 30, 9
_LONGEST_SECTION, _LONGEST_LETTER, _WORDS_A_MINUTE = 200, 1500, 200
_IDEOGRAPHS_A_WORD = 1.7
_MEAN_SENTENCE: Mapping[str, int] = {"ar": 16, "zh": 34, "vi": 28}
_GRADES = ((100.0, 4.0), (90.0, 5.0), (80.0, 6.0), (70.0, 7.0), (60.0, 9.0), (50.0, 12.0), (30.0, 16.0))
"""The table of Flesch: an ease, and the grade that it asks for."""
_SHOWN = 90


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence: its line, its words, and as it is shown."""

    line: int
    words: tuple[str, ...]
    shown: str


def findings(document: Document, texts: Iterable[Text]) -> Iterator[Finding]:
    """What there is to say about how hard and how long the texts are."""
    totals = dict.fromkeys(document.languages, 0.0)
    for text in texts:
        said = [sentence for block in text.parts.blocks for sentence in sentences(block, text.language)]
        count = sum(_count(sentence, text.language) for sentence in said)
        totals[text.language] += count
        prose = [one for block in text.parts.blocks if not block.is_heading for one in sentences(block, text.language)]
        if sum(_count(sentence, text.language) for sentence in prose) >= _FEWEST_WORDS:
            yield from _hard(prose, text)
        if count > _LONGEST_SECTION:
            sentence = f"The section has {count:,.0f} words."
            yield warning(Check.LENGTH, text.body.line, text.place, sentence, "Say the rest on a page, and link to it.")
    for language, count in totals.items():
        if count > _LONGEST_LETTER:
            sentence = f"The whole letter has {count:,.0f} words: {count / _WORDS_A_MINUTE:.0f} minutes to read."
            yield warning(Check.LENGTH, 1, f"letter, {language}", sentence, "Keep what families must know.")


def grade(sentences: Iterable[tuple[str, ...]], language: str) -> float:
    """The grade whose pupils can read the sentences, given as words, in English, Spanish or French."""
    told = list(sentences)
    words = sum(map(len, told))
    in_sentence = words / len(told)
    in_word = sum(syllables(word, language) for sentence in told for word in sentence) / words
    if language == "en":
        return 0.39 * in_sentence + 11.8 * in_word - 15.59
    if language == "es":
        return _grade_of(206.84 - 60 * in_word - 1.02 * in_sentence)
    return _grade_of(207 - 73.6 * in_word - 1.015 * in_sentence)


def _grade_of(ease: float) -> float:
    """By the table, in between by a straight line."""
    for (upper, easy), (lower, hard) in pairwise(_GRADES):
        if ease >= lower:
            return easy + (hard - easy) * (upper - min(ease, upper)) / (upper - lower)
    return _GRADES[-1][1]


def _hard(sentences: list[Sentence], text: Text) -> Iterator[Finding]:
    main = text.language.partition("-")[0]
    longest = max(sentences, key=lambda sentence: _count(sentence, main))
    if main in ("en", "es", "fr"):
        years = grade((sentence.words for sentence in sentences), main)
        is_hard = years > _HARDEST_GRADE
        sentence = f"This text asks for {years:.0f} years of school; 6 to 8 are good."
    else:
        mean = sum(_units(sentence, main) for sentence in sentences) / len(sentences)
        is_hard = mean > _MEAN_SENTENCE.get(main, _MEAN_SENTENCE["vi"])
        what = "characters" if main == "zh" else "words"
        sentence = f"A sentence of this text has {mean:.0f} {what} on average, which is hard to read."
    if is_hard:
        shown = longest.shown if len(longest.shown) <= _SHOWN else f"{longest.shown[:_SHOWN].rstrip()}..."
        remedy = f"Begin with the longest sentence: make two of “{shown}”"
        yield warning(Check.READING, longest.line, text.place, sentence, remedy)


def sentences(block: Block, language: str) -> Iterator[Sentence]:
    """The sentences of a block, with their lines; what has no word is none."""
    words, at = block.words.replace(FIELD, "X"), 0
    for end in (*(match.end() for match in _END.finditer(words)), len(words)):
        piece = words[at:end]
        found = tuple((_IDEOGRAPH if language.startswith("zh") else _WORD).findall(piece))
        if found:
            yield Sentence(block.line_of(at), found, " ".join(piece.split()))
        at = end


def _count(sentence: Sentence, language: str) -> float:
    """Words; those of Chinese are not written apart, and are guessed from its characters."""
    return len(sentence.words) / _IDEOGRAPHS_A_WORD if language.startswith("zh") else len(sentence.words)


def _units(sentence: Sentence, main: str) -> int:
    """What the mean of a language is told in: characters of Chinese, else words as they are written."""
    del main
    return len(sentence.words)
