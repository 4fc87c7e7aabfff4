"""What a finished crawl says: the session as a table, and the next step."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from ims_spiders.db.files import SessionFolder

MOST_ERRORS = 5
"""How many are shown; all are in errors.jsonl."""

_NEXT_STEPS = {
    0: "",
    1: "Something unexpected happened; the log of the session says what.",
    2: "A setting or argument is wrong; see above, and `ims doctor`.",
    3: "The tracker refused the login. Check the user name and password, then resume.",
    4: "The disk refused a write. Make room, then resume.",
    5: "Some issues or files could not be had. Ask for just those with: ims crawl --resume {uuid}",
    6: "All files are there, the database is behind. Make it equal with: ims db load {uuid}",
    7: "Interrupted. Go on with: ims crawl --resume {uuid}",
    8: "The tracker no longer answers. When it is back: ims crawl --resume {uuid}",
}

_DOUBTFUL = (
    "The crawl is complete, but its figures look wrong. Compare an issue of it with its page in a browser: if the "
    "tracker's pages have changed, a newer ims_spiders reads them; what stays so for three crawls counts as usual."
)


def print_summary(record: dict[str, Any], folder: SessionFolder, *, with_table: bool) -> None:
    """The session as a table on stdout; its errors and the next step on stderr. At most 80 columns wide."""
    if with_table:
        _console(stderr=False).print(session_table(record, folder))
    messages = _console(stderr=True)
    run = record["metadata"]["runs"][-1]
    for entry in errors_of_run(folder, run["started_at"])[:MOST_ERRORS]:
        messages.print(f"[red]{entry['error_type']}[/red] {_plain(entry['error_message'])}", overflow="fold")
    for suspicion in record["metadata"].get("suspicions") or ():
        messages.print(f"[yellow]suspicious[/yellow] {_plain(suspicion['message'])}", overflow="fold")
    if record.get("is_suspicious"):
        messages.print(_DOUBTFUL, overflow="fold", markup=False)
    step = _NEXT_STEPS.get(record["exit_code"] or 0, "").format(uuid=record["session_uuid"][:8])
    if step:
        messages.print(step, overflow="fold", markup=False)


def errors_of_run(folder: SessionFolder, since: str) -> list[dict[str, Any]]:
    """The errors (not the warnings) of the run that began at `since`, an ISO time in UTC."""
    return [one for one in folder.read_errors() if one["severity"] == "error" and one["occurred_at"] >= since]


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    console.width = min(console.width, 80)
    return console


def session_table(record: dict[str, Any], folder: SessionFolder) -> Table:
    """The session in two columns."""
    table = Table(title=f"Session {record['session_uuid'][:8]}", show_header=False, title_justify="left")
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    failed = record["failed_issues"]
    rows: list[tuple[str, Any]] = [
        ("State", record["status"] if not failed else f"{record['status']}, {failed} issues not whole"),
        ("Product", record["product"] or "all"),
        ("Query", record["original_query"] or "everything"),
        ("Found by the search", record["total_issues_found"]),
        ("Issues stored", f"{record['issues_crawled']} ({record['related_issues']} of them related)"),
        ("Attachments", record["attachments_downloaded"]),
        ("Time", f"{record['duration_seconds']:.1f} s, {_rate(record)}"),
        ("Folder", str(folder.path)),
    ]
    for name, value in rows:
        table.add_row(name, _plain(str(value)))
    return table


def _rate(record: dict[str, Any]) -> str:
    seconds = (record["crawl_time_ms"] or 0) / 1000
    return f"{record['issues_crawled'] / seconds:.1f} issues a second" if seconds else "no issue fetched"


def _plain(text: str) -> str:
    """Text as it is: brackets in a message are no markup."""
    return text.replace("[", r"\[")
