"""Names on disk: nothing leaves the folder, nothing is overwritten, the extension survives."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.items import Attachment
from ims_spiders.pipelines.names import LONGEST_NAME, attachment_path, file_type, safe_name


@given(st.text(max_size=400))
def test_any_name_stays_one_component(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert PurePosixPath(safe).name == safe
    assert safe not in {".", ".."}
    assert not safe.startswith(".")
    assert len(safe.encode("utf-8")) <= LONGEST_NAME
    assert safe.isprintable()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("tjesmgr.log", "tjesmgr.log"),
        ("오류 로그.txt", "오류 로그.txt"),
        ("障害報告.xlsx", "障害報告.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a\x00b.txt", "a_b.txt"),
        ("", "file"),
        ("..", "file"),
        ("CON.txt", "file_CON.txt"),
        ("nul .txt", "file_nul .txt"),
        ("COM¹", "file_COM¹"),
        ("conin$.log", "file_conin$.log"),
        ("evil\u202etxt.exe", "evil_txt.exe"),
    ],
)
def test_examples(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_name_keeps_its_extension() -> None:
    safe = safe_name("가" * 4000 + ".pdf")
    assert safe.endswith(".pdf")
    assert len(safe.encode()) <= LONGEST_NAME


def test_same_name_and_number_of_both_kinds_are_two_files() -> None:
    issue, patch = Attachment("7", "ISSUE", "a.txt"), Attachment("7", "PATCH", "a.txt")
    paths = {attachment_path("1", one, [issue, patch]) for one in (issue, patch)}
    assert paths == {"attachments/1/7-a.txt", "attachments/1/7-patch-a.txt"}


@pytest.mark.parametrize(
    "files",
    [
        [Attachment("7", "ISSUE", "patch-a.txt"), Attachment("7", "PATCH", "a.txt")],
        [Attachment("1/2", "ISSUE", "a.txt"), Attachment("1_2", "ISSUE", "a.txt")],
        [Attachment("7-patch", "INLINE", "a"), Attachment("7", "ISSUE", "a"), Attachment("7", "PATCH", "a")],
        [Attachment("9" * 70, "ISSUE", "a"), Attachment("9" * 71, "ISSUE", "a")],
    ],
)
def test_two_files_never_have_one_path(files: list[Attachment]) -> None:
    for order in (files, files[::-1]):
        paths = {(one.kind, one.file_id): attachment_path("1", one, order) for one in order}
        assert len(set(paths.values())) == len(files)
        assert paths == {(one.kind, one.file_id): attachment_path("1", one, files) for one in files}


@pytest.mark.parametrize(
    "name", ["x" * 179 + " y", "x" * 178 + "..y", "가" * 59 + ". ." + "나" * 9, "a.b" + " " * 200 + "c"]
)
def test_a_name_that_is_cut_does_not_end_in_a_blank_or_dot(name: str) -> None:
    safe = safe_name(name)
    assert safe == safe.rstrip(" .")
    assert safe_name(safe) == safe


@given(st.text(min_size=1, max_size=80), st.text(max_size=80))
def test_a_path_never_leaves_the_issue_s_folder(file_id: str, filename: str) -> None:
    attachment = Attachment(file_id, "ISSUE", filename)
    path = PurePosixPath(attachment_path("348115", attachment, [attachment]))
    assert path.parts[:2] == ("attachments", "348115")
    assert len(path.parts) == 3


@given(
    st.text(max_size=80),
    st.text(alphabet="./\\\0~- :%2ef가", max_size=60),
    st.sampled_from(["ISSUE", "PATCH", "INLINE"]),
)
def test_what_the_system_makes_of_a_path_is_in_the_issue_s_folder(file_id: str, filename: str, kind: str) -> None:
    attachment = Attachment(file_id, kind, filename)  # type: ignore[arg-type]
    path = attachment_path("348115", attachment, [attachment, Attachment(file_id, "INLINE", "x")])
    assert os.path.normpath(f"/data/{path}") == f"/data/{path}"
    assert path.startswith("attachments/348115/")
    assert "\0" not in path
    os.fsencode(path)


@pytest.mark.parametrize(("name", "kind"), [("a.PDF", "pdf"), ("README", None), ("x.tar.gz", "gz")])
def test_file_type(name: str, kind: str | None) -> None:
    assert file_type(name) == kind
