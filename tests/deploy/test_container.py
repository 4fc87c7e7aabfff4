"""deploy/Containerfile, as far as it can be known without an engine: what it copies and runs is there, not as root."""

from __future__ import annotations

import http.server
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.crawl.crawling import ROOT

CONTAINERFILE = ROOT / "deploy" / "Containerfile"
HEALTHCHECK = ROOT / "deploy" / "healthcheck.py"
HOME = "/opt/ims_spiders/"


def instructions() -> list[tuple[str, str]]:
    """Each instruction and the rest of its line, without comments and with continued lines joined."""
    lines = [line for line in CONTAINERFILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split()[0], line.split(None, 1)[1]) for line in joined.splitlines() if line.strip()]


INSTRUCTIONS = instructions()
FINAL = INSTRUCTIONS[max(n for n, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM") :]


def of(name: str, within: list[tuple[str, str]] = INSTRUCTIONS) -> list[str]:
    return [rest for instruction, rest in within if instruction == name]


def copied() -> list[str]:
    """What is taken from the source tree."""
    return [source for rest in of("COPY") if "--from" not in rest for source in shlex.split(rest)[:-1]]


def test_it_is_one_that_is_pinned_and_built_in_stages() -> None:
    (image,) = of("ARG")
    assert re.fullmatch(r"PYTHON_IMAGE=docker\.io/library/python:3\.1[123]\.\d+-slim-bookworm", image)
    assert of("FROM") == ["${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"]
    assert [rest.split()[0] for rest in of("COPY", FINAL)] == ["--from=build"]


def test_nobody_is_root_at_the_end() -> None:
    (user,) = of("USER", FINAL)
    assert int(user) > 0
    assert f"--uid {user} " in " ".join(of("RUN", FINAL))


def test_what_it_copies_is_there_and_let_through_to_the_builder() -> None:
    ignored = (ROOT / "deploy" / "Containerfile.dockerignore").read_text().splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    assert len(copied()) > 6
    for source in copied():
        assert (ROOT / source).exists(), source
    assert {source.removeprefix("./") for source in copied()} == allowed
    assert not [rule for rule in allowed if any(fnmatch(secret, rule) for secret in (".env", "data", ".git"))]


def test_what_the_package_needs_beside_itself_is_copied() -> None:
    assert (ROOT / "ims_spiders" / "db" / "sql").resolve() == ROOT / "sql"
    metadata = (ROOT / "pyproject.toml").read_text()
    assert 'readme = "README.md"' in metadata
    assert {"sql", "README.md", "pyproject.toml", "setup.py", "requirements.lock", "deploy"} <= set(copied())


def test_dependencies_are_the_locked_ones_as_make_setup_installs_them() -> None:
    installs = [rest for rest in of("RUN") if "pip install" in rest]
    assert len(installs) == 2
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert "--no-deps --no-build-isolation --editable ." in installs[1]
    made = (ROOT / "Makefile").read_text()
    assert "--require-hashes -r requirements.lock" in made
    assert "--no-deps --no-build-isolation --editable ." in made


def test_the_browser_and_the_fonts_are_debians() -> None:
    (packages,) = [rest for rest in of("RUN", FINAL) if "apt-get install" in rest]
    assert {"chromium", "fonts-noto-cjk", "tini"} <= set(packages.split())
    assert "--no-install-recommends" in packages
    assert "rm -rf /var/lib/apt/lists" in packages
    assert "IMS_BROWSER=/usr/bin/chromium" in " ".join(of("ENV", FINAL))


def test_what_it_runs_is_there() -> None:
    command = json.loads(of("CMD", FINAL)[0])
    assert command[:3] == ["python", "-m", "ims_spiders.daemon"]
    check = json.loads(of("HEALTHCHECK", FINAL)[0].split("CMD", 1)[1])
    for word in (*command, *check):
        if word.startswith(HOME):
            assert (ROOT / word.removeprefix(HOME)).is_file(), word
    helped = subprocess.run(
        [sys.executable, *command[1:3], "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert helped.returncode == 0
    assert "--config" in helped.stdout
    assert of("ENTRYPOINT", FINAL) == ['["tini", "--"]']


def test_no_secret_and_no_address_of_an_index_is_in_it() -> None:
    written = CONTAINERFILE.read_text(encoding="utf-8")
    assert not re.search(r"(?i)password|token|api_key|index-url", written)
    assert "https://" not in written


def check(port: int) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "SCRAPYD_HTTP_PORT": str(port)}
    command = [sys.executable, "-I", str(HEALTHCHECK)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(("status", "code"), [(200, 0), (401, 0), (500, 1), (404, 1)])
def test_healthy_is_what_answers_with_or_without_asking_for_the_password(
    status: int, code: int, tmp_path: Path
) -> None:
    asked = tmp_path / "asked"

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.write_text(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        done = check(server.server_port)
        thread.join()
    assert done.returncode == code
    assert asked.read_text() == "/daemonstatus.json"
    assert (str(status) in done.stderr) == bool(code)


def test_what_does_not_answer_is_not_healthy() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        done = check(probe.getsockname()[1])
    assert done.returncode == 1
    assert "does not answer" in done.stderr
