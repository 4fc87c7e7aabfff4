"""Fixture folders: reading the input, and what each kind of page makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from ims_spiders.items import issue_document
from ims_spiders.pages.issue import IssuePage
from ims_spiders.pages.login import LoginPage
from ims_spiders.pages.patches import PatchListPage
from ims_spiders.pages.relations import parse_relations
from ims_spiders.pages.search import SearchPage, SearchResultsPage

ROOT = Path(__file__).parent.parent / "fixtures" / "pages"
"""One folder a kind of page, in it one a case: input.html or input.json, meta.json, and what is expected."""

Meta = dict[str, Any]
Outcome = dict[str, Any]


def _issue(text: str, meta: Meta) -> Outcome:
    page = IssuePage(text, meta["url"], meta.get("timezone", "Asia/Seoul"))
    return {**issue_document(page.to_item()), "patch_lists": [asdict(call) for call in page.patch_lists()]}


def _login(text: str, meta: Meta) -> Outcome:
    page = LoginPage(text, meta["url"])
    return {"action": page.action, "fields": page.fields, "refusal": page.refusal}


def _results(text: str, meta: Meta) -> Outcome:
    page = SearchResultsPage(text, meta["url"])
    return {"total": page.total, "hits": [asdict(hit) for hit in page.hits]}


def _relations(text: str, meta: Meta) -> Outcome:
    return {"related": [asdict(item) for item in parse_relations(text, meta["issue_id"], meta["content_type"])]}


KINDS: dict[str, Callable[[str, Meta], Outcome]] = {
    "issue": _issue,
    "login": _login,
    "patches": lambda text, meta: {"related": [asdict(item) for item in PatchListPage(text, meta["url"]).related()]},
    "relations": _relations,
    "results": _results,
    "search": lambda text, meta: asdict(SearchPage(text, meta["url"]).form()),
}


def cases() -> list[str]:
    """Every `<page>/<case>`, sorted."""
    return sorted(str(path.parent.relative_to(ROOT)) for path in ROOT.glob("*/*/meta.json"))


@cache
def read_input(case: str) -> tuple[str, Meta]:
    """The page's text and what is known of it besides."""
    folder = ROOT / case
    (path,) = folder.glob("input.*")
    return path.read_bytes().decode(), json.loads((folder / "meta.json").read_bytes())


@cache
def outcome(case: str) -> Outcome:
    """What the page object makes of the page, as values that JSON can hold. Raises what the page object raises."""
    text, meta = read_input(case)
    result = KINDS[case.partition("/")[0]](text, meta)
    return json.loads(json.dumps(result))  # type: ignore[no-any-return]


def expected(case: str) -> Outcome | None:
    """The content of expected.json; None when there is none."""
    path = ROOT / case / "expected.json"
    return json.loads(path.read_bytes()) if path.exists() else None


def expected_exception(case: str) -> tuple[str, str] | None:
    """Class name and a part of the text of the exception that is expected; None when there is none."""
    path = ROOT / case / "expected_exception.txt"
    if not path.exists():
        return None
    name, _, part = path.read_text().strip().partition(": ")
    return name, part
