"""Spidermon's monitors for a crawl that ends: each says what is doubtful about its figures."""

from __future__ import annotations

from typing import Any, ClassVar

from spidermon import Monitor, MonitorSuite  # type: ignore[import-untyped]
from spidermon.decorators import monitors  # type: ignore[import-untyped]
from spidermon.results.monitor import MonitorResult  # type: ignore[import-untyped]
from spidermon.runners import MonitorRunner  # type: ignore[import-untyped]

from ims_spiders.extensions.monitors_figures import Figures

SHOWN = 4
"""Fields that a message names; the rest is counted."""


class FiguresMonitor(Monitor):  # type: ignore[misc]
    """Has the figures at hand."""

    @property
    def figures(self) -> Figures:
        """Those of the crawl that ends."""
        figures: Figures = self.data.figures
        return figures


@monitors.name("coverage")
class CoverageMonitor(FiguresMonitor):
    """Fields that issues no longer have: the tracker's template has changed."""

    def test_fields(self) -> None:
        """No field is filled in far fewer issues than in the last crawls for the same."""
        fallen = list(self.figures.fallen())
        named = [f"{name} {now:.0%} after {usual:.0%}" for name, usual, now in fallen[:SHOWN]]
        more = f" and {len(fallen) - SHOWN} more" if len(fallen) > SHOWN else ""
        if fallen:
            self.fail(f"far fewer issues than usual have these fields: {', '.join(named)}{more}")


@monitors.name("totals")
class TotalsMonitor(FiguresMonitor):
    """What was listed, found and done does not match."""

    def test_listed(self) -> None:
        """As many hits as the tracker declares."""
        figures = self.figures
        if figures.listed is not None and figures.wanted is not None and figures.listed < figures.wanted:
            self.fail(f"the tracker declares {figures.declared} results, {figures.listed} could be listed")

    def test_done(self) -> None:
        """Every issue that was found came to an end."""
        figures = self.figures
        if figures.done < figures.found:
            self.fail(f"{figures.found} issues were found, {figures.done} were dealt with")

    def test_usual(self) -> None:
        """Not a tenth of what the same search found the last times."""
        figures = self.figures
        if figures.listed is not None and figures.usual_total >= 10 and figures.listed <= figures.usual_total / 10:
            self.fail(f"the search lists {figures.listed} issues, the last times it was {figures.usual_total:.0f}")


@monitors.name("pages")
class PagesMonitor(FiguresMonitor):
    """Pages that are not what they should be."""

    def test_unread(self) -> None:
        """At most a few pages in quarantine."""
        figures = self.figures
        if figures.unread >= 3 and figures.unread >= 0.05 * figures.found:
            self.fail(f"{figures.unread} pages could not be read and lie in quarantine/")


@monitors.name("tracker")
class TrackerMonitor(FiguresMonitor):
    """A tracker that answers only after many attempts."""

    def test_retries(self) -> None:
        """At most a fifth of the requests is repeated."""
        figures = self.figures
        if figures.retries >= 20 and figures.retries > 0.2 * figures.requests:
            self.fail(f"{figures.retries} of {figures.requests} requests had to be repeated")

    def test_logins(self) -> None:
        """A session lasts."""
        if self.figures.logins > 3:
            self.fail(
                f"{self.figures.logins} logins were needed: the tracker ends sessions, or somebody shares the login"
            )


class CrawlSuite(MonitorSuite):  # type: ignore[misc]
    """All of them."""

    monitors: ClassVar[list[Any]] = [CoverageMonitor, TotalsMonitor, PagesMonitor, TrackerMonitor]


class Verdict(MonitorResult):  # type: ignore[misc]
    """What the monitors said: `suspicions` for session.json, `broken` monitors for the log."""

    def __init__(self) -> None:
        super().__init__()
        self.suspicions: list[dict[str, str]] = []
        self.broken: list[str] = []

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802 - unittest's name
        """A monitor found something."""
        super().addFailure(test, err)
        self.suspicions.append({"monitor": test.monitor_name, "message": str(err[1])})

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802 - unittest's name
        """A monitor is broken, which says nothing of the crawl."""
        super().addError(test, err)
        self.broken.append(f"{test.name}: {type(err[1]).__name__}: {err[1]}")


class VerdictRunner(MonitorRunner):  # type: ignore[misc]
    """Spidermon's runner, whose result is a Verdict. `run(suite, figures=…)`."""

    def create_result(self) -> Verdict:
        """What run() returns."""
        return Verdict()
