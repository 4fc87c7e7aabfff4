"""Lengths of time in three languages: 7 days, 일주일, 三ヶ月."""

from __future__ import annotations

import re

from ims_spiders.query.dates import Unit

_EN_COUNTS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "a": 1, "an": 1, "a couple of": 2, "couple of": 2, "a few": 3, "few": 3,
}  # fmt: skip
_KO_COUNTS = {
    "한": 1,
    "두": 2,
    "세": 3,
    "석": 3,
    "네": 4,
    "넉": 4,
    "다섯": 5,
    "여섯": 6,
    "일": 1,
    "이": 2,
    "삼": 3,
    "몇": 3,
}
_JA_COUNTS = {sign: count for count, sign in enumerate("一二三四五六七八九十", start=1)} | {"数": 3}
_EN_UNITS: dict[str, Unit] = {
    "hour": "day",
    "day": "day",
    "week": "week",
    "month": "month",
    "quarter": "quarter",
    "year": "year",
}
_KO_UNITS: dict[str, Unit] = {
    "시간": "day", "일": "day", "주일": "week", "주간": "week", "주": "week", "개월": "month", "달": "month",
    "분기": "quarter", "년": "year", "해": "year",
}  # fmt: skip
_JA_UNITS: dict[str, Unit] = {
    "時間": "day", "日": "day", "週間": "week", "週": "week", "か月": "month", "ヶ月": "month", "カ月": "month",
    "ヵ月": "month", "ケ月": "month", "箇月": "month", "四半期": "quarter", "年": "year",
}  # fmt: skip
_FIXED: dict[str, tuple[int, Unit]] = {
    "하루": (1, "day"), "이틀": (2, "day"), "사흘": (3, "day"), "나흘": (4, "day"), "닷새": (5, "day"),
    "열흘": (10, "day"), "보름": (15, "day"), "반년": (6, "month"), "半年": (6, "month"), "半月": (15, "day"),
}  # fmt: skip


def _either(words: dict[str, int] | dict[str, Unit]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


DURATION_EN = rf"(?:\d{{1,4}}|{_either(_EN_COUNTS)})\s+(?:{_either(_EN_UNITS)})s?"
DURATION_KO = (
    rf"(?:(?:\d{{1,4}}|{_either(_KO_COUNTS)})\s*(?:{_either(_KO_UNITS)})|하루|이틀|사흘|나흘|닷새|열흘|보름|반년)"
)
DURATION_JA = rf"(?:(?:\d{{1,4}}|{_either(_JA_COUNTS)})\s*(?:{_either(_JA_UNITS)})|半年|半月)"
_COUNTED = re.compile(
    rf"(?P<n>\d+|{_either(_EN_COUNTS)}|{_either(_KO_COUNTS)}|{_either(_JA_COUNTS)})\s*"
    rf"(?P<unit>{_either(_EN_UNITS)}|{_either(_KO_UNITS)}|{_either(_JA_UNITS)})s?"
)
_HOURS = frozenset({"hour", "시간", "時間"})
_COUNTS = _EN_COUNTS | _KO_COUNTS | _JA_COUNTS
_UNITS: dict[str, Unit] = _EN_UNITS | _KO_UNITS | _JA_UNITS


def duration(text: str) -> tuple[int, Unit]:
    """How many of which unit. Hours are rounded up to days. Raises ValueError for what is no length of time."""
    plain = " ".join(text.lower().split())
    if plain in _FIXED:
        return _FIXED[plain]
    found = _COUNTED.fullmatch(plain)
    if found is None:
        raise ValueError(text)
    count = int(found["n"]) if found["n"].isdecimal() else _COUNTS[found["n"]]
    if found["unit"] in _HOURS:
        count = -(-count // 24)
    return count, _UNITS[found["unit"]]
