"""The control surface and the ledger."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ims_spiders.demo.server import DemoTracker
from ims_spiders.demo.world import catalog
from tests.demo.client import Client, row_ids, total, wait_until


def test_the_ledger_tells_who_asked_what(tracker: DemoTracker) -> None:
    client = Client(tracker.base_url)
    client.login("hunter2-not-in-ledger")
    client.login()
    number = max(tracker.world.issues)
    page = client.issue(number)
    client.get("/favicon.ico")
    ledger = client.get("/__demo__/ledger").json()
    paths = [entry["path"] for entry in ledger["requests"]]
    assert paths == ["/tody/auth/login.do", "/tody/auth/login.do", "/tody/main.do", "/tody/ims/issue/issueView.do"]
    last = ledger["requests"][-1]
    assert (last["method"], last["status"], last["user"], last["session"]) == ("GET", 200, "demo", 1)
    assert last["query"] == f"issueId={number}&menuCode=issue_search"
    assert last["bytes"] == len(page.body)
    assert (ledger["logins_accepted"], ledger["logins_refused"], ledger["total"]) == (1, 1, 4)
    assert "hunter2-not-in-ledger" not in str(ledger)
    assert tracker.ledger.count("issueView", status=200) == 1
    assert tracker.ledger.count("issueView", status=302) == 0
    tracker.reset_ledger()
    assert tracker.ledger.as_dict()["total"] == 0


@pytest.mark.parametrize("at_once", [1, 5])
def test_max_in_flight_counts_what_is_under_way(at_once: int) -> None:
    with DemoTracker(issues=20, latency=0.4) as tracker:
        client = Client(tracker.base_url)
        client.login()
        tracker.reset_ledger()
        number = max(tracker.world.issues)
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(lambda _: client.issue(number), range(at_once * 2)))
        assert tracker.ledger.max_in_flight == at_once
        wait_until(lambda: tracker.ledger.in_flight == 0)


def test_a_client_that_went_away_is_not_under_way_any_more(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("hang:path=issueView")
    impatient = Client(tracker.base_url, timeout=0.3)
    impatient.jar = client.jar
    with pytest.raises(TimeoutError):
        impatient.issue(1)
    wait_until(lambda: tracker.ledger.in_flight == 0)
    assert tracker.ledger.entries[-1].status == 0


def test_a_reset_keeps_what_is_under_way(tracker: DemoTracker, client: Client) -> None:
    tracker.faults.add("slow:seconds=0.5,path=issueView")
    asking = threading.Thread(target=client.issue, args=(1,))
    asking.start()
    wait_until(lambda: tracker.ledger.in_flight == 1)
    tracker.reset_ledger()
    assert tracker.ledger.max_in_flight == 1
    asking.join()


def test_truth_over_http_is_the_truth_of_the_api(shared: DemoTracker) -> None:
    client = Client(shared.base_url)
    whole = shared.truth()
    assert client.get("/__demo__/truth").json() == whole
    some = list(whole["issues"])[:2]
    assert client.get("/__demo__/truth", {"issue": some}).json()["issues"] == {n: whole["issues"][n] for n in some}


def test_truth_search(shared: DemoTracker) -> None:
    client = Client(shared.base_url)

    def ask(**query: Any) -> Any:
        return client.get("/__demo__/truth/search", query).json()["issue_ids"]

    assert ask(keyword="TPETIME", product="OpenFrame") == shared.matching_ids("TPETIME", "OpenFrame")
    assert ask(product="no such product") == []
    closed = ask(keyword="TPETIME", activities="Closed")
    assert closed
    assert set(closed) < set(shared.matching_ids("TPETIME"))
    assert set(ask(productCodes=["070"])) == set(shared.matching_ids(product="Tibero"))


def test_expire_edit_insert_and_user(tracker: DemoTracker, client: Client) -> None:
    newest = max(tracker.world.issues)
    assert client.post_json("/__demo__/expire", {}).json() == {"ended": 1}
    assert "/login" in client.issue(newest).url
    client.login()
    edit = {"issue_id": newest, "fields": {"Subject": "A <new> subject", "Status": "Closed"}, "comment": "It's done"}
    number = client.post_json("/__demo__/edit", edit).json()["comment_number"]
    page = client.issue(newest)
    assert "A &lt;new&gt; subject" in page.text
    truth = tracker.truth()["issues"][str(newest)]
    assert (truth["title"], truth["status"]) == ("A <new> subject", "Closed")
    assert truth["comments"][0]["comment_number"] == number
    assert page.page.css(f"#commDescTR_{number} p::text").get() == "It's done"
    assert tracker.matching_ids("+'a <new> subject'") == [str(newest)]
    inserted = client.post_json("/__demo__/insert", {"status": "Open"}).json()["issue_id"]
    assert int(inserted) > newest
    assert row_ids(client.search())[0] == inserted
    client.post_json("/__demo__/user", {"user_id": "else", "name": "Somebody Else"})
    assert client.issue(newest).page.css("#userName::attr(value)").get() == "Somebody Else"
    client.post_json("/__demo__/user", {})
    assert client.issue(newest).page.css("#userId::attr(value)").get() == "demo"


def test_a_deleted_issue_is_gone_from_every_page(tracker: DemoTracker, client: Client) -> None:
    number, file = next((n, issue.files[0]) for n, issue in tracker.world.issues.items() if issue.files)
    before = total(client.search(activities=list(catalog.STATUS_CODES.values())))
    answer = client.post_json("/__demo__/delete", {"issue_id": number})
    assert answer.json() == {"issue_id": str(number)}
    assert total(client.search(activities=list(catalog.STATUS_CODES.values()))) == before - 1
    assert str(number) not in tracker.truth()["issues"]
    assert "does not exist" in client.issue(number).text
    assert tracker.world.file(file.file_id, file.kind) is None
    assert client.post_json("/__demo__/delete", {"issue_id": number}).status == 400


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("edit", {"issue_id": 1, "fields": {}}, "1"),
        ("edit", {"issue_id": 0, "fields": {"Reporter": "x"}}, "0"),
        ("insert", {"status": "Lost"}, "status must be one of"),
        ("insert", {"nonsense": 1}, "nonsense"),
        ("columns", ["Nonsense"], "unknown columns"),
        ("faults", {"faults": ["nonsense"]}, "there is no fault called"),
    ],
)
def test_nonsense_is_refused_with_a_reason(shared: DemoTracker, path: str, value: Any, says: str) -> None:
    answer = Client(shared.base_url).post_json(f"/__demo__/{path}", value)
    assert answer.status == 400
    assert says in answer.json()["error"]


def test_people_and_dates_cannot_be_edited(tracker: DemoTracker) -> None:
    with pytest.raises(ValueError, match="'Reporter' is no field that can be edited"):
        tracker.world.edit(max(tracker.world.issues), {"Reporter": "x"})


def test_faults_over_http_replace_the_plan(tracker: DemoTracker, client: Client) -> None:
    rules = ["status:code=500,path=issueView", {"fault": "slow", "seconds": 0.01, "path": "main"}]
    answer = client.post_json("/__demo__/faults", {"faults": rules}).json()
    assert [rule["fault"] for rule in answer["rules"]] == ["status", "slow"]
    assert client.issue(1).status == 500
    listed = client.get("/__demo__/faults").json()
    assert listed["rules"][0]["fired"] == 1
    assert any(name.startswith("drip") for name in listed["known"])
    client.post_json("/__demo__/faults", [])
    assert client.issue(1).status == 200


def test_inserting_while_somebody_pages_shifts_the_rows(tracker: DemoTracker, client: Client) -> None:
    first = row_ids(client.search(pageIndex=1))
    client.post_json("/__demo__/insert", {})
    second = row_ids(client.search(pageIndex=2))
    assert second[0] == first[-1]
    assert total(client.search()) == total(client.search(pageIndex=2))
