"""Related issues: the JSON list that the issue page asks for by script."""

from __future__ import annotations

import json
import re
from typing import Any

from ims_spiders.exceptions import NotLoggedIn, UnexpectedPage
from ims_spiders.items import RelatedIssue
from ims_spiders.pages.document import parse_html
from ims_spiders.pages.signin import is_login_page
from ims_spiders.pages.text import collapse
from ims_spiders.pages.urls import tracker_url

_ISSUE_ID = re.compile(r"[0-9]{1,12}")


def relations_url(base_url: str, issue_id: str) -> str:
    """Where the related issues of an issue are listed."""
    return tracker_url(base_url, "/ims/issue/findRelationIssues.do", [("issueId", issue_id)])


def parse_relations(text: str, issue_id: str, content_type: str = "") -> list[RelatedIssue]:
    """The issues related to `issue_id`, each once, itself left out.

    Raises NotLoggedIn when the login page came instead, UnexpectedPage for anything that is no list of relations.
    """
    related: dict[str, RelatedIssue] = {}
    for entry in _entries(text, issue_id, content_type):
        for item in _related(entry, issue_id):
            known = related.setdefault(item.issue_id, item)
            if known.title is None and item.title is not None:
                related[item.issue_id] = item
    return list(related.values())


def _related(entry: Any, issue_id: str) -> list[RelatedIssue]:
    """The issues that an entry names besides `issue_id`. What it tells is of the first of them."""
    if not isinstance(entry, dict) or not ("issueId" in entry or "relationIssueId" in entry):
        raise UnexpectedPage(f"related issues of {issue_id}: an entry without issueId: {str(entry)[:200]}")
    numbers = [_number(entry.get(name), issue_id) for name in ("issueId", "relationIssueId")]
    others = list(dict.fromkeys(number for number in numbers if number and number != issue_id))
    told = RelatedIssue(
        issue_id="",
        source="relation",
        title=_text(entry.get("subject")),
        product=_text(entry.get("productName")),
        status=_text(entry.get("statusName")),
        hierarchy=_text(entry.get("relationIssueHier")),
    )
    items = [RelatedIssue(issue_id=other, source="relation") for other in others]
    if items:
        told.issue_id = items[0].issue_id
        items[0] = told
    return items


def _number(value: Any, issue_id: str) -> str | None:
    """An issue's number, given as a number or in digits; None for nothing or 0."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    if not _ISSUE_ID.fullmatch(text):
        raise UnexpectedPage(f"related issues of {issue_id}: not an issue number: {text[:80]!r}")
    return text.lstrip("0") or None


def _text(value: Any) -> str | None:
    return (collapse(str(value)) or None) if isinstance(value, str | int | float) else None


def _entries(text: str, issue_id: str, content_type: str) -> list[Any]:
    source = text.lstrip("\ufeff \t\r\n")
    if source.startswith("<"):
        if is_login_page(text, ""):
            raise NotLoggedIn(f"related issues of {issue_id}: the login page came instead; the session has expired")
        # A browser shows JSON as a page with the text in one <pre>.
        source = parse_html(text).xpath("string(//body/pre)").get() or ""
    try:
        value = json.loads(source)
    except (ValueError, RecursionError) as error:
        kind = content_type or "no content type"
        raise UnexpectedPage(f"related issues of {issue_id}: not JSON ({kind}): {source[:120]!r}") from error
    if isinstance(value, dict):
        lists = [part for part in value.values() if isinstance(part, list)]
        value = lists[0] if len(lists) == 1 else None
    if not isinstance(value, list):
        raise UnexpectedPage(f"related issues of {issue_id}: not a list: {source[:120]!r}")
    return value
