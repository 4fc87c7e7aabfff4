"""A machine in Seoul, and a real browser that notes what a page does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine

from ims_spiders.db.engine import open_engine
from ims_spiders.db.passwords import Passwords
from ims_spiders.db.users import Role, add_user


@pytest.fixture(autouse=True)
def _everybody_is_in_seoul(in_seoul: None) -> None:
    """Whatever the machine's clock says."""


@dataclass
class Opened:
    """A page in the browser, what it asked for beyond itself, and what it said or tried."""

    page: Page
    requests: list[str] = field(default_factory=list)
    noises: list[str] = field(default_factory=list)

    def is_as_wide_as_its_window(self) -> bool:
        """Whether nothing reaches beyond the right edge."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Opens HTML as a file in a window of some width, with scripts allowed."""
    context = browser.new_context()

    def open_it(html: str, width: int = 1100) -> Opened:
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf-8")
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        seen = Opened(page)
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("console", lambda message: seen.noises.append(message.text))
        page.on("dialog", lambda dialog: seen.noises.append(dialog.message))
        page.on("pageerror", lambda error: seen.noises.append(str(error)))
        page.goto(path.as_uri())
        seen.requests.remove(path.as_uri())
        return seen

    yield open_it
    context.close()


@pytest.fixture
def log_in(engine: Engine, tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    """Connects as a user of the archive, made known with a role."""
    opened: list[Engine] = []

    def connect(name: str, role: Role = "user") -> Engine:
        passwords = Passwords(tmp_path)
        database_role = str(add_user(engine, name, passwords, role).database_role)
        url = engine.url.set(username=database_role, password=passwords.read(database_role))
        opened.append(open_engine(url.difference_update_query(["passfile"])))
        return opened[-1]

    yield connect
    for login in opened:
        login.dispose()
