"""Scrapyd's configuration: the files that it reads itself, one more, and its folders inside of $IMS_DATA_DIR."""

from __future__ import annotations

import os
from pathlib import Path

from scrapyd.config import Config

from ims_spiders.config import load_tracker_config
from ims_spiders.exceptions import ConfigurationError

CONF_VARIABLE = "IMS_SCRAPYD_CONF"
"""Names the file that goes before all others; the daemon hands it on to its jobs, which read the same."""
FOLDERS = ("eggs_dir", "logs_dir", "dbs_dir", "items_dir", "jobs_dir")


def read_config() -> Config:
    """What holds for this process. Raises ConfigurationError when IMS_SCRAPYD_CONF names no file."""
    named = os.environ.get(CONF_VARIABLE)
    if named and not Path(named).is_file():
        raise ConfigurationError(
            f"{named} does not exist; give the path of a scrapyd.conf, such as deploy/scrapyd.conf"
        )
    config = Config(extra_sources=[named] if named else [])
    complete(config)
    return config


def complete(config: Config) -> None:
    """Take relative folders from `$IMS_DATA_DIR/scrapyd`, wherever the daemon was started. Again changes nothing."""
    base = load_tracker_config().data_dir.absolute() / "scrapyd"
    for option in FOLDERS:
        value = config.get(option, "")
        if value and value != ":memory:" and "://" not in value:
            set_option(config, option, str(base / value))


def set_option(config: Config, option: str, value: str) -> None:
    """Change one option of [scrapyd]; a percent sign in it stands for itself."""
    config.cp.set(config.SECTION, option, value.replace("%", "%%"))


def cancel_mark(config: Config, pid: int) -> Path:
    """The file whose existence says that the job in process `pid` was cancelled, and not stopped by something else."""
    return Path(config.get("dbs_dir")) / "cancelled" / str(pid)
