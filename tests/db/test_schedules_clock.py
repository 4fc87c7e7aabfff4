"""When a schedule runs next: cron lines, names, wrong ones, and the days on which clocks are changed."""

from __future__ import annotations

from datetime import datetime

import pytest

from ims_spiders.db.schedules_clock import local_zone_name, next_run
from ims_spiders.exceptions import ConfigurationError

BERLIN = "Europe/Berlin"


def following(cron: str, zone: str, after: str, count: int = 1) -> list[str]:
    """The next runs after an ISO time, in UTC."""
    moment = datetime.fromisoformat(after)
    runs = []
    for _ in range(count):
        moment = next_run(cron, zone, moment)
        runs.append(moment.strftime("%Y-%m-%dT%H:%M%z").replace("+0000", "Z"))
    return runs


@pytest.mark.parametrize(
    ("cron", "runs"),
    [
        ("0 3 * * *", ["2026-11-22T03:00Z", "2026-11-23T03:00Z"]),
        ("*/30 8-9 * * MON-FRI", ["2026-11-23T08:00Z", "2026-11-23T08:30Z"]),
        ("15 4 1 jan,Jul *", ["2027-01-01T04:15Z", "2027-07-01T04:15Z"]),
        ("0 0 * * 7", ["2026-11-22T00:00Z", "2026-11-29T00:00Z"]),
        ("@daily", ["2026-11-22T00:00Z", "2026-11-23T00:00Z"]),
        ("@Hourly", ["2026-11-21T13:00Z", "2026-11-21T14:00Z"]),
        ("@monthly", ["2026-12-01T00:00Z", "2027-01-01T00:00Z"]),
    ],
)
def test_lines_and_names(cron: str, runs: list[str]) -> None:
    assert following(cron, "UTC", "2026-11-21T12:30:00+00:00", 2) == runs


def test_the_clock_is_that_of_the_zone() -> None:
    assert following("0 3 * * *", "Asia/Seoul", "2026-11-21T12:30:00+00:00") == ["2026-11-21T18:00Z"]


def test_a_run_is_after_the_one_before_to_the_second() -> None:
    assert following("0 3 * * *", "UTC", "2026-11-21T03:00:00+00:00") == ["2026-11-22T03:00Z"]
    assert following("0 3 * * *", "UTC", "2026-11-21T02:59:59.900000+00:00") == ["2026-11-21T03:00Z"]


@pytest.mark.parametrize(
    ("cron", "runs"),
    [
        # 02:00 to 03:00 is left out on 29 March: half past two comes right after it, and once.
        ("30 2 * * *", ["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"]),
        ("0,30 2 * * *", ["2026-03-28T01:00Z", "2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:00Z"]),
    ],
)
def test_clocks_go_forward(cron: str, runs: list[str]) -> None:
    assert following(cron, BERLIN, "2026-03-28T00:00:00+01:00", len(runs)) == runs


def test_clocks_go_back() -> None:
    # 02:30 comes twice on 25 October: it is taken the first time.
    runs = ["2026-10-24T00:30Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z"]
    assert following("30 2 * * *", BERLIN, "2026-10-24T00:00:00+02:00", 3) == runs
    # Asked in the second of the two hours, it does not come once more.
    assert following("30 2 * * *", BERLIN, "2026-10-25T02:15:00+01:00") == ["2026-10-26T01:30Z"]


def test_what_comes_every_hour_comes_in_both_equal_ones() -> None:
    runs = ["2026-10-24T23:00Z", "2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z"]
    assert following("0 * * * *", BERLIN, "2026-10-25T00:30:00+02:00", 4) == runs


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("0 3 * *", "has 4 fields"),
        ("0 0 3 * * *", "has 6 fields"),
        ("61 3 * * *", "'61' is no minute"),
        ("0 24 * * *", "'24' is no hour"),
        ("0 3 0 * *", "'0' is no day of the month"),
        ("0 3 * SPRING *", "'SPRING' is no month"),
        ("0 3 * * FUNDAY", "'FUNDAY' is no weekday"),
        ("0 3 31 2 *", "that day never comes"),
        ("@reboot", "is none of @hourly, @daily"),
        ("", "has 0 fields"),
    ],
)
def test_a_wrong_line_is_refused_with_what_is_wrong_and_an_example(cron: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        following(cron, "UTC", "2026-11-21T12:30:00+00:00")
    assert said in str(caught.value)
    assert '"0 3 * * *"' in str(caught.value)


@pytest.mark.parametrize("zone", ["Asia/Soul", "", "../../etc/passwd", "한국"])
def test_a_wrong_zone_is_refused(zone: str) -> None:
    with pytest.raises(ConfigurationError, match="there is no time zone"):
        following("@daily", zone, "2026-11-21T12:30:00+00:00")


@pytest.mark.parametrize(
    ("variable", "name"), [("Asia/Seoul", "Asia/Seoul"), (":Asia/Tokyo", "Asia/Tokyo"), ("X-9", "UTC")]
)
def test_the_machines_own_zone(monkeypatch: pytest.MonkeyPatch, variable: str, name: str) -> None:
    monkeypatch.setenv("TZ", variable)
    assert local_zone_name() == name
