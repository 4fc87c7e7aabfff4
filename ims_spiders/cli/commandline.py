"""What to type for a crawl or a search, quoted for a shell."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ims_spiders.spiders.arguments import SpiderArguments


def crawl_command(arguments: SpiderArguments, user: str | None = None) -> str:
    """The `ims crawl` that does this; what is not said is the command's own default."""
    words = ["ims", "crawl"]
    if arguments.product:
        words += _option("-p", "--product", arguments.product)
    if arguments.query:
        words += _option("-q", "--query", arguments.query)
    words += ["-m", str(arguments.max_results)]
    if not arguments.related:
        words.append("--no-related")
    elif arguments.max_depth != 1:
        words += ["--max-depth", str(arguments.max_depth)]
    if arguments.refresh != "all":
        words += ["--refresh", arguments.refresh]
    return shlex.join(words + (_option("--user", "--user", user) if user else []))


def search_command(arguments: dict[str, Any], user: str | None = None) -> str:
    """The `ims search` that does this."""
    words = ["ims", "search"]
    if arguments.get("product"):
        words += _option("-p", "--product", str(arguments["product"]))
    if user:
        words += _option("--user", "--user", user)
    query = str(arguments.get("query") or "")
    return shlex.join([*words, *(["--"] if query.startswith("-") else []), query])


def _option(short: str, long: str, value: str) -> list[str]:
    """In one word where the value would be taken for an option."""
    return [f"{long}={value}"] if value.startswith("-") else [short, value]
