"""The templates: in HTML every value is escaped, in Markdown every value is escaped too and kept on its line."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import BaseLoader, Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from ims_spiders.report.text import excerpt, language, one_line, plain
from ims_spiders.report.times import day, duration, minute

_SPECIAL = re.compile(r"([\\`*_\[\]|~#!$])")
_BEGINS_A_BLOCK = re.compile(r"^(?:[-+=:]|\d{1,9}(?=[.)]))")


@cache
def html_environment() -> Environment:
    """Templates of pages. `style` is the style sheet."""
    made = Environment(loader=_loader(), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.filters.update(_filters())
    made.globals["style"] = Markup(_source("style.css"))  # noqa: S704 - a file of this package
    return made


@cache
def markdown_environment() -> Environment:
    """Templates of Markdown. What is put in is escaped, unless it is Markup; `fenced` makes that of many lines."""
    made = Environment(  # noqa: S701 - it is no HTML; finalize escapes
        loader=_loader(), finalize=_finalized, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    made.filters.update({**_filters(), "fenced": fenced, "link": _link})
    return made


def markdown_escaped(text: str) -> str:
    """The text on one line, such that Markdown shows it as it is: no markup, no HTML, no entity, no cell's end."""
    escaped = _SPECIAL.sub(r"\\\1", one_line(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _BEGINS_A_BLOCK.sub(lambda found: _unblocked(found[0]), escaped)


def fenced(text: str) -> Markup:
    """The text as it is, of many lines, between fences that it cannot close."""
    inside = plain(text)
    longest = max((len(run) for run in re.findall("`+", inside)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markup(f"{fence}text\n{inside}\n{fence}")  # noqa: S704 - nothing ends the fence


def _unblocked(beginning: str) -> str:
    return f"{beginning}\\" if beginning.isdigit() else f"\\{beginning}"


def _link(label: str, url: str | None) -> Markup:
    """A link of Markdown, or its label alone where there is no address."""
    text = markdown_escaped(label)
    if url is None:
        return Markup(text)  # noqa: S704 - escaped
    address = re.sub(r"[()<>\\\s\"'`*_\[\]|]", lambda found: f"%{ord(found[0]):02X}", url)
    return Markup(f"[{text}]({address.replace('&', '&amp;')})")  # noqa: S704 - escaped


def _finalized(value: Any) -> Any:
    return markdown_escaped(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _filters() -> dict[str, Any]:
    return {
        "day": lambda moment: day(moment) if isinstance(moment, datetime) else str(moment or ""),
        "minute": minute, "duration": duration, "excerpt": excerpt, "language": language,
        "grouped": lambda number: f"{number:,}",
    }  # fmt: skip


def _loader() -> BaseLoader:
    return FunctionLoader(_source)


def _source(name: str) -> str:
    return (resources.files("ims_spiders.report") / "templates" / name).read_text(encoding="utf-8")
