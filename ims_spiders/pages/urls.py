"""Addresses: what the tracker is asked for, and what is left of an address when nothing secret may stay in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urldefrag, urlencode, urljoin

CONTEXT = "/tody"
"""The path that everything of the tracker lies under."""

_SESSION_ID = re.compile(r";jsessionid=[^?#/;]*", re.IGNORECASE)


def tracker_url(base_url: str, path: str, parameters: Iterable[tuple[str, str]] = ()) -> str:
    """`path` under the tracker's context, whether or not `base_url` names the context already. Values as UTF-8."""
    base = base_url.rstrip("/").removesuffix(CONTEXT)
    query = urlencode(list(parameters), encoding="utf-8", errors="replace")
    return f"{base}{CONTEXT}{path}" + (f"?{query}" if query else "")


def clean_url(url: str) -> str:
    """The address without its fragment and without a session id, which some servers write into addresses."""
    return urldefrag(_SESSION_ID.sub("", url)).url


def absolute_url(base: str, reference: str) -> str | None:
    """`reference` as seen from the page `base`; None when it is no address at all."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return None
