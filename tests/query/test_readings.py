"""Sentences in three languages are read as their files say."""

from __future__ import annotations

import pytest

from ims_spiders.query import SURE_ENOUGH, QueryReader
from tests.query.readings import TODAY, Expected, expected

ALL = list(expected())
LANGUAGES = {"en": "en", "ko": "ko", "ja": "ja"}


def test_there_are_enough_of_each_language() -> None:
    for language in LANGUAGES:
        own = [one for one in ALL if one.file == language]
        assert len(own) >= 50
        assert len({one.text for one in own}) == len(own)


@pytest.mark.parametrize("case", ALL, ids=str)
def test_reading(reader: QueryReader, case: Expected) -> None:
    reading = reader.read(case.text, TODAY)
    assert reading.ims_query == case.ims_query
    assert reading.original_query == case.text
    assert (reading.product or "") == case.said.get("product", "")
    assert ",".join(reading.status) == case.said.get("status", "")
    assert str(reading.since or "") == case.said.get("since", "")
    assert str(reading.until or "") == case.said.get("until", "")
    assert (reading.confidence >= SURE_ENOUGH) == (case.said.get("sure", "yes") == "yes")
    if "lang" in case.said:
        assert reading.language == case.said["lang"]
    if "method" in case.said:
        assert reading.method == case.said["method"]
    if reading.method == "direct":
        assert reading.confidence == 1


@pytest.mark.parametrize("case", [one for one in ALL if one.ims_query], ids=str)
def test_what_comes_out_is_taken_as_it_stands(reader: QueryReader, case: Expected) -> None:
    again = reader.read(case.ims_query, TODAY)
    assert (again.method, again.ims_query) == ("direct", case.ims_query)
