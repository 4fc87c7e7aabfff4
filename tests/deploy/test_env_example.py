"""deploy/env.example: every variable of the product and no other, with examples that are valid."""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from ims_spiders import config
from ims_spiders.login.browser import BrowserConfig
from ims_spiders.web.settings import WebConfig
from tests.crawl.crawling import ROOT

EXAMPLE = ROOT / "deploy" / "env.example"
ASSIGNMENTS = dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))
SETTINGS: list[type[BaseSettings]] = [
    BrowserConfig,
    WebConfig,
    *(one for one in vars(config).values() if inspect.isclass(one) and issubclass(one, BaseSettings)),
]
SETTINGS.remove(BaseSettings)
SCRAPYD = {
    "SCRAPYD_USERNAME",
    "SCRAPYD_PASSWORD",
    "SCRAPYD_HTTP_PORT",
    "SCRAPYD_BIND_ADDRESS",
    "SCRAPYD_URL",
    "IMS_SCRAPYD_CONF",
}
"""Read without a model: Scrapyd's own, and those of ims_spiders.daemon."""


def variables(settings: type[BaseSettings]) -> dict[str, str]:
    """The variables of a model, and its fields."""
    prefix = settings.model_config.get("env_prefix", "")
    return {field.alias or f"{prefix}{name}".upper(): name for name, field in settings.model_fields.items()}


def test_every_variable_and_no_other() -> None:
    known = {name for settings in SETTINGS for name in variables(settings)} | SCRAPYD
    assert len(known) > 40
    assert set(ASSIGNMENTS) == known


def test_each_is_explained_once() -> None:
    names = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: settings.__name__)
def test_the_examples_are_valid_and_the_defaults_true(
    settings: type[BaseSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    default = settings()
    (tmp_path / ".env").write_text("\n".join(f"{name}={value}" for name, value in ASSIGNMENTS.items()))
    given = settings()
    for name, field in variables(settings).items():
        assert getattr(given, field) is not None
        stated = getattr(default, field)
        if stated is not None:
            assert getattr(given, field) == stated, name


def test_no_secret_of_anybody_is_in_it() -> None:
    secrets = {name: value for name, value in ASSIGNMENTS.items() if name.endswith(("PASSWORD", "KEY"))}
    assert set(secrets.values()) == {"secret"}
    active = re.findall(r"^([A-Z][A-Z0-9_]*)=", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert active == ["IMS_BASE_URL"]


def test_systemd_and_compose_read_it_as_it_is_meant() -> None:
    """Both take a line as it stands: no quotes, no blanks, nothing after the value."""
    assert all(re.fullmatch(r"[^\s'\"#$\\]+", value) for value in ASSIGNMENTS.values())
    assert os.access(EXAMPLE, os.R_OK)
