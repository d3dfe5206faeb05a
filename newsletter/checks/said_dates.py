"""How people write the days of a month: one, some, or the two ends of a span, before the month or behind it."""

import re
from functools import lru_cache

from .said_names import Names, names_of

TO = r"\s*(?:[-–—]|to|through|thru|until|al?|hasta|au?|à|إلى|حتى|đến|tới|至|到)\s*"
AND = r"\s*(?:[/&]|and|or|y|o|e|u|et|ou|و|أو|và|hoặc|和|或|、)\s*"
ARTICLE = r"(?:(?:the|el|le|ngày|يوم)\s+)?"
_ORDINAL = r"(?:st|nd|rd|th|er|ro|\.?[ºª°])"
_DAY = rf"(?<![\d.:])(\d{{1,2}}){_ORDINAL}?"
_CHINESE_DAY = r"([一二三]?十?[一二三四五六七八九十])"
_LABEL = re.compile(
    r"(?<!\w)(?:grades?|rooms?|pages?|pp?\.|class(?:es)?|chapters?|lessons?|units?|bus|gate|team|group|part|level|number|no\.|#"
    r"|grados?|salas?|aulas?|páginas?|págs?\.|capítulos?|unidad|lección|grupo|número|núm\."
    r"|salles?|chapitres?|leçons?|classes?|groupe|numéro|n°|nº"
    r"|الصف|الغرفة|غرفة|الصفحة|صفحة|القاعة|رقم|الوحدة|lớp|phòng|trang|chương|bài|số|第)\s*$",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?<!\w)(?:on|by|before|after|from|since|until|till|through|to|the|el|al?|del|hasta|desde|antes del|día|le|au|du"
    r"|dès|avant|jusqu['’]au|يوم|قبل|حتى|من|ngày|am|bis|vom|em|até|dia|il|dal|entro il)\s+$",
    re.IGNORECASE,
)
_IN_DATE = re.compile(
    rf"\d{{4}}|\d(?:{_ORDINAL}|\.)|[日号일]|\s(?:de|of|من|tháng)\s|\d\s*(?:[-–—]|to|al?)\s*\d", re.IGNORECASE
)
_BEHIND = re.compile(r"\s*(?:$|[.,;:!?)–—]|(?:and|or|at|from|to)\b)", re.IGNORECASE)
"""What ends a date that has its month first: "June 31: picnic", but not "in April 31 families"."""
_NEAR = 20
"""Letters before a date in which a word can stand that tells what its number is."""


@lru_cache(maxsize=32)
def pattern(language: str) -> re.Pattern[str]:
    """Days before a month or behind it; `w` and `p` hold days and weekdays, `m` and `n` the month."""
    names = names_of(language)
    ends = "" if language.startswith("zh") else r"(?![^\W\d_])"
    two, each = _days(language, names)
    first = (
        rf"(?:(?P<w>{each})|{two})\.?\s*(?:de\s+|of\s+|من\s+)?\b(?P<m>{names.month}){ends}\.?"
        r"(?:,?\s*(?:de\s+|del\s+|năm\s+)?(\d{4})(?!\d))?"
    )
    if language.startswith("en"):
        first += r"(?!\s+\d{1,2}(?![\d:]))"  # grade 6 December 8
    second = (
        rf"(?:(\d{{4}})[年년]\s*)?(?P<n>{names.month}){ends}\.?\s*(?:the\s+)?(?P<p>{two})(?!\d|:\d)(?:日|号)?"
        r"(?:,?\s*(\d{4})(?![\d:]))?"
    )
    return re.compile(rf"(?P<a>{first})|(?P<b>{second})", names.flags)


def _days(language: str, names: Names) -> tuple[str, str]:
    """Days, and days that have each its weekday before it."""
    day = rf"(?:{_DAY}|{_CHINESE_DAY})(?!\d?[月])" if language.startswith("zh") else _DAY
    joint = rf"(?:,?(?:{TO}|{AND}))"
    own = rf"(?:\s*[(（]?{names.weekday}\.?[)）]?)?"
    two = rf"{day}(?:日|号)?{own}(?:(?:\s*[,，、]\s*{day}(?:日|号)?{own}){{0,9}}{joint}{ARTICLE}{day})?"
    named = rf"{names.weekday}\.?[\s,،]*{ARTICLE}{day}"
    return two, rf"\b{named}(?:(?:\s*[,،]\s*{ARTICLE}{named}){{0,9}}{joint}{ARTICLE}{named})"


def is_count(text: str, match: re.Match[str]) -> bool:
    """Whether the number counts something else: "Room 31 April", "grade 5 December"."""
    number = re.search(r"\d", match[0])
    is_first = match["a"] is not None and number is not None and number.start() == 0
    return is_first and bool(_LABEL.search(text, max(0, match.start() - _NEAR), match.start()))


def is_surely_date(text: str, match: re.Match[str]) -> bool:
    """Whether a year, an ordinal, or a word around it or in it tells that a number and a month are a day."""
    before = _BEFORE.search(text, max(0, match.start() - _NEAR), match.start())
    is_whole = match["b"] is not None and _BEHIND.match(text, match.end())
    return bool(before or is_whole or _IN_DATE.search(match[0]))
