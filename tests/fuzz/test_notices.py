"""Each target notices when what it watches is broken, by its seeds alone; so does the command, and prints the input."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ims_spiders.exceptions import ImsError
from ims_spiders.pages.html import element_to_text, html_to_text
from ims_spiders.pages.products import Product
from ims_spiders.query.grammar import spaced
from ims_spiders.query.tree import Word
from tests.fuzz.__main__ import main
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
UNTIMED = {"growth"}
"""Watched by a clock, not by an assertion."""
BROKEN: dict[str, tuple[str, Any]] = {
    "page": ("ims_spiders.pages.base.Page.is_login", property(lambda _page: False)),
    "users": ("ims_spiders.pages.document.without_inner_frames", lambda text: text),
    "torn": ("ims_spiders.pages.base.last_end", len),
    "text": ("tests.fuzz.pages.html_to_text", lambda text: html.unescape(html_to_text(text))),
    "typed": ("ims_spiders.pages.issue.element_to_text", lambda element: html.unescape(element_to_text(element))),
    "products": ("tests.fuzz.pages.select_products", lambda _offered, _wanted: [Product("1", "another")]),
    "login": ("ims_spiders.pages.base.Page.is_login", property(lambda _page: False)),
    "data": ("tests.fuzz.answers.is_login_page", lambda text, _url: "password" in text or "userId" in text),
    "attachment": ("ims_spiders.pipelines.file_answers._is_page", lambda _response, _attachment: False),
    "names": ("ims_spiders.pipelines.names._UNSAFE", re.compile("(?!)")),
    "redaction": (
        "ims_spiders.login.redaction._alternatives",
        lambda secrets: re.compile("|".join(map(re.escape, secrets))),
    ),
    "query": ("tests.fuzz.queries.spaced", lambda terms: spaced(Word(term.text) for term in terms)),
    "reading": ("ims_spiders.query.reader.QueryReader._settled", lambda _reader, query, _today: str(query)),
}
SABOTAGE = "import ims_spiders.pipelines.names as names\nnames._UNSAFE = __import__('re').compile('(?!)')\n"


@pytest.mark.parametrize("name", sorted(set(TARGETS) - UNTIMED))
def test_what_is_broken_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*BROKEN[name])
    assert any(fails(name, seed) for seed in TARGETS[name].seeds())


def fails(name: str, seed: bytes) -> bool:
    """Whether something does not hold, or a refusal comes out where there is nothing to refuse."""
    try:
        TARGETS[name].run(seed)
    except (AssertionError, ImsError):
        return True
    return False


def test_unknown_targets_are_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["pages"])
    assert "unknown target pages; there are page, users" in capsys.readouterr().err


def test_without_atheris_it_says_so_and_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert main(["page"]) == 0
    assert "atheris has no wheel for this platform" in capsys.readouterr().out


def fuzzed(name: str, path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz", name, "--seconds", "20", "--seed", "1"]
    environment = {**os.environ, "PYTHONPATH": str(path)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.long
def test_the_command_prints_figures_and_what_it_found(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    sound = fuzzed("query", tmp_path)
    assert sound.returncode == 0, sound.stderr
    name, runs, _, edges, findings = sound.stdout.splitlines()[-1].split()
    assert (name, findings) == ("query", "none")
    assert int(runs) > 100
    assert int(edges) > 10
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE)
    broken = fuzzed("names", tmp_path)
    assert broken.returncode == 1
    assert "AssertionError" in broken.stdout
    assert "the input, for a test: TARGETS['names'].run(b" in broken.stdout
