"""Takes what is secret out of texts: the one place that every log, message and file of errors goes through."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from ims_spiders.config import (
    TrackerConfig,
    load_database_config,
    load_embedding_config,
    load_llm_config,
    load_notify_config,
    load_tracker_config,
)
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.login.secret_shapes import hide_named, shapes
from ims_spiders.login.state import load_state, read_cookie_file, state_path

HIDDEN = "***"
OTHER_VARIABLES = ("SCRAPYD_PASSWORD", "IMS_WEB_PASSWORD")
SESSION_NAMES = re.compile(r"(?i)sess|sid|token|auth|sso|login")
LONG = 16
"""Letters of a cookie's value that is a session's, whatever the cookie is called: others say `ko` or `list`."""
LONG_ENOUGH = 8
"""Letters of a session's number, or of what a hook keeps behind its host, that stand nowhere by chance."""
IN_PAGES = re.compile(r"(?i)(?:sess(?:ion)?[._-]?|(?:^|[._-])s)id$")
"""Names of cookies with a session's number, which servers write into links. A cookie may as well remember a name or an
address that issues hold, too: what pages say of those must stay."""
NUMBER = re.compile(r"(?=.*[0-9])[A-Za-z0-9._~+/=!-]+")
"""What such a number is made of."""


class Redaction(logging.Filter):
    """Takes these secrets, and the session numbers that were told, out of texts; and whatever is named as a secret.

    As a filter it does so with every message, whoever wrote it.
    """

    def __init__(self, secrets: Iterable[str]):
        super().__init__()
        self._secrets = tuple(secrets)
        self._known: re.Pattern[str] | None = None
        self._version = -1

    def clean(self, text: str) -> str:
        """The text without secrets."""
        if self._version != _told.version:
            self._version = _told.version
            self._known = _alternatives(frozenset((*self._secrets, *_told.values)))
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        return hide_named(text)

    def clean_bytes(self, content: bytes) -> bytes:
        """The same for bytes of any kind."""
        return self.clean(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; it is always kept."""
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.clean(record.exc_text)
        if record.stack_info:
            record.stack_info = self.clean(record.stack_info)
        record.msg, record.args = self.clean(record.getMessage()), ()
        return True


class _Told:
    """The values of cookies that make a session; a process crawls for one user."""

    def __init__(self) -> None:
        self.values: set[str] = set()
        self.in_pages: set[bytes] = set()
        self.version = 0


_told = _Told()


def tell_cookies(cookies: Sequence[Mapping[str, Any]]) -> None:
    """These cookies (`name`, `value`) are the session: as secret as the password from now on, in this process."""
    for value in session_values(cookies):
        if value not in _told.values:
            _told.values.add(value)
            _told.version += 1
    for cookie in cookies:
        value = str(cookie["value"])
        if IN_PAGES.search(str(cookie["name"])) and len(value) >= LONG_ENOUGH and NUMBER.fullmatch(value):
            _told.in_pages.add(value.encode())


def session_values(cookies: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The values of those cookies that may be a session's."""
    for cookie in cookies:
        name, value = str(cookie["name"]), str(cookie["value"])
        if value and (SESSION_NAMES.search(name) or len(value) >= LONG):
            yield value


def tell_header(header: bytes) -> None:
    """The same for the value of a Set-Cookie header."""
    name, _, rest = header.decode("latin-1").partition("=")
    tell_cookies([{"name": name.strip(), "value": rest.partition(";")[0].strip().strip('"')}])


def clean_page(body: bytes) -> bytes:
    """A page without the session's own number, which servers write into links; all else of it stays to the letter."""
    for value in _told.in_pages:
        if value in body:
            body = re.sub(rb"(?i);jsessionid=" + re.escape(value), b"", body).replace(value, HIDDEN.encode())
    return body


def clean_address(url: str) -> str:
    """An address without the session's own number."""
    return clean_page(url.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def known_secrets() -> list[str]:
    """The passwords, keys and saved logins of this process's configuration, and addresses that may hold one.

    Raises ConfigurationError for settings that are wrong.
    """
    tracker, database, told = load_tracker_config(), load_database_config(), load_notify_config()
    plain = [tracker.password, database.password, database.pg_password, load_llm_config().api_key]
    plain.append(load_embedding_config().api_key)
    found = [value.get_secret_value() for value in plain if value is not None]
    for address in (database.url, told.notify_url, told.smtp_url):
        found += _of_address(address.get_secret_value()) if address is not None else []
    return [*found, *_kept_sessions(tracker), *filter(None, map(os.environ.get, OTHER_VARIABLES))]


def _kept_sessions(tracker: TrackerConfig) -> Iterator[str]:
    """Those of the saved login and of the user's cookie file: they may fail before they are used."""
    if tracker.username:
        yield from session_values(load_state(state_path(tracker.data_dir, tracker.base_url, tracker.username)))
    if tracker.cookie_file is not None:
        with suppress(ConfigurationError):
            yield from session_values(read_cookie_file(tracker.cookie_file))


def _of_address(url: str) -> list[str]:
    """Its password as it stands and unquoted, what a hook keeps behind its host, and the whole if there is any."""
    inside = re.findall(r"://[^:/?#]*:(.*)@", url)
    try:
        parts = urlsplit(url)
    except ValueError:
        return [url]
    behind = f"{parts.path}?{parts.query}".strip("/?")
    if parts.scheme in {"http", "https"} and len(behind) >= LONG_ENOUGH:
        inside.append(behind)
    inside += [parts.password or "", *re.findall(r"(?i)[?&]password=([^&#]*)", url)]
    found = [form for text in inside for form in (text, unquote(text)) if form]
    return [url, *found] if found else []


def configured_redaction() -> Redaction:
    """For the settings of this process; while they are wrong, only what is named as a secret is known."""
    try:
        return Redaction(known_secrets())
    except ConfigurationError:
        return Redaction([])


@cache
def _alternatives(secrets: frozenset[str]) -> re.Pattern[str] | None:
    forms = {form for secret in secrets for form in shapes(secret)}
    # The longest first: one may be the beginning of another.
    return re.compile("|".join(map(re.escape, sorted(forms, key=lambda form: (-len(form), form))))) if forms else None
