"""Small helpers that write HTML safely."""

from __future__ import annotations

from html import escape as _escape


def text(value: object) -> str:
    """A value as HTML text."""
    return _escape(str(value), quote=False)


def attribute(value: object) -> str:
    """A value as the content of a double-quoted attribute."""
    return _escape(str(value), quote=True)


def script_string(value: object) -> str:
    """A value as a single-quoted JavaScript string, safe inside a double-quoted HTML attribute."""
    quoted = str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return "'" + quoted.replace("&", "&amp;").replace('"', "&quot;").replace("<", "\\x3c").replace(">", "\\x3e") + "'"


def editor_text(value: str) -> str:
    """A value as the rich-text editor of the tracker writes it: with entities for @ and the apostrophe too."""
    return text(value).replace("@", "&#64;").replace("'", "&#39;")


def hidden(name: str, value: object) -> str:
    """A hidden input with the same id and name."""
    return f'<input type="hidden" id="{attribute(name)}" name="{attribute(name)}" value="{attribute(value)}"/>'
