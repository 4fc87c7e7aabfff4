"""Where the words of a query stand in a text: in any spelling by which the database finds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice, pairwise

from ims_spiders.search.folding import fold

Span = tuple[int, int]

MOST = 1000
"""Places of one term: a log of megabytes may hold it in every line."""

_UNIT = re.compile(
    r"(?P<latin>[0-9a-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02c1\u0370-\u10ff]+)"
    r"|(?P<cjk>[\uac00-\ud7a3\u3041-\u30fc\u3400-\u9fff\uf900-\ufaff\u3005\U00020000-\U0003134f]+)"
)
_PARTICLES = "이|가|을|를|은|는|의|에|로|으로|도|와|과|が|を|は|に|の|で|と|も|へ"
# Between the words of a compound, and between its characters, which people space as they like.
_GAP = rf"(?:(?:{_PARTICLES})?\s*)"
_VERBS = {"지": "지짐진질져졌", "되": "되됨된될돼됐", "리": "리림린릴려렸", "기": "기김긴길겨겼"}
_TAIL = re.compile(rf"(?<=[\uac00-\ud7a3]{{2}})(?:{_PARTICLES}|에서|까지|부터)$")


def marks(text: str, terms: Iterable[str]) -> list[tuple[Span, int]]:
    """The places of the terms in a text, in order and without overlaps: (begin, end) with the term's number.

    Of each term the first MOST.
    """
    folded = fold(text)
    found: list[tuple[Span, int]] = []
    for number, term in enumerate(terms):
        pattern = _pattern(term)
        if pattern is not None:
            places = (match.span() for match in pattern.finditer(folded.text) if match[0])
            found += [(folded.span(*place), number) for place in islice(places, MOST)]
    found.sort(key=lambda entry: (entry[0][0], -entry[0][1]))
    return _apart(found)


def _apart(found: Sequence[tuple[Span, int]]) -> list[tuple[Span, int]]:
    """Of places that overlap, the first and longest."""
    kept: list[tuple[Span, int]] = []
    for (start, end), number in found:
        if not kept or start >= kept[-1][0][1]:
            kept.append(((start, end), number))
    return kept


@lru_cache(maxsize=4096)
def _pattern(term: str) -> re.Pattern[str] | None:
    """What finds a term; None for a term without letters and digits."""
    units = [(match.lastgroup, match[0]) for match in _UNIT.finditer(_TAIL.sub("", fold(term.strip()).text))]
    if not units:
        return None
    parts = [_latin(unit) if kind == "latin" else _characters(unit) for kind, unit in units]
    joints = [r"[\s\W_]{0,3}" if "latin" in (left, right) else _GAP for (left, _), (right, _) in pairwise(units)]
    body = parts[0] + "".join(joint + part for joint, part in zip(joints, parts[1:], strict=True))
    return re.compile(_edges(units, body))


def _edges(units: list[tuple[str | None, str]], body: str) -> str:
    """Latin words begin where words begin; a single syllable is a word of its own."""
    if units[0][0] == "latin":
        return rf"(?<![0-9a-z]){body}"
    if len(units) == 1 and len(units[0][1]) == 1:
        return rf"(?<![\uac00-\ud7a3\u30a1-\u30fc\u4e00-\u9fff]){body}"
    return body


def _latin(word: str) -> str:
    """A number whatever zeros it begins with; a word with whatever ending it takes."""
    if word.isdigit():
        return rf"0*{word.lstrip('0') or '0'}(?![0-9])"
    if not word.isalpha() or len(word) < 4:
        return re.escape(word)
    stem = re.sub(r"(?:ing|ed|es|s|e|y)$", "", word) if len(word) > 4 else word
    return rf"{re.escape(stem)}[a-z]{{0,4}}"


def _characters(run: str) -> str:
    first, last = run[:-1], run[-1]
    ending = next((forms for forms in _VERBS.values() if last in forms), last) if len(run) > 1 else last
    return _GAP.join([*map(re.escape, first), f"[{ending}]" if len(ending) > 1 else re.escape(last)])
