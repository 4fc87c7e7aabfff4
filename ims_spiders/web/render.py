"""Templates to answers: every value escaped, strangers' text without controls, a nonce for the charts' styles."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from ims_spiders.report.text import excerpt, language, one_line, plain, web_address
from ims_spiders.report.times import day, duration, minute
from ims_spiders.web.guard import POLICY

_STYLE = re.compile(r"<style\b")
_UNITS = ("bytes", "kB", "MB", "GB")


def page(template: str, status: int = 200, **values: Any) -> web.Response:
    """The answer that a template of this package makes of the values."""
    nonce = secrets.token_urlsafe(16)
    html = environment().get_template(template).render(nonce=nonce, **values)
    response = web.Response(text=html, content_type="text/html", charset="utf-8", status=status)
    if f'nonce="{nonce}"' in html:
        response.headers["Content-Security-Policy"] = POLICY.format(nonce=f" 'nonce-{nonce}'")
    return response


@cache
def environment() -> Environment:
    """Templates of pages."""
    made = Environment(
        loader=FunctionLoader(_source), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters.update(
        day=lambda moment: day(_local(moment)), minute=lambda moment: minute(_local(moment)), duration=duration,
        excerpt=excerpt, language=language, line=one_line, plain=plain, size=size, address=web_address,
        grouped=lambda number: f"{number:,}", styled=_styled, link=link,
    )  # fmt: skip
    return made


def link(path: str, parameters: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """An address of this server with parameters, some of them changed; those that are None or empty are left out."""
    wanted = {**(parameters or {}), **changes}
    query = urlencode({name: value for name, value in wanted.items() if value not in (None, "", (), [])}, doseq=True)
    return f"{path}?{query}" if query else path


def size(count: int | None) -> str:
    """Bytes for people: 17 bytes, 3.4 MB; empty when it is not known."""
    if count is None:
        return ""
    amount, unit = float(count), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{count} {'byte' if count == 1 else 'bytes'}"


def _styled(chart: Markup, nonce: str) -> Markup:
    """A chart of ours whose style sheet the page's policy lets in."""
    return Markup(_STYLE.sub(f'<style nonce="{nonce}"', str(chart)))  # noqa: S704 - made by report.charts


def _local(moment: datetime | None) -> datetime | None:
    return moment.astimezone() if moment is not None else None


def _source(name: str) -> str:
    return (resources.files("ims_spiders.web") / "templates" / name).read_text(encoding="utf-8")
