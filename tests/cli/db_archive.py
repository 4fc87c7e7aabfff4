"""An archive of invented sessions for the commands of `ims db`, and a terminal to run them on."""

from __future__ import annotations

import hashlib
import os
import pty
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests import forked
from tests.cli.conftest import Ims, clean_environment
from tests.db.factory import START, error, folder, hashed, issue, session

BYTES = b"log of the batch\n"
QUERY = "TPETIME 오류가 발생하는 이유는 무엇입니까 처리 시간 초과"


def days_ago(days: float) -> float:
    """In minutes after the factory's first session."""
    return (datetime.now(UTC) - START).total_seconds() / 60 - days * 1440


def loaded_archive(where: Path) -> Ims:
    """`ims` in a folder whose archive holds three sessions: of 200 days ago, of 20, and of now; they agree."""
    ims = Ims(where)
    data_dir = where / "data"
    _session(data_dir, 1, 200, [1, 2, 3], username="kim")
    _session(data_dir, 2, 20, [4], username="lee", product="JEUS", status="failed", original_query="")
    _session(data_dir, 3, 0, [5, 6], username="kim", product="OpenFrame 한국어 제품", original_query=QUERY)
    done = ims.run("db", "load")
    assert done.returncode == 0, done.stderr
    return ims


def _session(data_dir: Path, number: int, days: float, issues: list[int], **changes: Any) -> None:
    minutes = days_ago(days)
    seen = [
        _issue(data_dir, issue(one, minutes, number, product=changes.get("product", "OpenFrame"))) for one in issues
    ]
    content = session(number, minutes, issues_crawled=len(seen), **changes)
    made = folder(data_dir, content, seen)
    made.write_session({**content, "data_path": f"sessions/{made.path.name}"})
    made.append_error(error())


def _issue(data_dir: Path, document: dict[str, Any]) -> dict[str, Any]:
    """The issue with its first attachment on the disk."""
    first = document["attachments"][0]
    path = data_dir / "attachments" / document["issue_id"] / f"{first['file_id']}-file1.log"
    path.parent.mkdir(parents=True)
    path.write_bytes(BYTES)
    first |= {
        "file_path": path.relative_to(data_dir).as_posix(), "file_size": len(BYTES),
        "sha256": hashlib.sha256(BYTES).hexdigest(),
    }  # fmt: skip
    return hashed(document)


def on_terminal(ims: Ims, *arguments: str, answer: str = "") -> tuple[int, str]:
    """The exit code, and what is seen on a terminal on which somebody types `answer`."""
    master, terminal = pty.openpty()
    os.write(master, answer.encode())
    env = {**clean_environment(), "TERM": "dumb", "COLUMNS": "80"}
    with forked.start(
        "ims", arguments, ims.folder, env, apart=True, stdin=terminal, stdout=terminal, stderr=terminal
    ) as process:
        os.close(terminal)
        seen = b""
        while True:
            try:
                more = os.read(master, 65536)
            except OSError:
                break
            if not more:
                break
            seen += more
    os.close(master)
    return process.returncode, seen.decode()
