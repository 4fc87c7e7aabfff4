"""Times in three languages, as half-open stretches of days. Today is Saturday, 2026-11-21."""

from __future__ import annotations

from datetime import date

import pytest

from ims_spiders.query import QueryReader
from ims_spiders.query.dates import Stretch, period, shifted
from ims_spiders.query.times import find_times
from tests.query.readings import TODAY

SAID = """
2025-10 | 2025-10-01 | 2025-11-01
2025/10/05 | 2025-10-05 | 2025-10-06
2025.10.05 이후 | 2025-10-05 |
2025년 10월 5일부터 | 2025-10-05 |
2025年10月5日まで | | 2025-10-06
2025年10月以前 | | 2025-11-01
2025년 10월 이전 | | 2025-10-01
after 2025-10 | 2025-11-01 |
prior to 2025-10-05 | | 2025-10-05
through October 2025 | | 2025-11-01
in December | 2025-12-01 | 2026-01-01
on October 5, 2025 | 2025-10-05 | 2025-10-06
12월에 | 2025-12-01 | 2026-01-01
작년 10월 | 2025-10-01 | 2025-11-01
去年10月 | 2025-10-01 | 2025-11-01
2024년 | 2024-01-01 | 2025-01-01
since 2024 | 2024-01-01 |
Q4 2025 | 2025-10-01 | 2026-01-01
2025년 상반기 | 2025-01-01 | 2025-07-01
2025年下半期 | 2025-07-01 | 2026-01-01
last quarter | 2026-07-01 | 2026-10-01
지난 분기 | 2026-07-01 | 2026-10-01
today | 2026-11-21 | 2026-11-22
오늘 | 2026-11-21 | 2026-11-22
本日 | 2026-11-21 | 2026-11-22
the day before yesterday | 2026-11-19 | 2026-11-20
그저께 | 2026-11-19 | 2026-11-20
一昨日 | 2026-11-19 | 2026-11-20
this week | 2026-11-16 | 2026-11-23
지난 주 | 2026-11-09 | 2026-11-16
지지난주 | 2026-11-02 | 2026-11-09
先々月 | 2026-09-01 | 2026-10-01
전월 | 2026-10-01 | 2026-11-01
올해 | 2026-01-01 | 2027-01-01
昨年 | 2025-01-01 | 2026-01-01
재작년 | 2024-01-01 | 2025-01-01
지난달 이후 | 2026-10-01 |
先月から | 2026-10-01 |
since last month | 2026-10-01 |
before last week | | 2026-11-09
어제까지 | | 2026-11-21
since Monday | 2026-11-16 |
last Saturday | 2026-11-14 | 2026-11-15
on Saturday | 2026-11-21 | 2026-11-22
월요일부터 | 2026-11-16 |
금요일 | 2026-11-20 | 2026-11-21
月曜日以降 | 2026-11-16 |
3 days ago | 2026-11-18 | 2026-11-19
since 3 months ago | 2026-08-21 |
two weeks ago | 2026-11-02 | 2026-11-09
3일 전 | 2026-11-18 | 2026-11-19
사흘 전부터 | 2026-11-18 |
3ヶ月前 | 2026-08-01 | 2026-09-01
半年前から | 2026-05-21 |
최근 7일 | 2026-11-14 |
최근 한 달 | 2026-10-21 |
지난 3개월 동안 | 2026-08-21 |
last 24 hours | 2026-11-20 |
the past month | 2026-10-21 |
in the last week | 2026-11-14 |
past ten days | 2026-11-11 |
7일 이내의 | 2026-11-14 |
最近一週間 | 2026-11-14 |
直近3ヶ月 | 2026-08-21 |
30日以内 | 2026-10-22 |
2025-10-01 ~ 2025-10-15 | 2025-10-01 | 2025-10-16
from 2025-01 to 2025-03 | 2025-01-01 | 2025-04-01
between last month and yesterday | 2026-10-01 | 2026-11-21
2025년 11월부터 2월까지 | 2025-11-01 | 2026-03-01
2025年1月から3月まで | 2025-01-01 | 2025-04-01
""".strip().splitlines()


@pytest.mark.parametrize("line", SAID)
def test_what_is_said(line: str) -> None:
    text, since, until = (part.strip() for part in line.split("|"))
    found = find_times(text, TODAY)
    assert [(str(one.stretch.since or ""), str(one.stretch.until or "")) for one in found] == [(since, until)]
    assert (found[0].start, found[0].end) == (0, len(text))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "core.2025-10",
            "log-2025-10-05.txt",
            "2025-13",
            "2025-02-30",
            "v2025.10",
            "7.1",
            "10월드",
            "지난 해결",
            "전체",
        ),
        *("may fail", "March of time", "the last resort", "최근", "最近", "지난 이슈", "recently", "since the upgrade"),
        *("last 99999 years", "9999년 전체", "금요일자보고서", "ago", "0000-00-00", "123456789-10", "2025-10-05x"),
    ],
)
def test_what_is_no_time(text: str) -> None:
    assert find_times(text, TODAY) == []


def test_february_and_the_end_of_the_year() -> None:
    assert shifted(date(2026, 3, 31), "month", -1) == date(2026, 2, 28)
    assert shifted(date(2024, 2, 29), "year", -1) == date(2023, 2, 28)
    december = period("month", date(2025, 12, 31))
    assert (december.first, december.end) == (date(2025, 12, 1), date(2026, 1, 1))
    assert find_times("last month", date(2026, 1, 15))[0].stretch == Stretch(date(2025, 12, 1), date(2026, 1, 1))
    assert find_times("先週", date(2026, 1, 1))[0].stretch == Stretch(date(2025, 12, 22), date(2025, 12, 29))


def test_two_times_are_what_both_say(reader: QueryReader) -> None:
    reading = reader.read("crashes since 2025-10 and before 2026-02", TODAY)
    assert (reading.ims_query, reading.since, reading.until) == ("crashes", date(2025, 10, 1), date(2026, 2, 1))


def test_times_that_exclude_each_other_are_doubtful(reader: QueryReader) -> None:
    reading = reader.read("crashes in 2024 or in 2025", TODAY)
    assert (reading.since, reading.until) == (date(2024, 1, 1), date(2025, 1, 1))
    assert reading.confidence < 0.7
    assert "no day in common" in reading.explanation


def test_the_explanation_says_which_days(reader: QueryReader) -> None:
    reading = reader.read("先月のエラー", TODAY)
    assert "from 2026-10-01 on, before 2026-11-01" in reading.explanation
