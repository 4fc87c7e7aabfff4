"""Names of attachments, ordinary ones and those that break careless programs."""

from __future__ import annotations

from random import Random

_PLAIN: dict[str, tuple[str, ...]] = {
    "log": ("slog.{d}", "tjes_{d}.log", "server.log", "OSC00001.log"),
    "txt": ("README.txt", "원인분석.txt", "手順書.txt", "dump_{d}.txt"),
    "cp949": ("메인프레임 결과.txt", "로그(운영).txt", "job_{d}.txt"),
    "csv": ("result_{d}.csv", "비교 결과.csv", "集計.csv"),
    "zip": ("logs_{d}.zip", "자료.zip"),
    "pdf": ("report_{d}.pdf", "장애보고서.pdf", "障害報告書.pdf"),
    "docx": ("plan_{d}.docx", "회의록 (최종).docx", "議事録.docx"),
    "xlsx": ("sizes_{d}.xlsx", "점검표.xlsx", "一覧.xlsx"),
    "png": ("screen_{d}.png", "화면 캡처.png", "画面.png"),
    "biglog": ("full_trace_{d}.log",),
    "patch": ("PATCH_OF7_{d}.tar.zip", "IPATCH_{d}_bin.zip"),
}
_TRICKY: tuple[str, ...] = (
    "../../etc/{d}{e}", "..\\..\\windows\\{d}{e}", "a/b/{d}{e}", "{d}%2e%2e%2f{e}", "con{e}", ".hidden{e}",
    "quote\"and'apostrophe{e}", "semi;colon={d}{e}", "<b>bold</b>&amp;{e}", "emoji😀_{d}{e}", "한글 " * 30 + "{d}{e}",
    "very_long_" + "x" * 180 + "{e}", "no_extension_{d}",
    "trailing dot.{d}.", "日本語　全角空白{d}{e}", "e\u0301_nfd_{d}{e}",
)  # fmt: skip
_EXTENSION = {"cp949": ".txt", "biglog": ".log", "patch": ".zip"}
RECIPES: tuple[str, ...] = ("log", "log", "txt", "cp949", "csv", "zip", "pdf", "pdf", "docx", "xlsx", "png")


def filename(rng: Random, recipe: str, day: str, place: int) -> str:
    """A name for a file of that recipe. Every eighth `place` brings the next of the nasty ones."""
    if place % 8 == 0 and recipe != "patch":
        pattern = _TRICKY[place // 8 % len(_TRICKY)]
        return pattern.replace("{d}", day).replace("{e}", _EXTENSION.get(recipe, f".{recipe}"))
    return rng.choice(_PLAIN[recipe]).replace("{d}", day)
