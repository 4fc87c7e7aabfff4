"""Where Scrapyd's password comes from, and that it is made only where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from scrapyd.config import Config

from ims_spiders.daemon.application import application
from ims_spiders.daemon.configuration import set_option
from ims_spiders.daemon.credentials import known_login, login_for_start, netrc_path
from ims_spiders.exceptions import ConfigurationError, StorageError


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> Config:
    for name in ("SCRAPYD_USERNAME", "SCRAPYD_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    return Config({"username": "", "password": ""})


def test_it_is_made_once_and_differs_from_any_other(config: Config, tmp_path: Path) -> None:
    assert known_login(config, tmp_path) is None
    first = login_for_start(config, tmp_path)
    assert login_for_start(config, tmp_path) == first == known_login(config, tmp_path)
    assert netrc_path(tmp_path).stat().st_mode & 0o777 == 0o600
    assert login_for_start(config, tmp_path / "other").password != first.password
    assert first.password not in repr(first)


def test_the_environment_goes_before_the_file_and_that_before_a_made_one(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_option(config, "password", "of the%file")
    login = login_for_start(config, tmp_path)
    assert (login.username, login.password) == ("ims", "of the%file")
    monkeypatch.setenv("SCRAPYD_USERNAME", "kim")
    monkeypatch.setenv("SCRAPYD_PASSWORD", "of the environment")
    login = login_for_start(config, tmp_path)
    assert (login.username, login.password) == ("kim", "of the environment")
    assert not netrc_path(tmp_path).exists()


def test_a_file_that_is_no_netrc_is_named_but_not_quoted(config: Config, tmp_path: Path) -> None:
    netrc_path(tmp_path).parent.mkdir()
    netrc_path(tmp_path).write_text("c4n4ry-token")
    with pytest.raises(ConfigurationError, match=r"scrapyd\.netrc cannot be read") as raised:
        login_for_start(config, tmp_path)
    assert "c4n4ry" not in str(raised.value)


def test_a_data_folder_that_cannot_be_written_is_said(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("IMS_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="IMS_DATA_DIR"):
        application(config)
