"""`make scrapyd`: starts Scrapyd with deploy/scrapyd.conf, in the foreground."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from ims_spiders.config import load_tracker_config
from ims_spiders.daemon.configuration import CONF_VARIABLE, read_config
from ims_spiders.daemon.credentials import netrc_path
from ims_spiders.exceptions import ConfigurationError, ImsError

UPLOADS = {
    "addversion.json": "scrapyd.webservice.AddVersion",
    "delversion.json": "scrapyd.webservice.DeleteVersion",
    "delproject.json": "scrapyd.webservice.DeleteProject",
}


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal comes. Returns 0, or 2 with one line on stderr when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m ims_spiders.daemon", description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("deploy/scrapyd.conf"), metavar="FILE")
    parser.add_argument("--allow-deploy", action="store_true", help="let eggs, which are code, be uploaded")
    given = parser.parse_args(arguments)
    try:
        os.environ[CONF_VARIABLE] = str(given.config.absolute())
        serve(allow_deploy=given.allow_deploy)
    except ImsError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    return 0


def serve(*, allow_deploy: bool) -> None:
    """Run Scrapyd. Raises ConfigurationError when the settings are wrong or its port is taken."""
    from twisted.application.app import startApplication
    from twisted.internet import reactor as installed
    from twisted.internet.error import CannotListenError
    from twisted.logger import globalLogBeginner, textFileLogObserver

    from ims_spiders.daemon.application import application

    # Twisted types it as the module that it stands in for.
    reactor: Any = installed
    config = read_config()
    for service, name in UPLOADS.items() if allow_deploy else ():
        config.cp.set("services", service, name)
    made = application(config)
    # Standard error alone, and not twistd's file in the current folder.
    observer: Any = textFileLogObserver(sys.stderr)
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
    try:
        startApplication(made, save=False)  # type: ignore[no-untyped-call]
    except CannotListenError as error:
        message = f"port {error.port} of {error.interface} is taken (another Scrapyd?); set SCRAPYD_HTTP_PORT"
        raise ConfigurationError(message) from error
    path = netrc_path(load_tracker_config().data_dir)
    if path.exists() and not os.environ.get("SCRAPYD_PASSWORD"):
        sys.stderr.write(f"The password is in {path}; ask with: curl --netrc-file {path} …\n")
    reactor.run()


if __name__ == "__main__":
    sys.exit(main())
