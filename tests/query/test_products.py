"""Products: those of the file, those of the tracker's list, and what only looks like one."""

from __future__ import annotations

import pytest

from ims_spiders.query import QueryReader
from tests.query.readings import TODAY


@pytest.fixture(scope="module")
def listed() -> QueryReader:
    return QueryReader(["OpenFrame AIM", "OpenFrame OSC", "Quarzo", "Quarzo Mini", "티맥스소프트로"])


@pytest.mark.parametrize(
    ("text", "product", "ims_query"),
    [
        ("오픈프레임에서 데드락", "OpenFrame", "데드락"),
        ("オープンフレームのデッドロック", "OpenFrame", "デッドロック"),
        ("티베로의 데드락", "Tibero", "데드락"),
        ("티베로 데드락을", "Tibero", "데드락"),
        ("TIBERO deadlock issues", "Tibero", "deadlock"),
        ("OpenFrame Batch issues about sort", "OpenFrame Batch", "sort"),
        ("OpenFrame 배치에서 소트", "OpenFrame Batch", "소트"),
        ("JEUS서버가 죽는 이슈", "JEUS", "+서버 +죽는"),
    ],
)
def test_names(reader: QueryReader, text: str, product: str, ims_query: str) -> None:
    reading = reader.read(text, TODAY)
    assert (reading.product, reading.ims_query) == (product, ims_query)


@pytest.mark.parametrize("text", ["find JEUS_HOME", "/opt/Tibero/bin를 찾아줘", "find 'JEUS crash'", "find jeusadmin"])
def test_what_is_no_product(reader: QueryReader, text: str) -> None:
    assert reader.read(text, TODAY).product is None


def test_the_trackers_own_list(listed: QueryReader, reader: QueryReader) -> None:
    text = "quarzo mini crashes since 2025-10"
    assert reader.read(text, TODAY).product is None
    assert listed.read(text, TODAY).product == "Quarzo Mini"
    assert listed.read("Quarzo에서 데드락", TODAY).product == "Quarzo"
    assert listed.read("티맥스소프트로 이슈", TODAY).product == "티맥스소프트로"
    assert listed.read("openframe issues", TODAY).product == "OpenFrame"


def test_the_beginning_of_several_listed_ones_is_a_name() -> None:
    assert QueryReader(["Zed One", "Zed Two"]).read("find crashes of zed", TODAY).product == "Zed"
    assert QueryReader(["Zed One"]).read("find crashes of zed", TODAY).product is None
