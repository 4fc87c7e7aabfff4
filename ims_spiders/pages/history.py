"""The history of an issue page: who changed what, and when."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from parsel import Selector

from ims_spiders.items import HistoryEntry
from ims_spiders.pages.document import Element, has_class
from ims_spiders.pages.html import element_to_text
from ims_spiders.pages.tables import header_rows, headers_for
from ims_spiders.pages.text import collapse, label_key, shown_text
from ims_spiders.pages.values import parse_people, parse_time

_DATE_LABELS = (
    "date",
    "time",
    "registered date",
    "changed date",
    "modified date",
    "change date",
    "history date",
    "일자",
    "日付",
)
_USER_LABELS = (
    "user",
    "name",
    "registrant",
    "changed by",
    "modifier",
    "user name",
    "author",
    "writer",
    "사용자",
    "작성자",
)
_DETAIL_LABELS = (
    "details",
    "detail",
    "description",
    "contents",
    "content",
    "history",
    "change",
    "changes",
    "내용",
    "内容",
)
_CHANGE = re.compile(r"(?P<field>[^:：]{1,80}?)\s*[:：]\s*(?P<old>.*?)\s*(?:→|⇒|➔|->|=>)\s*(?P<new>.*)", re.DOTALL)
_ASSIGNED = frozenset(
    {"owner", "handler", "manager", "assignee", "assigned to", "담당자", "처리자", "관리자", "担当者"}
)
_COMMENT = re.compile(r"(?:new |add(?:ed)? )?(?:comment|action)\b", re.IGNORECASE)
_ATTACHMENT = re.compile(r"(?:new |add(?:ed)? )?(?:attach\w*|patch file|file)\b", re.IGNORECASE)


def parse_history(selector: Selector, zone: ZoneInfo) -> list[HistoryEntry]:
    """The rows of the history, the oldest first; rows of one time stay in the order they came in.

    A row is one entry. When it has several lines and each of them states a change, each line is an entry of its own.
    """
    section = selector.xpath("//*[@id='HistoriesDiv']")
    if not section:
        return []
    headers = header_rows(section[0], (*_DATE_LABELS, *_USER_LABELS, *_DETAIL_LABELS))
    headers = [row for row in headers if not _is_data(row)]
    rows = [
        row.root for row in section[0].xpath(f".//tr[{has_class('data')}][not(ancestor::tr[{has_class('data')}])][td]")
    ]
    start = _date_column(rows, zone)
    groups = [_entries(_columns(row, headers, start), zone) for row in rows]
    return [entry for group in _oldest_first(groups) for entry in group]


def _is_data(row: Element) -> bool:
    return "data" in (row.get("class") or "").split() and bool(row.xpath("./td"))


def _oldest_first(groups: list[list[HistoryEntry]]) -> list[list[HistoryEntry]]:
    times = [group[0].changed_at for group in groups]
    known = [moment for moment in times if moment]
    if known and known[0] > known[-1]:
        groups = groups[::-1]
    if len(known) < len(times):
        # A row without a time belongs between its neighbours, and sorting would tear it away from them.
        return groups
    return sorted(groups, key=lambda group: group[0].changed_at or known[0])


def _entries(cells: list[Element], zone: ZoneInfo) -> list[HistoryEntry]:
    date, user, details = cells
    person = parse_people(shown_text(user) if user is not None else "")
    moment = parse_time(shown_text(date), zone) if date is not None else None
    text = element_to_text(details) if details is not None else ""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    pieces = lines if len(lines) > 1 and all(map(_CHANGE.fullmatch, lines)) else [text]
    return [_entry(piece, HistoryEntry(moment, person.name, person.email, description=piece)) for piece in pieces]


def _columns(row: Element, headers: list[Element], start: int) -> list[Element]:
    """The cells with date, user and details, None for one that is not there; by their headers if there are any."""
    cells = list(row.iterchildren("td", "th"))
    names = [label_key(name) for name in headers_for(row, headers)]
    if len(names) == len(cells):
        wanted = (_DATE_LABELS, _USER_LABELS, _DETAIL_LABELS)
        by_name = list(zip(names, cells, strict=True))
        found = [next((cell for name, cell in by_name if name in labels), None) for labels in wanted]
        if any(cell is not None for cell in (found[0], found[2])):
            return found
    return [*cells[start : start + 3], None, None, None][:3]


def _date_column(rows: list[Element], zone: ZoneInfo) -> int:
    """The first column in which any row has a time: a number or a mark may stand before it."""
    cells = [(place, cell) for row in rows for place, cell in enumerate(row.iterchildren("td", "th"))]
    columns = [place for place, cell in cells if parse_time(shown_text(cell), zone)]
    return min(columns, default=0)


def _entry(text: str, entry: HistoryEntry) -> HistoryEntry:
    change = _CHANGE.fullmatch(text) if "\n" not in text else None
    if change:
        entry.field_name = collapse(change["field"])
        entry.old_value = collapse(change["old"]) or None
        entry.new_value = collapse(change["new"]) or None
    entry.change_type = _change_type(label_key(entry.field_name or ""), text)
    return entry


def _change_type(field: str, text: str) -> str:
    if field in {"status", "상태", "ステータス"}:
        return "status_change"
    if field in _ASSIGNED:
        return "assignment"
    if _COMMENT.match(field or text):
        return "comment"
    if _ATTACHMENT.match(field or text):
        return "attachment"
    return "update"
