"""One login for all: restored, made once, renewed once, never tried again after a refusal."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from ims_spiders.config import TrackerConfig
from ims_spiders.exceptions import ConfigurationError, LoginRefused, WrongUser
from ims_spiders.login.session import LoginSession, require_credentials
from ims_spiders.login.state import CookieDict, state_path

BASE = "http://127.0.0.1:8000"


class Tracker:
    """Answers logins, and counts them."""

    def __init__(self, accept: int = 100):
        self.asked = 0
        self.accept = accept

    async def log_in(self, username: str, password: str) -> list[CookieDict]:
        assert (username, password) == ("kim", "secret")
        self.asked += 1
        await asyncio.sleep(0.01)
        if self.asked > self.accept:
            raise LoginRefused("refused")
        return [{"name": "JSESSIONID", "value": f"s{self.asked}", "domain": "127.0.0.1", "path": "/tody"}]


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def config(tmp_path: Path, **values: object) -> TrackerConfig:
    given = {"base_url": BASE, "username": "kim", "password": SecretStr("secret"), "data_dir": tmp_path, **values}
    return TrackerConfig.model_validate(given)


async def test_many_that_ask_at_once_share_one_login(tmp_path: Path) -> None:
    tracker = Tracker()
    session = LoginSession(config(tmp_path), tracker, write)
    generations = await asyncio.gather(*(session.current() for _ in range(20)))
    assert tracker.asked == 1
    assert {generation.number for generation in generations} == {1}


async def test_many_that_notice_the_expiry_share_one_new_login(tmp_path: Path) -> None:
    tracker = Tracker()
    session = LoginSession(config(tmp_path), tracker, write)
    await session.current()
    renewed = await asyncio.gather(*(session.renew(1) for _ in range(20)))
    assert tracker.asked == 2
    assert {generation.number for generation in renewed} == {2}
    assert (await session.renew(1)).number == 2
    assert (await session.current()).number == 2
    assert (await session.renew(2)).number == 3


async def test_a_refusal_is_never_followed_by_another_attempt(tmp_path: Path) -> None:
    tracker = Tracker(accept=0)
    session = LoginSession(config(tmp_path), tracker, write)
    for _ in range(3):
        with pytest.raises(LoginRefused):
            await session.current()
    assert tracker.asked == 1


async def test_a_later_refusal_reaches_all_that_wait(tmp_path: Path) -> None:
    tracker = Tracker(accept=1)
    session = LoginSession(config(tmp_path), tracker, write)
    await session.current()
    results = await asyncio.gather(*(session.renew(1) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, LoginRefused) for result in results)
    assert tracker.asked == 2


async def test_the_saved_login_is_used_again_by_the_same_user_only(tmp_path: Path) -> None:
    tracker = Tracker()
    await LoginSession(config(tmp_path), tracker, write).current()
    again = await LoginSession(config(tmp_path), tracker, write).current()
    assert tracker.asked == 1
    assert again.cookies[0]["value"] == "s1"
    assert state_path(tmp_path, BASE, "kim").exists()
    assert not state_path(tmp_path, BASE, "lee").exists()
    assert not state_path(tmp_path, "http://127.0.0.2:8000", "kim").exists()
    assert "secret" not in state_path(tmp_path, BASE, "kim").read_text()


async def test_a_damaged_saved_login_is_as_good_as_none(tmp_path: Path) -> None:
    write(state_path(tmp_path, BASE, "kim"), b'{"cookies": [{"na')
    tracker = Tracker()
    await LoginSession(config(tmp_path), tracker, write).current()
    assert tracker.asked == 1


async def test_expired_cookies_of_a_file_fall_back_to_the_password(tmp_path: Path) -> None:
    file = tmp_path / "cookies.json"
    file.write_text(json.dumps([{"name": "JSESSIONID", "value": "old", "domain": "127.0.0.1"}]))
    tracker = Tracker()
    session = LoginSession(config(tmp_path, cookie_file=file), tracker, write)
    assert (await session.current()).cookies[0]["value"] == "old"
    assert (await session.renew(1)).cookies[0]["value"] == "s1"


async def test_expired_cookies_of_a_file_without_a_password_end_the_crawl(tmp_path: Path) -> None:
    file = tmp_path / "cookies.json"
    file.write_text(json.dumps([{"name": "JSESSIONID", "value": "old", "domain": "127.0.0.1"}]))
    tracker = Tracker()
    session = LoginSession(config(tmp_path, cookie_file=file, username=None, password=None), tracker, write)
    await session.current()
    with pytest.raises(LoginRefused, match="export them again"):
        await session.renew(1)
    assert tracker.asked == 0


def test_nothing_to_log_in_with_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="IMS_USERNAME"):
        require_credentials(config(tmp_path, username=None, password=None))


async def test_the_saved_login_remembers_whose_it_is(tmp_path: Path) -> None:
    """The userId need not be the user name; it only has to stay."""
    first = LoginSession(config(tmp_path), Tracker(), write)
    await first.current()
    assert first.recognise("K-4711", 1)
    tracker = Tracker()
    for user_id in ("K-4711", "k-4711"):
        again = LoginSession(config(tmp_path), tracker, write)
        await again.current()
        assert again.recognise(user_id, 1)
    other = LoginSession(config(tmp_path), tracker, write)
    await other.current()
    with pytest.raises(WrongUser, match=r"'L-4712'.*Delete that file"):
        other.recognise("L-4712", 1)
    assert tracker.asked == 0


async def test_a_saved_login_of_before_is_used_when_it_is_the_users(tmp_path: Path) -> None:
    cookie = {"name": "JSESSIONID", "value": "old", "domain": "127.0.0.1", "path": "/tody"}
    write(state_path(tmp_path, BASE, "kim"), json.dumps({"cookies": [cookie], "origins": []}).encode())
    tracker = Tracker()
    session = LoginSession(config(tmp_path), tracker, write)
    await session.current()
    assert session.recognise("KIM", 1)
    assert tracker.asked == 0
    again = LoginSession(config(tmp_path), tracker, write)
    assert (await again.current()).cookies[0]["value"] == "old"
    with pytest.raises(WrongUser):
        again.recognise("lee", 1)


async def test_a_new_login_tells_whose_one_of_before_is(tmp_path: Path) -> None:
    """It does not say whose it is, and the page names somebody who is not called like the user."""
    cookie = {"name": "JSESSIONID", "value": "old", "domain": "127.0.0.1", "path": "/tody"}
    write(state_path(tmp_path, BASE, "kim"), json.dumps({"cookies": [cookie], "origins": []}).encode())
    tracker = Tracker()
    session = LoginSession(config(tmp_path), tracker, write)
    await session.current()
    assert not session.recognise("lee", 1)
    await session.renew(1)
    assert not session.recognise("lee", 1), "a page that was asked for before the new login"
    assert session.recognise("K-4711", 2)
    with pytest.raises(WrongUser):
        session.recognise("lee", 2)
    assert tracker.asked == 1


def cookie_file(tmp_path: Path, value: str) -> Path:
    file = tmp_path / "cookies.json"
    file.write_text(json.dumps([{"name": "JSESSIONID", "value": value, "domain": "127.0.0.1"}]))
    return file


async def owner(settings: TrackerConfig, user_id: str) -> None:
    session = LoginSession(settings, Tracker(), write)
    await session.current()
    assert session.recognise(user_id, 1)


async def test_the_cookies_of_a_file_stay_whose_they_were(tmp_path: Path) -> None:
    settings = config(tmp_path, cookie_file=cookie_file(tmp_path, "one"), username=None, password=None)
    await owner(settings, "K-4711")
    await owner(settings, "K-4711")
    with pytest.raises(WrongUser, match="export them again"):
        await owner(settings, "lee")
    cookie_file(tmp_path, "two")
    await owner(settings, "lee")


async def test_the_cookies_of_a_file_are_those_of_the_user_who_is_named(tmp_path: Path) -> None:
    settings = config(tmp_path, cookie_file=cookie_file(tmp_path, "one"))
    await owner(settings, "Kim")
    cookie_file(tmp_path, "two")
    with pytest.raises(WrongUser, match="unset IMS_USERNAME"):
        await owner(settings, "lee")


async def test_whose_a_file_s_cookies_are_is_kept_for_its_owner_only_and_without_them(tmp_path: Path) -> None:
    await owner(config(tmp_path, cookie_file=cookie_file(tmp_path, "one-long-value"), username=None), "kim")
    (kept,) = (tmp_path / "state").iterdir()
    assert "one-long-value" not in kept.read_text()
    assert kept.suffix == ".user"
