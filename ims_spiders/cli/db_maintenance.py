"""`ims db cleanup` and `ims db refresh`: old sessions go, figures are worked out again."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ims_spiders.cli.archive import Archive, open_archive
from ims_spiders.cli.db_export import day as parse_day
from ims_spiders.cli.dbsettings import database_config
from ims_spiders.cli.output import AsJson, print_json, print_table, progress, say
from ims_spiders.cli.tables import size
from ims_spiders.exceptions import ConfigurationError

if TYPE_CHECKING:
    from ims_spiders.db.cleanup import Cleanup, Preview
    from ims_spiders.search.meaning_endpoint import Embedder
    from ims_spiders.search.meaning_refresh import MeaningRefreshed

STAYS = (
    "No issue is deleted, and no file: a session's folder stays, and `ims db load UUID` brings one back. "
    "Months of the audit trail are gone for good."
)


def cleanup(
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Sessions that began longer ago, as 90d.")
    ] = None,
    audit_older_than: Annotated[
        str | None,
        typer.Option("--audit-older-than", metavar="AGE", help="Months of the audit trail that ended longer ago."),
    ] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="Only that user's sessions.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be deleted.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete old sessions from the database.

    Their errors, queries and links go with them; issues, files and running sessions stay. Ages: 90d, 12w, 6m (months
    of 30 days), 1y. It shows what would go, and asks; without a terminal, and with --json, it needs --yes, or ends
    with exit code 2.
    """
    from ims_spiders.db.cleanup import clean_up, preview

    wanted = _wanted(older_than, audit_older_than, user)
    can_ask = sys.stdin.isatty() and not as_json
    with open_archive() as archive:
        found = preview(archive.engine, wanted, archive.schema)
        if not as_json:
            print_table(_rows(found))
        say("Nothing is as old as that." if found.is_empty else STAYS)
        agreed = not (found.is_empty or dry_run) and (yes or (can_ask and _agreed()))
        deleted = clean_up(archive.engine, wanted, archive.schema) if agreed else None
    if as_json:
        print_json({"would_delete": asdict(found), "deleted": asdict(deleted) if deleted else None})
    if deleted:
        months = f" and {len(deleted.audit_months)} months of the audit trail" if deleted.audit_months else ""
        say(f"{deleted.sessions} sessions{months} were deleted.")
    elif not (found.is_empty or dry_run or can_ask):
        raise ConfigurationError("nothing was deleted, since nobody could be asked: say --yes to delete this")


def _wanted(older_than: str | None, audit_older_than: str | None, user: str | None) -> Cleanup:
    from ims_spiders.db.cleanup import Cleanup, parse_age

    if older_than is None and audit_older_than is None:
        raise ConfigurationError("say how old: --older-than 90d, --audit-older-than 400d, or both")
    if user is not None and older_than is None:
        raise ConfigurationError("--user chooses sessions: give --older-than as well")
    if user is not None and audit_older_than is not None:
        raise ConfigurationError("the audit trail goes by whole months, everybody's: not with --user")
    return Cleanup(
        parse_age(older_than, "--older-than") if older_than is not None else None,
        parse_age(audit_older_than, "--audit-older-than") if audit_older_than is not None else None,
        user,
    )


def _rows(found: Preview) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = [
        (f"{row['status']} sessions", f"{row['sessions']}, of {row['oldest']:%Y-%m-%d} to {row['newest']:%Y-%m-%d}")
        for row in found.sessions
    ]
    if found.sessions:
        rows += [
            ("their sightings of issues", found.links),
            ("their errors", found.errors),
            ("their queries", found.queries),
        ]
    return rows + [(f"audit trail of {row['month']}", size(row["bytes"])) for row in found.audit_months]


def _agreed() -> bool:
    return typer.confirm("Delete this from the database?", err=True)


def refresh(
    day: Annotated[str | None, typer.Option("--day", metavar="DAY", help="Also this day anew, as 2026-03-01.")] = None,
    month: Annotated[str | None, typer.Option("--month", metavar="MONTH", help="Also this month, as 2026-03.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every day and month that has sessions, or had.")] = False,
    meaning: Annotated[
        bool, typer.Option("--meaning", help="Also the vectors of new and changed issues, by IMS_EMBEDDING_URL.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the statistics up to date.

    What came in late is worked out, and the materialized views are filled again. With --meaning the model of
    IMS_EMBEDDING_URL is given the texts of issues that are new or changed, for `ims search --meaning`; interrupted, it
    goes on from there the next time.
    """
    from ims_spiders.db.refresh import refresh as work_out

    days = [found for found in (parse_day(day, "--day"),) if found]
    months = [found for found in (_month(month),) if found]
    embedder = _embedder() if meaning else None
    with open_archive() as archive:
        done = work_out(archive.engine, days, months, everything, progress, archive.schema)
        embedded = _embed(archive, embedder) if embedder else None
    if as_json:
        print_json(asdict(done) | ({"meaning": asdict(embedded)} if embedded else {}))
    else:
        worked_out = f"{done.pending + len(done.days)} days and {len(done.months)} months were worked out anew"
        say(f"{worked_out}; the views are up to date.")
    if embedded and not as_json:
        say(
            f"{embedded.issues} issues were embedded by {embedded.model}, which has {embedded.passages} passages of "
            "the archive now."
        )


def _embedder() -> Embedder:
    from ims_spiders.search.meaning_endpoint import needed_embedder

    return needed_embedder()


def _embed(archive: Archive, embedder: Embedder) -> MeaningRefreshed:
    from ims_spiders.db.embedded import EmbeddedServer
    from ims_spiders.db.engine import uses_embedded
    from ims_spiders.search.meaning_refresh import refresh_meaning

    server = EmbeddedServer(archive.data_dir) if uses_embedded(database_config()) else None
    return refresh_meaning(archive.engine, embedder, progress, archive.schema, server)


def _month(value: str | None) -> date | None:
    """The first day of a month. Raises ConfigurationError for anything but YYYY-MM."""
    try:
        return None if value is None else parse_day(f"{value}-01", "--month")
    except ConfigurationError as error:
        raise ConfigurationError(f"--month: {value!r} is no month; it looks like 2026-03") from error
