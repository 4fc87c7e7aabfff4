"""Rich HTML becomes readable text."""

from __future__ import annotations

import html as entities
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.pages.html import html_to_text

EXAMPLES = {
    "paragraphs": ("<p>a</p><p>b</p>c", "a\n\nb\n\nc"),
    "blocks": ("<div>a</div><div>b<div>c</div></div>d", "a\nb\nc\nd"),
    "line breaks": ("a<br>b<BR/><br>c<br><br><br>d", "a\nb\n\nc\n\nd"),
    "empty lines of an editor": ("<div>a</div><div><br></div><div>&nbsp;</div><div>b</div>", "a\n\nb"),
    "empty line of a no-break space": ("<div>a</div><div>&nbsp;</div><div>b</div>", "a\n\nb"),
    "list item with two lines": ("<ul><li>a<br>b</li><li>c</li></ul>", "- a\nb\n- c"),
    "blanks around": ("  <p>\n a \n\n b </p>  <p> </p>", "a b"),
    "table": ("<table><tr><th>a<th>b</tr><tr><td>c<td>d e</table>f", "a | b\nc | d e\n\nf"),
    "cells with one paragraph": ("<table><tr><td><p>a</p></td><td><div>b</div></td></tr></table>", "a | b"),
    "empty cells": ("<table><tr><td>a<td><td>c</tr><tr><td><td>d</table>", "a | | c\nd"),
    "empty cells at the end": ("<table><tr><td>a<td></tr><tr><td>b<td></table>c", "a\nb\n\nc"),
    "cells with many lines": ("<table><tr><td>a1<br>a2<td>b1<br>b2</table>", "a1\na2\nb1\nb2"),
    "table in a cell": ("<table><tr><td>x<table><tr><td>1<td>2</table>y<td>z</table>", "x\n\n1 | 2\n\ny\nz"),
    "cells without a table": ("a<td>b</td><td>c</td>d", "a\nb\nc\nd"),
    "lists": ("<ul><li>a<ul><li>b</ul><li></li><li>c</ul><ol><li>d<li>e</ol>f", "- a\n  - b\n- c\n\n1. d\n2. e\n\nf"),
    "empty list item": ("<ul><li></li></ul>x", "x"),
    "list item without a list": ("<li>a", "- a"),
    "code block": ("a<pre>  b\n\n\n\tc  \n d\n\n</pre>e", "a\n\n  b\n\n\n\tc  \n d\n\ne"),
    "code block that ends in blanks": ("<pre>a<b> \n</b> </pre>b", "a\n\nb"),
    "code block with line breaks": ("<pre>a<br>  b</pre>", "a\n  b"),
    "code block in a cell": ("<table><tr><td>k<td><pre>if x:\n    y</pre><td>z</table>", "k | if x:\n    y\nz"),
    "code in a line": ("x <code>a  b</code> y", "x a  b y"),
    "style that keeps blanks": ("<div style='white-space: pre-wrap'>a\n  b</div>c", "a\n  b\nc"),
    "no-break spaces": ("a&nbsp;b<br>&nbsp;&nbsp;c&nbsp;", "a b\n  c"),
    "link": (
        "see <a href='http://x.example.com/a?b=1&amp;c=2'>the guide</a>.",
        "see the guide (http://x.example.com/a?b=1&c=2).",
    ),
    "link that shows its address": ("<a href='http://x.example.com/'>http://x.example.com</a>", "http://x.example.com"),
    "mail link": ("<a href='mailto:a@example.com'>a@example.com</a>", "a@example.com"),
    "link without text": ("<a href='http://x.example.com'><img src='a.png'></a>", "(http://x.example.com)"),
    "link that goes nowhere": ("<a href='#top'>a</a> <a href='javascript:b()'>b</a> <a>c</a>", "a b c"),
    "scripts and styles": ("a<script>b()</script><style>c{}</style><!-- d --><template>e</template>f", "af"),
    "entities once": ("&lt;b&gt; &amp;lt; &amp;amp;amp; &#64;&#39; &copy;", "<b> &lt; &amp;amp; @' ©"),
    "marks of other formats": ("a_b_c *d* # [e](f) `g` 1. \\ |", "a_b_c *d* # [e](f) `g` 1. \\ |"),
    "languages": ("<p>한글　全角 日本語。</p>", "한글　全角 日本語。"),
    "control characters": ("a\x00b\x1b[0m\ud800", "ab\x1b[0m\ufffd"),
    "nothing": ("", ""),
    "nothing to read": (" <div><!-- --></div><img src='a'> ", ""),
    "upper case": ("<P>A<BR>B<TABLE><TR><TD>C<TD>D</TABLE>", "A\nB\n\nC | D"),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name: str) -> None:
    source, text = EXAMPLES[name]
    assert html_to_text(source) == text


def test_a_page_nested_too_deep_for_the_parser_loses_no_word() -> None:
    text = html_to_text("<p>before</p>" + "<div>" * 5000 + "x" + "</div>" * 5000 + "<p>behind</p>")
    assert text.split() == ["before", "x", "behind"]


def test_nested_as_deep_as_the_parser_goes() -> None:
    assert html_to_text("<div>" * 1500 + "x" + "</div>" * 1500 + "y") == "x\ny"
    assert html_to_text("<table><tr><td>" * 400 + "x" + "</table>" * 400).split() == ["x"]


def test_a_wide_column_does_not_blow_up_the_others() -> None:
    rows = f"<tr><td>{'x' * 5000}</td><td>b</td></tr>" + "<tr><td>a</td><td>b</td></tr>" * 200
    assert len(html_to_text(f"<table>{rows}</table>")) < 7000


def test_the_time_grows_with_the_size() -> None:
    piece = "<div><p>오류 <b>발생</b></p><pre>a\n b</pre><table><tr><td>a<td>b</table></div>"
    start = time.perf_counter()
    html_to_text(piece * 5000)
    assert time.perf_counter() - start < 10


TAGS = (
    *("<p>", "</p>", "<div>", "</div>", "<br>", "<b>", "</b>", "<!--", "-->", "<svg>", "<script>", "</script>", "<td"),
    *("<table>", "</table>", "<tr>", "<td>", "</td>", "<th>", "<ul>", "</ul>", "<ol>", "<li>", "<select>", "<option>"),
    *("<pre>", "</pre>", "<code>", "</code>", "<textarea>", "<a>", "</a>", "<a href='http://x'>"),
    *("&nbsp;", "&amp;", "&#", "<", ">", '"', "'", " ", "\n"),
)
MARKUP = st.lists(st.one_of(st.text(max_size=20), st.sampled_from(TAGS)), max_size=30).map("".join)


@given(st.one_of(st.text(), MARKUP))
def test_never_fails_and_leaves_no_loose_blanks(source: str) -> None:
    text = html_to_text(source)
    assert not text.startswith("\n")
    assert text == text.rstrip()


@given(MARKUP.filter(lambda source: not re.search("pre|code|textarea|white-space", source, re.IGNORECASE)))
def test_outside_code_no_blanks_at_line_ends_and_one_empty_line_at_most(source: str) -> None:
    text = html_to_text(source)
    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]\n", text)


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_plain_text_comes_back(text: str) -> None:
    assert html_to_text(entities.escape(text)).split() == text.split()


WORDS = st.text("abc한글日本", min_size=1, max_size=5)


@given(st.lists(WORDS, min_size=1), st.sampled_from(["br", "div", "td", "li", "p", "h3", "tr", "blockquote"]))
def test_words_are_not_glued_across_blocks(words: list[str], tag: str) -> None:
    source = "".join(f"<{tag}>{word}" + ("" if tag == "br" else f"</{tag}>") for word in words)
    text = html_to_text(f"<table>{source}</table>" if tag in ("td", "tr") else source)
    assert [word for word in text.split() if word not in ("-", "|")] == words


@given(st.lists(WORDS, min_size=2), st.sampled_from(["b", "span", "i", "font", "u", "strong", "em", "mark"]))
def test_words_are_not_split_by_inline_elements(parts: list[str], tag: str) -> None:
    assert html_to_text(f"<{tag}>" + f"</{tag}><{tag}>".join(parts) + f"</{tag}>") == "".join(parts)


@given(st.text("ab \n\t한{};", min_size=1).filter(lambda code: code.strip()))
def test_code_is_kept_as_it_is(code: str) -> None:
    code = f"x{code}x"
    assert html_to_text(f"before<pre>{code}</pre>after") == f"before\n\n{code}\n\nafter"
