"""How an issue is cut into passages: all of it, in order, none too long, and not without end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.search.meaning_passages import MOST_OF_DESCRIPTION, MOST_OF_ISSUE, PIECE, pieces

TEXTS = st.text(st.sampled_from("가나다 a.\nあ。x"), max_size=3000)


def test_each_piece_has_the_title_before_it() -> None:
    found = pieces("배치  오류", "First.\n\nSecond.", [(7, "한 번"), (9, "두 번")])
    assert [(piece.source, piece.number, piece.text) for piece in found] == [
        ("title", None, "배치 오류"),
        ("description", None, "배치 오류\nFirst. Second."),
        ("comment", 9, "배치 오류\n두 번"),
        ("comment", 7, "배치 오류\n한 번"),
    ]
    assert len({piece.hash for piece in found}) == 4


def test_blank_texts_have_no_piece() -> None:
    assert pieces("  ", None, [(1, " \n")]) == []
    assert [piece.text for piece in pieces("", "d", [])] == ["d"]


@given(TEXTS)
def test_a_text_is_cut_and_nothing_is_lost(content: str) -> None:
    found = [piece for piece in pieces("title", content, []) if piece.source == "description"]
    assert all(0 < piece.size <= PIECE for piece in found)
    between = content
    for piece in reversed(found):
        between = between[: piece.start] + between[piece.start + piece.size :]
    assert between.strip() == ""
    joined = "".join(content[piece.start : piece.start + piece.size] for piece in found)
    assert "".join(joined.split()) == "".join(content.split())


def test_it_is_cut_after_a_sentence_or_else_at_a_blank() -> None:
    sentences = ("word " * 100 + "end. ") * 4
    assert [piece.size for piece in pieces("t", sentences, [])[1:]] == [505] * 4
    words = "word " * 300
    assert [piece.size for piece in pieces("t", words, [])[1:]] == [800, 700]
    letters = "가" * 1700
    assert [piece.size for piece in pieces("t", letters, [])[1:]] == [800, 800, 100]


def test_of_a_huge_issue_the_newest_comments_count() -> None:
    found = pieces("t" * 1000, "가" * 100_000, [(number, "나" * 3000) for number in range(1, 101)])
    assert sum(piece.size for piece in found[1:]) == MOST_OF_ISSUE
    assert sum(piece.size for piece in found if piece.source == "description") == MOST_OF_DESCRIPTION
    assert {piece.number for piece in found} == {None, 100, 99, 98}
    assert max(len(piece.text) for piece in found) <= PIECE + 201
