"""`python -m tests.faults.start NAME=VALUE … -- options`: `ims crawl` with settings that have waits made short."""

from __future__ import annotations

import sys

from ims_spiders import settings
from ims_spiders.cli import main
from tests.crawl.crawling import FAST


def with_settings(given: list[str]) -> None:
    """Have the project's settings hold these; a value is a number where it looks like one."""
    for setting in [*(f"{name}={value}" for name, value in FAST.items()), *given]:
        name, _, value = setting.partition("=")
        setattr(settings, name, value)


def crawl(words: list[str]) -> None:
    """`ims crawl` with what stands behind `--`, and the settings before it."""
    end = words.index("--")
    with_settings(words[:end])
    sys.argv = ["ims", "crawl", "--yes", *words[end + 1 :]]
    main()


if __name__ == "__main__":
    crawl(sys.argv[1:])
