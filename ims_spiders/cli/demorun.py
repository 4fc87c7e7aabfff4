"""What `ims demo` does: tracker up, crawl, tracker down, and three queries to paste."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ims_spiders.cli.output import say
from ims_spiders.cli.runner import CrawlRequest, run_crawl
from ims_spiders.config import load_database_config
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import uses_embedded
from ims_spiders.exceptions import ImsError
from ims_spiders.login.browser import BrowserConfig

PORT = 8642
"""Taken when it is free, so that a second demo meets the same addresses and finds nothing changed."""
START_SECONDS = 30.0
FOREIGN = ("DATABASE_", "PG", "USE_DATABASE", "IMS_COOKIE_FILE", "IMS_ATTACHMENT_URL", "IMS_USER", "IMS_RENDER")
QUERIES = (
    (
        "Asked in Korean, found in three languages",
        "SELECT issue_id, round(score::numeric, 2) AS score, title\n  FROM ims.search_issues('메모리 부족', NULL, 5)",
    ),
    (
        "What the products are busy with",
        "SELECT product, count(*) AS issues, count(closed_date) AS closed\n"
        "  FROM ims.issues GROUP BY product ORDER BY issues DESC LIMIT 5",
    ),
    (
        "What the attached files say",
        "SELECT issue_id, filename, left(extracted_text, 30) AS text\n"
        "  FROM ims.attachments JOIN ims.issues USING (issue_pk)\n"
        "  WHERE text_extracted ORDER BY filename LIMIT 5",
    ),
)


def run_demo(data_dir: Path, command: Path) -> int:
    """Crawl and show; `command` is how `ims` was called. Returns the crawl's exit code. Leaves the database running.

    Raises ImsError when the tracker does not start, and what run_crawl raises.
    """
    psql = psql_command(data_dir, command)
    data_dir.mkdir(parents=True, exist_ok=True)
    with demo_tracker() as base_url:
        say(f"The demo tracker serves at {base_url}; crawling every product that begins with OpenFrame.")
        with settings_of_the_demo(base_url, data_dir):
            code = run_crawl(CrawlRequest(product="OpenFrame", database=True))
    if code == 0:
        show_next_steps(psql, data_dir, command)
    return code


@contextmanager
def demo_tracker() -> Iterator[str]:
    """A demo tracker in a child process; gives its address. It ends with the block, or with this process."""
    process, base_url = _start(PORT if _is_free(PORT) else 0)
    if not base_url:
        # Another program took the port at this moment.
        process, base_url = _start(0)
    with process:
        try:
            if not base_url:
                raise ImsError("the demo tracker did not start; `ims demo-tracker` alone says why")
            yield base_url
        finally:
            process.terminate()


def _start(port: int) -> tuple[subprocess.Popen[str], str]:
    """The child and its address; an empty one when it has ended or says nothing."""
    command = [sys.executable, "-m", "ims_spiders.cli", "demo-tracker", "--stop-with-stdin", "--port", str(port)]
    # A session of its own: Ctrl-C asks the crawl to stop, which then still needs its tracker.
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    base_url = process.stdout.readline().strip() if ready else ""
    if not base_url:
        process.kill()
        process.wait()
    return process, base_url


def _is_free(port: int) -> bool:
    """Whether a server can listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextmanager
def settings_of_the_demo(base_url: str, data_dir: Path) -> Iterator[None]:
    """The demo's settings and no other: a database or login of the user's must not meet invented data.

    The folder is changed as well, so that no .env is read.
    """
    folder, before = Path.cwd(), dict(os.environ)
    browser = BrowserConfig().browser
    for name in before:
        if name.startswith(FOREIGN):
            del os.environ[name]
    os.environ |= {"IMS_BASE_URL": base_url, "IMS_USERNAME": "demo", "IMS_PASSWORD": "demo"}
    os.environ |= {"IMS_DATA_DIR": str(data_dir.absolute())} | ({"IMS_BROWSER": browser} if browser else {})
    os.chdir(data_dir)
    try:
        yield
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(before)


def psql_command(data_dir: Path, command: Path) -> str:
    """How to reach the demo's database from a shell in this folder, whatever database is configured there."""
    if uses_embedded(load_database_config()):
        return f"IMS_DATA_DIR={shlex.quote(str(data_dir))} {_shown(command)} db psql"
    return ""


def _shown(command: Path) -> str:
    """`ims` as it can be typed here."""
    if shutil.which("ims") and Path(shutil.which("ims") or "").samefile(command):
        return "ims"
    absolute = command.absolute()
    return shlex.quote(str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute))


def show_next_steps(psql: str, data_dir: Path, command: Path) -> None:
    """Three queries, and how to go on."""
    server = EmbeddedServer(data_dir)
    # With another database configured, `ims db psql` would go there.
    psql = psql or f"{shlex.quote(str(server.psql_path()))} {shlex.quote(server.dsn())}"
    sys.stdout.write("\nThree things to try; each can be pasted into a shell:\n")
    for meaning, query in QUERIES:
        sys.stdout.write(f'\n# {meaning}\n{psql} -c "\n  {query}"\n')
    name = shlex.quote(str(data_dir))
    if uses_embedded(load_database_config()):
        ims = f"IMS_DATA_DIR={name} {_shown(command)}"
        sys.stdout.write(
            "\nIn words of your own, with the places that say it, and as a report:\n"
            f'{ims} search "timeouts in OpenFrame"\n{ims} report -q "TPETIME" -o report.html\n'
        )
    sys.stdout.write(
        f"\nThe files are in {name}/sessions and {name}/attachments. The database keeps running;\n"
        f"to stop it: IMS_DATA_DIR={name} {_shown(command)} db stop\n"
        "Next, your own tracker: see “A real IMS” in README.md, then `ims doctor` and `ims crawl`.\n"
    )
