"""The archive's figures in the form of prometheus_client: looked up anew for each question."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ims_spiders.cli.status_look import suspicious
from ims_spiders.config import DatabaseConfig, TrackerConfig
from ims_spiders.db.metrics import HELP, Figure, database_figures, file_figures
from ims_spiders.db.status import Sessions, SessionState, running
from ims_spiders.exceptions import ImsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

DATABASE_SECONDS = 8.0
"""For all that is asked of the database: a question to this exporter has its own limit, mostly ten seconds."""


class ArchiveCollector(Collector):
    """Asks files and database, one question at a time; a database that is away costs its own figures only."""

    def __init__(self, tracker: TrackerConfig, database: DatabaseConfig):
        self._tracker = tracker
        self._database = database
        self._sessions = Sessions(tracker.data_dir)
        self._one_at_a_time = threading.Lock()

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing is looked up only to be registered."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every metric that has a value now."""
        with self._one_at_a_time:
            figures = list(self._figures())
        families: dict[str, GaugeMetricFamily] = {}
        for figure in figures:
            family = families.get(figure.name)
            if family is None:
                labels = [figure.label[0]] if figure.label else []
                family = families[figure.name] = GaugeMetricFamily(
                    f"ims_{figure.name}", HELP[figure.name], labels=labels
                )
            family.add_metric([figure.label[1]] if figure.label else [], figure.value)
        yield from families.values()

    def _figures(self) -> Iterator[Figure]:
        states = self._sessions.look()
        yield from file_figures(states, running(states), self._tracker.data_dir)
        yield Figure("sessions_suspicious", len(suspicious(states)))
        if self._database.use_database:
            yield from self._ask_database(states)

    def _ask_database(self, states: Sequence[SessionState]) -> Iterator[Figure]:
        from sqlalchemy.exc import SQLAlchemyError

        from ims_spiders.db.embedded import EmbeddedServer
        from ims_spiders.db.engine import connect, uses_embedded

        if uses_embedded(self._database):
            runs = EmbeddedServer(self._tracker.data_dir).status().running
            yield Figure("database_embedded_running", runs)
            if not runs:
                return
        try:
            engine = connect(self._database, self._tracker.data_dir, start_embedded=False)
            try:
                figures = self._look_into(engine, states)
            finally:
                engine.dispose()
        except (ImsError, SQLAlchemyError):
            yield Figure("database_up", 0)
            return
        yield Figure("database_up", 1)
        yield from figures

    def _look_into(self, engine: Engine, states: Sequence[SessionState]) -> list[Figure]:
        from ims_spiders.db.schema import is_initialised
        from ims_spiders.db.watchdog import Watchdog

        schema = self._database.schema_name
        with Watchdog(engine).limit(DATABASE_SECONDS):
            return list(database_figures(engine, states, schema)) if is_initialised(engine, schema) else []
