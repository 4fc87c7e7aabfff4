"""A scheduled crawl handed over to Scrapyd, by its HTTP API."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from ims_spiders.config import load_tracker_config
from ims_spiders.daemon.configuration import CONF_VARIABLE, read_config
from ims_spiders.daemon.credentials import Login, known_login
from ims_spiders.daemon.schedule_process import Ended, checked
from ims_spiders.db.schedules_due import Taken
from ims_spiders.exceptions import ConfigurationError

PROJECT = "default"
"""What is installed beside Scrapyd."""
CONF = Path("deploy/scrapyd.conf")
SECONDS = 20
REFUSED = 2


@dataclass(frozen=True)
class Scrapyd:
    """One that answers: where it is and who may use it."""

    url: str
    login: Login
    stopped: bool = False

    @classmethod
    def of_settings(cls) -> Scrapyd:
        """The one of SCRAPYD_URL, else of this machine. Raises ConfigurationError when it does not answer as one."""
        if CONF.is_file():
            os.environ.setdefault(CONF_VARIABLE, str(CONF.absolute()))
        config = read_config()
        login = known_login(config, load_tracker_config().data_dir)
        if login is None:
            raise ConfigurationError(
                "no password for Scrapyd is known: start it with `make scrapyd`, or set SCRAPYD_USERNAME and "
                "SCRAPYD_PASSWORD"
            )
        port = os.environ.get("SCRAPYD_HTTP_PORT") or config.get("http_port")
        url = os.environ.get("SCRAPYD_URL") or f"http://127.0.0.1:{port}/"
        if urlsplit(url).scheme not in {"http", "https"}:
            raise ConfigurationError(f"SCRAPYD_URL={url}: must be an address such as http://127.0.0.1:6800/")
        found = cls(url if url.endswith("/") else f"{url}/", login)
        found.ask("daemonstatus.json")
        return found

    def busy(self, taken: Taken) -> bool:
        """Whether the job that it was handed over as the last time waits or runs. Raises ConfigurationError as ask."""
        if taken.last_job is None:
            return False
        jobs = self.ask(f"listjobs.json?project={PROJECT}")
        return any(job["id"] == taken.last_job for state in ("pending", "running") for job in jobs.get(state, ()))

    def run(self, taken: Taken) -> Ended:
        """Hand it over; what becomes of it, the session says. Raises ConfigurationError for wrong arguments."""
        arguments = checked(taken.arguments).model_dump(mode="json", exclude_defaults=True)
        job = f"schedule-{taken.schedule_id}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        form = {name: int(value) if isinstance(value, bool) else value for name, value in arguments.items()}
        own = {"project": PROJECT, "spider": "ims", "jobid": job, "user": taken.username}
        answer = self.ask("schedule.json", {**form, **own})
        if answer.get("status") != "ok":
            return Ended(REFUSED, f"refused by Scrapyd: {answer.get('message')}")
        return Ended(0, "handed over to Scrapyd", str(answer["jobid"]))

    def ask(self, path: str, form: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer to a GET, or to a POST of the form. Raises ConfigurationError, with what to do, without one."""
        secret = base64.b64encode(f"{self.login.username}:{self.login.password}".encode()).decode()
        body = urlencode(form).encode() if form is not None else None
        request = Request(urljoin(self.url, path), body, {"Authorization": f"Basic {secret}"})  # noqa: S310 - checked
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=SECONDS) as answer:
                found: dict[str, Any] = json.load(answer)
        except HTTPError as error:
            error.close()
            what = "refuses the user name or password; set SCRAPYD_USERNAME and SCRAPYD_PASSWORD to its own"
            said = what if error.code == 401 else f"answers with status {error.code}; is that a Scrapyd?"
            raise ConfigurationError(f"{self.url} {said}") from None
        except (URLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            message = f"no Scrapyd at {self.url} ({reason}); start it with `make scrapyd`, or set SCRAPYD_URL"
            raise ConfigurationError(message) from None
        return found
