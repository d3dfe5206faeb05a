"""Times of the day as people write them in a text."""

import re
from dataclasses import dataclass
from functools import lru_cache

from .said import blanked, days_in
from .said_names import names_of

_BEFORE = r"[-–—]|to|until|till|and|al?|hasta|à|au|إلى|حتى|đến|tới|至|到"
_BARE_HOUR = re.compile(rf"(?<![\d:.,/])(?<!h\s)(?<!h)(\d{{1,2}})(?:\s*(?:h|giờ|点))?\s*(?:{_BEFORE})\s*(?:las?\s+)?$")
_UNITS = {
    "es": r"(?P<asked>a las?|de las?|desde las?|hasta las?|y las?)\s+(?P<h>\d{1,2})(?:[:.](?P<m>\d{2}))?",
    "fr": r"(?P<asked>(?:à|dès|vers|avant|jusqu'à)\s+)?(?P<h>\d{1,2})\s*h(?:eures?\b)?(?:\s*(?P<m>\d{2}))?",
    "ar": r"(?P<asked>الساعة)\s+(?P<h>\d{1,2})(?::(?P<m>\d{2}))?",
    "zh": r"(?P<h>\d{1,2})\s*[点點](?:(?P<m>\d{1,2})分?|(?P<halfpast>半)|钟)?",
    "vi": r"(?P<asked>(?:lúc|từ|đến|trước|sau)\s+)?(?P<h>\d{1,2})\s*(?:giờ|h|g)\b"
    r"(?:\s*(?P<m>\d{2})|\s*(?P<halfpast>rưỡi))?",
}
_ALSO_DURATIONS = ("fr", "vi")
"""Where "2 heures" is a time only after a word that says so."""
_CHINESE_HALF = re.compile(r"(?:(?P<am>上午|早上|早晨|凌晨)|(?P<pm>下午|晚上|傍晚|中午))\s*$")
_NEAR = 40
"""Letters before a time in which something more of it can stand."""
_NOON, _DAY = 12 * 60, 24 * 60


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A time of the day in minutes; of a time on a face of twelve hours, nobody may know which half is meant."""

    start: int
    words: str
    minutes: int
    is_sure: bool

    def agrees(self, other: "ClockTime") -> bool:
        """Whether both can be the same time."""
        if self.is_sure and other.is_sure:
            return self.minutes == other.minutes
        return self.minutes % _NOON == other.minutes % _NOON


@lru_cache(maxsize=1024)
def times_in(words: str, language: str) -> tuple[tuple[ClockTime, ...], str]:
    """The times of a text, in order, and the text with spaces in the place of its days and times."""
    text = days_in(words, language).rest
    found: list[ClockTime] = []
    spans: list[tuple[int, int]] = []
    for match in _pattern(language).finditer(text):
        time = _read(match, text, language)
        if time:
            begin = _begin(match, text)
            found += [begin, time] if begin else [time]
            spans.append((begin.start if begin else match.start(), match.end()))
    return tuple(found), blanked(text, spans)


@lru_cache(maxsize=32)
def _pattern(language: str) -> re.Pattern[str]:
    main, names = language.partition("-")[0], names_of(language)
    half = rf"\s*(?:(?P<am>{names.morning})|(?P<pm>{names.evening}))"
    units = f"(?:{_UNITS[main]})(?:{half})?|" if main in _UNITS else ""
    return re.compile(
        rf"(?<![\d:.,])(?:{units}(?P<hh>\d{{1,2}})[:٫](?P<mm>\d{{2}})(?:\s*h\b)?(?:{_again(half)})?"
        rf"|(?P<hour>\d{{1,2}})(?:{_again(half, '3')}))(?!\d)",
        re.IGNORECASE,
    )


def _again(half: str, no: str = "2") -> str:
    return half.replace("<am>", f"<am{no}>").replace("<pm>", f"<pm{no}>")


def _read(match: re.Match[str], text: str, language: str) -> ClockTime | None:
    told = {name.rstrip("23"): value for name, value in match.groupdict().items() if value}
    main = language.partition("-")[0]
    hour = int(told.get("h") or told.get("hh") or told.get("hour") or 0)
    minute = int(told.get("m") or told.get("mm") or (30 if "halfpast" in told else 0))
    if hour * 60 + minute > _DAY or minute >= 60:  # noqa: PLR2004 - the minutes of an hour
        return None
    if "h" in told and main in _ALSO_DURATIONS and not told.keys() & {"asked", "m", "halfpast", "am", "pm"}:
        return None
    half = told
    before = _CHINESE_HALF.search(text, max(0, match.start() - _NEAR), match.start()) if main == "zh" else None
    if before:
        half = before.groupdict()
    return _made(match.start(), match[0].strip(), hour, minute, half)


def _made(start: int, words: str, hour: int, minute: int, half: dict[str, str]) -> ClockTime:
    is_sure = bool(half.get("am") or half.get("pm")) or hour == 0 or hour > 12  # noqa: PLR2004 - hours of a clock's face
    if half.get("pm") and hour < 12:  # noqa: PLR2004
        hour += 12
    elif half.get("am") and hour == 12:  # noqa: PLR2004
        hour = 0
    return ClockTime(start, words, (hour * 60 + minute) % _DAY, is_sure)


def _begin(match: re.Match[str], text: str) -> ClockTime | None:
    """The bare hour that a span of time begins with: the 6 of "6 to 7:30 pm"."""
    hour = next(match.start(name) for name in ("h", "hh", "hour") if match.groupdict().get(name))
    before = _BARE_HOUR.search(text, max(0, hour - _NEAR), hour)
    if before and int(before[1]) < 24:  # noqa: PLR2004 - the hours of a day
        return _made(before.start(1), before[1], int(before[1]), 0, {})
    return None
