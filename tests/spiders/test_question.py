"""What the tracker is asked for: the query as it was read with the tracker's own list, the arguments, both together."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.query import Reading
from ims_spiders.spiders.arguments import SpiderArguments
from ims_spiders.spiders.asking import Search, search_for
from tests.query.endpoint import running_endpoint
from tests.spiders.simulated import STATUSES, Crawl, SimulatedTracker, prepare, run

DOUBTFUL = "timeout errors without license"


def first_page(crawl: Crawl) -> dict[str, list[str]]:
    """The parameters of the first page of results that was asked for."""
    return parse_qs(urlsplit(crawl.pages_of("pageIndex=1")[0]).query)


def nothing_found(**tracker: dict[str, str]) -> SimulatedTracker:
    return SimulatedTracker({}, **tracker)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sentence", "keyword", "products", "statuses"),
    [
        ("find crashes or deadlocks in OpenFrame", "crashes deadlocks", ["123", "137"], list(STATUSES)),
        ("Tibero에서 타임아웃이나 데드락이 발생한 종료된 이슈 찾아줘", "타임아웃 데드락", ["070"], ["8", "9"]),
        ("OpenFrame Batchのエラーとクラッシュを検索して", "+エラー +クラッシュ", ["123"], list(STATUSES)),
    ],
    ids=["en", "ko", "ja"],
)
def test_a_sentence_becomes_keyword_products_and_statuses(
    sentence: str, keyword: str, products: list[str], statuses: list[str]
) -> None:
    crawl = run(prepare(query=sentence), nothing_found())
    sent = first_page(crawl)
    assert sent["keyword"] == [keyword]
    assert sent["productCodes"] == products
    assert sent["activities"] == statuses
    (read,) = crawl.read
    assert (read["reading"].original_query, read["reading"].method) == (sentence, "rules")
    assert read["product"] == crawl.spider.search.product


@pytest.mark.parametrize("query", ["TPETIME +timeout", "'정확한 구' 348115", "+'out of memory'"])
def test_ims_syntax_is_taken_as_it_stands(query: str) -> None:
    crawl = run(prepare(query=query), nothing_found())
    sent = first_page(crawl)
    assert (sent["keyword"], sent["activities"]) == ([query], list(STATUSES))
    assert "productCodes" not in sent
    (read,) = crawl.read
    assert (read["reading"].method, read["reading"].confidence, read["product"]) == ("direct", 1, "")


def test_no_query_is_not_read() -> None:
    crawl = run(prepare(product="Tibero"), nothing_found())
    assert crawl.read == []
    assert crawl.spider.search == Search(product="Tibero")


def test_the_trackers_own_products_are_known() -> None:
    crawl = run(prepare(query="crashes in ZetaStore"), nothing_found(products={"7": "ZetaStore"}))
    sent = first_page(crawl)
    assert (sent["keyword"], sent["productCodes"]) == (["crashes"], ["7"])


def test_a_product_that_was_given_goes_before_the_querys(caplog: pytest.LogCaptureFixture) -> None:
    crawl = run(prepare(query="find crashes in OpenFrame", product="Tibero"), nothing_found())
    assert first_page(crawl)["productCodes"] == ["070"]
    assert crawl.read[0]["product"] == "Tibero"
    assert "names the product OpenFrame; the argument product=Tibero holds" in caplog.text
    caplog.clear()
    run(prepare(query="find crashes in Tibero", product="070"), nothing_found())
    assert "holds" not in caplog.text


def test_a_product_that_the_tracker_does_not_have_ends_the_crawl() -> None:
    crawl = run(prepare(query="find crashes in WebtoB"), nothing_found())
    (problem,) = crawl.problems
    assert isinstance(problem, ConfigurationError)
    assert "the query names a product: unknown product 'WebtoB'" in str(problem)
    assert crawl.pages_of("pageIndex") == []
    quoted = run(prepare(query="find crashes in 'WebtoB'"), nothing_found())
    assert quoted.problems == []
    assert "WebtoB" in first_page(quoted)["keyword"][0]
    (problem,) = run(prepare(query="find crashes in Tibero", product="WebtoB"), nothing_found()).problems
    assert str(problem).startswith("unknown product 'WebtoB'")


def test_statuses_that_the_tracker_does_not_know_are_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    some = run(prepare(query="closed issues"), nothing_found(statuses={"1": "New", "5": "CLOSED"}))
    assert first_page(some)["activities"] == ["5"]
    assert "asks for the statuses Closed, Closed_P; of those the tracker has CLOSED" in caplog.text
    none = run(prepare(query="closed issues"), nothing_found(statuses={"1": "New", "2": "Open"}))
    assert first_page(none)["activities"] == ["1", "2"]
    assert "every status is searched" in caplog.text


def test_how_a_query_is_read_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    run(prepare(query="find crashes in Tibero"), nothing_found())
    run(prepare(query=DOUBTFUL), nothing_found())
    said = {record.levelname: record.getMessage() for record in caplog.records if "The query" in record.getMessage()}
    assert "Product Tibero" in said["INFO"]
    assert "license" in said["WARNING"]


def test_a_session_that_goes_on_does_not_read_again() -> None:
    stored = Reading("last week", "", "en", "rules", 0.95, "Tibero", ("Closed",), date(2025, 1, 6), date(2025, 1, 13))
    crawl = prepare(query="last week")
    crawl.spider.reading = stored
    run(crawl, nothing_found())
    assert crawl.read == []
    assert crawl.spider.search == Search("", "Tibero", ("Closed",), date(2025, 1, 6), date(2025, 1, 13))


def test_a_language_model_is_asked_once_and_never_in_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    beats: list[float] = []

    async def beat() -> None:
        while True:
            beats.append(time.monotonic())
            await asyncio.sleep(0.01)

    with running_endpoint() as endpoint:
        endpoint.hangs = True
        monkeypatch.setenv("IMS_LLM_URL", endpoint.url)
        monkeypatch.setenv("IMS_LLM_MODEL", "small")
        monkeypatch.setenv("IMS_LLM_TIMEOUT", "1")
        crawl = prepare(query=DOUBTFUL)
        tracker = nothing_found()

        async def crawl_and_beat() -> None:
            task = asyncio.create_task(beat())
            (form,) = [one async for one in crawl.spider.start()]
            _ = [one async for one in crawl.spider.parse_search_form(tracker.answer(form))]
            task.cancel()

        asyncio.run(crawl_and_beat())
        assert len(beats) > 5, "other things went on while it was waited for"
        assert len(endpoint.requests) == 1
    assert crawl.read[0]["reading"].method == "rules"


@pytest.mark.parametrize(
    ("suggested", "method", "keyword"),
    [("+timeout", "llm", "+timeout"), ("", "rules", "+timeout +errors"), ("+other", "rules", "+timeout +errors")],
)
def test_a_language_model_that_was_asked_already_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, suggested: str, method: str, keyword: str
) -> None:
    with running_endpoint() as endpoint:
        endpoint.says("+license")
        monkeypatch.setenv("IMS_LLM_URL", endpoint.url)
        monkeypatch.setenv("IMS_LLM_MODEL", "small")
        crawl = run(prepare(query=DOUBTFUL, _suggested=suggested), nothing_found())
        assert endpoint.requests == []
        assert crawl.read[0]["reading"].method == method
        assert first_page(crawl)["keyword"] == [keyword]
        asked = run(prepare(query=DOUBTFUL), nothing_found())
        assert first_page(asked)["keyword"] == ["+license"]
        assert DOUBTFUL in json.dumps(endpoint.requests)


def test_words_of_the_users_own_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMS_DATA_DIR", str(tmp_path))
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / "products.txt").write_text("Tibero = 에크미\n", encoding="utf-8")
    crawl = run(prepare(query="에크미에서 데드락"), nothing_found())
    assert first_page(crawl)["productCodes"] == ["070"]
    (tmp_path / "lexicon" / "products.txt").write_text("nonsense\n", encoding="utf-8")
    (problem,) = run(prepare(query="에크미에서 데드락"), nothing_found()).problems
    assert isinstance(problem, ConfigurationError)
    assert "products.txt" in str(problem)


def test_without_a_reading_the_arguments_are_the_question() -> None:
    assert search_for(SpiderArguments(product="A"), None) == Search("", "A")
    reading = Reading("q", "+q", "en", "rules", 0.9, "B")
    assert search_for(SpiderArguments(query="q"), reading).product == "B"
    assert search_for(SpiderArguments(query="q", product="A"), reading).product == "A"
