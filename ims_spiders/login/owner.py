"""Whose the login is: remembered from one crawl to the next, since a server may give its number to somebody else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ims_spiders.config import TrackerConfig
from ims_spiders.exceptions import WrongUser
from ims_spiders.login.state import CookieDict, cookie_user_path, load_user, state_document, state_path

Save = Callable[[Path, bytes], None]


class Owner:
    """Compares the userId that pages carry with the one that they have to carry.

    That is the one of the crawl's first page; for a login of an earlier crawl the one that was remembered of it. It
    need not be the user name that one logs in with, but where both are the same nothing else is needed.
    """

    def __init__(self, config: TrackerConfig):
        self._config = config
        self._expected: str | None = None
        self._path: Path | None = None
        self._saved = self._from_file = False
        self.seen: str | None = None

    def of_new_login(self, path: Path | None) -> None:
        """The user name and password were accepted: whoever comes is right. `path`: where that login is saved."""
        self._path, self._expected = path, None
        self._saved = self._from_file = False

    def of_saved_login(self, path: Path) -> None:
        """It was saved there by an earlier crawl."""
        self._path, self._expected, self._saved = path, load_user(path), True

    def of_cookie_file(self, cookies: list[CookieDict]) -> None:
        """The cookies are from a file of the user's. Where a user name is set as well, they have to be that one's."""
        config = self._config
        self._path, self._from_file = cookie_user_path(config.data_dir, config.base_url, cookies), True
        self._expected = load_user(self._path)
        if self._expected is None and config.username:
            known = load_user(state_path(config.data_dir, config.base_url, config.username))
            self._expected = known or config.username

    def recognise(self, user_id: str, cookies: Sequence[CookieDict], save: Save) -> bool:
        """Whether a page with this userId is right; False when only a new login can tell. Raises WrongUser."""
        if self.seen is not None:
            if user_id != self.seen:
                raise WrongUser("the session suddenly belongs to another user; nothing of it is stored")
            return True
        if self._expected is not None and not _same(user_id, self._expected):
            raise WrongUser(self._whose(user_id))
        if self._expected is None and self._saved and not _same(user_id, self._config.username or ""):
            return False
        self.seen = user_id
        if self._path is not None and load_user(self._path) != user_id:
            save(self._path, state_document([] if self._from_file else list(cookies), user_id))
        return True

    def _whose(self, user_id: str) -> str:
        if not self._from_file:
            return (
                f"the saved login {self._path} is {user_id!r}'s by now, not {self._expected!r}'s; nothing of it is "
                "stored. Delete that file and crawl again: the crawl then logs in anew"
            )
        return (
            f"the cookies of {self._config.cookie_file} are {user_id!r}'s, not {self._expected!r}'s; nothing of them "
            f"is stored. Log in as {self._expected!r} and export them again; if they are to be {user_id!r}'s, unset "
            f"IMS_USERNAME or delete {self._path}"
        )


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
