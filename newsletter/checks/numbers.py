"""Numbers as people write them in a text, apart from those of days and times."""

import re
from collections import Counter
from collections.abc import Mapping

from .clock_times import times_in

_NUMBER = re.compile(r"(?<![\w\ue000])\d+(?:[.,٫٬'’\u00a0\u202f]\d+)*")
_IN_CHINESE = re.compile(r"(?<!\d)\d+(?:[.,]\d+)*")
_SPACED = re.compile(r"(?<=\d)[ '’\u00a0\u202f](?=\d{3}(?!\d))")
_THOUSAND = 3
_SPELLED: Mapping[str, str] = {
    "en": "zero;one|first|once;two|second|twice;three|third;four|fourth;five|fifth;six|sixth;seven|seventh;"
    "eight|eighth;nine|ninth;ten|tenth;eleven|eleventh;twelve|twelfth",
    "es": "cero;un|uno|una|primero|primera|primer;dos|segundo|segunda;tres|tercero|tercera|tercer;cuatro|cuarto|cuarta;"
    "cinco|quinto|quinta;seis|sexto|sexta;siete|séptimo|séptima;ocho|octavo|octava;nueve|noveno|novena;"
    "diez|décimo|décima;once;doce",
    "fr": "zéro;un|une|premier|première;deux|deuxième|seconde;trois|troisième;quatre|quatrième;cinq|cinquième;"
    "six|sixième;sept|septième;huit|huitième;neuf|neuvième;dix|dixième;onze|onzième;douze|douzième",
    "ar": "صفر;واحد|واحدة|الأول|الأولى;اثنان|اثنين|اثنتان|اثنتين|الثاني|الثانية;ثلاث|ثلاثة|الثالث|الثالثة;"
    "أربع|أربعة|الرابع|الرابعة;خمس|خمسة|الخامس|الخامسة;ست|ستة|السادس|السادسة;سبع|سبعة|السابع|السابعة;"
    "ثماني|ثمانية|ثمان|الثامن|الثامنة;تسع|تسعة|التاسع|التاسعة;عشر|عشرة|العاشر|العاشرة;"
    "أحد عشر|إحدى عشرة;اثنا عشر|اثنتا عشرة",
    "zh": "零;一;二|两;三;四;五;六;七;八;九;十;十一;十二",
    "vi": "không;một|nhất;hai|nhì;ba;bốn|tư;năm;sáu;bảy;tám;chín;mười;mười một;mười hai",
}
"""From zero to twelve: what many write as a word and others in digits."""


def numbers_in(words: str, language: str) -> Counter[str]:
    """How often each number stands in a text in digits, whatever the digits and separators: "1,200" is "1200"."""
    _, text = times_in(words, language)
    pattern = _IN_CHINESE if language.partition("-")[0] in ("zh", "ja") else _NUMBER
    return Counter(_plain(match[0]) for match in pattern.finditer(_SPACED.sub("", text)))


def is_spelled(number: str, words: str, language: str) -> bool:
    """Whether a text has a word for a number; only of small ones do we know the words."""
    main = language.partition("-")[0]
    spelled = _SPELLED.get(main, "").split(";")
    if not number.isdigit() or int(number) >= len(spelled):
        return False
    pattern = spelled[int(number)]
    return bool(re.search(pattern if main == "zh" else rf"\b(?:{pattern})\b", words, re.IGNORECASE))


def _plain(number: str) -> str:
    """Without marks between thousands, with a point before what is less than one."""
    pieces = re.split(r"[.,٫٬]", number)
    if len(pieces) == 1:
        return str(int(number))
    is_whole = all(len(piece) == _THOUSAND for piece in pieces[1:]) and len(pieces[0]) <= _THOUSAND
    return str(int("".join(pieces))) if is_whole else f"{int(''.join(pieces[:-1]))}.{pieces[-1].rstrip('0') or '0'}"
