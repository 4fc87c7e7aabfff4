"""The process of one job, as `runner` in deploy/scrapyd.conf: takes the deployed version, then runs the crawl.

Scrapyd's own puts an egg behind everything that is installed, so that a deployed version would never be used where
any version of the package is installed.
"""

from __future__ import annotations

import importlib
import os
import sys
from importlib.metadata import Distribution

from scrapyd.config import Config
from scrapyd.utils import initialize_component

from ims_spiders.daemon.configuration import cancel_mark, read_config
from ims_spiders.exceptions import ConfigurationError, ImsError
from ims_spiders.extensions.job import CANCEL_MARK

PACKAGE = "ims_spiders"


def main() -> int:
    """Run `crawl …` or another command of Scrapy's for the project in SCRAPY_PROJECT. Returns the exit code."""
    # The daemon's own; nothing of a crawl, its browser or its database's server needs it.
    os.environ.pop("SCRAPYD_PASSWORD", None)
    config = read_config()
    choose_version(config, os.environ["SCRAPY_PROJECT"], os.environ.get("SCRAPYD_EGG_VERSION"))
    if sys.argv[1:2] != ["crawl"]:
        from scrapy.cmdline import execute

        execute()
        return 0
    mark = cancel_mark(config, os.getpid())
    # Left by an earlier job that was killed and had the same number.
    mark.unlink(missing_ok=True)
    os.environ[CANCEL_MARK] = str(mark)
    try:
        return int(importlib.import_module(f"{PACKAGE}.daemon.job").run(sys.argv[2:]))
    finally:
        mark.unlink(missing_ok=True)


def choose_version(config: Config, project: str, version: str | None) -> None:
    """Make Scrapy and Python find the project's egg, the newest unless `version` says which; else what is installed.

    Raises ConfigurationError when there is neither.
    """
    eggstorage = initialize_component(config, "eggstorage", "scrapyd.eggstorage.FilesystemEggStorage")
    _, egg = eggstorage.get(project, version)
    if egg is None:
        installed = dict(config.items("settings", default=[])).get(project)
        if installed is None or version is not None:
            raise ConfigurationError(f"there is no egg of {project} {version or ''}; see listversions.json".rstrip())
        os.environ["SCRAPY_SETTINGS_MODULE"] = installed
        return
    egg.close()
    (distribution,) = Distribution.discover(path=[egg.name])
    (entry,) = distribution.entry_points.select(group="scrapy", name="settings")
    os.environ["SCRAPY_SETTINGS_MODULE"] = entry.value
    sys.path.insert(0, egg.name)
    # This module's own package came from what is installed.
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    importlib.invalidate_caches()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ImsError as problem:
        sys.stderr.write(f"{problem}\n")
        sys.exit(2)
