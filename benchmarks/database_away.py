"""The crawl's rate without its database: one that is there, none at all, and one that falls silent, side by side.

    python -m benchmarks.database_away [--rounds 3] [--issues 100]

The demo tracker answers each request after LATENCY seconds. An embedded server of its own is made in a temporary
folder. What is measured is the time from the first issue asked for to the last one stored, in which the crawl must not
wait for the database; what its end waits for (IMS_DATABASE_CLOSE_SECONDS) comes after that.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.cluster import DATABASE, OWNER
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import connect
from ims_spiders.db.files import session_folders
from ims_spiders.db.schema import initialise
from ims_spiders.demo.server import DemoTracker
from tests.faults.wire import Wire

LATENCY = 0.05
WAYS = ("there", "absent", "silent")


def main() -> None:
    """Print one line a round, and the median ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--issues", type=int, default=100)
    asked = parser.parse_args()
    with DemoTracker(latency=LATENCY) as tracker, tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder) / "server")
        engine = connect(DatabaseConfig(), Path(folder) / "server")
        try:
            initialise(engine)
            measure(tracker.base_url, server, engine, Path(folder) / "data", asked)
        finally:
            engine.dispose()
            server.stop()


def measure(base_url: str, server: EmbeddedServer, engine: Engine, data_dir: Path, asked: argparse.Namespace) -> None:
    """All ways in turn, the first of each round another one; the first crawl of all only logs in."""
    crawl(base_url, data_dir, "postgresql://nobody@127.0.0.1:1/none", lambda: None, 2, 10)
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(asked.rounds):
        for way in (*WAYS[number % 3 :], *WAYS[: number % 3]):
            with engine.begin() as connection:
                connection.execute(text("TRUNCATE ims.issues, ims.crawl_sessions CASCADE"))
            rates[way].append(rate(way, base_url, server, data_dir, asked.issues))
        line = ", ".join(f"{way} {rates[way][-1]:.1f}/s" for way in WAYS)
        sys.stdout.write(f"round {number + 1}: {line}\n")
    for way in WAYS[1:]:
        ratio = statistics.median(away / there for away, there in zip(rates[way], rates["there"], strict=True))
        sys.stdout.write(f"with a database that is {way}: {ratio:.2f} of the rate with one that is there\n")


def rate(way: str, base_url: str, server: EmbeddedServer, data_dir: Path, issues: int) -> float:
    """Issues a second of one crawl."""
    port = server.status().port
    assert port is not None
    with Wire(port) as wire:
        target = 1 if way == "absent" else wire.port
        url = f"postgresql://{OWNER}:{server.password(OWNER)}@127.0.0.1:{target}/{DATABASE}?sslmode=disable"
        known = len(list(session_folders(data_dir)))

        def fall_silent() -> None:
            """Once some issues are stored."""
            while len(sessions := list(session_folders(data_dir))) <= known or len(sessions[-1].issue_ids()) < 5:
                time.sleep(0.05)
            wire.silent.set()

        patience = 60 if way == "there" else 2
        session = crawl(base_url, data_dir, url, fall_silent if way == "silent" else lambda: None, patience, issues)
        assert session["exit_code"] == (0 if way == "there" else 6), session["exit_code"]
        return float(session["issues_crawled"]) * 1000 / float(session["crawl_time_ms"])


def crawl(
    base_url: str, data_dir: Path, database_url: str, meanwhile: Callable[[], Any], patience: int, issues: int
) -> dict[str, Any]:
    """One crawl to its end; what its session.json says. `patience`: seconds that its end waits for the database."""
    environment = {
        **os.environ,
        "IMS_BASE_URL": base_url,
        "IMS_USERNAME": "demo",
        "IMS_PASSWORD": "demo",
        "IMS_DATA_DIR": str(data_dir),
        "DATABASE_URL": database_url,
    }
    settings = ["-s", f"IMS_DATABASE_CLOSE_SECONDS={patience}"]
    arguments = ["-a", "product=OpenFrame", "-a", f"max_results={issues}", "-a", "related=0"]
    thread = threading.Thread(target=meanwhile, daemon=True)
    thread.start()
    command = [sys.executable, "-m", "scrapy", "crawl", "ims", *arguments, *settings]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return list(session_folders(data_dir))[-1].read_session()


if __name__ == "__main__":
    main()
