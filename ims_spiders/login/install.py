"""Set-up's last step: see to it that there is a browser which really starts, by the cheapest way that works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from ims_spiders.exceptions import BrowserMissing
from ims_spiders.login.browser import (
    BY_HAND,
    HOW_TO_GET_ONE,
    BrowserConfig,
    find_browser,
    launch_options,
    runs_as_root,
)

DOWNLOAD_SECONDS = 240
"""How long a download may take before the next way is tried; without a network it fails within seconds."""
APT_SECONDS = 300


def why_it_does_not_start() -> str | None:
    """None when the browser that would be used starts and renders a page; else one line that says why not."""
    try:
        found = find_browser()
        _render_something()
    except BrowserMissing as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - whatever a broken browser brings about, the answer is its first line
        return f"{found.executable or 'the browser of Playwright'} does not start: {_first_words(error)}"
    return None


def _first_words(error: Exception) -> str:
    """What the browser itself said first, else the first line of the error without its command line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and "<launching>" not in line]
    said = [line.split("[err] ", 1)[1] for line in lines if "[err] " in line]
    telling = [line for line in said if "error while loading" in line or "sandbox" in line]
    return (telling or said or lines or [type(error).__name__])[0][:200]


def _render_something() -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(), timeout=30_000)
        try:
            browser.new_page().set_content("<p>ready</p>", timeout=10_000)
        finally:
            browser.close()


def _download() -> bool:
    """Playwright's own browser, about 100 MB. Returns whether it arrived."""
    environment = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000", **os.environ}
    command = [sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]
    return _run(command, DOWNLOAD_SECONDS, environment)


def _install_by_apt() -> bool:
    """The distribution's Chromium, for root on Debian and its like. Returns whether apt said yes."""
    if not runs_as_root() or shutil.which("apt-get") is None:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "-qq", "--no-install-recommends", "chromium"]
    return _run(["apt-get", "update", "-qq"], APT_SECONDS, environment) and _run(install, APT_SECONDS, environment)


def _run(command: list[str], seconds: float, environment: dict[str, str]) -> bool:
    """Run one step quietly. Returns whether it succeeded in time."""
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def main() -> int:
    """Try what is there, then a download, then apt. Returns 0 when a browser starts, else 1 with one line on stderr."""
    steps = [("downloading a browser", _download), ("installing Chromium through apt", _install_by_apt)]
    reason = why_it_does_not_start()
    for announcement, step in [] if BrowserConfig().browser else steps:
        if reason is None:
            break
        sys.stderr.write(f"{announcement} …\n")
        if step():
            reason = why_it_does_not_start()
    if reason is None:
        sys.stderr.write(f"browser: {find_browser().executable or 'the one of Playwright'}\n")
        return 0
    sys.stderr.write(f"{reason.removesuffix(HOW_TO_GET_ONE) or 'no browser to be had'}: {BY_HAND}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
