"""Names of days, weeks, months, quarters and years in three languages, and which days they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from ims_spiders.query.dates import Period, Unit, ago, period, relative
from ims_spiders.query.durations import DURATION_EN, DURATION_JA, DURATION_KO, duration

Handler = Callable[[re.Match[str], date], Period]

_YEAR = r"(?P<y>(?:19|20)\d\d)"
_BEFORE = r"(?<![A-Za-z0-9_./:-])"
_AFTER = r"(?![A-Za-z0-9_]|[-/.:]\w)"
_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WHEN = r"\b(?:in|since|from|during|before|after|until|till|by|of|through|between|and|to)\s+(?:the\s+)?"
_WEEKDAYS = [
    ("monday", "월요일", "月曜日", "月曜"),
    ("tuesday", "화요일", "火曜日", "火曜"),
    ("wednesday", "수요일", "水曜日", "水曜"),
    ("thursday", "목요일", "木曜日", "木曜"),
    ("friday", "금요일", "金曜日", "金曜"),
    ("saturday", "토요일", "土曜日", "土曜"),
    ("sunday", "일요일", "日曜日", "日曜"),
]
_UNITS: dict[str, Unit] = {"week": "week", "month": "month", "quarter": "quarter", "year": "year", "day": "day"}


@dataclass(frozen=True, slots=True)
class Named:
    """A period that the text names. `yearless`: the year was not said, the last such month was taken."""

    start: int
    end: int
    period: Period
    yearless: bool = False


def _day(found: re.Match[str], today: date) -> Period:
    """A year, a month and a day, or only the first of these."""
    groups = found.groupdict()
    month, day = groups.get("m"), groups.get("d")
    year = int(groups["y"]) if groups.get("y") else None
    if month is None:
        return period("year", date(year or today.year, 1, 1))
    if year is None:
        year = today.year if (int(month), int(day or 1)) <= (today.month, today.day) else today.year - 1
    return period("day" if day else "month", date(year, int(month), int(day or 1)))


def _month_name(found: re.Match[str], today: date) -> Period:
    groups = found.groupdict()
    month = _NAMES.index(groups["name"][:3].lower()) + 1
    day = int(groups["d"]) if groups.get("d") else None
    year = int(groups["y"]) if groups.get("y") else None
    if year is None:
        year = today.year if (month, day or 1) <= (today.month, today.day) else today.year - 1
    return period("day" if day else "month", date(year, month, day or 1))


def _part_of_year(found: re.Match[str], today: date) -> Period:
    groups = found.groupdict()
    year = int(groups["y"]) if groups.get("y") else today.year
    if groups.get("half"):
        return period("half", date(year, 1 if groups["half"] in {"상", "上"} else 7, 1))
    first = date(year, int(groups["q"]) * 3 - 2, 1)
    if first > today and not groups.get("y"):
        first = first.replace(year=year - 1)
    return period("quarter", first)


def _relative_month(found: re.Match[str], today: date) -> Period:
    year = today.year - (0 if found["rel"] in {"올해", "금년", "今年", "本年"} else 1)
    return period("month", date(year, int(found["m"]), 1))


def _relative_english(found: re.Match[str], today: date) -> Period:
    count = 0 if found["which"].lower() in {"this", "current"} else -1
    return relative(_UNITS[found["unit"].lower()], count, today)


def _weekday(found: re.Match[str], today: date) -> Period:
    """The last such day; today, if it is one and "last" is not said."""
    number = next(index for index, names in enumerate(_WEEKDAYS) if found["day"].lower() in names)
    back = (today.weekday() - number) % 7
    return period("day", today - timedelta(7 if back == 0 and found.groupdict().get("last") else back))


def _ago(found: re.Match[str], today: date) -> Period:
    count, unit = duration(found["n"])
    return ago(unit, count, today)


_FIXED: dict[str, tuple[Unit, int]] = {
    **dict.fromkeys(("today", "오늘", "금일", "今日", "本日"), ("day", 0)),
    **dict.fromkeys(("yesterday", "어제", "전일", "昨日"), ("day", -1)),
    **dict.fromkeys(("daybeforeyesterday", "그제", "그저께", "엊그제", "一昨日", "おととい"), ("day", -2)),
    **dict.fromkeys(("이번주", "금주", "今週"), ("week", 0)),
    **dict.fromkeys(("지난주", "저번주", "전주", "先週", "前週"), ("week", -1)),
    **dict.fromkeys(("지지난주", "저저번주", "先々週"), ("week", -2)),
    **dict.fromkeys(("이번달", "이달", "금월", "당월", "今月", "当月"), ("month", 0)),
    **dict.fromkeys(("지난달", "저번달", "전월", "先月", "前月"), ("month", -1)),
    **dict.fromkeys(("지지난달", "저저번달", "先々月"), ("month", -2)),
    **dict.fromkeys(("이번분기", "금분기", "今四半期"), ("quarter", 0)),
    **dict.fromkeys(("지난분기", "전분기", "前四半期", "先四半期"), ("quarter", -1)),
    **dict.fromkeys(("올해", "금년", "이번해", "今年", "本年"), ("year", 0)),
    **dict.fromkeys(("작년", "지난해", "전년", "昨年", "去年", "前年"), ("year", -1)),
    **dict.fromkeys(("재작년", "一昨年", "おととし"), ("year", -2)),
}


def _fixed(found: re.Match[str], today: date) -> Period:
    return relative(*_FIXED["".join(found["word"].split()).lower()], today)


def _day_names(wanted: Callable[[str], bool]) -> str:
    return _any_of(name for names in _WEEKDAYS for name in names if wanted(name))


def _any_of(words: Iterator[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_KO_WHICH = re.compile("이번|지지난|지난|저저번|저번")
_KO_FIXED = _any_of(_KO_WHICH.sub(r"\g<0>\\s*", word) for word in _FIXED if "가" <= word[0] <= "힣")
_JA_FIXED = _any_of(word for word in _FIXED if not word.isascii() and not "가" <= word[0] <= "힣")
_TABLE: list[tuple[str, Handler]] = [
    (rf"{_BEFORE}{_YEAR}(?P<s>[-/.])(?P<m>\d{{1,2}})(?P=s)(?P<d>\d{{1,2}}){_AFTER}", _day),
    (rf"{_BEFORE}{_YEAR}[-/](?P<m>0?[1-9]|1[0-2]){_AFTER}", _day),
    (rf"(?<![0-9]){_YEAR}\s*[년年]\s*(?P<m>\d{{1,2}})\s*[월月]\s*(?P<d>\d{{1,2}})\s*[일日]", _day),
    (rf"(?<![0-9]){_YEAR}\s*[년年]\s*(?P<m>\d{{1,2}})\s*[월月]", _day),
    (rf"(?<![0-9])(?:{_YEAR}\s*[년年]?\s*|(?<![\w가-힣]))第?(?P<q>[1-4])\s*(?:분기|四半期)", _part_of_year),
    (
        rf"(?<![0-9])(?:{_YEAR}\s*[년年]?\s*)?(?<![가-힣一-鿿](?<!년)(?<!年))"
        r"(?P<half>[상하](?=반기)|[上下](?=半期))(?:반기|半期)",
        _part_of_year,
    ),
    (r"(?P<rel>작년|지난해|올해|금년|去年|昨年|今年|本年)の?\s*(?P<m>\d{1,2})\s*[월月]", _relative_month),
    (rf"(?<![0-9]){_YEAR}\s*[년年](?!\s*전)", _day),
    (r"(?<![A-Za-z0-9_.])(?P<m>\d{1,2})\s*[월月]\s*(?P<d>\d{1,2})\s*[일日]", _day),
    (r"(?<![A-Za-z0-9_.])(?P<m>\d{1,2})\s*[월月](?!別|[가-힣](?<![이부까에의중동달분]))", _day),
    (rf"(?<![\w-]){_MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+{_YEAR}{_AFTER}", _month_name),
    (rf"(?<![\w-])(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}{_AFTER}", _month_name),
    (rf"(?<![\w-]){_MONTH},?\s+(?:of\s+)?{_YEAR}{_AFTER}", _month_name),
    (rf"(?:{_WHEN}|\bon\s+){_MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?![\w-]|\.\d)", _month_name),
    (rf"{_WHEN}{_MONTH}(?![\w-])", _month_name),
    (rf"(?<![\w-])Q(?P<q>[1-4])(?:\s*(?:of\s+)?{_YEAR})?{_AFTER}", _part_of_year),
    (rf"(?<![\w-]){_YEAR}[ -]?Q(?P<q>[1-4]){_AFTER}", _part_of_year),
    (rf"{_WHEN}{_YEAR}{_AFTER}", _day),
    (rf"{_BEFORE}{_YEAR}(?=\s*(?:이후|이전|부터|까지|以降|以前|から|まで))", _day),
    (r"\b(?P<which>this|current|last|previous)\s+(?P<unit>week|month|quarter|year)(?![\w-])", _relative_english),
    (r"(?<![\w-])(?:the\s+)?(?P<word>day\s+before\s+yesterday|yesterday|today)(?![\w-])", _fixed),
    (rf"(?<![가-힣])(?P<word>{_KO_FIXED})(?!간|일|결|당|외|마다|자|식)", _fixed),
    (rf"(?P<word>{_JA_FIXED})(?!度)", _fixed),
    (rf"(?:{_WHEN}|\bon\s+|\b(?P<last>last)\s+)(?P<day>{_day_names(str.isascii)})(?![\w-])", _weekday),
    (
        rf"(?<![가-힣一-鿿])(?P<day>{_day_names(lambda name: not name.isascii())})"
        "(?![가-힣一-鿿](?<![에부까이마의以]))",
        _weekday,
    ),
    (rf"(?<![\w-])(?P<n>{DURATION_EN})\s+ago(?![\w-])", _ago),
    (rf"(?<![\w가-힣.])(?P<n>{DURATION_KO})\s*전(?![가-힣])", _ago),
    (rf"(?<![\w가-힣.])(?P<n>{DURATION_KO})\s*전(?=부터|까지|이후|에|의)", _ago),
    (rf"(?<![A-Za-z0-9_.])(?P<n>{DURATION_JA})前(?!半|後)", _ago),
]  # fmt: skip
_PATTERNS = [(re.compile(pattern, re.I), handler) for pattern, handler in _TABLE]
_PREPOSITION = re.compile(rf"{_WHEN}|on\s+", re.I)


def named_periods(text: str, today: date) -> list[Named]:
    """Every period that the text names, in order, none inside another. A date that does not exist is none."""
    found: list[Named] = []
    for pattern, handler in _PATTERNS:
        for match in pattern.finditer(text):
            start = _without_preposition(match)
            if any(start < other.end and other.start < match.end() for other in found):
                continue
            try:
                named = handler(match, today)
            except (ValueError, OverflowError):
                continue
            groups = match.groupdict()
            yearless = ("m" in groups or "name" in groups) and not groups.get("y") and not groups.get("rel")
            found.append(Named(start, match.end(), named, yearless))
    return sorted(found, key=lambda one: one.start)


def _without_preposition(match: re.Match[str]) -> int:
    """Where the period itself begins; whether since or until is meant is decided later."""
    leading = _PREPOSITION.match(match[0])
    return match.start() + (leading.end() if leading else 0)
