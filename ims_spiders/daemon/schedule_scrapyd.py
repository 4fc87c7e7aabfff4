"""A scheduled crawl handed over to Scrapyd, by its HTTP API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from ims_spiders.daemon.schedule_process import Ended, checked
from ims_spiders.daemon.scrapyd_api import ScrapydApi
from ims_spiders.db.schedules_due import Taken

PROJECT = "default"
"""What is installed beside Scrapyd."""
REFUSED = 2


@dataclass(frozen=True)
class Scrapyd:
    """Takes runs over; it answers, else it is not made."""

    api: ScrapydApi
    stopped: bool = False

    @classmethod
    def of_settings(cls) -> Scrapyd:
        """The one of SCRAPYD_URL, else of this machine. Raises ConfigurationError when it does not answer as one."""
        api = ScrapydApi.of_settings()
        api.ask("daemonstatus.json")
        return cls(api)

    def busy(self, taken: Taken) -> bool:
        """Whether the job that it was handed over as the last time waits or runs. Raises ConfigurationError as ask."""
        if taken.last_job is None:
            return False
        jobs = self.api.ask(f"listjobs.json?project={PROJECT}")
        return any(job["id"] == taken.last_job for state in ("pending", "running") for job in jobs.get(state, ()))

    def run(self, taken: Taken) -> Ended:
        """Hand it over; what becomes of it, the session says. Raises ConfigurationError for wrong arguments."""
        arguments = checked(taken.arguments).model_dump(mode="json", exclude_defaults=True)
        job = f"schedule-{taken.schedule_id}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        form = {name: int(value) if isinstance(value, bool) else value for name, value in arguments.items()}
        own = {"project": PROJECT, "spider": "ims", "jobid": job, "user": taken.username}
        answer = self.api.ask("schedule.json", {**form, **own})
        if answer.get("status") != "ok":
            return Ended(REFUSED, f"refused by Scrapyd: {answer.get('message')}")
        return Ended(0, "handed over to Scrapyd", str(answer["jobid"]))
