"""The command line as a whole: its commands, and what an error that reaches the top becomes."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated

import typer

from ims_spiders.cli import (
    analytics,
    crawl,
    database,
    demo,
    doctor,
    history,
    metrics,
    query,
    report,
    schedule,
    search,
    serve,
    status,
)
from ims_spiders.cli.output import volume, warn
from ims_spiders.exceptions import (
    ConfigurationError,
    DatabaseBehind,
    ImsError,
    LoginRefused,
    StorageError,
    TrackerUnavailable,
)

EXIT_CODES: dict[type[ImsError], int] = {
    ConfigurationError: 2,
    LoginRefused: 3,
    StorageError: 4,
    DatabaseBehind: 6,
    TrackerUnavailable: 8,
}

app = typer.Typer(
    name="ims",
    help="Copy an IMS issue tracker into an archive of files and a PostgreSQL database.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    # Its tracebacks show the values of local variables, passwords among them.
    pretty_exceptions_enable=False,
    # Plain help: half the time to start, and it reads well in a file.
    rich_markup_mode=None,
)
app.command("analytics")(analytics.analytics)
app.command("crawl")(crawl.crawl)
app.command("demo")(demo.demo)
app.command("demo-tracker")(demo.demo_tracker)
app.command("doctor")(doctor.doctor)
app.command("metrics")(metrics.metrics)
app.command("query", context_settings={"ignore_unknown_options": True})(query.query)
app.command("report")(report.report)
app.command("search")(search.search)
app.command("status")(status.status)
app.command("serve")(serve.serve)
app.add_typer(database.app, name="db")
app.add_typer(history.app, name="history")
app.add_typer(schedule.app, name="schedule")


class _Debug:
    """Whether tracebacks are wanted; set once by the option, read when something goes wrong."""

    wanted = False


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"ims_spiders {version('ims-spiders')}\n")
        raise typer.Exit


@app.callback()
def options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what is logged, too.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no notes: warnings and errors only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """What holds for every command."""
    del version  # answered by its callback
    _Debug.wanted = debug
    volume.quiet, volume.verbose = quiet, verbose
    if verbose:
        from ims_spiders.cli.verbose import log_to_stderr

        log_to_stderr()


def run() -> None:
    """Run the command line. Errors become a message on stderr and an exit code; tracebacks come with --debug only."""
    try:
        app()
    except ImsError as error:
        _explain(error, str(error))
        sys.exit(next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), 1))
    except Exception as error:  # noqa: BLE001 - the last line of defence of a command line
        _explain(error, _message(error))
        sys.exit(1)


def _explain(error: BaseException, message: str) -> None:
    from ims_spiders.login.redaction import configured_redaction

    clean = configured_redaction().clean
    if _Debug.wanted:
        sys.stderr.write(clean("".join(traceback.format_exception(error))))
    else:
        warn(f"Error: {clean(message)}")


def _message(error: Exception) -> str:
    """One line about an error that no command expected, without a password in it."""
    from sqlalchemy.exc import SQLAlchemyError

    from ims_spiders.db.engine import safe_message

    if isinstance(error, SQLAlchemyError):
        return f"the database says: {safe_message(error)}. See `ims doctor`."
    return f"{type(error).__name__}: {safe_message(error)}. `ims --debug …` shows where."
