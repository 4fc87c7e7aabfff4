"""The one login that all requests of a crawl share: made once, renewed once however many notice that it expired."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ims_spiders.config import TrackerConfig
from ims_spiders.exceptions import ConfigurationError, LoginRefused
from ims_spiders.login.owner import Owner
from ims_spiders.login.redaction import tell_cookies
from ims_spiders.login.state import CookieDict, load_state, read_cookie_file, state_document, state_path

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Generation:
    """One login: its number within the crawl and its cookies."""

    number: int
    cookies: tuple[CookieDict, ...]


class Authenticator(Protocol):
    """Sends the user name and password, by browser or plain HTTP."""

    async def log_in(self, username: str, password: str) -> list[CookieDict]:
        """Returns the cookies of the new session. Raises LoginRefused; must not be called again after that."""
        ...


class LoginSession:
    """Gives requests their login and renews it. All methods are for one event loop.

    `save` writes the state of a new login (path, content) where only its owner can read it.
    """

    def __init__(self, config: TrackerConfig, authenticator: Authenticator, save: Callable[[Path, bytes], None]):
        self._config = config
        self._authenticator = authenticator
        self._save = save
        self._lock = asyncio.Lock()
        self._current: Generation | None = None
        self._refused: LoginRefused | None = None
        self._owner = Owner(config)
        self.logins = 0

    async def current(self) -> Generation:
        """The login to use; the first call restores the saved one, or logs in. Raises LoginRefused."""
        if self._current is None:
            async with self._lock:
                if self._current is None:
                    self._current = await self._first()
        return self._current

    async def renew(self, expired: int) -> Generation:
        """A login newer than number `expired`. Callers that come together share one. Raises LoginRefused."""
        async with self._lock:
            if self._refused is not None:
                raise self._refused
            assert self._current is not None
            if self._current.number <= expired:
                logger.info("The tracker no longer accepts the session; logging in again")
                self._current = await self._log_in(expired + 1)
            return self._current

    def recognise(self, user_id: str, generation: int) -> bool:
        """A page of that login was made for this user. False when a new login has to tell whether that is right.

        Raises WrongUser when it is somebody else's page than it has to be.
        """
        current = self._current
        assert current is not None
        if generation < current.number and self._owner.seen is None:
            return False
        return self._owner.recognise(user_id, current.cookies, self._save)

    async def _first(self) -> Generation:
        if self._refused is not None:
            raise self._refused
        if self._config.cookie_file is not None:
            cookies = read_cookie_file(self._config.cookie_file)
            self._owner.of_cookie_file(cookies)
            return _generation(1, cookies)
        path = self._state_path()
        if path is not None and (cookies := load_state(path)):
            logger.info("Using the saved login")
            self._owner.of_saved_login(path)
            return _generation(1, cookies)
        return await self._log_in(1)

    async def _log_in(self, number: int) -> Generation:
        config = self._config
        if not config.username or config.password is None:
            self._refused = self._no_password()
            raise self._refused
        try:
            cookies = await self._authenticator.log_in(config.username, config.password.get_secret_value())
        except LoginRefused as error:
            # Remembered, so that no request tries again: accounts lock after a few refusals.
            self._refused = error
            raise
        generation = _generation(number, cookies)
        self.logins += 1
        path = self._state_path()
        self._owner.of_new_login(path)
        if path is not None:
            self._save(path, state_document(cookies, self._owner.seen))
        return generation

    def _no_password(self) -> LoginRefused:
        if self._config.cookie_file is not None:
            return LoginRefused(
                f"the tracker does not accept the cookies of {self._config.cookie_file} (any longer); "
                "log in with a browser and export them again"
            )
        return LoginRefused("no login: set IMS_USERNAME and IMS_PASSWORD, or IMS_COOKIE_FILE")

    def _state_path(self) -> Path | None:
        if not self._config.username:
            return None
        return state_path(self._config.data_dir, self._config.base_url, self._config.username)


def _generation(number: int, cookies: list[CookieDict]) -> Generation:
    tell_cookies(cookies)
    return Generation(number, tuple(cookies))


def require_credentials(config: TrackerConfig) -> None:
    """Raises ConfigurationError when there is nothing to log in with, before anything is asked of the tracker."""
    if config.cookie_file is not None:
        read_cookie_file(config.cookie_file)
    elif not config.username or config.password is None:
        raise ConfigurationError(
            "no login given: set IMS_USERNAME and IMS_PASSWORD (environment or .env), or IMS_COOKIE_FILE"
        )
