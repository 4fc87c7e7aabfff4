"""No file can cost more than its limits, and none harms the process that asked or the files after it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from ims_spiders.text.extract import Extraction, extract_text
from ims_spiders.text.limits import MEGABYTE, Limits
from tests.text import make

LINE = b"BT /F1 12 Tf 72 720 Td (Hello there) Tj ET\n"


@pytest.fixture(scope="module")
def slow_pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes about ten seconds to read."""
    return make.pdf_with_content(tmp_path_factory.mktemp("slow") / "slow.pdf", LINE * 100_000)


def still_works(folder: Path) -> None:
    (folder / "next.log").write_text("fine\n", encoding="utf-8")
    assert extract_text(folder / "next.log", "next.log") == Extraction("extracted", "fine\n")


def workers() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [child for child in children if "ims_spiders.text.worker" in " ".join(child.cmdline())]


def test_processor_time_ends_it(slow_pdf: Path, tmp_path: Path) -> None:
    found = extract_text(slow_pdf, "slow.pdf", Limits(cpu_seconds=1))
    assert found == Extraction("failed", reason="reading it takes more than 1 seconds of processor time")
    still_works(tmp_path)


def test_the_clock_ends_it(slow_pdf: Path, tmp_path: Path) -> None:
    before = time.monotonic()
    found = extract_text(slow_pdf, "slow.pdf", Limits(wall_seconds=0.5))
    assert found == Extraction("failed", reason="reading it takes longer than 0.5 seconds")
    assert time.monotonic() - before < 3
    still_works(tmp_path)


@pytest.mark.long
def test_processor_time_is_counted_for_each_file_alone(tmp_path: Path) -> None:
    path = make.pdf_with_content(tmp_path / "some.pdf", LINE * 5000)
    limits = Limits(cpu_seconds=2)
    before = time.process_time()
    statuses = [extract_text(path, "some.pdf", limits).status for _ in range(8)]
    assert statuses == ["extracted"] * 8
    assert time.process_time() - before < 2, "the work is to be done in the child"


@pytest.mark.parametrize(
    "bomb", ["a document that lies about its size", pytest.param("a page of zeros", marks=pytest.mark.long)]
)
def test_a_bomb_never_takes_more_memory_than_allowed(tmp_path: Path, bomb: str) -> None:
    limits = Limits(memory=300 * MEGABYTE, wall_seconds=20)
    if bomb == "a page of zeros":
        path = make.pdf_with_content(tmp_path / "bomb.pdf", bytes(400 * MEGABYTE))
    else:
        path = make.lying_word(tmp_path / "bomb.docx", 400)
    assert path.stat().st_size < 2 * MEGABYTE
    peak, stop = [0], threading.Event()

    def watch() -> None:
        while not stop.wait(0.01):
            # The child that is watched is killed while it is looked at: that is what the test is about.
            with suppress(psutil.Error):
                peak[0] = max([peak[0], *(worker.memory_info().rss for worker in workers())])

    watcher = threading.Thread(target=watch)
    watcher.start()
    found = extract_text(path, path.name, limits)
    stop.set()
    watcher.join()
    assert found.status == "failed"
    assert 0 < peak[0] < 310 * MEGABYTE
    still_works(tmp_path)


def test_a_document_that_says_it_is_huge_is_not_even_tried(tmp_path: Path) -> None:
    path = make.replace_member(make.word(tmp_path / "big.docx"), "word/document.xml", bytes(60 * MEGABYTE))
    found = extract_text(path, "big.docx", Limits(unpacked=50 * MEGABYTE))
    assert found == Extraction("failed", reason="it unpacks to 60 MB, 50 are allowed")


def test_a_child_that_is_killed_costs_its_own_file_only(slow_pdf: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as threads:
        task = threads.submit(extract_text, slow_pdf, "slow.pdf")
        time.sleep(0.5)
        busy = max(workers(), key=lambda worker: worker.cpu_percent(0.1))
        busy.kill()
        assert task.result(10) == Extraction("failed", reason="reading it was ended by SIGKILL")
    still_works(tmp_path)


def test_an_idle_child_that_is_killed_is_replaced(tmp_path: Path) -> None:
    still_works(tmp_path)
    for worker in workers():
        worker.kill()
        worker.wait(5)
    still_works(tmp_path)


def test_many_threads_at_once_get_their_own_answers(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.log" for number in range(40)]
    for path in paths:
        path.write_text(f"this is {path.name}\n", encoding="utf-8")
    with ThreadPoolExecutor(8) as threads:
        texts = [found.text for found in threads.map(lambda path: extract_text(path, path.name), paths)]
    assert texts == [f"this is {path.name}\n" for path in paths]
    assert len(workers()) <= 2


def test_a_warm_child_answers_fast(tmp_path: Path) -> None:
    still_works(tmp_path)
    before = time.monotonic()
    for _ in range(20):
        still_works(tmp_path)
    assert (time.monotonic() - before) / 20 < 0.05, "a new process for each file takes longer"


def test_the_child_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMS_PASSWORD", "secret-of-the-parent")
    for worker in workers():
        worker.kill()
        worker.wait(5)
    still_works(tmp_path)
    assert workers()
    assert all("IMS_PASSWORD" not in worker.environ() for worker in workers())


@pytest.mark.parametrize("ending", [None, signal.SIGKILL])
def test_no_child_outlives_its_parent(tmp_path: Path, ending: signal.Signals | None) -> None:
    (tmp_path / "a.log").write_text("x", encoding="utf-8")
    program = (
        "import psutil, sys, time\nfrom pathlib import Path\nfrom ims_spiders.text.extract import extract_text\n"
        "extract_text(Path(sys.argv[1]), 'a.log')\nprint(psutil.Process().children()[0].pid, flush=True)\n"
        "time.sleep(float(sys.argv[2]))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a.log"), "0" if ending is None else "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        if ending is not None:
            os.kill(parent.pid, ending)
        parent.wait(20)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child is still there"
        time.sleep(0.05)
