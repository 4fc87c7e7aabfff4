"""A whole crawl that was asked for in a sentence: what it fetches, what it keeps of the reading, and how it goes on."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from ims_spiders.demo.server import DemoTracker
from tests.crawl import logged_in, oracle
from tests.crawl.crawling import Archive
from tests.crawl.test_demo_tracker import PASSWORD, every_row

SENTENCE = "2019년 이후 OpenFrame에서 TPETIME이 발생한 미해결 이슈 찾아줘"
UNRESOLVED = ("New", "Open", "Assigned", "Postponed")
READING = {
    "original_query": SENTENCE,
    "ims_query": "TPETIME",
    "language": "ko",
    "method": "rules",
    "product": "OpenFrame",
    "status": list(UNRESOLVED),
    "since": "2019-01-01",
    "until": None,
    "intent_filtered": False,
}


def answers(tracker: DemoTracker, since: int) -> list[str]:
    """What the tracker has for the sentence, from that year on."""
    found = [tracker.world.issues[int(number)] for number in tracker.matching_ids("TPETIME", "OpenFrame")]
    return [str(one.issue_id) for one in found if one.status in UNRESOLVED and one.registered.moment.year >= since]


def asked_issues(tracker: DemoTracker) -> set[str]:
    """The issues whose pages were asked for."""
    entries = [entry.query for entry in tracker.ledger.entries if entry.path.endswith("issueView.do")]
    return {found[1] for query in entries if (found := re.search(r"issueId=(\d+)", query))}


def test_a_sentence_is_read_kept_and_gone_on_with(archive: Archive) -> None:
    with DemoTracker(password=PASSWORD, issues=120) as tracker:
        env = logged_in.variables(archive, tracker)
        run = archive.crawl(env, query=SENTENCE, related=0)
        assert run.exit_code == 0, run.stderr
        expected = answers(tracker, 2019)
        later, earlier = len(expected), answers(tracker, 2000)
        assert 0 < later < len(earlier)
        assert set(archive.documents()) == set(expected)
        searched = next(parse_qs(one.query) for one in tracker.ledger.entries if "reSearchYN=Y" in one.query)
        assert searched["keyword"] == ["TPETIME"]
        assert len(searched["activities"]) == len(UNRESOLVED)
        others = set(earlier) - set(expected)
        assert not others & asked_issues(tracker), "the list says that they are older"
        session = archive.last().read_session()
        kept = session["metadata"]["query"]
        assert {name: kept[name] for name in READING} == READING
        assert (session["product"], session["total_issues_found"]) == ("OpenFrame", later)
        assert archive.last().path.name.split("-")[1] == "all"
        (row,) = archive.rows(
            "select s.product, q.product as asked, s.parsed_query, query_language, parsing_method, results_count"
            " from ims.crawl_sessions s join ims.search_queries q using (session_id, parsed_query, query_language)"
        )
        assert tuple(row.values()) == ("OpenFrame", "OpenFrame", "TPETIME", "ko", "rules", later)
        before = every_row(archive)
        assert archive.ims(env, "db", "load").returncode == 0
        assert every_row(archive) == before

        # As if the sentence had been read on another day: what was read then is what goes on.
        session["metadata"]["query"] |= {"since": "2000-01-01", "original_query": SENTENCE}
        archive.last().write_session(session)
        again = archive.crawl(env, resume="last")
        assert again.exit_code == 0, again.stderr
        documents = archive.documents()
        assert set(documents) == set(earlier)
        truth = tracker.truth()
        for document in documents.values():
            oracle.check_issue(truth, document, archive.data_dir)
    oracle.check_rows(archive, documents)
    assert archive.rows("select results_count from ims.search_queries") == [{"results_count": len(earlier)}]
