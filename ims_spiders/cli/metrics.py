"""`ims metrics`: the archive's figures for Prometheus, served over HTTP or printed once."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Annotated

import typer

from ims_spiders.cli.output import say
from ims_spiders.exceptions import ConfigurationError


def metrics(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Where to serve; 0: any free port.")] = 9631,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where to listen; it asks nobody who they are.")
    ] = "127.0.0.1",
    once: Annotated[bool, typer.Option("--once", help="Print the figures and end.")] = False,
) -> None:
    """Tell a Prometheus how the archive is.

    Sessions, crawls under way, the last success of each product, the database, queue
    and schedules, looked up anew for each question. Starts nothing. --once is for the
    textfile collector of a node_exporter.

    \b
    ims metrics
    ims metrics --once > /var/lib/node_exporter/ims.prom.tmp
    """
    from prometheus_client import CollectorRegistry, generate_latest

    from ims_spiders.cli.metrics_collector import ArchiveCollector
    from ims_spiders.config import load_database_config, load_tracker_config

    registry = CollectorRegistry()
    registry.register(ArchiveCollector(load_tracker_config(), load_database_config()))
    if once:
        sys.stdout.write(generate_latest(registry).decode())
        return
    from prometheus_client import start_http_server

    try:
        server, thread = start_http_server(port, host, registry)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        message = f"cannot serve on {host} port {port} ({reason}): give another one with --port or --host"
        raise ConfigurationError(message) from error
    say(f"Serving on http://{host}:{server.server_port}/metrics. Ctrl-C ends it.")
    _wait_for_signal()
    server.shutdown()
    server.server_close()
    thread.join()


def _wait_for_signal() -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
