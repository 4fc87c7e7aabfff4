"""The password goes to the tracker or nowhere: not to another origin, and not to whoever cannot prove who it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ims_spiders.config import TrackerConfig
from ims_spiders.exceptions import LoginRefused, TrackerUnavailable
from ims_spiders.login.alone import authenticator_for
from tests.crawl.crawling import Archive
from tests.security.servers import LoginOnly, Stranger

PASSWORD = "c4n4ry pass&1"
WAYS = ["never", "auto"]
MOSTLY = ["never", pytest.param("auto", marks=pytest.mark.long)]
"""By the browser it is shown of the form that goes elsewhere, and of certificates."""


def attempt(archive: Archive, url: str, render: str) -> str:
    """What is said when a login there is tried; the crawl has to end for that."""
    env = archive.variables(url, "kim", PASSWORD, IMS_RENDER=render)
    run = archive.crawl(env, "RETRY_TIMES=0", product="Tibero", related=0)
    assert run.exit_code in {3, 8}, run.stderr
    assert archive.documents() == {}
    assert PASSWORD not in run.stderr
    return run.stderr


@pytest.mark.parametrize("render", WAYS)
def test_a_form_that_goes_elsewhere_is_not_filled_in(archive: Archive, stranger: Stranger, render: str) -> None:
    with LoginOnly(action=f"{stranger.url}/login.do") as server:
        said = attempt(archive, server.url, render)
    assert server.forms == []
    assert f"goes to {stranger.url}/login.do, which is not the tracker; the password was not sent" in said


@pytest.mark.parametrize("render", MOSTLY)
def test_a_redirect_does_not_take_it_elsewhere(archive: Archive, stranger: Stranger, render: str) -> None:
    with LoginOnly(redirect=f"{stranger.url}/login.do") as server:
        attempt(archive, server.url, render)
    assert len(server.forms) == 1
    assert stranger.heard == 0


@pytest.mark.parametrize("render", WAYS)
def test_a_certificate_that_nobody_vouches_for(archive: Archive, tmp_path: Path, render: str) -> None:
    with LoginOnly().encrypted(tmp_path) as server:
        attempt(archive, server.url, render)
    assert server.asked == []


@pytest.mark.parametrize("render", MOSTLY)
async def test_a_login_outside_of_a_crawl_is_as_careful(tmp_path: Path, stranger: Stranger, render: str) -> None:
    """As the doctor and questions about products log in."""
    with LoginOnly(redirect=f"{stranger.url}/login.do") as server, LoginOnly().encrypted(tmp_path) as unknown:
        for one in (server, unknown):
            config = TrackerConfig.model_validate({"base_url": one.url, "render": render})
            with pytest.raises((TrackerUnavailable, LoginRefused)) as caught:
                await authenticator_for(config).log_in("kim", PASSWORD)
            assert PASSWORD not in str(caught.value)
    assert len(server.forms) == 1
    assert unknown.asked == []
