"""A tracker whose pages come packed: an expired session is noticed there, too."""

from __future__ import annotations

import pytest

from ims_spiders.db.files_pages import read_lines
from ims_spiders.demo.server import DemoTracker
from tests.crawl.crawling import Archive
from tests.crawl.logged_in import DEMO_FILES
from tests.crawl.packing import Packing
from tests.crawl.test_demo_tracker import PASSWORD, variables


@pytest.mark.long
def test_a_packed_login_form_in_the_place_of_a_page_costs_one_login(files_only: Archive) -> None:
    with (
        DemoTracker(password=PASSWORD, faults=["login_form_200:nth=20"]) as tracker,
        Packing(tracker.base_url) as front,
    ):
        env = variables(files_only, tracker, IMS_BASE_URL=front.base_url, IMS_ATTACHMENT_URL=DEMO_FILES)
        env |= {"IMS_RENDER": "never", "IMS_LOG_PAGES": "errors"}
        run = files_only.crawl(env, product="OpenFrame", query="TPETIME", related=0)
        assert run.exit_code == 0, run.stderr
        assert set(files_only.documents()) == set(tracker.matching_ids("TPETIME", "OpenFrame"))
        assert tracker.ledger.logins_accepted == 2
    assert front.packed > 20
    noted = [value for _, _, value in read_lines(files_only.last())]
    assert {(one["status"], one["page_type"]) for one in noted} == {(200, "login")}
