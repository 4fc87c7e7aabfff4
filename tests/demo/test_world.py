"""The invented content: the same for the same seed, in real file formats."""

from __future__ import annotations

import csv
import gzip
import io
import re
import time
import zipfile
from typing import Any

import pytest

from ims_spiders.demo.server import DemoTracker
from ims_spiders.demo.world import bombs
from ims_spiders.demo.world.build import World
from ims_spiders.demo.world.files import RECIPES
from ims_spiders.demo.world.images import png
from ims_spiders.demo.world.model import File, Issue


def file(recipe: str, *topic: str) -> File:
    return File("1", "ISSUE", "name", recipe, "seed", topic or ("잔액 TPETIME 発生 Zeile",))


def content(recipe: str) -> bytes:
    return RECIPES[recipe](file(recipe))


def test_the_same_seed_gives_the_same_world_and_another_does_not() -> None:
    first, second = DemoTracker(issues=60, seed=7), DemoTracker(issues=60, seed=7)
    second.port = first.port
    assert first.truth() == second.truth()
    assert first.truth()["issues"].keys() != DemoTracker(issues=60, seed=8).truth()["issues"].keys()


def test_two_thousand_issues_start_in_a_few_seconds() -> None:
    started = time.process_time()
    assert len(World(2000, 1).issues) == 2000
    assert time.process_time() - started < 5


def test_the_default_starts_quickly() -> None:
    started = time.process_time()
    with DemoTracker() as tracker:
        assert len(tracker.world.issues) >= 320
    assert time.process_time() - started < 2


@pytest.mark.parametrize("issues", [0, -1, 10**9])
def test_an_impossible_number_of_issues_is_refused(issues: int) -> None:
    with pytest.raises(ValueError, match="issues must be between"):
        World(issues, 1)


@pytest.mark.parametrize("recipe", sorted(set(RECIPES) - {"zip_bomb", "docx_bomb", "gzip_bomb", "pdf_bomb"}))
def test_files_are_steady_and_differ_by_seed(recipe: str) -> None:
    made = content(recipe)
    assert made == content(recipe)
    assert made != RECIPES[recipe](File("2", "ISSUE", "name", recipe, "other seed", ("other",)))


def test_pdf_text_can_be_read() -> None:
    from pypdf import PdfReader

    words = PdfReader(io.BytesIO(content("pdf"))).pages[0].extract_text()
    assert "TPETIME" in words
    korean = File("3", "ISSUE", "n", "pdf", "s", ("응답 지연이 발생합니다",))
    assert "응답 지연이 발생합니다" in PdfReader(io.BytesIO(RECIPES["pdf"](korean))).pages[0].extract_text()
    japanese = File("4", "ISSUE", "n", "pdf", "s", ("タイムアウトが発生",))
    assert "タイムアウトが発生" in PdfReader(io.BytesIO(RECIPES["pdf"](japanese))).pages[0].extract_text()


def test_word_and_excel_files_can_be_read() -> None:
    from docx import Document
    from openpyxl import load_workbook

    document = Document(io.BytesIO(content("docx")))
    assert any("TPETIME 発生" in paragraph.text for paragraph in document.paragraphs)
    assert document.tables
    sheet = load_workbook(io.BytesIO(content("xlsx"))).active
    assert "TPETIME 発生" in str(sheet["C1"].value)


def test_plain_files_have_their_encodings() -> None:
    assert "메인프레임" in content("cp949").decode("cp949")
    with pytest.raises(UnicodeDecodeError):
        content("cp949").decode()
    assert "TPETIME 発生" in content("log").decode()
    assert content("txt").decode("utf-8-sig").count("\r\n") == 11
    rows = list(csv.reader(io.StringIO(content("csv").decode())))
    assert {len(row) for row in rows} == {2}
    assert len(content("biglog")) > 1_000_000


def test_archives_and_images_are_whole() -> None:
    with zipfile.ZipFile(io.BytesIO(content("zip"))) as archive:
        assert archive.testzip() is None
        assert "읽어주세요.txt" in archive.namelist()
    from PIL import Image

    with Image.open(io.BytesIO(png("x", 24))) as image:
        image.load()
        assert image.size == (24, 24)


def test_bombs_unpack_to_what_they_say() -> None:
    from pypdf import PdfReader

    five = file("zip_bomb", "5")
    with zipfile.ZipFile(io.BytesIO(bombs.zip_bomb(five))) as archive:
        assert archive.infolist()[0].file_size == 5 * 2**20
    assert len(gzip.decompress(bombs.gzip_bomb(five))) == 5 * 2**20
    page = PdfReader(io.BytesIO(bombs.pdf_bomb(five))).pages[0]
    assert page.get_contents() is not None
    assert len(bombs.pdf_bomb(five)) < 2**20


@pytest.fixture(scope="module")
def issues() -> list[Issue]:
    return list(World(320, 1).issues.values())


def test_every_kind_of_file_and_name_occurs(issues: list[Issue]) -> None:
    files = [file for issue in issues for file in issue.files]
    assert {file.recipe for file in files} == set(RECIPES) - {"zip_bomb", "docx_bomb", "gzip_bomb", "pdf_bomb"}
    names = [file.filename for file in files]
    assert any(name.startswith("../") for name in names)
    assert any(re.search("[가-힣] [가-힣]", name) for name in names)
    assert any(len(name) > 100 for name in names)
    assert len({file.file_id for file in files}) == len(files)


def test_the_same_name_twice_has_other_bytes(shared: DemoTracker, truth: dict[str, Any]) -> None:
    twice = 0
    for issue in truth.values():
        files = [a for a in issue["attachments"] if a["kind"] == "ISSUE"]
        for name in {a["filename"] for a in files}:
            same = [a["sha256"] for a in files if a["filename"] == name]
            twice += len(same) > 1
            assert len(set(same)) == len(same)
    assert twice


def test_nobody_and_no_address_is_real(issues: list[Issue]) -> None:
    for issue in issues:
        words = issue.words() + str(issue.fields)
        assert set(re.findall(r"@([a-z.-]+[a-z])", words)) <= {"example.com"}


def test_relations_have_chains_cycles_themselves_and_nowhere(issues: list[Issue], truth: dict[str, Any]) -> None:
    by_id = {issue.issue_id: issue for issue in issues}

    def onward(issue: Issue) -> list[Issue]:
        others = [entry.issue_id for entry in issue.relations if entry.issue_id != issue.issue_id]
        return [by_id[number] for number in others if number in by_id]

    assert any(issue in onward(other) for issue in issues for other in onward(issue) if other in onward(issue))
    rings = [
        i for i in issues for a in onward(i) for b in onward(a) for c in onward(b) if i in onward(c) and b is not i
    ]
    assert rings
    assert any(entry.issue_id == issue.issue_id for issue in issues for entry in issue.relations)
    assert any(entry.issue_id not in by_id for issue in issues for entry in issue.relations)
    only_self = [i for i in issues if i.relations and all(e.issue_id == i.issue_id for e in i.relations)]
    assert only_self
    assert any(not related["available"] for issue in truth.values() for related in issue["related"])


def test_ids_have_five_or_six_digits_and_grow_with_time(issues: list[Issue]) -> None:
    assert {len(str(issue.issue_id)) for issue in issues} == {5, 6}
    moments = [issue.registered.moment for issue in issues]
    assert moments == sorted(moments)


def test_error_codes_and_traces_occur(issues: list[Issue]) -> None:
    words = "\n".join(issue.words() for issue in issues)
    for code in ("ora-00600", "or-17407", "tpetime", "s0c7"):
        assert words.count(code) > 3
    assert any("<pre>" in issue.description.html for issue in issues)


def test_one_image_can_stand_in_two_places(truth: dict[str, Any]) -> None:
    images = [a for issue in truth.values() for a in issue["attachments"] if a["kind"] == "INLINE"]
    assert any(image["also_in"] for image in images)
    assert {image["source"].split(":")[0] for image in images} == {"description", "comment"}
    assert any(issue["data_images"] for issue in truth.values())
