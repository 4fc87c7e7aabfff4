"""People and times as they are printed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.pages.values import parse_people, parse_time

SEOUL = ZoneInfo("Asia/Seoul")

PEOPLE = {
    "Kihong Kim ( kihong.kim@example.com)": ("Kihong Kim", "kihong.kim@example.com"),
    "민사혁(sahyuk.min@example.com)": ("민사혁", "sahyuk.min@example.com"),
    "  佐藤　花子\xa0 (  h.sato@example.com  ) ": ("佐藤　花子", "h.sato@example.com"),
    "Kim, Kihong (k@example.com)": ("Kim, Kihong", "k@example.com"),
    "A (a@example.com), B (b@example.com)": ("A, B", "a@example.com, b@example.com"),
    "A (a@example.com) B (b@example.com)": ("A, B", "a@example.com, b@example.com"),
    "A (a@example.com); B; C (c@example.com)": ("A, B; C", "a@example.com, c@example.com"),
    "QA Team (Seoul) (qa@example.com)": ("QA Team (Seoul)", "qa@example.com"),
    "A <a@example.com>": ("A", "a@example.com"),
    "a@example.com": (None, "a@example.com"),
    "( a@example.com )": (None, "a@example.com"),
    "홍길동": ("홍길동", None),
    "홍길동 ( )": ("홍길동", None),
    "홍길동 (-)": ("홍길동", None),
    "A\x1f, ;\u3000(a@example.com)": ("A", "a@example.com"),
    "": (None, None),
    " \xa0": (None, None),
    "( )": (None, None),
}


@pytest.mark.parametrize("value", PEOPLE)
def test_people(value: str) -> None:
    assert tuple(parse_people(value)) == PEOPLE[value]


NAMES = st.from_regex(r"[A-Za-z가-힣ぁ-ん一-龥]{1,8}( [A-Za-z가-힣]{1,8}){0,2}", fullmatch=True)
ADDRESSES = st.from_regex(r"[a-z][a-z0-9._-]{0,10}@example\.com", fullmatch=True)
BLANKS = st.text(" \xa0\n", max_size=3)


@given(st.lists(st.tuples(NAMES, ADDRESSES), min_size=1, max_size=4), BLANKS, BLANKS)
def test_any_number_of_people_is_split(people: list[tuple[str, str]], before: str, inside: str) -> None:
    value = ", ".join(f"{name}{before}({inside}{address}{inside})" for name, address in people)
    assert parse_people(value) == (", ".join(name for name, _ in people), ", ".join(address for _, address in people))


@given(st.text())
def test_people_never_fail_and_keep_every_word(value: str) -> None:
    name, address = parse_people(value)
    assert name is None or name == name.strip()
    if "@" not in value:
        assert address is None


TIMES = {
    "2025/10/17 18:12:14": (2025, 10, 17, 18, 12, 14),
    "2025-10-17 18:12:14": (2025, 10, 17, 18, 12, 14),
    "2025.10.17 18:12:14": (2025, 10, 17, 18, 12, 14),
    "2025/10/17 18:12": (2025, 10, 17, 18, 12),
    "2025-10-17": (2025, 10, 17),
    "2025.1.2": (2025, 1, 2),
    "2025. 10. 17.": (2025, 10, 17),
    "2025-10-17T18:12:14": (2025, 10, 17, 18, 12, 14),
    "2025-10-17 18:12:14.0": (2025, 10, 17, 18, 12, 14),
    " 2025/10/17\xa0\n 8:12 ": (2025, 10, 17, 8, 12),
}


@pytest.mark.parametrize("value", TIMES)
def test_time(value: str) -> None:
    moment = parse_time(value, SEOUL)
    assert moment is not None
    assert moment.timetuple()[:6] == (*TIMES[value], 0, 0, 0)[:6]
    assert moment.utcoffset() == timedelta(hours=9)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "-",
        "yesterday",
        "2025/13/01",
        "2025-02-29",
        "2025/10-17",
        "25/10/17",
        "2025/10/17 25:00",
        "2025/10/17 18",
        "x 2025/10/17",
        "2025/10/17 x",
        "２０２５/10/17",
    ],
)
def test_no_time(value: str) -> None:
    assert parse_time(value, SEOUL) is None


@given(
    st.datetimes(timezones=st.just(UTC)).filter(lambda moment: 1900 < moment.year < 2200),
    st.sampled_from("/-."),
    st.sampled_from(["", " %H:%M", " %H:%M:%S"]),
    st.sampled_from(["Asia/Seoul", "Asia/Tokyo", "UTC", "America/New_York"]),
)
def test_every_shape_of_every_time_is_read_in_its_zone(moment: datetime, separator: str, rest: str, zone: str) -> None:
    printed = moment.strftime(f"%Y{separator}%m{separator}%d{rest}")
    shape = f"%Y{separator}%m{separator}%d{rest} %z"
    wanted = datetime.strptime(f"{printed} +0000", shape).replace(tzinfo=ZoneInfo(zone))
    parsed = parse_time(printed, ZoneInfo(zone))
    assert parsed is not None
    assert parsed.astimezone(UTC) == wanted.astimezone(UTC)


@given(st.text())
def test_times_never_fail(value: str) -> None:
    parse_time(value, SEOUL)
