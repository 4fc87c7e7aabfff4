"""`ims demo` and `ims demo-tracker`: the whole path on invented data, and the tracker that it comes from."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from ims_spiders.cli.output import say
from ims_spiders.exceptions import ConfigurationError


def demo_tracker(  # noqa: PLR0913, PLR0917 - one parameter an option
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="On 127.0.0.1; 0: a free one.")] = 0,
    issues: Annotated[int, typer.Option("--issues", min=1, help="How many there are.")] = 320,
    faults: Annotated[
        list[str] | None,
        typer.Option("--faults", metavar="NAME[:PARAM=VALUE,...]", help="Switch a fault on; `list` shows them all."),
    ] = None,
    username: Annotated[str, typer.Option("--username", envvar="IMS_DEMO_USERNAME", help="Who may log in.")] = "demo",
    attachment_style: Annotated[
        str, typer.Option("--attachment-style", help="get, post, iframe, window_open, two_urls or issue_id.")
    ] = "get",
    latency: Annotated[float, typer.Option("--latency", min=0, help="Seconds before each answer.")] = 0.0,
    seed: Annotated[int, typer.Option("--seed", help="Another one gives other content.")] = 1,
    stop_with_stdin: Annotated[
        bool, typer.Option("--stop-with-stdin", help="End when standard input is closed, for programs that start it.")
    ] = False,
) -> None:
    """Serve a tracker that behaves like IMS.

    Prints its address and runs until Ctrl-C. The password is demo, or what IMS_DEMO_PASSWORD says.
    """
    from ims_spiders.demo.faults.plan import fault_help
    from ims_spiders.demo.server import DemoTracker, serve

    if faults == ["list"]:
        for name, meaning in fault_help():
            sys.stdout.write(f"{name:<20} {meaning}\n")
        return
    password = os.environ.get("IMS_DEMO_PASSWORD") or "demo"
    try:
        tracker = DemoTracker(
            port=port,
            issues=issues,
            seed=seed,
            faults=faults or (),
            username=username,
            password=password,
            attachment_style=attachment_style,
            latency=latency,
        )
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    if stop_with_stdin:
        threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
    try:
        serve(tracker, lambda ready: _announce(ready.base_url, username, quiet=stop_with_stdin))
    except OSError as error:
        raise ConfigurationError(f"port {port}: {error.strerror}; give another --port, or 0 for a free one") from error


def _announce(base_url: str, username: str, *, quiet: bool) -> None:
    sys.stdout.write(f"{base_url}\n")
    sys.stdout.flush()
    if not quiet:
        secret = "$IMS_DEMO_PASSWORD" if os.environ.get("IMS_DEMO_PASSWORD") else "demo"
        say(
            f"Serving. Crawl it with IMS_BASE_URL={base_url} IMS_USERNAME={username} IMS_PASSWORD={secret}; end: Ctrl-C"
        )


def _stop_at_end_of_input() -> None:
    # Not through sys.stdin: a thread that waits in it is a fatal error when the interpreter ends.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def demo() -> None:
    """Crawl the demo tracker and show what came of it.

    Everything goes to data/demo (or IMS_DATA_DIR), into files and an embedded PostgreSQL that keeps running.
    """
    from ims_spiders.cli.demorun import run_demo

    raise typer.Exit(run_demo(Path(os.environ.get("IMS_DATA_DIR") or "data/demo"), Path(sys.argv[0])))
