"""How languages name months, weekdays and the halves of a day: from Babel, and what people write beside that."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale, UnknownLocaleError

_LOCALES: Mapping[str, tuple[str, ...]] = {
    "ar": ("ar", "ar_LB", "ar_MA", "ar_DZ"),  # four sets of names for the months, by country
    "zh": ("zh_Hans", "zh_Hant"),
}
_CAPITALS = ("en", "de")
"""In these a month or weekday has a capital: "may 5 come" is none."""
_MORE_WEEKDAYS: Mapping[str, Mapping[str, int]] = {
    "ar": {"الإثنين": 0, "الاثنين": 0, "الاحد": 6, "الاربعاء": 2},
    "zh": {f"{week}{day}": at for week in ("礼拜", "星期", "周") for at, day in enumerate("一二三四五六日")}
    | {"星期天": 6, "礼拜天": 6},
    "vi": {f"thứ {no}": no - 2 for no in range(2, 8)} | {"chủ nhật": 6},
}
_AM: Mapping[str, str] = {
    "es": r"de la mañana",
    "fr": r"du matin",
    "ar": r"ص\b|صباح\w*",
    "vi": r"sáng",
}
_PM: Mapping[str, str] = {
    "es": r"de la tarde|de la noche",
    "fr": r"de l['’]après-midi|du soir",
    "ar": r"م\b|مساء\w*|ظهر\w*",
    "vi": r"chiều|tối|đêm",
}
LATIN_AM, LATIN_PM = r"a\.?\s?m\b\.?", r"p\.?\s?m\b\.?"


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one language, as patterns, and what each stands for."""

    months: Mapping[str, int]
    month: str
    """A pattern of any month."""
    weekdays: Mapping[str, int]
    weekday: str
    """A pattern of any weekday, short ones too, but those of one letter: the Korean Sunday is also the word for day."""
    sure_weekday: str
    """A pattern of the weekdays that are nothing else, wherever they stand."""
    morning: str
    evening: str
    flags: re.RegexFlag

    def month_no(self, words: str) -> int:
        """1 to 12."""
        return self.months[_plain(words)]

    def weekday_no(self, words: str) -> int:
        """0 for Monday to 6."""
        return self.weekdays[_plain(words)]


@lru_cache(maxsize=32)
def names_of(language: str) -> Names:
    """The names of a language; none for one that Babel does not know."""
    main = language.partition("-")[0]
    months: dict[str, int] = {}
    wide: dict[str, int] = {}
    short: dict[str, int] = {}
    for locale in _locales(main):
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                months |= {_plain(name): no for no, name in locale.months[context][width].items()}
            wide |= {name: no for no, name in locale.days[context]["wide"].items()}
            short |= {name: no for no, name in locale.days[context]["abbreviated"].items()}
    wide |= _MORE_WEEKDAYS.get(main, {})
    weekdays = {_plain(name): no for name, no in (short | wide).items() if len(_plain(name)) > 1}
    return Names(
        months=months,
        month=_any(months, main),
        weekdays=weekdays,
        weekday=_any(weekdays, main),
        sure_weekday=_sure(wide, main),
        morning="|".join(filter(None, (LATIN_AM, _AM.get(main, "")))),
        evening="|".join(filter(None, (LATIN_PM, _PM.get(main, "")))),
        flags=re.RegexFlag(0) if main in _CAPITALS else re.IGNORECASE,
    )


def _locales(main: str) -> Iterable[Locale]:
    try:
        return [Locale.parse(code) for code in _LOCALES.get(main, (main,))]
    except (UnknownLocaleError, ValueError):
        return ()


def _plain(name: str) -> str:
    return " ".join(name.casefold().rstrip(".").split())


def _any(names: Iterable[str], main: str) -> str:
    """A pattern of names, the longest first; never one that matches nothing at all."""
    found = sorted(map(re.escape, names), key=len, reverse=True)
    if main in _CAPITALS:
        found = [name[:1].upper() + name[1:] for name in found]
    ends = (rf"{name}(?!\d)" if name[-1].isdigit() else name for name in found)  # "tháng 1" is not "tháng 12"
    return f"(?:{'|'.join(ends)})" if found else r"(?!)"


def _sure(wide: Mapping[str, int], main: str) -> str:
    if main == "vi":  # "thứ ba" is also "the third"; as a day it has a capital
        return r"(?-i:[Tt]hứ (?:Hai|Ba|Tư|Năm|Sáu|Bảy|[2-7])|[Cc]hủ [Nn]hật)(?!\d)"
    if main == "zh":  # "一周一次" is once a week, "周日程" a week's plan
        return r"(?<![一二两每几])(?:星期|礼拜|周)[一二三四五六日天](?![次程期常])"
    return rf"\b{_any(wide, main)}\b"
