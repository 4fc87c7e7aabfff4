"""`make deploy`: builds an egg of this source tree and hands it to Scrapyd, both by scrapyd-client."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ims_spiders.daemon.scrapyd_api import ScrapydApi
from ims_spiders.exceptions import ConfigurationError, ImsError

SOURCES = ("pyproject.toml", "setup.py", "scrapy.cfg", "README.md", "ims_spiders")
START = "make scrapyd ALLOW_DEPLOY=1"


def main() -> int:
    """Deploy from the current folder. Scrapyd's answer goes to stdout. Returns 0, or 1 or 2 with a line on stderr."""
    try:
        sys.stdout.write(json.dumps(deploy(Path.cwd())) + "\n")
    except ImsError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2 if isinstance(error, ConfigurationError) else 1
    return 0


def deploy(root: Path) -> dict[str, Any]:
    """Build, send, and return Scrapyd's answer: project, version, number of spiders.

    Raises ConfigurationError when Scrapyd is not there, refuses the password or takes no eggs; ImsError when the egg
    cannot be built or Scrapyd cannot use it.
    """
    if not all((root / name).exists() for name in SOURCES):
        raise ConfigurationError(f"{root} is not the project's source tree; run `make deploy` there")
    scrapyd = ScrapydApi.of_settings(START)
    require_uploads(scrapyd)
    with tempfile.TemporaryDirectory(prefix="ims-deploy-") as folder:
        copy_sources(root, Path(folder))
        return _answer(_run_client(Path(folder), scrapyd))


def require_uploads(scrapyd: ScrapydApi) -> None:
    """Raises ConfigurationError, with what to do, when this Scrapyd would not take an egg."""
    takes_none = (
        f"the Scrapyd at {scrapyd.url} takes no eggs, because they are code; start it with `{START}`, "
        "deploy, and start it again without. What is installed beside it can be scheduled as project `default`"
    )
    # OPTIONS: the service itself answers, and nothing happens.
    scrapyd.send("addversion.json", method="OPTIONS", said={404: takes_none})


def copy_sources(root: Path, folder: Path) -> None:
    """What the egg is made of, without caches, and with files in the place of links: setuptools builds inside of it."""
    for name in SOURCES:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copyfile(source, folder / name)


def _run_client(folder: Path, scrapyd: ScrapydApi) -> str:
    """What scrapyd-deploy prints: Scrapyd's answer. The target in scrapy.cfg reads these variables."""
    login = scrapyd.login
    variables = {"SCRAPYD_URL": scrapyd.url, "SCRAPYD_USERNAME": login.username, "SCRAPYD_PASSWORD": login.password}
    # Neither the password nor the egg through a proxy; and nothing of it below a home folder's own configuration.
    environment = {**os.environ, **variables, "NO_PROXY": "*", "no_proxy": "*"}
    command = [sys.executable, "-m", "scrapyd_client.deploy", "elsewhere"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    sys.stderr.write("".join(f"{line}\n" for line in done.stderr.splitlines() if line.startswith(("Pack", "Deploy"))))
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()
        raise ImsError("scrapyd-deploy failed: " + "\n".join(lines[-5:]))
    return done.stdout


def _answer(printed: str) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(printed)
    except ValueError:
        raise ImsError(f"Scrapyd's answer cannot be read: {printed[:500]}") from None
    if answer.get("status") != "ok":
        # Scrapyd answers 200 all the same, and scrapyd-deploy exits with 0.
        raise ImsError(f"Scrapyd cannot use the egg: {answer.get('message')}")
    return answer


if __name__ == "__main__":
    sys.exit(main())
