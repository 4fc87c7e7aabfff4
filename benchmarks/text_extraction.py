"""What reading an attachment's text costs: the first file, with its child process, and each one after it."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from reportlab.pdfgen.canvas import Canvas

from ims_spiders.text.extract import extract_text

ROUNDS = 50


def main() -> None:
    """Print milliseconds a file, for a log of 1 MB and a PDF of ten pages."""
    with tempfile.TemporaryDirectory() as folder:
        log, pdf = Path(folder) / "a.log", Path(folder) / "a.pdf"
        log.write_text("2025-10-17 18:12:14 [ERROR] 프로세스 종료\n" * 20_000, encoding="cp949")
        canvas = Canvas(str(pdf))
        for page in range(10):
            for line in range(40):
                canvas.drawString(72, 72 + 15 * line, f"page {page} line {line}: TPETIME timeout")
            canvas.showPage()
        canvas.save()
        for path in (log, pdf):
            sys.stdout.write(f"{path.suffix}: first {milliseconds(path, 1):.1f} ms, ")
            sys.stdout.write(f"then {milliseconds(path, ROUNDS):.1f} ms a file\n")


def milliseconds(path: Path, rounds: int) -> float:
    """Mean time of reading it."""
    start = time.perf_counter()
    for _ in range(rounds):
        if extract_text(path, path.name).status != "extracted":
            raise SystemExit(f"{path} was not read")
    return (time.perf_counter() - start) / rounds * 1000


if __name__ == "__main__":
    main()
