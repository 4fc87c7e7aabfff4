"""The session's record: the keys of session.json, which are the columns of crawl_sessions and some more. No I/O."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ims_spiders.db.files import SessionFolder
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.extensions.outcome import Outcome
from ims_spiders.extensions.statistics import SessionStatistics
from ims_spiders.items import SCHEMA_VERSION, utc_milliseconds
from ims_spiders.query import Reading
from ims_spiders.spiders.arguments import SpiderArguments

Record = dict[str, Any]


def new_record(
    uuid: str, username: str, arguments: SpiderArguments, started_at: datetime, folder: SessionFolder, workers: int
) -> Record:
    """The record of a session that begins: state `running`, all figures zero, its query not read yet."""
    everything = not arguments.query
    return {
        "schema": SCHEMA_VERSION,
        "session_uuid": uuid,
        "username": username,
        "product": arguments.product or None,
        "original_query": arguments.query,
        "parsed_query": "" if everything else None,
        "query_language": None,
        "parsing_method": "direct" if everything else None,
        "parsing_confidence": 1.0 if everything else None,
        "intent_filtered": False,
        "max_results": arguments.max_results,
        "crawl_related": arguments.related,
        "max_depth": arguments.max_depth,
        "refresh": arguments.refresh,
        "status": "running",
        "started_at": utc_milliseconds(started_at),
        "completed_at": None,
        "duration_seconds": None,
        "total_issues_found": 0,
        "issues_crawled": 0,
        "attachments_downloaded": 0,
        "failed_issues": 0,
        "related_issues": 0,
        "search_time_ms": None,
        "crawl_time_ms": None,
        "avg_issue_time_ms": None,
        "parallel_workers": workers,
        "data_path": f"sessions/{folder.path.name}",
        "exit_code": None,
        "close_reason": None,
        "is_suspicious": False,
        "metadata": {
            "arguments": arguments.model_dump(mode="json", exclude={"resume", "database"}),
            "runs": [{"started_at": utc_milliseconds(started_at)}],
        },
    }


def read_record(record: Record, reading: Reading, product: str) -> Record:
    """The record with what the query was read as, and the product that holds of the argument and the reading.

    `metadata.query` is the whole reading, so that the database has its filters, too.
    """
    whole = {**reading.to_json(), "intent_filtered": reading.intent_filtered}
    return {
        **record,
        "product": product or None,
        "parsed_query": reading.ims_query,
        "query_language": reading.language,
        "parsing_method": reading.method,
        "parsing_confidence": reading.confidence,
        "intent_filtered": reading.intent_filtered,
        "metadata": {**record["metadata"], "query": whole},
    }


def stored_reading(record: Record) -> Reading | None:
    """How an earlier run of this session read its query; None when none did, or when there is none to be read.

    Sessions from before sentences were read passed their query on as it stood. Raises ConfigurationError for a record
    that somebody has broken.
    """
    stored = record["metadata"].get("query")
    query = record.get("original_query")
    if stored is None:
        if query and record.get("parsing_method") == "direct":
            return Reading(query, query, "en", "direct", 1.0, explanation="taken as it stands, as when it began")
        return None
    try:
        return _reading().validate_python(stored)
    except ValidationError as error:
        name = record.get("data_path")
        message = f"{name}/session.json does not say how its query was read; start a new crawl ({error.error_count()})"
        raise ConfigurationError(message) from error


@cache
def _reading() -> TypeAdapter[Reading]:
    return TypeAdapter(Reading)


def resumed_record(record: Record) -> Record:
    """The stored record of a session, going on: `running` again, with one more run."""
    runs = [*record["metadata"]["runs"], {"started_at": utc_milliseconds(datetime.now(UTC))}]
    # What was doubtful may be mended by this run.
    metadata = {name: value for name, value in record["metadata"].items() if name != "suspicions"}
    return {
        **record,
        "status": "running",
        "completed_at": None,
        "exit_code": None,
        "close_reason": None,
        "is_suspicious": False,
        "metadata": {**metadata, "runs": runs},
    }


def end_record(
    record: Record,
    folder: SessionFolder,
    statistics: SessionStatistics,
    outcome: Outcome,
    reason: str,
    stats: dict[str, Any],
) -> Record:
    """The record of a session that ends; figures of earlier runs of it are added up."""
    ended_at = datetime.now(UTC)
    runs = list(record["metadata"]["runs"])
    began = datetime.fromisoformat(runs[-1]["started_at"])
    seconds = round((ended_at - began).total_seconds(), 3)
    runs[-1] = {**runs[-1], "completed_at": utc_milliseconds(ended_at), "seconds": seconds, "close_reason": reason}
    issue_ids = folder.issue_ids()
    earlier_related = 0 if len(runs) == 1 else record["related_issues"]
    return {
        **record,
        "status": outcome.status,
        "completed_at": utc_milliseconds(ended_at),
        "duration_seconds": round(sum(run.get("seconds", 0.0) for run in runs), 3),
        "total_issues_found": statistics.total_issues_found or record["total_issues_found"],
        "issues_crawled": len(issue_ids),
        "attachments_downloaded": record["attachments_downloaded"] + statistics.attachments_downloaded,
        "failed_issues": len(statistics.failed),
        "related_issues": earlier_related + statistics.related_issues,
        **{name: value if value is not None else record[name] for name, value in statistics.times().items()},
        "exit_code": outcome.exit_code,
        "close_reason": reason,
        "metadata": {**record["metadata"], "runs": runs, "scrapy": _plain(stats)},
    }


def _plain(stats: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in sorted(stats.items())
        if isinstance(value, (int, float, str, datetime))
    }
