"""The words that the rules know: text files in the package, to which a folder of the user's can add."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import product
from pathlib import Path
from typing import Literal

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.query.normal import folded
from ims_spiders.query.tokens import Role

Language = Literal["en", "ko", "ja"]

# File names and what their words do, the later before the earlier when a word is in several.
_ROLES: dict[str, Role] = {
    "stopwords": Role.DROP,
    "fillers": Role.FILLER,
    "requests": Role.DROP,
    "intents": Role.INTENT,
    "breaks": Role.BREAK,
    "and": Role.AND,
    "or": Role.OR,
    "both": Role.BOTH,
    "either": Role.EITHER,
    "negations": Role.NOT,
    "phrases": Role.EXACT_NEXT,
    "quoted": Role.EXACT_LAST,
    "expressions": Role.TERM,
}


@dataclass(frozen=True, slots=True)
class Particle:
    """What comes off the end of a Korean word, after which sounds, and what it does."""

    text: str
    after: str
    role: Role


@dataclass(slots=True)
class Words:
    """One language's words and their roles. `longest` is how far to look, in letters, in English in words."""

    roles: dict[str, Role] = field(default_factory=dict)
    longest: int = 0

    def add(self, word: str, role: Role, length: int) -> None:
        """Make a word known; the role that comes later holds."""
        self.roles[word] = role
        self.longest = max(self.longest, length)


@dataclass(slots=True)
class Lexicon:
    """Everything that the rules look up. `plain` holds the lists that give no role: their file's words."""

    en: Words = field(default_factory=Words)
    ko: Words = field(default_factory=Words)
    ja: Words = field(default_factory=Words)
    openers: Words = field(default_factory=Words)
    requests: Words = field(default_factory=Words)
    determiners: Words = field(default_factory=Words)
    particles: dict[str, Particle] = field(default_factory=dict)
    verb_endings: dict[str, Role] = field(default_factory=dict)
    plain: dict[str, frozenset[str]] = field(default_factory=dict)
    products: list[tuple[str, list[str]]] = field(default_factory=list)
    statuses: list[tuple[str, list[str]]] = field(default_factory=list)


class _Folders:
    """The package's files, and after each the file of that name in the user's folder."""

    def __init__(self, extra: Path | None) -> None:
        self._roots: list[Traversable] = [resources.files("ims_spiders.query").joinpath("lexicon")]
        if extra is not None and extra.is_dir():
            self._roots.append(extra)

    def lines(self, name: str) -> Iterator[str]:
        """Entries of a file such as ko/fillers.txt, without comments and empty lines."""
        for root in self._roots:
            path = root.joinpath(*name.split("/"))
            if not path.is_file():
                continue
            try:
                text = path.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigurationError(f"{path} cannot be read as UTF-8 text: {error}") from None
            stripped = (line.strip() for line in text.splitlines())
            yield from (line for line in stripped if line and not line.startswith("#"))


def load_lexicon(extra: Path | None = None) -> Lexicon:
    """The package's words and those of the folder `extra`, if there is one, which has files of the same names.

    Raises ConfigurationError for a file that is no UTF-8 text, or a line that does not have its file's form.
    """
    folders = _Folders(extra)
    lexicon = Lexicon()
    for name, role in _ROLES.items():
        for line in folders.lines(f"en/{name}.txt"):
            if name != "requests":
                lexicon.en.add(folded(line), role, len(line.split()))
        for language, words in (("ko", lexicon.ko), ("ja", lexicon.ja)):
            for line in folders.lines(f"{language}/{name}.txt"):
                key = "".join(folded(line).split())
                words.add(key, role, len(key))
    _load_openings(folders, lexicon)
    _load_korean(folders, lexicon)
    for line in folders.lines("ja/particles.txt"):
        text, role_name = _fields(line, 2, "ja/particles.txt")
        lexicon.ja.add(text, _role(role_name, line), len(text))
    for name in (
        "en/negatives",
        "en/nouns",
        "ko/short_nouns",
        "ko/protected",
        "ko/nouns",
        "ko/status_guard",
        "ko/failing",
    ):
        lexicon.plain[name] = frozenset(map(folded, folders.lines(f"{name}.txt")))
    lexicon.products = [_named(line, "products.txt") for line in folders.lines("products.txt")]
    lexicon.statuses = [_named(line, "statuses.txt") for line in folders.lines("statuses.txt")]
    return lexicon


def _load_openings(folders: _Folders, lexicon: Lexicon) -> None:
    for name, words in (
        ("openers", lexicon.openers),
        ("requests", lexicon.requests),
        ("determiners", lexicon.determiners),
    ):
        for line in folders.lines(f"en/{name}.txt"):
            words.add(folded(line), Role.DROP, len(line.split()))


def _load_korean(folders: _Folders, lexicon: Lexicon) -> None:
    endings = ["" if ending == "=" else ending for ending in folders.lines("ko/endings.txt")]
    for verb, ending in product(folders.lines("ko/verbs.txt"), endings):
        key = "".join((verb + ending).split())
        lexicon.ko.add(key, Role.DROP, len(key))
    for line in folders.lines("ko/particles.txt"):
        text, after, role_name = _fields(line, 3, "ko/particles.txt")
        if after not in {"any", "open", "closed", "open-l"}:
            raise ConfigurationError(f"ko/particles.txt: {line!r} has no known second word: any, open, closed, open-l")
        lexicon.particles[text] = Particle(text, after, _role(role_name, line))
    for line in folders.lines("ko/light_verbs.txt"):
        text, role_name = _fields(line, 2, "ko/light_verbs.txt")
        lexicon.verb_endings[text] = _role(role_name, line)


def _fields(line: str, count: int, name: str) -> list[str]:
    found = line.split()
    if len(found) != count:
        raise ConfigurationError(f"{name}: {line!r} should be {count} words")
    return found


def _role(name: str, line: str) -> Role:
    known = {"break": Role.BREAK, "join": Role.JOIN, "and": Role.AND, "or": Role.OR}
    if name not in known:
        raise ConfigurationError(f"particles: {line!r} does not end with one of {', '.join(known)}")
    return known[name]


def _named(line: str, name: str) -> tuple[str, list[str]]:
    """A line such as `Tibero = 티베로, ティベロ`."""
    left, equals, right = line.partition("=")
    if not equals or not left.strip():
        raise ConfigurationError(f"{name}: {line!r} should look like: name = other name, other name")
    return left.strip(), [word.strip() for word in right.split(",") if word.strip()]
