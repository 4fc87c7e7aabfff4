"""Attachments: those that the database names, from the folder of attachments, never as pages."""

from __future__ import annotations

import http.client
import os
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from sqlalchemy import Engine, text

from ims_spiders.web.download import disposition
from ims_spiders.web.files import open_inside
from ims_spiders.web.pictures import picture_type
from ims_spiders.web.problems import NotThereError
from tests.web.archive import DRAWING, EVIL, PNG
from tests.web.conftest import Filled
from tests.web.serving import Site

LOG = b"waits for T1\n"


def files(site: Site, issue: int) -> list[str]:
    """The addresses of an issue's files, in their order on its page."""
    return re.findall(r'<h3><a href="(/issue/\d+/file/\d+)" download', site.get(f"/issue/{issue}").text)


@pytest.mark.parametrize(
    ("issue", "name", "content"),
    [
        (1, "lock trace.log", LOG),
        (2, "잠금 기록.log", "교착 상태 기록\n".encode()),
        (3, "ロック記録.log", "デッドロック記録\n".encode()),
    ],
)
def test_a_file_comes_as_it_is_under_its_name(kim: Site, issue: int, name: str, content: bytes) -> None:
    answer = kim.get(files(kim, issue)[0])
    assert (answer.status, answer.body) == (200, content)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Length"] == str(len(content))
    said = answer.headers["Content-Disposition"]
    assert said.startswith("attachment; ")
    assert unquote(said.split("filename*=UTF-8''")[1]) == name


def test_head_of_a_file(kim: Site) -> None:
    answer = kim.get(files(kim, 1)[0], method="HEAD")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", str(len(LOG)))


def test_a_large_file_comes_whole(kim: Site, archive: Filled) -> None:
    path = archive.data_dir / _path(archive, 2)
    before, large = path.read_bytes(), os.urandom(1 << 20) + b"end"
    path.write_bytes(large)
    assert kim.get(files(kim, 2)[0]).body == large
    path.write_bytes(before)


@pytest.mark.parametrize("end", [b"", OSError(5, "Input/output error")])
def test_a_part_is_not_taken_for_the_whole(kim: Site, monkeypatch: pytest.MonkeyPatch, end: bytes | OSError) -> None:
    address = files(kim, 1)[0]
    read = os.pread

    def torn(descriptor: int, size: int, at: int) -> bytes:
        if at == 0:
            return read(descriptor, 4, 0)
        if isinstance(end, OSError):
            raise end
        return end

    monkeypatch.setattr("ims_spiders.web.files.os.pread", torn)
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)) as failure:
        kim.get(address)
    assert b"<html" not in getattr(failure.value, "partial", b"")


def test_pictures_are_shown_when_they_are_some(kim: Site) -> None:
    page = kim.get("/issue/1").text
    (shown,) = re.findall(r'<img src="([^"]+)"', page)
    answer = kim.get(shown)
    assert (answer.body, answer.headers["Content-Type"]) == (PNG, "image/png")
    assert answer.headers["Content-Disposition"].startswith("inline; ")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert kim.get(f"{files(kim, 1)[0]}/picture").status == 404


def test_drawings_with_programs_are_only_downloaded(kim: Site) -> None:
    page = kim.get("/issue/11").text
    assert "<img" not in page
    for path in files(kim, 11):
        assert kim.get(f"{path}/picture").status == 404
        answer = kim.get(path)
        assert (answer.body, answer.headers["Content-Type"]) == (DRAWING, "application/octet-stream")
        assert answer.headers["Content-Disposition"].startswith("attachment; ")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PNG[:16], "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"), (b"RIFF\0\0\0\0WAVE", None), (b"<svg", None), (b"", None),
        (b"BM", None),
    ],
)  # fmt: skip
def test_what_a_picture_begins_with(head: bytes, kind: str | None) -> None:
    assert picture_type(head) == kind


def test_a_file_of_another_issue_is_not_this_ones(kim: Site) -> None:
    number = files(kim, 1)[0].rpartition("/")[2]
    assert kim.get(f"/issue/2/file/{number}").status == 404
    assert kim.get(f"/issue/2/file/{number}/text").status == 404


def test_what_was_never_had_says_why(kim: Site, archive: Filled) -> None:
    number = _scalar(archive, "SELECT attachment_id FROM ims.attachments WHERE filename = 'lost.zip'")
    answer = kim.get(f"/issue/1/file/{number}")
    assert answer.status == 404
    assert "The crawl says: status 404." in answer.text


def test_names_that_lead_out_of_the_folder_lead_nowhere(kim: Site, archive: Filled, tmp_path: Path) -> None:
    folder, secret = archive.data_dir / "attachments", archive.data_dir / "state" / "secret"
    secret.parent.mkdir(exist_ok=True)
    secret.write_text("a secret")
    (folder / "link").symlink_to(secret)
    (folder / "folder").mkdir()
    os.mkfifo(folder / "fifo")
    path, before = files(kim, 3)[0], _path(archive, 3)
    names = ("state/secret", "attachments/../state/secret", str(secret), "attachments/link", "attachments/folder",
             "attachments/fifo", "../secret", "attachments/gone", "", "/etc/passwd")  # fmt: skip
    for name in names:
        _set_path(archive, path, name)
        answer = kim.get(path)
        assert answer.status == 404, name
        assert "ims db check" in answer.text
        assert "secret" not in answer.text
    _set_path(archive, path, before)
    assert kim.get(path).status == 200
    with pytest.raises(NotThereError):
        open_inside(archive.data_dir, "attachments/\0")
    with pytest.raises(NotThereError):
        open_inside(tmp_path, "attachments/x")


def test_names_of_downloads_are_harmless() -> None:
    for evil in (*EVIL, "a\r\nSet-Cookie: x=1", "../../etc/passwd", "", ".", "x" * 4000, 'quote".exe', "a;b"):
        said = disposition(evil)
        assert re.fullmatch(
            r"""attachment; filename="[A-Za-z0-9._ ()+-]+"; filename\*=UTF-8''[A-Za-z0-9._~%-]+""", said
        )
        assert len(said) < 2500
        assert not re.search(r"[\\/\r\n\u202e]|^\.", unquote(said.split("''")[1]))


def _path(archive: Filled, issue: int) -> str:
    asked = f"SELECT file_path FROM ims.attachments JOIN ims.issues USING (issue_pk) WHERE issue_id = '{issue}'"
    return str(_scalar(archive, asked))


def _set_path(archive: Filled, address: str, name: str) -> None:
    change = "UPDATE ims.attachments SET file_path = :name WHERE attachment_id = :number"
    engine: Engine = archive.connect()
    with engine.begin() as connection:
        connection.execute(text(change), {"name": name, "number": int(address.rpartition("/")[2])})
    engine.dispose()


def _scalar(archive: Filled, asked: str) -> object:
    engine = archive.connect()
    with engine.connect() as connection:
        found = connection.scalar(text(asked))
    engine.dispose()
    return found
