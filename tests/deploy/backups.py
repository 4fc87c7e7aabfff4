"""Runs deploy/backup.sh and deploy/restore.sh as an administrator does, in a folder whose archive it is."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.conftest import clean_environment
from tests.crawl.crawling import ROOT
from tests.forked import IMS

Finished = subprocess.CompletedProcess[str]
BACKUP = ROOT / "deploy" / "backup.sh"
RESTORE = ROOT / "deploy" / "restore.sh"


@dataclass
class Machine:
    """A folder with an archive in `data`, and the settings of who works there."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def backups(self) -> Path:
        """Where `backup` puts them."""
        return self.folder / "backups"

    def backup(self, *options: str) -> Path:
        """The backup that was made."""
        done = self.run(BACKUP, *options, str(self.backups))
        assert done.returncode == 0, done.stderr
        return sorted(self.finished())[-1]

    def finished(self) -> list[Path]:
        return sorted(self.backups.glob("[0-9]*Z"))

    def run(self, script: Path, *arguments: str) -> Finished:
        command = ["/bin/sh", str(script), "--ims", IMS, *arguments]
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**clean_environment(), **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )


def tools(folder: Path, real: Path, **instead: str) -> Path:
    """A folder for --bin: PostgreSQL's programs, some of them replaced by shell scripts."""
    folder.mkdir()
    for name in ("psql", "pg_dump", "pg_restore"):
        if name in instead:
            (folder / name).write_text("#!/bin/sh\n" + instead[name].replace("REAL", str(real / name)))
            (folder / name).chmod(0o755)
        else:
            (folder / name).symlink_to(real / name)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """Path and content of every file that is not hidden."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def open_to_others(folder: Path) -> list[Path]:
    """What another account of the machine could get into."""
    return [path for path in [folder, *folder.iterdir()] if os.lstat(path).st_mode & 0o077]
