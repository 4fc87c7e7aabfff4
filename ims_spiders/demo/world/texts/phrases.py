"""Sentences that stand around the matter itself: greetings, closings, questions between engineers."""

GREETINGS: dict[str, tuple[str, ...]] = {
    "ko": (
        "안녕하세요, 수고 많으십니다.",
        "고객사에서 아래와 같은 문의가 접수되었습니다.",
        "운영 중 발생한 건으로 확인 부탁드립니다.",
    ),
    "ja": ("お世話になっております。", "下記の件、ご確認をお願いいたします。", "本番環境で発生した事象です。"),
    "en": ("Hello team,", "Our customer reported the following.", "This happened in production, please have a look."),
    "mixed": (
        "안녕하세요, support 요청드립니다.",
        "production 환경 issue입니다.",
        "お世話になっております, 문의드립니다.",
    ),
}
CLOSINGS: dict[str, tuple[str, ...]] = {
    "ko": ("빠른 답변 부탁드립니다.", "감사합니다.", "추가로 필요한 자료가 있으면 말씀해 주세요."),
    "ja": ("よろしくお願いいたします。", "至急ご回答をお願いします。", "追加の資料が必要であればお知らせください。"),
    "en": (
        "Thanks & regards",
        "Please don't restart the server before you've collected the logs.",
        "Any hint is welcome.",
    ),
    "mixed": ("확인 후 feedback 부탁드립니다.", "よろしくお願いします. 감사합니다.", "urgent 건입니다!"),
}
QUESTIONS: dict[str, tuple[str, ...]] = {
    "ko": (
        "로그 레벨을 DEBUG로 변경한 뒤 다시 수집해 주시겠습니까?",
        "재현 절차를 알려 주시기 바랍니다.",
        "내부에서 재현하여 분석 중입니다.",
    ),
    "ja": (
        "ログレベルを変更して再取得していただけますか。",
        "再現手順を教えてください。",
        "社内で再現し、調査中です。",
    ),
    "en": (
        "Could you send the log with DEBUG on?",
        "How can we reproduce it?",
        "Reproduced in the lab; analysis is under way.",
    ),
    "mixed": ("slog와 core file 첨부 부탁드립니다.", "再現 test 진행 중입니다.", "R&D팀에 escalation 했습니다."),
}
LABELS: dict[str, tuple[str, str, str, str]] = {
    "ko": ("항목", "내용", "환경", "연락처"),
    "ja": ("項目", "内容", "環境", "連絡先"),
    "en": ("Item", "Value", "Environment", "Contact"),
    "mixed": ("Item", "내용", "環境 info", "contact"),
}
CROSS_REFERENCE: dict[str, str] = {
    "ko": "지난주의 TPETIME과 같은 원인인지 확인 부탁드립니다.",
    "ja": "先週のTPETIMEと同じ原因でしょうか。",
    "en": "Could this have the same cause as last week's TPETIME?",
    "mixed": "지난번 TPETIME 건과 related issue인가요?",
}
EVENTS: tuple[str, ...] = (
    "File attached", "Patch delivered to the site", "고객사 확인 대기", "お客様確認待ち", "Manual updated & reviewed",
)  # fmt: skip
