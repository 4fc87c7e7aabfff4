"""Calls in script text: the literal arguments of a named function, and the alerts that a page shows on its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from parsel import Selector

from ims_spiders.pages.document import Element

_STRING = r"""'(?:[^'\\\n]|\\.)*+'|"(?:[^"\\\n]|\\.)*+\""""
_LITERAL = re.compile(rf"\s*(?:(?P<string>{_STRING})|(?P<number>-?\d[\d.]*))\s*(?P<end>[,)])", re.DOTALL)
_NO_ARGUMENTS = re.compile(r"\s*\)")
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(\r\n|.))", re.DOTALL)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
_TOKEN = re.compile(
    rf"(?P<string>{_STRING})|//[^\n]*|/\*.*?\*/|(?P<function>\bfunction\s+[\w$]+\s*\([^)]*\)\s*\{{)"
    r"|(?P<open>\{)|(?P<close>\})|(?P<alert>(?<![\w$])alert\s*\()",
    re.DOTALL,
)


class Call(NamedTuple):
    """A call in an element's attribute, such as its onclick."""

    element: Element
    arguments: list[str]


def unquote_string(literal: str) -> str:
    """The value of a JavaScript string literal, its quotes included in `literal`."""

    def replace(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        if code:
            return chr(min(int(code, 16), 0x10FFFF))
        return _CONTROLS.get(found[4], found[4])

    value = _ESCAPE.sub(replace, literal[1:-1])
    # Two escapes may be the halves of one character; a half without its other one is no character.
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def calls(source: str, function: str) -> list[list[str]]:
    """The arguments of each call of `function`, when all of them are strings or numbers; other calls are left out."""
    found = []
    for start in re.finditer(rf"(?<![\w$]){re.escape(function)}\s*\(", source):
        arguments = _arguments(source, start.end())
        if arguments is not None:
            found.append(arguments)
    return found


def _arguments(source: str, position: int) -> list[str] | None:
    if _NO_ARGUMENTS.match(source, position):
        return []
    arguments: list[str] = []
    while literal := _LITERAL.match(source, position):
        arguments.append(literal["number"] or unquote_string(literal["string"]))
        if literal["end"] == ")":
            return arguments
        position = literal.end()
    return None


def attribute_calls(selector: Selector, function: str) -> Iterator[Call]:
    """Each call of `function` in an attribute of the selected elements and those below, in page order."""
    for item in selector.xpath(f"descendant-or-self::*[@*[contains(., '{function}')]]"):
        for value in item.root.attrib.values():
            # Browsers undo percent-encoding in a javascript: address, and only there.
            source = unquote(value) if value.strip().lower().startswith("javascript:") else value
            for arguments in calls(source, function):
                yield Call(item.root, arguments)


def alerts(selector: Selector) -> list[str]:
    """The messages of alerts that the page shows by itself: not those inside a named function. '' if not literal."""
    sources = selector.xpath("//script/text() | //@onload").getall()
    return [message for source in sources for message in _alerts(source)]


def _alerts(source: str) -> Iterator[str]:
    inside: list[bool] = []
    for token in _TOKEN.finditer(source):
        if token["function"] or token["open"]:
            inside.append(bool(token["function"]))
        elif token["close"] and inside:
            inside.pop()
        elif token["alert"] and not any(inside):
            arguments = _arguments(source, token.end())
            yield arguments[0] if arguments else ""
