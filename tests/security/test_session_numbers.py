"""Servers write the number of a session into links: no page, item, address or log keeps one."""

from __future__ import annotations

from tests.crawl import logged_in
from tests.crawl.crawling import Archive
from tests.crawl.other_tracker import STATUSES
from tests.security.servers import PASSWORD, LeadingAway


def test_nothing_that_is_kept_holds_the_number_of_a_session(archive: Archive, tracker: LeadingAway) -> None:
    hits = tracker.search("", ["070"], list(STATUSES))
    tracker.tells_session, tracker.broken = True, hits[0]
    (file_id, *_) = tracker.world[hits[1]]["files"]
    env = logged_in.variables(archive, tracker) | {"IMS_LOG_PAGES": "all"}
    (saved,) = tracker.sessions
    tracker.away = {file_id: f"/tody/common/fileDown.do;jsessionid={saved}?seq=7777&gubun=ISSUE&key={hits[1]}"}
    run = archive.crawl(env, product="Tibero", related=0)
    assert run.exit_code == 5, run.stderr
    documents = archive.documents()
    assert set(documents) == set(hits[1:])
    for document in documents.values():
        assert "<A HREF='/tody/x.do?a=1'>" in document["description_html"]
    moved = next(one for one in documents[hits[1]]["attachments"] if one["file_id"] == file_id)
    assert moved["download_url"].startswith(f"{tracker.base_url}/tody/common/fileDown.do?seq=7777")
    assert len(tracker.sessions) > len(hits)
    kept = [path for path in archive.data_dir.rglob("*") if path.is_file() and path.parent.name != "state"]
    names = {path.name for path in kept}
    assert {f"{hits[0]}-MissingField.html", "pages.jsonl", "errors.jsonl", "crawl.log"} <= names
    for path in kept:
        text = path.read_text("utf-8", "replace")
        assert not [one for one in tracker.sessions if one in text], path
        if path.parent.name != "attachments":
            assert not [one for one in (PASSWORD, "gil dong&amp;1", "gil+dong%261") if one in text], path
    assert not [one for one in tracker.sessions if one in run.stderr]
