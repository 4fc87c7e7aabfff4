"""Every option, variable, setting, exit code and make target is in the README."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from ims_spiders import settings
from ims_spiders.cli.app import EXIT_CODES, app
from ims_spiders.cli.help_pages import WIDTH, page
from ims_spiders.config import DatabaseConfig, EmbeddingConfig, LlmConfig, NotifyConfig, TrackerConfig
from ims_spiders.login.browser import BrowserConfig
from ims_spiders.spiders.arguments import SpiderArguments
from ims_spiders.web.settings import WebConfig

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(command: object, path: str) -> Iterator[tuple[str, object]]:
    """Every command of the command line with its full name."""
    for name, sub in getattr(command, "commands", {}).items():
        yield f"{path} {name}", sub
        yield from commands(sub, f"{path} {name}")


COMMANDS = dict(commands(typer.main.get_command(app), "ims"))
OPTIONS = sorted(
    {
        name
        for command in COMMANDS.values()
        for parameter in command.params  # type: ignore[attr-defined]
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("-")
    }
)


def variables() -> set[str]:
    names = {
        f"IMS_{name.upper()}" for config in (TrackerConfig, BrowserConfig, NotifyConfig) for name in config.model_fields
    }
    names |= {f"IMS_WEB_{name.upper()}" for name in WebConfig.model_fields}
    names |= {f"IMS_LLM_{name.upper()}" for name in LlmConfig.model_fields}
    names |= {f"IMS_EMBEDDING_{name.upper()}" for name in EmbeddingConfig.model_fields}
    return names | {field.alias or name.upper() for name, field in DatabaseConfig.model_fields.items()}


def documented(name: str) -> bool:
    """Whether it stands in the README as code, not only as part of a longer name."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", README) is not None


def test_there_is_something_to_look_for() -> None:
    assert len(OPTIONS) > 20
    assert {"ims crawl", "ims db user add"} <= set(COMMANDS)
    assert {"IMS_RENDER", "IMS_BROWSER", "DATABASE_URL", "USE_DATABASE", "PGHOST"} <= variables()


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option(name: str) -> None:
    assert documented(name)


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"ims db user"}))
def test_every_command(name: str) -> None:
    assert documented(name)


@pytest.mark.parametrize("name", sorted(variables()))
def test_every_variable(name: str) -> None:
    assert documented(name)


@pytest.mark.parametrize("name", sorted(name for name in vars(settings) if name.startswith("IMS_")))
def test_every_setting_of_our_own(name: str) -> None:
    assert documented(name)


@pytest.mark.parametrize("name", sorted(SpiderArguments.model_fields))
def test_every_argument_of_the_spider(name: str) -> None:
    assert documented(f"-a {name}=") or re.search(rf"-a {name}=", README)


@pytest.mark.parametrize("code", sorted({0, 1, 5, 7, *EXIT_CODES.values()}))
def test_every_exit_code(code: int) -> None:
    assert re.search(rf"^\| {code} \|", README, re.MULTILINE)


@pytest.mark.parametrize("target", re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
def test_every_make_target(target: str) -> None:
    assert target == "help" or f"make {target}" in README


def test_every_commands_help_stands_in_the_page_as_it_is() -> None:
    kept = (ROOT / "ims_spiders" / "cli" / "COMMANDS.md").read_text(encoding="utf-8")
    assert kept == page(app), "write it again: make help-pages"
    assert all(f"## {path}\n" in kept for path in COMMANDS)
    assert max(len(line) for line in kept.splitlines()[4:]) <= WIDTH
