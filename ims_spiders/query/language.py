"""Which of the three languages a query is in."""

from __future__ import annotations

import re

from ims_spiders.query.lexicon import Language

_HANGUL = re.compile("[가-힣ㄱ-ㅎㅏ-ㅣ]")
_KANA = re.compile("[ぁ-ゖァ-ヺ]")
_HAN = re.compile("[一-鿿㐀-䶿々〆]")
_HIRAGANA = re.compile("[ぁ-ゖ]")


def language_of(text: str) -> Language:
    """Korean or Japanese where their scripts are, else English. With both, that of the more grammar or letters."""
    hangul, kana, han = (len(script.findall(text)) for script in (_HANGUL, _KANA, _HAN))
    if hangul and kana:
        # Words are borrowed in katakana; who writes hiragana writes Japanese.
        japanese = kana + 2 * len(_HIRAGANA.findall(text))
        return "ja" if japanese > hangul else "ko"
    if hangul:
        return "ko"
    return "ja" if kana or han else "en"
