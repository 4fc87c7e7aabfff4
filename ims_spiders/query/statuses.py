"""Statuses that a sentence asks for: closed issues, 해결 안 된, 未解決."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ims_spiders.query.lexicon import Lexicon
from ims_spiders.query.normal import folded
from ims_spiders.query.status_patterns import JA_NOUN, KO_NOUN, status_patterns

# Every status of the tracker, in its order.
ALL = ("New", "Open", "Assigned", "Resolved", "Approved", "Rejected", "Postponed", "Closed", "Closed_P")

_KO_WORDS = re.compile(r"[가-힣]")
_NOT = re.compile(
    r"\b(?P<en>not|except(?: for)?(?: the)?|excluding(?: the)?|without(?: the)?|other than(?: the)?|no|non)[ -]+$", re.I
)
_NOT_AFTER = re.compile(
    rf"\s*(?:{KO_NOUN}들?(?:은|는|을|를)?|{JA_NOUN})?\s*(?:제외|빼고|말고|아닌|을 제외|以外|を除|は除|ではない|でない)"
)
_NOT_AFTER_TAIL = re.compile(
    r"(?:제외(?:하고|한|하면)?|빼고|말고|아닌|以外の?|を?除(?:く|いて|いた|外して|外)|は除(?:く|いて)|ではない|でない)(?:것만)?"
)


@dataclass(frozen=True, slots=True)
class StatusMention:
    """Statuses asked for, and where that is said."""

    statuses: tuple[str, ...]
    start: int
    end: int


class Statuses:
    """Finds statuses in the text of a sentence; quoted text must be blanked out before."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._meaning: dict[str, tuple[str, ...]] = {}
        strong: list[str] = []
        weak: list[str] = []
        for names, words in lexicon.statuses:
            statuses = tuple(name.strip() for name in names.split(","))
            for word in words:
                bare = word.removeprefix("~").strip()
                self._meaning[_key(bare)] = statuses
                (strong if word.startswith("~") else weak).append(bare)
        self._guard = lexicon.plain["ko/status_guard"]
        self._patterns = status_patterns(ALL, strong, weak, lexicon.plain["en/nouns"])

    def find(self, text: str) -> list[StatusMention]:
        """Every mention, none inside another."""
        found: list[StatusMention] = []
        for pattern in self._patterns:
            for match in pattern.finditer(text):
                if any(match.start() < other.end and other.start < match.end() for other in found):
                    continue
                if not self._guarded(text, match.start("name")):
                    found.append(self._mention(text, match))
        return found

    def _guarded(self, text: str, start: int) -> bool:
        """Whether the word before says that this is no status: 비정상 종료된, 異常終了した."""
        before = text[:start].rstrip()
        glued = before == text[:start]
        if glued and before and re.match(r"[가-힣一-鿿ァ-ヺー]", before[-1]) and not before.endswith(("의", "에서")):
            return True
        words = before.split()
        return bool(words) and words[-1] in self._guard

    def _mention(self, text: str, match: re.Match[str]) -> StatusMention:
        statuses: list[str] = []
        for word in _split(match["name"]):
            statuses.extend(self._statuses(word))
        start, end = match.span()
        if match.groupdict().get("lead") is not None:
            start = match.start("lead")
        before = _NOT.search(text, 0, match.start("name"))
        after = _NOT_AFTER.match(text, match.end("name"))
        if before or after:
            statuses = [name for name in ALL if name not in statuses]
            start = min(start, before.start()) if before else start
            if after:
                tail = _NOT_AFTER_TAIL.search(text, match.end("name"))
                end = max(end, tail.end() if tail else after.end())
        return StatusMention(tuple(name for name in ALL if name in statuses), start, end)

    def _statuses(self, word: str) -> tuple[str, ...]:
        exact = next((name for name in ALL if name.casefold() == word.casefold()), None)
        if exact == "Closed_P":
            return (exact,)
        return self._meaning.get(_key(word)) or ((exact,) if exact else ())


def _split(words: str) -> list[str]:
    return [word for word in re.split(r"\s*,\s*|\s+(?:and|or)\s+", words, flags=re.I) if word]


def _key(word: str) -> str:
    """Korean words compare without their blanks."""
    return folded(word).replace(" ", "") if _KO_WORDS.search(word) else folded(word)
