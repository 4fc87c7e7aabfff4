"""Which browser is found, and that what is found really starts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from ims_spiders.exceptions import BrowserMissing, ConfigurationError
from ims_spiders.login import browser
from ims_spiders.login.browser import find_browser, launch_options


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No browser asked for, none of Playwright's own, no .env; returns the (empty) folder of Playwright's browsers."""
    monkeypatch.delenv("IMS_BROWSER", raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "browsers"


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def headless_shell_folder(browsers: Path) -> Path:
    """The folder that Playwright itself says it would install its headless browser into."""
    command = [sys.executable, "-m", "playwright", "install", "--dry-run", "chromium"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    folders = re.findall(r"Install location:\s+(\S*headless_shell\S*)", listing)
    assert len(folders) == 1
    assert Path(folders[0]).parent == browsers
    return Path(folders[0])


def test_ims_browser_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wanted = program(tmp_path / "my" / "chrome")
    monkeypatch.setenv("IMS_BROWSER", str(wanted))
    assert find_browser().executable == str(wanted)


def test_ims_browser_from_dot_env(tmp_path: Path) -> None:
    wanted = program(tmp_path / "my" / "chrome")
    (tmp_path / ".env").write_text(f"IMS_BROWSER={wanted}\n", encoding="utf-8")
    assert find_browser().executable == str(wanted)


def test_ims_browser_that_is_no_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IMS_BROWSER", str(tmp_path / "nothing"))
    with pytest.raises(BrowserMissing, match=r"IMS_BROWSER=.*nothing is not a program"):
        find_browser()


def test_no_browser_anywhere_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser, "SYSTEM_PATHS", ())
    with pytest.raises(ConfigurationError, match=r"make setup.*IMS_BROWSER"):
        find_browser()


def test_the_systems_browser_is_found_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chrome = program(tmp_path / "bin" / "google-chrome")
    monkeypatch.setenv("PATH", str(chrome.parent))
    assert find_browser().executable == str(chrome)


def test_playwrights_own_is_used_only_once_it_is_installed_whole(
    plain_environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = headless_shell_folder(plain_environment)
    chrome = program(tmp_path / "bin" / "google-chrome")
    monkeypatch.setenv("PATH", str(chrome.parent))
    folder.mkdir(parents=True)
    assert find_browser().executable == str(chrome)
    (folder / "INSTALLATION_COMPLETE").touch()
    assert find_browser().executable is None
    assert "executable_path" not in launch_options()


def test_another_versions_browser_is_not_taken_for_ours(
    plain_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = plain_environment / "chromium_headless_shell-1"
    folder.mkdir(parents=True)
    (folder / "INSTALLATION_COMPLETE").touch()
    assert not browser.playwright_browser_installed()


@pytest.mark.parametrize(("user", "sandboxed"), [(0, False), (1000, True)])
def test_the_sandbox_is_off_for_root_only(monkeypatch: pytest.MonkeyPatch, user: int, sandboxed: bool) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    options = launch_options()
    assert options["chromium_sandbox"] is sandboxed
    assert ("--no-sandbox" in options["args"]) is not sandboxed


async def test_what_is_found_starts_and_renders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(**launch_options(), timeout=30_000)
        try:
            page = await started.new_page()
            await page.set_content("<p id=x></p><script>x.textContent = 6 * 7</script>")
            assert await page.text_content("#x") == "42"
        finally:
            await started.close()
