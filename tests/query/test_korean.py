"""Particles come off Korean words, and never out of words that only end like one."""

from __future__ import annotations

import pytest

from ims_spiders.query.korean import Korean
from ims_spiders.query.lexicon import load_lexicon
from ims_spiders.query.tokens import Role

KOREAN = Korean(load_lexicon(), ["티베로"])

WHOLE = [
    *("결과", "효과", "초과", "경과", "통과", "사과", "성과", "부과", "평가", "추가", "증가"),
    *("허가", "불가", "단가", "휴가", "국가", "차이", "나이", "길이", "높이", "깊이", "사이"),
    *("속도", "온도", "정도", "용도", "강도", "빈도", "한도", "시도", "의도", "경로", "회로"),
    *("제로", "매크로", "마이크로", "문의", "정의", "주의", "동의", "회의", "협의", "합의", "질의"),
    *(
        "임의",
        "미만",
        "불만",
        "하나",
        "데이터",
        "메타데이터",
        "데이터베이스",
        "인터페이스",
        "디스플레이",
        "게이트웨이",
        "딜레이",
    ),
    *("어레이", "권한", "제한", "무한", "기한", "상한", "최대한", "역할", "분할", "결함", "포함"),
    *("동시", "즉시", "캐시", "표시", "해시", "크래시", "리프레시", "플래시", "버전", "확인", "승인"),
    *(
        "로그인",
        "도메인",
        "플러그인",
        "파이프라인",
        "온라인",
        "메인",
        "체인",
        "재시도",
        "재정의",
        "처리속도",
        "응답속도",
    ),
    *(
        "조회결과",
        "파일경로",
        "접근권한",
        "버퍼캐시",
        "용량초과",
        "시간차이",
        "레코드길이",
        "사용빈도",
        "해시조인",
        "가이드라인",
        "메모리",
    ),
    *("서버", "에러", "타임아웃", "데드락", "배치", "스풀", "트랜잭션", "테이블스페이스", "프로세스", "세션", "쿼리"),
    *(
        "인덱스",
        "파라미터",
        "라이브러리",
        "컴파일러",
        "마이그레이션",
        "네트워크",
        "클라이언트",
        "패스워드",
        "데이터셋",
        "콘솔",
        "오류",
    ),
    *("장애", "지연", "누수", "부족", "실패", "기동", "중요도", "우선순위", "이중화", "다중화", "정합성"),
    *("무결성", "암호화", "복호화", "직렬화", "초기화", "최적화", "가용성", "안정성", "카운트", "타임존", "스레드"),
    *("큐", "락", "행", "값", "키"),
]


@pytest.mark.parametrize("word", WHOLE)
def test_words_that_stay_whole(word: str) -> None:
    assert KOREAN.without_particle(word) == (word, None)
    assert KOREAN.without_verb_ending(word) == (word, None)


def suffixed(word: str, closed: str, opened: str) -> str:
    """The word with the form of a particle that its last sound asks for."""
    return word + (closed if (ord(word[-1]) - ord("가")) % 28 else opened)


STEMS = [word for word in WHOLE if len(word) > 1]


@pytest.mark.parametrize("stem", STEMS)
def test_particles_come_off_every_one_of_them(stem: str) -> None:
    for closed, opened, role in (
        ("을", "를", Role.BREAK),
        ("은", "는", Role.BREAK),
        ("과", "와", Role.AND),
        ("이나", "나", Role.OR),
        ("에서", "에서", Role.BREAK),
        ("의", "의", Role.JOIN),
        ("에서는", "에서는", Role.BREAK),
    ):
        assert KOREAN.without_particle(suffixed(stem, closed, opened)) == (stem, role)


@pytest.mark.parametrize(
    ("word", "stem", "role"),
    [
        ("락을", "락", Role.BREAK),
        ("접속도", "접속", Role.AND),
        ("설정의", "설정", Role.JOIN),
        ("조회의", "조회", Role.JOIN),
        ("주문의", "주문", Role.JOIN),
        ("파일로", "파일", Role.BREAK),
        ("시스템으로", "시스템", Role.BREAK),
        ("재연결과", "재연결", Role.AND),
        ("서버기동의", "서버기동", Role.JOIN),
        ("개발환경과", "개발환경", Role.AND),
        ("티베로", "티베로", None),
        ("티베로의", "티베로", Role.JOIN),
        ("티베로로", "티베로", Role.BREAK),
    ],
)
def test_particles(word: str, stem: str, role: Role | None) -> None:
    assert KOREAN.without_particle(word) == (stem, role)


@pytest.mark.parametrize(
    ("word", "noun", "role"),
    [
        ("종료되는", "종료", Role.JOIN),
        ("발생하여", "발생", Role.BREAK),
        ("실패하거나", "실패", Role.OR),
        ("중단되고", "중단", Role.AND),
        ("누수된", "누수", Role.JOIN),
        ("접속안됨", "접속", Role.JOIN),
        ("한", "한", None),
        ("못된", "못된", None),
    ],
)
def test_verbs_made_of_nouns(word: str, noun: str, role: Role | None) -> None:
    assert KOREAN.without_verb_ending(word) == (noun, role)
