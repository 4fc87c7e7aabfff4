"""The doctor's checks of the browser: it starts, draws, and has letters for Korean and Japanese."""

from __future__ import annotations

from dataclasses import dataclass

from ims_spiders.cli.checks_result import Check, bad, doubtful, good
from ims_spiders.config import TrackerConfig
from ims_spiders.login.browser import BY_HAND, find_browser, launch_options, runs_as_root
from ims_spiders.login.install import why_it_does_not_start

LETTERS = {"Korean": "한글", "Japanese": "かナ", "Chinese characters": "日本"}
"""Two letters of each; without a font both are drawn as the same box."""
_NAMESPACES = (
    "let it make user namespaces: run: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, in a container use "
    "deploy/seccomp.json; or set IMS_RENDER=never"
)
"""A sandbox is made of them."""
_DRAW = """pairs => pairs.map(([one, other]) => {
    const drawn = letter => {
        const canvas = document.createElement('canvas');
        canvas.width = canvas.height = 40;
        const pen = canvas.getContext('2d');
        pen.font = '32px sans-serif';
        pen.fillText(letter, 2, 34);
        return canvas.toDataURL();
    };
    return drawn(one) !== drawn(other);
})"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a browser showed of itself."""

    version: str
    draws: bool
    missing: list[str]


def browser(config: TrackerConfig) -> list[Check]:
    """It is there, starts and draws a page; and the fonts that reports need."""
    if config.render == "never":
        return [good("Browser", "not needed, since IMS_RENDER=never")]
    try:
        seen = look_at_browser()
    except Exception as error:  # noqa: BLE001 - whatever a broken browser brings about, what to do is the same
        reason = why_it_does_not_start() or f"it started the second time only: {type(error).__name__}"
        return [bad("Browser", reason, _NAMESPACES if "sandbox" in reason else f"run `make setup`, or {BY_HAND}")]
    program = find_browser().executable or "the one of Playwright"
    sandbox = "without its sandbox, since this is root" if runs_as_root() else "in its sandbox"
    found = f"{program} {seen.version}, {sandbox}"
    if not seen.draws:
        advice = "give /dev/shm and the temporary folder more room, or set IMS_BROWSER to another browser"
        return [bad("Browser", f"{found}, starts but draws nothing", advice)]
    return [good("Browser", f"{found}, starts and renders"), _fonts(seen)]


def _fonts(seen: Seen) -> Check:
    if not seen.missing:
        return good("Fonts", "there are letters for Korean and Japanese")
    found = f"no font for {', '.join(seen.missing)}: reports as PDF show boxes"
    return doubtful(
        "Fonts", found, "install one: apt-get install fonts-noto-cjk, or dnf install google-noto-sans-cjk-fonts"
    )


def look_at_browser() -> Seen:
    """Start it as a crawl does, and have it draw. Raises BrowserMissing and what Playwright raises."""
    from playwright.sync_api import sync_playwright

    options = launch_options()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(**options, timeout=30_000)
        try:
            page = started.new_page(viewport={"width": 64, "height": 64})
            pictures = set()
            for colour in ("black", "white"):
                page.set_content(f"<body style='background:{colour}'>", timeout=10_000)
                pictures.add(page.screenshot(timeout=10_000))
            has_font = page.evaluate(_DRAW, [list(pair) for pair in LETTERS.values()])
            missing = [script for script, there in zip(LETTERS, has_font, strict=True) if not there]
            return Seen(started.version, len(pictures) == 2, missing)
        finally:
            started.close()
