"""The systemd units: systemd takes them, they start what there is, and they may do no more than they must."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.crawl.crawling import ROOT

UNITS = ROOT / "deploy" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
TIMERS = sorted(UNITS.glob("*.timer"))
WITH_BROWSER = {"ims-crawl@", "ims-schedule", "ims-scrapyd"}
HARDENED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelTunables": "yes",
    "RestrictSUIDSGID": "yes",
    "User": "ims",
    "UMask": "0077",
    "StateDirectoryMode": "0700",
}


def parsed(unit: Path) -> ConfigParser:
    made = ConfigParser(strict=False, interpolation=None, delimiters=["="], comment_prefixes=["#"])
    made.optionxform = str  # type: ignore[assignment,method-assign]
    made.read_string(unit.read_text(encoding="utf-8"))
    return made


def installed(folder: Path) -> list[Path]:
    """The units as they would be if the source tree were their /opt/ims_spiders."""
    for unit in (*SERVICES, *TIMERS):
        (folder / unit.name).write_text(unit.read_text().replace("/opt/ims_spiders", str(ROOT)))
    # A template is looked at as one of its instances.
    return [folder / unit.name.replace("@.", "@OpenFrame.") for unit in (*SERVICES, *TIMERS)]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    command = ["systemd-analyze", "verify", "--man=no", *map(str, installed(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    said = [line for line in done.stderr.splitlines() if str(tmp_path) in line or re.search(r"\bims-", line)]
    assert said == []
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_systemd_calls_it_safe(tmp_path: Path, unit: Path) -> None:
    installed(tmp_path)
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=30"]
    path = tmp_path / unit.name.replace("@.", "@OpenFrame.")
    if not path.exists():
        path.symlink_to(unit.name)
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_it_may_do_no_more_than_it_must(unit: Path) -> None:
    service = dict(parsed(unit)["Service"])
    assert {name: service.get(name) for name in HARDENED} == HARDENED
    # Chromium's own sandbox is made of namespaces.
    assert ("RestrictNamespaces" in service) == (unit.stem not in WITH_BROWSER)
    assert ("@mount" in service["SystemCallFilter"]) == (unit.stem not in WITH_BROWSER)
    assert "MemoryDenyWriteExecute" not in service
    # It would remove the shared memory of the embedded server, which is the same account's.
    assert "RemoveIPC" not in service
    assert not re.search(r"PASSWORD|SECRET|KEY", unit.read_text())


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_what_it_starts_is_there(unit: Path) -> None:
    service = parsed(unit)["Service"]
    for command in (service[name] for name in ("ExecStart", "ExecStop") if name in service):
        program, *arguments = command.split()
        assert program.startswith("/opt/ims_spiders/")
        path = ROOT / program.removeprefix("/opt/ims_spiders/")
        assert path.exists(), program
        named = [word.removeprefix("/opt/ims_spiders/") for word in arguments if word.startswith("/opt/")]
        assert all((ROOT / name).exists() for name in named)
        if path.suffix != ".sh":
            given = [word for word in arguments if not word.startswith(("%", "/"))]
            help_wanted = [str(path), *given[: 1 if path.name == "ims" and given[0] != "db" else 2], "--help"]
            done = subprocess.run(help_wanted, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)
            assert done.returncode == 0, done.stderr
            text = done.stdout
        else:
            text = path.read_text()
        assert all(word in text for word in arguments if word.startswith("--"))


@pytest.mark.parametrize("unit", TIMERS, ids=lambda unit: unit.stem)
def test_each_timer_has_its_service_and_catches_up(unit: Path) -> None:
    assert unit.with_suffix(".service") in SERVICES
    timer = parsed(unit)["Timer"]
    assert timer["Persistent"] == "yes"
    assert "OnCalendar" in timer
    assert parsed(unit)["Install"]["WantedBy"] == "timers.target"
