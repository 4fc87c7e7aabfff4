"""Attachments on the disk: written whole, and never through a link that leads elsewhere."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from ims_spiders.exceptions import AttachmentError
from ims_spiders.pipelines.attachments import DurableFilesStore


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder that is none of the archive's."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


async def store(data_dir: Path, path: str, content: bytes = b"content") -> None:
    await DurableFilesStore(str(data_dir)).persist_file(path, BytesIO(content), None)


async def test_a_folder_that_is_a_link_is_not_written_to(tmp_path: Path, elsewhere: Path) -> None:
    (tmp_path / "data" / "attachments").mkdir(parents=True)
    (tmp_path / "data" / "attachments" / "1").symlink_to(elsewhere)
    with pytest.raises(AttachmentError, match="is a link"):
        await store(tmp_path / "data", "attachments/1/5-a.txt")
    assert list(elsewhere.iterdir()) == []


async def test_a_file_that_is_a_link_is_replaced_and_not_followed(tmp_path: Path, elsewhere: Path) -> None:
    folder = tmp_path / "data" / "attachments" / "1"
    folder.mkdir(parents=True)
    for name, before in (("5-a.txt", b"theirs"), ("6-b.txt", b"content")):
        (elsewhere / name).write_bytes(before)
        (folder / name).symlink_to(elsewhere / name)
        await store(tmp_path / "data", f"attachments/1/{name}")
        assert (elsewhere / name).read_bytes() == before
        assert not (folder / name).is_symlink()
        assert (folder / name).read_bytes() == b"content"


async def test_all_attachments_may_lie_on_another_disk(tmp_path: Path, elsewhere: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "attachments").symlink_to(elsewhere)
    await store(tmp_path / "data", "attachments/1/5-a.txt")
    assert (elsewhere / "1" / "5-a.txt").read_bytes() == b"content"
