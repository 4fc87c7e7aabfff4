"""Calls in script text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.pages.document import parse_html
from ims_spiders.pages.javascript import alerts, attribute_calls, calls, unquote_string

CALLS = {
    "f('1', \"b\")": [["1", "b"]],
    "javascript:f('348115','issue_search');": [["348115", "issue_search"]],
    "return  f ( 12 , 'x' ) ; f()": [["12", "x"], []],
    "parent.f('a')": [["a"]],
    "xf('a'); $f('b'); f_('c')": [],
    "function f(a, b) {}": [],
    "f(a); f('b' + c); f('d', e); f('open": [],
    r"f('it\'s', '\u0041\x42\u{1F600}\uD83D\uDE00', '\n\\', 'a\0b', '\q')": [["it's", "AB😀😀", "\n\\", "a\0b", "q"]],
    "f('a)b', \"c,d\")": [["a)b", "c,d"]],
    "f('line\nbreak')": [],
}


@pytest.mark.parametrize("source", CALLS)
def test_calls(source: str) -> None:
    assert calls(source, "f") == CALLS[source]


@given(st.lists(st.text(max_size=10), max_size=5))
def test_any_string_survives_quoting(arguments: list[str]) -> None:
    source = f"before(); f({', '.join(json.dumps(argument) for argument in arguments)}); f("
    assert calls(source, "f") == [arguments]


@given(st.text())
def test_any_text_is_read(source: str) -> None:
    calls(source, "f")
    calls(f"f({source}", "f")
    unquote_string(f"'{source}'")
    alerts(parse_html(f"<script>{source}</script>"))


def test_half_a_character_is_none() -> None:
    assert unquote_string(r"'\uD800'") == "\ufffd"


def test_calls_in_attributes_in_page_order() -> None:
    page = parse_html(
        """<a href="javascript:f(%27%ED%95%9C%27)">x</a><p onclick='f("50%25")'><b ONCLICK="g(); f(&#39;2&#39;)">"""
    )
    assert [(call.element.tag, call.arguments) for call in attribute_calls(page, "f")] == [
        ("a", ["한"]),
        ("p", ["50%25"]),
        ("b", ["2"]),
    ]


ALERTS = {
    "alert('권한이 없습니다.');": ["권한이 없습니다."],
    'window.alert( "a" ); history.back();': ["a"],
    "$(function(){ if (true) { alert('a'); } });": ["a"],
    "window.onload = function () { alert(message); }": [""],
    "function check() { if (x) { alert('a'); } } alert('b')": ["b"],
    "// alert('a')\n/* alert('b') */ var s = \"alert('c')\"; jalert('d')": [],
    "}}} alert('a')": ["a"],
}


@pytest.mark.parametrize("source", ALERTS)
def test_alerts_that_the_page_shows_by_itself(source: str) -> None:
    assert alerts(parse_html(f"<script>{source}</script>")) == ALERTS[source]
