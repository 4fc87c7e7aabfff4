"""What `application` in deploy/scrapyd.conf names: Scrapyd's own, which is never there without a password."""

from __future__ import annotations

from scrapyd import app as stock
from scrapyd.config import Config
from twisted.python.components import Componentized

from ims_spiders.config import load_tracker_config
from ims_spiders.daemon.configuration import complete, set_option
from ims_spiders.daemon.credentials import login_for_start
from ims_spiders.db.durable import refused_by_disk


def application(config: Config) -> Componentized:
    """Scrapyd's application. Raises ConfigurationError for settings that are wrong, StorageError from the disk.

    Stock Scrapyd lets everybody in when no password is set; here one is generated. Its folders, in which logs and
    queries of everybody lie, are its account's alone.
    """
    complete(config)
    data_dir = load_tracker_config().data_dir
    login = login_for_start(config, data_dir)
    set_option(config, "username", login.username)
    set_option(config, "password", login.password)
    folder = data_dir / "scrapyd"
    with refused_by_disk(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made: Componentized = stock.application(config)
    return made
