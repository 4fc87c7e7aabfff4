"""`scrapy check` runs a contract for every callback: it exits 0 also when it runs none."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

from ims_spiders.spiders.ims import ImsSpider


def callbacks() -> set[str]:
    """The methods that a response is handed to."""
    own = [kind for kind in ImsSpider.__mro__ if kind.__module__.startswith("ims_spiders.")]
    public = {name: method for kind in own for name, method in vars(kind).items() if name[0] != "_"}
    methods = {name: method for name, method in public.items() if inspect.isfunction(method)}
    return {name for name, method in methods.items() if "response" in inspect.signature(method).parameters}


def test_every_callback_has_a_contract_that_runs_and_holds() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "check", "-v"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    ran = set(re.findall(r"^\[ims\] (\w+) \(.*\) \.\.\. ok$", done.stderr, re.MULTILINE))
    assert ran >= callbacks(), done.stderr
    counted = re.search(r"^Ran (\d+) contract", done.stderr, re.MULTILINE)
    assert counted is not None
    assert int(counted[1]) >= len(callbacks())


def test_the_callbacks_are_those_that_the_spider_names() -> None:
    assert callbacks() == {
        "parse_search_form",
        "parse_search_results",
        "parse_issue",
        "parse_relations",
        "parse_patch_list",
        "parse_unlisted",
    }
