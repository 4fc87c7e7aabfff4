"""The Scrapyd of the settings, as its clients meet it: where it is, who may use it, and its answers."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from ims_spiders.config import load_tracker_config
from ims_spiders.daemon.configuration import CONF_VARIABLE, read_config
from ims_spiders.daemon.credentials import Login, known_login
from ims_spiders.exceptions import ConfigurationError

CONF = Path("deploy/scrapyd.conf")
SECONDS = 20


@dataclass(frozen=True, slots=True)
class ScrapydApi:
    """`start` is the command that starts one, for messages that say what to do."""

    url: str
    login: Login
    start: str = "make scrapyd"

    @classmethod
    def of_settings(cls, start: str = "make scrapyd") -> ScrapydApi:
        """The one of SCRAPYD_URL, else of this machine. Raises ConfigurationError when it cannot be known."""
        if CONF.is_file():
            os.environ.setdefault(CONF_VARIABLE, str(CONF.absolute()))
        config = read_config()
        login = known_login(config, load_tracker_config().data_dir)
        if login is None:
            raise ConfigurationError(
                f"no password for Scrapyd is known: start it with `{start}`, or set SCRAPYD_USERNAME and "
                "SCRAPYD_PASSWORD"
            )
        port = os.environ.get("SCRAPYD_HTTP_PORT") or config.get("http_port")
        url = os.environ.get("SCRAPYD_URL") or f"http://127.0.0.1:{port}/"
        if urlsplit(url).scheme not in {"http", "https"}:
            raise ConfigurationError(f"SCRAPYD_URL={url}: must be an address such as http://127.0.0.1:6800/")
        return cls(url if url.endswith("/") else f"{url}/", login, start)

    def ask(self, path: str, form: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer to a GET, or to a POST of the form. Raises ConfigurationError, with what to do, without one."""
        body = self.send(path, urlencode(form).encode() if form is not None else None)
        try:
            found: dict[str, Any] = json.loads(body)
        except ValueError as error:
            raise self._is_away(error) from None
        return found

    def send(
        self, path: str, body: bytes | None = None, method: str | None = None, said: Mapping[int, str] | None = None
    ) -> bytes:
        """The body of the answer. Raises ConfigurationError without one; `said` is what a status of its own means."""
        secret = base64.b64encode(f"{self.login.username}:{self.login.password}".encode()).decode()
        headers = {"Authorization": f"Basic {secret}"}
        request = Request(urljoin(self.url, path), body, headers, method=method)  # noqa: S310 - http or https, checked
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=SECONDS) as answer:
                return bytes(answer.read())
        except HTTPError as error:
            error.close()
            raise ConfigurationError((said or {}).get(error.code) or self._refusal(error.code)) from None
        except (URLError, OSError) as error:
            raise self._is_away(error) from None

    def _refusal(self, status: int) -> str:
        if status == 401:
            return f"{self.url} refuses the user name or password; set SCRAPYD_USERNAME and SCRAPYD_PASSWORD to its own"
        return f"{self.url} answers with status {status}; is that a Scrapyd?"

    def _is_away(self, error: Exception) -> ConfigurationError:
        reason = getattr(error, "reason", None) or error
        return ConfigurationError(
            f"no Scrapyd at {self.url} ({reason}); start it with `{self.start}`, or set SCRAPYD_URL"
        )
