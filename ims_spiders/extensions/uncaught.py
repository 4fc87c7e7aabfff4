"""What nobody caught is told without secrets: Python prints it past every log."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

from ims_spiders.login.redaction import configured_redaction


def tell_cleanly() -> None:
    """Have Python's own reports, of the program and of its threads, and logs that nobody takes be free of secrets."""
    # Who has put something of their own there wants to know.
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _of_program
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _of_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _of_cleaning_up
    if logging.lastResort is not None and not logging.lastResort.filters:
        logging.lastResort.addFilter(lambda record: configured_redaction().filter(record))


def _say(error: BaseException | None, headline: str) -> None:
    if sys.stderr is None or error is None:
        return
    told = "".join(traceback.format_exception(error))
    sys.stderr.write(configured_redaction().clean(f"{headline}{told}"))
    sys.stderr.flush()


def _of_program(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        _say(error, "")


def _of_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_type is not SystemExit:
        _say(told.exc_value, f"Exception in thread {told.thread.name if told.thread else '?'}:\n")


def _of_cleaning_up(told: Any) -> None:
    _say(told.exc_value, f"Exception ignored in {type(told.object).__name__}:\n")
