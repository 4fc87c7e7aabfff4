"""Which browser to start and how: the one asked for, Playwright's own, or the system's Chromium or Chrome."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, SettingsConfigDict

from ims_spiders.exceptions import BrowserMissing

BY_HAND = "install Chromium or Chrome with your system's package manager, or set IMS_BROWSER to the path of one"
HOW_TO_GET_ONE = f"no browser found: run `make setup`, or {BY_HAND}"
SYSTEM_COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
    "microsoft-edge-stable",
)
SYSTEM_PATHS = (
    "/opt/google/chrome/chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # It would follow the environment's proxy, and tell it more than the crawl does (settings.py, HTTPPROXY_ENABLED).
    "--no-proxy-server",
)


class BrowserConfig(BaseSettings):
    """The one variable about the browser: IMS_BROWSER, the path of a Chromium or Chrome, or a command on the PATH."""

    model_config = SettingsConfigDict(env_prefix="IMS_", env_file=".env", extra="ignore", env_ignore_empty=True)

    browser: str | None = None


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that can be started. `executable` is None when Playwright is to take its own."""

    executable: str | None
    arguments: list[str]


def find_browser() -> Browser:
    """The browser to use: IMS_BROWSER, else Playwright's own where it is installed, else the system's.

    Raises BrowserMissing, with what to do, when there is none or when IMS_BROWSER does not name a program.
    """
    wanted = BrowserConfig().browser
    if wanted is not None:
        executable = shutil.which(str(Path(wanted).expanduser()))
        if executable is None:
            raise BrowserMissing(f"IMS_BROWSER={wanted} is not a program; give the path of a Chromium or Chrome")
        return Browser(executable, browser_arguments())
    if playwright_browser_installed():
        return Browser(None, browser_arguments())
    executable = system_browser()
    if executable is None:
        raise BrowserMissing(HOW_TO_GET_ONE)
    return Browser(executable, browser_arguments())


def browser_arguments() -> list[str]:
    """The command line for it: nothing spoken to third parties, and the sandbox left on wherever it can run."""
    return [*(["--no-sandbox"] if runs_as_root() else []), *ARGUMENTS]


def launch_options() -> dict[str, Any]:
    """What `BrowserType.launch` of Playwright takes to start the browser that `find_browser` finds.

    Raises BrowserMissing. Signals are left to the crawl, which ends the browser itself once its work is put away.
    """
    browser = find_browser()
    options: dict[str, Any] = {
        "headless": True,
        "args": browser.arguments,
        # Playwright switches the sandbox off unless it is told otherwise.
        "chromium_sandbox": not runs_as_root(),
        "handle_sigint": False,
        "handle_sigterm": False,
        "handle_sighup": False,
    }
    if browser.executable is not None:
        options["executable_path"] = browser.executable
    return options


def runs_as_root() -> bool:
    """Whether this process is root's: Chromium refuses to start with its sandbox then."""
    return os.geteuid() == 0


def system_browser() -> str | None:
    """The path of the system's Chromium, Chrome or Edge, or None."""
    candidates = (shutil.which(name) for name in (*SYSTEM_COMMANDS, *SYSTEM_PATHS))
    return next((path for path in candidates if path is not None), None)


def playwright_browser_installed() -> bool:
    """Whether the headless browser of just this Playwright's version lies in its folder.

    Asked of the folder, since asking Playwright itself starts its driver: 117 MB and half a second.
    """
    return any((folder / "INSTALLATION_COMPLETE").is_file() for folder in _playwright_folders())


def _playwright_folders() -> Iterator[Path]:
    """Where this version of Playwright keeps its headless browser."""
    package = resources.files("playwright") / "driver" / "package"
    catalogue = json.loads((package / "browsers.json").read_text(encoding="utf-8"))
    for entry in catalogue["browsers"]:
        if entry["name"] == "chromium-headless-shell":
            revisions = {entry["revision"], *entry.get("revisionOverrides", {}).values()}
            for revision in revisions:
                yield from _playwright_home(Path(str(package))).glob(f"chromium_headless_shell*-{revision}")


def _playwright_home(package: Path) -> Path:
    """The folder of all of Playwright's browsers, by the rules that its driver follows."""
    chosen = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if chosen == "0":
        return package / ".local-browsers"
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ms-playwright"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ms-playwright"
