"""`ims query`: how a query is read, for people and, line by line, for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from ims_spiders.cli.output import AsJson, print_json, print_table
from ims_spiders.exceptions import ConfigurationError

if TYPE_CHECKING:
    from ims_spiders.query import Reading


def query(
    text: Annotated[list[str], typer.Argument(metavar="TEXT|-", help="The query; -: one a line from stdin.")],
    as_json: AsJson = False,
) -> None:
    """Show how a query is read; nothing is asked of the tracker.

    IMS syntax is taken as it stands: a b finds either, +a must be there, 'a b' is an exact phrase, 348115 an issue.
    Sentences in English, Korean and Japanese become that by rules, and what they say of products, statuses and times
    becomes filters. Below a confidence of 0.7 the language model of IMS_LLM_URL is asked, if that is set.

    \b
    ims query "find crashes or deadlocks in OpenFrame since last month"
    ims query "JEUS에서 타임아웃이나 데드락이 발생한 미해결 이슈 찾아줘"
    ims query "先週のTiberoのエラーとクラッシュを検索して"
    ims query --json "+error +'out of memory'"
    ims query - < queries.txt

    With - every line gives one JSON object on one line, at once; an empty line gives one with "error". Words of
    yours are added from text files in $IMS_DATA_DIR/lexicon, named as those in the package's query/lexicon.
    """
    if text == ["-"]:
        _read_lines(_Setup())
        return
    if text and text[0].startswith("--"):
        raise ConfigurationError(f"there is no option {text[0]}; `ims query --help` lists them")
    reading = _Setup().read(" ".join(_clean(part) for part in text))
    if as_json:
        print_json(reading.to_json())
    else:
        show_reading(reading)


class _Setup:
    """A reader as the settings want it, and the settings."""

    def __init__(self) -> None:
        from ims_spiders.config import load_tracker_config
        from ims_spiders.query.configured import configured_reader

        self._config = load_tracker_config()
        self._reader = configured_reader(self._config)

    def read(self, text: str) -> Reading:
        """How the text is read today. Raises ConfigurationError for an empty one."""
        from ims_spiders.query.configured import today_at

        return self._reader.read(text, today_at(self._config))


def _read_lines(setup: _Setup) -> None:
    """One query a line in, one JSON object a line out, each as soon as it is known."""
    for line in _lines():
        try:
            answer = setup.read(line).to_json()
        except ConfigurationError as error:
            answer = {"original_query": line, "error": str(error)}
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def _lines() -> Iterator[str]:
    """The lines of stdin, whatever bytes they hold."""
    for raw in sys.stdin.buffer:
        yield raw.decode("utf-8", errors="replace").rstrip("\r\n")


def _clean(text: str) -> str:
    """An argument that was no UTF-8, as text that can be printed."""
    return text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")


def show_reading(reading: Reading) -> None:
    """How it was read, as a table for people on stdout."""
    print_table(
        [
            ("IMS query", reading.ims_query or "(everything)"),
            ("product", reading.product),
            ("status", ", ".join(reading.status) or None),
            ("since", reading.since),
            ("until", f"{reading.until} (not included)" if reading.until else None),
            ("language", reading.language),
            ("method", reading.method),
            ("confidence", f"{reading.confidence:.2f}"),
            ("explanation", reading.explanation),
        ]
    )
