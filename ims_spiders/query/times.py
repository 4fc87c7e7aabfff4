"""When: periods with what stands around them (since, 까지, 以降), ranges, and the last seven days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ims_spiders.query.dates import Period, Stretch, shifted
from ims_spiders.query.durations import DURATION_EN, DURATION_JA, DURATION_KO, duration
from ims_spiders.query.periods import Named, named_periods

_Bound = Literal["from", "after", "before", "through", "during"]

_BEFORE: dict[str, _Bound] = {
    **dict.fromkeys(("since", "from", "starting", "starting from", "beginning", "as of", "no earlier than"), "from"),
    **dict.fromkeys(("after", "later than", "newer than"), "after"),
    **dict.fromkeys(("before", "prior to", "earlier than", "older than"), "before"),
    **dict.fromkeys(("until", "till", "up to", "through", "by", "no later than"), "through"),
    **dict.fromkeys(("in", "during", "on", "of", "for", "within", "over", "at", "between"), "during"),
}  # fmt: skip
_AFTER: dict[str, _Bound] = {
    **dict.fromkeys(("이후로", "이후", "이래로", "이래", "부터", "以降", "以来", "から"), "from"),
    **dict.fromkeys(("이전", "전", "より前", "前"), "before"),
    **dict.fromkeys(("까지", "まで", "以前"), "through"),
}
_PREFIX = re.compile(
    rf"(?<![\w-])(?P<word>{'|'.join(sorted(_BEFORE, key=len, reverse=True))})\s+(?:the\s+)?$", re.IGNORECASE
)
_SUFFIX = re.compile(
    rf"\s*(?P<word>{'|'.join(sorted(_AFTER, key=len, reverse=True))})(?![가-힣](?<![의에]))(?<!前(?=[半後日月回年]))"
)
# Particles that go with a time, and so with it.
_TAIL = re.compile(
    r"'s(?![a-z])|\s*(?:말|초|중순)(?:에|의|부터|쯤)?(?![가-힣])|[末初](?:から|の|に)?|(?:에서|에는|에도|에|의|동안|중에|중|간|사이에|사이의|사이|자|분)(?![가-힣])|(?:中の|中に|間の|間に|における|の間|の|に|で|は|中|間)"
)
_LINK = re.compile(r"\s*(?:~|〜|–|—|-|부터|에서|から|to|until|till|through|thru|and)\s*(?:the\s+)?", re.IGNORECASE)
_SPANS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![\w-])(?:(?:in|within|over|during|for|from)\s+)?(?:the\s+)?(?:last|past|previous|recent)\s+(?P<n>{DURATION_EN})(?![\w-])",
        rf"(?<![\w-])(?:within|in)\s+(?:the\s+)?(?P<n>{DURATION_EN})(?=\s*$)",
        r"(?<![\w-])(?:in|within|over|during)\s+the\s+(?:last|past)\s+(?P<n>day|week|month|year)(?![\w-])",
        r"(?<![\w-])(?:the\s+)?past\s+(?P<n>day|week|month|quarter|year)(?![\w-])",
        rf"(?<![가-힣])(?:최근|지난|과거|직전|최신)\s*(?P<n>{DURATION_KO})(?:\s*(?:간|동안|이내|내|사이))?(?:에서|에|의)?(?![가-힣])",
        rf"(?<![\w가-힣.])(?P<n>{DURATION_KO})\s*(?:이내|안|내)(?:에|의)(?![가-힣])",
        rf"(?:最近|過去|直近|ここ|この|最新)の?\s*(?P<n>{DURATION_JA})間?(?:以内)?(?:の|に|で)?",
        rf"(?<![A-Za-z0-9_.])(?P<n>{DURATION_JA})以内(?:の|に)?",
    )
]


@dataclass(frozen=True, slots=True)
class TimeMention:
    """Days that a text speaks of, and where it does."""

    stretch: Stretch
    start: int
    end: int


def find_times(text: str, today: date) -> list[TimeMention]:
    """Every mention of a time, in order, as days; quoted text must be blanked out before."""
    spans = _find_spans(text, today)
    periods = [one for one in named_periods(text, today) if not any(_overlap(one, span) for span in spans)]
    found = list(spans)
    place = 0
    while place < len(periods):
        mention = _range(text, periods[place : place + 2])
        place += 2 if mention else 1
        found.append(mention or _single(text, periods[place - 1]))
    return sorted(found, key=lambda one: one.start)


def _overlap(one: Named, other: TimeMention) -> bool:
    return one.start < other.end and other.start < one.end


def _find_spans(text: str, today: date) -> list[TimeMention]:
    """Lengths of time up to now: the last 7 days, 최근 일주일, 過去30日."""
    found: list[TimeMention] = []
    for pattern in _SPANS:
        for match in pattern.finditer(text):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            said = match["n"]
            try:
                count, unit = duration(said if re.search(r"[\s\d]", said) or not said.isascii() else f"one {said}")
                since = shifted(today, unit, -count)
            except (ValueError, OverflowError):
                continue
            found.append(TimeMention(Stretch(since, None), match.start(), match.end()))
    return found


def _range(text: str, pair: list[Named]) -> TimeMention | None:
    """From one period to another, if that is what stands between them."""
    if len(pair) < 2:
        return None
    first, second = pair
    link = _LINK.fullmatch(text, first.end, second.start)
    if link is None:
        return None
    prefix = _PREFIX.search(text, 0, first.start)
    if link[0].strip().lower() == "and" and (prefix is None or prefix["word"].lower() != "between"):
        return None
    begin = _leading(first, second.period) if first.yearless and not second.yearless else first.period
    end = _following(first.period, second) if second.yearless else second.period
    suffix = _SUFFIX.match(text, second.end)
    tail = suffix.end() if suffix and suffix["word"] in {"까지", "まで"} else second.end
    start = prefix.start() if prefix else first.start
    stretch = Stretch(begin.first, end.end)
    return None if stretch.empty else TimeMention(stretch, start, _tail(text, tail))


def _leading(first: Named, second: Period) -> Period:
    """A month without a year before one that has it: in the same year or the one before."""
    begin = _in_year(first.period, second.first.year)
    return begin if begin.first <= second.first else _in_year(first.period, second.first.year - 1)


def _following(first: Period, second: Named) -> Period:
    """A month without a year after one that has it: in the same year or the next."""
    end = _in_year(second.period, first.first.year)
    return end if end.first >= first.first else _in_year(second.period, first.first.year + 1)


def _in_year(period: Period, year: int) -> Period:
    """The same period of another year; itself where that has no such day."""
    years = year - period.first.year
    try:
        return Period(*(day.replace(year=day.year + years) for day in (period.first, period.end)))
    except ValueError:
        return period


def _single(text: str, named: Named) -> TimeMention:
    prefix = _PREFIX.search(text, 0, named.start)
    suffix = _SUFFIX.match(text, named.end)
    start, end = named.start, named.end
    bound: _Bound = "during"
    if suffix:
        bound, end = _AFTER[suffix["word"]], suffix.end()
    elif prefix:
        bound = _BEFORE[" ".join(prefix["word"].lower().split())]
    if prefix:
        start = prefix.start()
    return TimeMention(_bounded(named.period, bound), start, _tail(text, end))


def _bounded(period: Period, bound: _Bound) -> Stretch:
    match bound:
        case "from":
            return Stretch(period.begin, None)
        case "after":
            return Stretch(period.end, None)
        case "before":
            return Stretch(None, period.first)
        case "through":
            return Stretch(None, period.end)
    return Stretch(period.first, period.end)


def _tail(text: str, end: int) -> int:
    found = _TAIL.match(text, end)
    return found.end() if found else end
