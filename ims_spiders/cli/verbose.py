"""`ims --verbose`: what the program logs goes to stderr, too, without secrets."""

from __future__ import annotations

import logging
import sys

SHOWN = ("ims_spiders", "scrapy")
"""Whose messages; libraries' own say little to people, and statements of SQL much."""


def log_to_stderr() -> None:
    """Show messages of level INFO and above from now on. Raises ConfigurationError for settings that are wrong."""
    # Late: it brings all of Scrapy along.
    from ims_spiders.extensions.logfile import Redaction, known_secrets

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s [%(name)s] %(message)s", "%H:%M:%S"))
    handler.setLevel(logging.INFO)
    handler.addFilter(lambda record: record.name.partition(".")[0] in SHOWN or record.levelno >= logging.WARNING)
    handler.addFilter(Redaction(known_secrets()))
    root = logging.getLogger()
    root.addHandler(handler)
    for name in SHOWN:
        logging.getLogger(name).setLevel(logging.INFO)
