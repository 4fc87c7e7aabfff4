"""Targets: the grammar of queries, and reading whatever somebody asks."""

from __future__ import annotations

from functools import cache

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.query import QueryReader
from ims_spiders.query.grammar import parse, spaced, well_formed
from ims_spiders.query.normal import normalised
from tests.fuzz.source import Source
from tests.query.readings import TODAY, expected
from tests.query.test_properties import FUNCTIONS, said


@cache
def reader() -> QueryReader:
    """One for all: it changes nothing."""
    return QueryReader()


def query(data: bytes) -> None:
    """Parsed, printed and parsed again it is the same; in its canonical form, too."""
    asked = data.decode("utf-8", "replace")
    tree = parse(asked)
    assert str(tree) == asked
    canonical = spaced(tree.terms)
    again = parse(str(canonical))
    if well_formed(tree):
        assert again.terms == canonical.terms
    assert str(spaced(again.terms)) == str(canonical)


def reading(data: bytes) -> None:
    """Any text gives a reading or a ConfigurationError; the query that comes out is taken as it stands."""
    source = Source(data)
    asked = "".join(
        f"{source.choice(FUNCTIONS)} " if source.number(2) else source.text() for _ in range(source.number(9))
    )
    asked += source.rest().decode("utf-8", "replace")
    try:
        found = reader().read(asked, TODAY)
    except ConfigurationError:
        assert not normalised(asked)
        return
    assert normalised(asked)
    assert (found.method == "direct") == (found.confidence == 1)
    assert found.to_json()["original_query"] == asked
    if found.ims_query:
        again = reader().read(found.ims_query, TODAY)
        assert (again.method, again.ims_query) == ("direct", found.ims_query)
    for term in parse(found.ims_query).terms:
        for word in term.text.split():
            assert said(word) in said(asked), f"{word!r} is not in {asked!r}"


def reading_seeds() -> list[bytes]:
    """The sentences of the tests, and function words."""
    sentences = [b"\x00" + one.text.encode() for one in expected()]
    return sentences + [bytes([8, *([1, n] * 8)]) for n in range(0, len(FUNCTIONS), 3)]
