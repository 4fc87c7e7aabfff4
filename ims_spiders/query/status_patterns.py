"""Where in a sentence a status is one: "closed issues", not "connection closed"; 종료된 이슈, not 종료된 프로세스."""

from __future__ import annotations

import re
from collections.abc import Iterable

KO_NOUN = r"(?:이슈|건(?!물|강|설)|것|거(?![가-힣])|티켓|문제|케이스|사례|요청|현상|버그|결함|장애|에러|오류)"
JA_NOUN = r"(?:課題|チケット|イシュー|案件|件|問題|もの|不具合|事例|バグ|障害)"
_EDGE = r"(?<![\w-])"
_WHERE = "in|on|by|since|during|before|after|about|for|with|last|this"
_SYMBOLS = (
    r"(?!\s+(?:symbols?|externals?|references?|imports?|address(?:es)?|functions?|modules?|names?|hosts?|dependenc))"
)


def status_patterns(
    names: Iterable[str], strong: list[str], weak: list[str], nouns: Iterable[str]
) -> list[re.Pattern[str]]:
    """Patterns whose group `name` is what statuses are called; `lead` is where the mention begins, if not at once.

    `strong` words are statuses wherever they stand, `weak` ones only beside a word for an issue (`nouns`).
    """
    exact = "|".join(map(re.escape, names))
    noun = "|".join(sorted(map(re.escape, nouns), key=len, reverse=True))
    sources = [*_english_patterns(exact, strong, weak, noun), *_other_patterns(exact, strong, weak)]
    return [re.compile(source, re.IGNORECASE) for source in sources]


def _english_patterns(exact: str, strong: list[str], weak: list[str], noun: str) -> list[str]:
    sure, unsure = _english(strong), _english(weak)
    between = r"(?:[ -]+(?!and\b|or\b|in\b|with\b|about\b)[\w.+-]+){0,3}"
    more = rf"(?:\s*(?:and|or|,)\s*(?:{unsure}))*"
    verb = r"(?:are|were|is|was|have been|has been|got)\s+(?:still\s+|already\s+)?"
    return [
        rf"{_EDGE}(?:in\s+|with\s+)?(?:status|state)\s*(?:is|=|:|of)?\s*(?P<name>{exact})\b",
        rf"{_EDGE}(?P<name>{exact})\s+(?:status|state)\b",
        rf"{_EDGE}(?:(?:that|which)\s+are\s+|are\s+)?(?P<name>{sure}){_SYMBOLS}(?![\w-])",
        rf"{_EDGE}(?P<name>(?:{unsure}){more}){_SYMBOLS}(?={between}[ -]+(?:{noun})\b)",
        rf"\b(?:{noun})\b[^.;]{{0,60}}?\b(?P<lead>that|which)\s+{verb}(?P<name>{unsure})(?![\w-])",
        rf"\b(?:{noun})\s+(?P<lead>)(?P<name>{unsure})(?=\s*$|\s{{2}}|\s+(?:{_WHERE})\b)",
        rf"\b(?:already|still|currently)\s+(?P<name>{unsure})(?![\w-])",
    ]


def _other_patterns(exact: str, strong: list[str], weak: list[str]) -> list[str]:
    sure, unsure = _others(strong), _others(weak)
    noun = rf"(?:{KO_NOUN}|{JA_NOUN})"
    product = r"(?:[A-Za-z]\w*(?:의|の)?\s*)?"
    far = r"\s(?:[^\s]+\s){1,3}이슈|\s*(?:[ァ-ヺー一-鿿A-Za-z]+の?){1,3}(?:課題|チケット|イシュー)"
    return [
        rf"(?:상태가|상태는|상태|ステータスが|ステータス|状態が)\s*[:=]?\s*(?P<name>{exact}|{unsure}|{sure})(?:인|の|である)?",
        rf"{_EDGE}(?P<name>{exact})\s*(?:인|상태인|상태의|상태|状態の|ステータスの|の)(?=\s*{noun})",
        rf"(?P<name>{sure})(?:\s*(?:상태의|상태인|の状態の|な|の))?",
        rf"(?P<name>{unsure})(?:\s*の)?(?=\s*{product}{noun})",
        rf"(?P<name>{unsure})(?:\s*の)?(?={far})",
    ]


def _english(words: list[str]) -> str:
    chosen = [word for word in words if word.isascii()]
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in sorted(chosen, key=len, reverse=True))


def _others(words: list[str]) -> str:
    chosen = [word for word in words if not word.isascii()]
    return "|".join(r"\s*".join(map(re.escape, word.split())) for word in sorted(chosen, key=len, reverse=True))
