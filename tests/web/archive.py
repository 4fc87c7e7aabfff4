"""An archive in three languages with files, a long issue, an issue of a stranger who means harm, and two people."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from ims_spiders.db.projection import Projection
from ims_spiders.items import Attachment, Comment, HistoryEntry, RelatedIssue
from tests.db.factory import error, issue, session, session_uuid
from tests.report.archive import utc

KIM, LEE = session_uuid(1), session_uuid(2)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8ffff3f0005fe02fea7"
    "35815a0000000049454e44ae426082"
)
EVIL = (
    "<script>document.title='ran'</script>",
    '"><img src=x onerror="document.title=\'ran\'">',
    "</title></textarea></style><svg onload=\"document.title='ran'\">",
    "javascript:document.title='ran'",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe \x07 {{ 7 * 73991 }} {% raw %} &lt;b&gt;",
    "'; DROP TABLE issues; -- %s %(x)s",
)
DRAWING = b"""<svg xmlns="http://www.w3.org/2000/svg" onload="document.title='ran'"/>"""
LONG_TEXT = "wörter 글 文字 " * 60_000
COMMENTS = 500


def fill(engine: Engine, data_dir: Path) -> None:
    """Issues 1 to 3 speak of a deadlock in three languages, 4 is long, 11 and on are hostile; kim's and lee's."""
    projection = Projection(engine)
    projection.write_session(session(1, issues_crawled=4, original_query="교착 상태"))
    projection.write_issues(KIM, [*_three(data_dir), _long()])
    projection.write_errors(KIM, [error("the page came torn"), error("no answer", severity="warning")])
    projection.write_session(session(2, 60, username="lee", product=EVIL[0], original_query=EVIL[1], status="failed"))
    projection.write_issues(LEE, [_evil(number, one, data_dir) for number, one in enumerate(EVIL, 11)])
    with engine.begin() as connection:
        doubts = json.dumps({
            "suspicions": [
                {"monitor": "totals", "message": "12 issues found, 100 before"},
                {"monitor": "coverage", "message": "<b>template</b> changed"},
            ]
        })  # fmt: skip
        change = (
            "UPDATE ims.crawl_sessions SET is_suspicious = true, metadata = CAST(:m AS jsonb) WHERE status = 'failed'"
        )
        connection.execute(text(change), {"m": doubts})


def stored(data_dir: Path, issue_id: int, file_id: str, name: str, content: bytes, **more: Any) -> Attachment:
    """A file of an issue that lies in the data folder."""
    path = data_dir / "attachments" / str(issue_id) / f"{file_id}-{abs(hash(name))}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return Attachment(
        file_id, "ISSUE", name, downloaded=True, file_size=len(content), file_path=str(path.relative_to(data_dir)),
        sha256=hashlib.sha256(content).hexdigest(), **more,
    )  # fmt: skip


def _plain(number: int, **changes: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {"comments": [], "history": [], "attachments": [], "related": [], "fields": {}}
    return issue(number, 1, 1 if number < 10 else 2, **{**nothing, **changes})


def _three(data_dir: Path) -> list[dict[str, Any]]:
    return [
        _plain(
            1, title="Batch ends with a deadlock", product="OpenFrame Batch", status="Open",
            registered_date=utc(2025, 3, 1), customer="Another Bank", fields={"Subject": "Batch", "Site": "site17"},
            description="Two jobs wait for each other.\n\n<b>Not bold</b>",
            comments=[Comment(101, "Casey O'Mock", "casey@example.com", utc(2025, 3, 2), "Which lock order?")],
            history=[HistoryEntry(utc(2025, 3, 3), "kim", None, "status_change", "Status", "New", "Open", "to Open")],
            attachments=[
                stored(data_dir, 1, "5", "lock trace.log", b"waits for T1\n", extracted_text="waits for T1"),
                stored(data_dir, 1, "6", "screen.png", PNG),
                Attachment("7", "ISSUE", "lost.zip", download_error="status 404"),
            ],
            related=[RelatedIssue("2", "relation", "old title"), RelatedIssue("999", "patch", "elsewhere")],
        ),
        _plain(
            2, title="배치 처리 중 교착 상태", product="JEUS", status="Closed", registered_date=utc(2025, 4, 1),
            closed_date=utc(2025, 5, 1), description="두 작업이 서로 기다립니다. 교착 상태입니다.",
            attachments=[stored(data_dir, 2, "5", "잠금 기록.log", "교착 상태 기록\n".encode())],
        ),
        _plain(
            3, title="バッチのデッドロック", product="Tibero", status="Open", registered_date=utc(2025, 5, 1),
            description="二つのジョブが互いに待つ。デッドロックが発生。",
            attachments=[stored(data_dir, 3, "5", "ロック記録.log", "デッドロック記録\n".encode())],
        ),
    ]  # fmt: skip


def _long() -> dict[str, Any]:
    return _plain(
        4, title="A long story", status="Open", description="d" * 30_000,
        comments=[Comment(1000 + n, "kim", None, _second(n), _words(n)) for n in range(COMMENTS)],
        history=[HistoryEntry(_second(n), "kim", description=f"step {n}") for n in range(300)],
        attachments=[Attachment("8", "ISSUE", "dump.txt", extracted_text=LONG_TEXT, text_extracted=True)],
    )  # fmt: skip


def _words(number: int) -> str:
    return f"word {number}" if number else "e" * 9_000


def _second(number: int) -> datetime:
    return utc(2025, 1, 1, 0, number // 60, number % 60)


def _evil(number: int, evil: str, data_dir: Path) -> dict[str, Any]:
    moment = utc(2024, 1, number)
    texts = dict.fromkeys(
        ("title", "product", "status", "description", "reporter", "owner", "version", "module", "customer", "site",
         "priority", "severity", "issue_type", "handler", "manager", "project_name", "error_code"), evil,
    )  # fmt: skip
    return _plain(
        number, **texts, url="javascript:document.title='ran'", registered_date=moment, fields={evil: evil},
        comments=[Comment(number, evil, evil, moment, evil, evil)],
        history=[HistoryEntry(moment, evil, evil, "status_change", evil, evil, evil, evil)],
        attachments=[
            stored(data_dir, number, "5", f"{evil}.svg", DRAWING, extracted_text=evil),
            stored(data_dir, number, "6", f"{evil}.png", DRAWING),
            Attachment("7", "PATCH", evil, source=evil, download_error=evil),
        ],
        related=[RelatedIssue("1", "relation", evil, evil, evil, evil), RelatedIssue("998", "patch", evil, evil, evil)],
    )  # fmt: skip
