"""Attachments and inline images over HTTP."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import unquote

import pytest

from ims_spiders.demo.server import DemoTracker
from ims_spiders.demo.state import ATTACHMENT_STYLES
from tests.demo.client import Answer, Client


def fetch(client: Client, style: str, issue_id: str, file_id: str, kind: str) -> Answer:
    """Ask for a file as the script of that style does."""
    if style == "post":
        return client.post("/tody/common/fileDownloadNew.do", {"fileId": file_id, "fileType": kind})
    if style == "two_urls" and kind == "PATCH":
        return client.get("/tody/ims/patch/patchFileDownload.do", {"patchFileId": file_id})
    path, query = {
        "get": ("/tody/common/fileDownload.do", {"fileId": file_id, "fileType": kind}),
        "iframe": ("/tody/common/frameDownload.do", {"id": file_id, "kind": kind}),
        "window_open": ("/tody/common/popupDownload.do", {"type": kind, "file": file_id}),
        "two_urls": ("/tody/ims/issue/issueFileDownload.do", {"issueFileId": file_id}),
        "issue_id": (f"/tody/ims/issue/{issue_id}/files/{file_id}.do", {"issueId": issue_id, "kind": kind}),
    }[style]
    return client.get(path, query)


def files(truth: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(n, a) for n, issue in truth.items() for a in issue["attachments"] if a["kind"] != "INLINE"]


def test_every_file_has_the_bytes_and_the_name_of_the_truth(reader: Client, truth: dict[str, Any]) -> None:
    for number, attachment in files(truth):
        answer = fetch(reader, "get", number, attachment["file_id"], attachment["kind"])
        assert answer.headers["Content-Length"] == str(attachment["file_size"]) == str(len(answer.body))
        assert hashlib.sha256(answer.body).hexdigest() == attachment["sha256"]
        disposition = answer.headers["Content-Disposition"]
        assert unquote(disposition.removeprefix("attachment; filename*=UTF-8''")) == attachment["filename"]
        assert disposition.isascii()


@pytest.mark.parametrize("style", ATTACHMENT_STYLES)
def test_only_the_style_in_force_answers(style: str) -> None:
    with DemoTracker(issues=60, attachment_style=style) as tracker:
        client = Client(tracker.base_url)
        client.login()
        listed = files(tracker.truth()["issues"])
        assert {attachment["kind"] for _, attachment in listed} == {"ISSUE", "PATCH"}
        for number, attachment in listed:
            answer = fetch(client, style, number, attachment["file_id"], attachment["kind"])
            assert hashlib.sha256(answer.body).hexdigest() == attachment["sha256"]
        number, attachment = listed[0]
        for other in set(ATTACHMENT_STYLES) - {style}:
            assert fetch(client, other, number, attachment["file_id"], attachment["kind"]).status == 404


def test_a_file_of_another_kind_or_issue_is_an_alert() -> None:
    with DemoTracker(issues=60, attachment_style="issue_id") as tracker:
        client = Client(tracker.base_url)
        client.login()
        listed = files(tracker.truth()["issues"])
        number, attachment = next(entry for entry in listed if entry[1]["kind"] == "ISSUE")
        elsewhere = next(other for other in tracker.truth()["issues"] if other != number)
        for issue_id, kind in ((number, "PATCH"), (elsewhere, "ISSUE")):
            answer = fetch(client, "issue_id", issue_id, attachment["file_id"], kind)
            assert (answer.status, answer.headers.get_content_type()) == (200, "text/html")
            assert "alert(" in answer.text


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(ValueError, match="attachment_style must be one of get, post"):
        DemoTracker(issues=1, attachment_style="carrier pigeon")


def test_inline_images_need_a_login_and_have_the_bytes_of_the_truth(
    reader: Client, shared: DemoTracker, truth: dict[str, Any]
) -> None:
    images = [a for issue in truth.values() for a in issue["attachments"] if a["kind"] == "INLINE"]
    assert {"imageView.do?" in image["url"] for image in images} == {True, False}
    for image in images[:60]:
        path = image["url"].removeprefix(shared.base_url)
        answer = reader.get(path)
        assert answer.headers.get_content_type() == "image/png"
        assert hashlib.sha256(answer.body).hexdigest() == image["sha256"]
        assert "/login" in Client(shared.base_url).get(path).url


def test_some_image_addresses_are_relative_to_the_page(shared: DemoTracker) -> None:
    sources = [image.src for issue in shared.world.issues.values() for _, image in issue.images()]
    assert {src[:2] for src in sources} == {"..", "/t", "da"}
