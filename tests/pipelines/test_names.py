"""Names on disk: nothing leaves the folder, nothing is overwritten, the extension survives."""

from __future__ import annotations

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


@given(st.text(min_size=1, max_size=80), st.text(max_size=80))
def test_a_path_never_leaves_the_issue_s_folder(file_id: str, filename: str) -> None:
    attachment = Attachment(file_id, "ISSUE", filename)
    path = PurePosixPath(attachment_path("348115", attachment, [attachment]))
    assert path.parts[:2] == ("attachments", "348115")
    assert len(path.parts) == 3


@pytest.mark.parametrize(("name", "kind"), [("a.PDF", "pdf"), ("README", None), ("x.tar.gz", "gz")])
def test_file_type(name: str, kind: str | None) -> None:
    assert file_type(name) == kind
