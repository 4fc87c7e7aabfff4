"""A language model is asked when the rules are not sure, and believed only as far as its answer is checked."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ims_spiders.query import QueryReader, Reading
from ims_spiders.query.chat import Chat, ChatError
from ims_spiders.query.llm import LanguageModel, checked
from ims_spiders.query.reader import ModelError
from tests.query.endpoint import Endpoint, running_endpoint
from tests.query.readings import TODAY

DOUBTFUL = "JEUS에서 테스트 제외하고 타임아웃 에러나 데드락 보여줘"
KEY = "sk-very-secret-0123456789"


@pytest.fixture(scope="module")
def server() -> Iterator[Endpoint]:
    with running_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(server: Endpoint) -> Endpoint:
    fresh = Endpoint(url=server.url)
    server.__dict__.update(fresh.__dict__)
    return server


def read(endpoint: Endpoint, text: str = DOUBTFUL, key: str | None = None, timeout: float = 5.0) -> Reading:
    model = LanguageModel(Chat(endpoint.url, "small", key, timeout))
    return QueryReader(model=model).read(text, TODAY)


def test_the_rules_are_not_sure_of_it(reader: QueryReader) -> None:
    assert reader.read(DOUBTFUL, TODAY).confidence < 0.7


def test_a_good_answer_is_taken_and_the_filters_stay(endpoint: Endpoint) -> None:
    endpoint.says("타임아웃   데드락")
    reading = read(endpoint)
    assert (reading.method, reading.ims_query, reading.product) == ("llm", "타임아웃 데드락", "JEUS")
    assert reading.confidence == 0.75
    assert reading.original_query == DOUBTFUL
    assert "language model" in reading.explanation


def test_what_it_is_asked(endpoint: Endpoint) -> None:
    read(endpoint, key=KEY)
    asked = endpoint.requests[0]
    assert asked["model"] == "small"
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]
    assert asked["messages"][1]["content"] == DOUBTFUL
    assert endpoint.paths == ["/v1/chat/completions"]
    assert endpoint.keys == [f"Bearer {KEY}"]


@pytest.mark.parametrize("text", ["find error and crash", "+에러 데드락", "TPETIME timeout"])
def test_it_is_not_asked_when_the_reading_is_sure(endpoint: Endpoint, text: str) -> None:
    assert read(endpoint, text).method != "llm"
    assert endpoint.requests == []


@pytest.mark.parametrize(
    "content", ['```json\n{"ims_query": "+타임아웃 데드락"}\n```', 'Here: {"ims_query":"+타임아웃 데드락"}']
)
def test_talk_around_the_answer_is_borne(endpoint: Endpoint, content: str) -> None:
    endpoint.content = content
    assert read(endpoint).ims_query == "+타임아웃 데드락"


@pytest.mark.parametrize(
    "query",
    [
        "timeout",  # a translation
        "타임아웃 장애",  # a word of its own
        "타임아웃 OR 데드락",
        "타임아웃 -테스트",
        "타임아웃; DROP TABLE issues",
        "title:타임아웃",
        "타임아웃*",
        "'타임아웃 데드락'",  # does not stand so in the question
        "'타임아웃",
        "++타임아웃",
        "+",
        "",
        "   ",
        "JEU",  # a part of a word
        "타임아웃\n데드락\u0000",
        "타임아웃 " * 200,
        "찾아줘",
        "타임아웃이나",
        None,
        7,
        ["타임아웃"],
    ],
)
def test_an_answer_that_the_question_does_not_hold_is_refused(
    endpoint: Endpoint, query: object, reader: QueryReader
) -> None:
    endpoint.says(query)
    by_rules = reader.read(DOUBTFUL, TODAY)
    reading = read(endpoint)
    assert (reading.method, reading.ims_query) == ("rules", by_rules.ims_query)
    assert reading.confidence == by_rules.confidence
    assert reading.explanation.startswith(by_rules.explanation)
    assert "The language model was of no help: " in reading.explanation


@pytest.mark.parametrize(
    "content", ["", "timeout", "{", "[]", '{"query": "타임아웃"}', '"타임아웃"', "{" * 5000, None, 5]
)
def test_an_answer_that_is_no_json_is_refused(endpoint: Endpoint, content: object) -> None:
    endpoint.content = content
    assert read(endpoint).method == "rules"


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"<html>", b"{}", b'{"choices": []}', b"[" * 100000, b'{"a":1' + b" " * (2 << 20)]
)
def test_garbage_is_borne(endpoint: Endpoint, body: bytes) -> None:
    endpoint.body = body
    reading = read(endpoint)
    assert reading.method == "rules"
    assert "<html>" not in reading.explanation


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_a_refusal_is_named(endpoint: Endpoint, status: int) -> None:
    endpoint.status = status
    assert f"HTTP {status}" in read(endpoint).explanation


@pytest.mark.parametrize("fault", ["hangs", "drips"])
def test_the_timeout_is_for_the_whole_question(endpoint: Endpoint, fault: str) -> None:
    setattr(endpoint, fault, True)
    began = time.monotonic()
    reading = read(endpoint, timeout=0.5)
    assert time.monotonic() - began < 3
    assert "no answer within 0.5 s" in reading.explanation


def test_nobody_there() -> None:
    reading = read(Endpoint(url="http://127.0.0.1:9/v1"))
    assert "cannot be reached" in reading.explanation


def test_the_key_opens_and_is_never_shown(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    endpoint.key = KEY
    endpoint.says("타임아웃")
    assert read(endpoint, key=KEY).method == "llm"
    refused = read(endpoint, key=KEY + "x")
    assert refused.method == "rules"
    assert "IMS_LLM_API_KEY" in refused.explanation
    assert KEY not in refused.explanation + caplog.text + repr(Chat(endpoint.url, "small", KEY))


def test_the_key_follows_no_redirect(endpoint: Endpoint) -> None:
    with running_endpoint() as other:
        endpoint.location = f"{other.url}/chat/completions"
        assert "HTTP 307" in read(endpoint, key=KEY).explanation
        assert other.requests == []


def test_an_address_may_name_the_endpoint_itself(endpoint: Endpoint) -> None:
    Chat(f"{endpoint.url}/chat/completions", "small").ask("", "")
    Chat(f"{endpoint.url}/", "small").ask("", "")
    assert endpoint.paths == ["/v1/chat/completions"] * 2


def test_a_very_long_question_is_not_sent(endpoint: Endpoint) -> None:
    assert "longer than" in read(endpoint, "find errors without x " * 200).explanation
    assert endpoint.requests == []


def test_a_key_that_is_no_header_is_a_failure_like_others(endpoint: Endpoint) -> None:
    with pytest.raises(ChatError) as raised:
        Chat(endpoint.url, "small", "a\nb").ask("", "")
    assert "a\nb" not in str(raised.value)


@pytest.mark.parametrize(
    ("query", "text", "made"),
    [
        ("+에러 +크래시", "에러와 크래시", "+에러 +크래시"),
        ("'out of memory'", "the out of memory thing", "'out of memory'"),
        ("'+out of memory' heap", "out of memory, heap", "+'out of memory' heap"),
        ("348115", "what of 348115?", "348115"),
        ("ora-00600", "why ORA-00600", "ora-00600"),
    ],
)
def test_what_is_let_through(query: str, text: str, made: str) -> None:
    assert str(checked(f'{{"ims_query": "{query}"}}', text)) == made


@pytest.mark.parametrize(("query", "text"), [("34811", "what of 348115?"), ("rror", "the error"), ("WAS", "WAS_001")])
def test_parts_of_words_are_not(query: str, text: str) -> None:
    with pytest.raises(ModelError):
        checked(f'{{"ims_query": "{query}"}}', text)
