"""Who is answered and who is not, the headers of every answer, and settings that would let everybody in."""

from __future__ import annotations

import base64
import http.client
import socket
from pathlib import Path

import pytest

from ims_spiders.exceptions import ConfigurationError
from ims_spiders.web import guard
from ims_spiders.web.settings import WebSettings, web_password
from tests.web.conftest import Filled
from tests.web.serving import Site, site

PASSWORD = "correct horse 비밀"


def basic(password: str, user: str = "whoever") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    "path", ["/", "/issue/1", "/issue/1/text", "/products", "/healthz", "/nowhere", "/static/style.css"]
)
def test_the_headers_of_every_answer(kim: Site, path: str) -> None:
    headers = kim.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "script" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"].startswith("private, ")
    assert headers["Server"] == "ims"


def test_styles_of_charts_are_let_in_by_a_number_used_once(kim: Site) -> None:
    first, second = (kim.get("/products") for _ in range(2))
    nonces = [answer.headers["Content-Security-Policy"].split("'nonce-")[1].split("'")[0] for answer in (first, second)]
    assert nonces[0] != nonces[1]
    assert first.text.count("<style") == first.text.count(f'<style nonce="{nonces[0]}"') == 3
    assert "nonce" not in kim.get("/").headers["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_it_is_only_read(kim: Site, method: str) -> None:
    answer = kim.get("/", method=method)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET,HEAD"


def test_head_has_no_body(kim: Site) -> None:
    answer = kim.get("/issue/1", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost", "LOCALHOST:{port}", "[::1]:{port}", "localhost.:1"])
def test_names_of_this_machine(kim: Site, host: str) -> None:
    assert kim.get("/", {"Host": host.format(port=kim.port)}).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "[::1", "", "10.0.0.1"]
)
def test_other_names_are_not_answered(kim: Site, host: str) -> None:
    answer = kim.get("/issue/1", {"Host": host.format(port=kim.port)})
    assert answer.status in {400, 421}
    assert "deadlock" not in answer.text


def test_two_names_are_none(kim: Site) -> None:
    with socket.create_connection(("127.0.0.1", kim.port), timeout=20) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        assert plain.recv(12).endswith(b" 400")


def test_a_proxys_name_is_answered_when_it_is_given(archive: Filled) -> None:
    with site(archive.settings(public_names=("IMS.example.com",), password=PASSWORD), archive.connect) as behind:
        assert behind.get("/", {"Host": "ims.example.com", **basic(PASSWORD)}).status == 200
        assert behind.get("/", {"Host": "other.example.com", **basic(PASSWORD)}).status == 421


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
def test_what_a_proxy_passes_on_needs_a_password(kim: Site, archive: Filled, header: str) -> None:
    answer = kim.get("/issue/1", {header: "192.0.2.7"})
    assert answer.status == 403
    assert "deadlock" not in answer.text
    with site(archive.settings(password=PASSWORD), archive.connect) as closed:
        assert closed.get("/issue/1", {header: "192.0.2.7", **basic(PASSWORD)}).status == 200


def test_other_sites_may_link_and_nothing_else(kim: Site) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert kim.get("/issue/1", {**foreign, "Sec-Fetch-Mode": "navigate"}).status == 200
    assert kim.get("/issue/1", {**foreign, "Sec-Fetch-Mode": "no-cors"}).status == 403
    assert kim.get("/static/style.css", {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors"}).status == 200


def test_with_a_password_nothing_is_shown_without(archive: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "WRONG_PASSWORD_SECONDS", 0.01)
    with site(archive.settings(password=PASSWORD), archive.connect) as closed:
        for path in ("/", "/issue/1", "/issue/1/text", "/static/style.css", "/nowhere"):
            answer = closed.get(path)
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
            assert "deadlock" not in answer.text
        for wrong in (
            basic("wrong"),
            basic(""),
            {"Authorization": "Basic !"},
            {"Authorization": f"Bearer {PASSWORD!a}"},
        ):
            assert closed.get("/", wrong).status == 401
        assert closed.get("/issue/1", basic(PASSWORD)).status == 200
        assert closed.get("/issue/1", basic(PASSWORD, "")).status == 200
        assert closed.get("/healthz").status == 200


def test_long_and_endless_requests_are_refused(kim: Site) -> None:
    assert kim.get("/?q=" + "a" * 20_000).status == 400
    assert kim.get("/", {"X-Long": "a" * 10_000}).status == 400
    connection = http.client.HTTPConnection("127.0.0.1", kim.port, timeout=20)
    connection.request("GET", "/", headers={f"X-{number}": "a" for number in range(200)})
    assert connection.getresponse().status == 400
    connection.close()
    assert kim.get("/").status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "ims.example.com"])  # noqa: S104 - nothing listens there
def test_others_are_let_in_with_a_password_only(host: str) -> None:
    with pytest.raises(ConfigurationError, match="--password-file or IMS_WEB_PASSWORD"):
        WebSettings(host=host).checked()
    assert WebSettings(host=host, password=PASSWORD).checked().password == PASSWORD


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_this_machine_needs_none(host: str) -> None:
    assert WebSettings(host=host).checked().host == host


def test_settings_that_are_wrong() -> None:
    with pytest.raises(ConfigurationError, match="less than 12 characters"):
        WebSettings(password="short").checked()
    with pytest.raises(ConfigurationError, match="--public-name lets other machines in"):
        WebSettings(public_names=("ims.example.com",)).checked()
    with pytest.raises(ConfigurationError, match="is no host name"):
        WebSettings(public_names=("https://ims.example.com",), password=PASSWORD).checked()
    assert PASSWORD not in repr(WebSettings(password=PASSWORD))


def test_where_the_password_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "password"
    assert web_password(None) is None
    monkeypatch.setenv("IMS_WEB_PASSWORD", "from the environment")
    assert web_password(None) == "from the environment"
    with pytest.raises(ConfigurationError, match="No such file"):
        web_password(path)
    path.write_text(f"{PASSWORD}\nsecond line\n", encoding="utf-8")
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        web_password(path)
    path.chmod(0o600)
    assert web_password(path) == PASSWORD
    path.write_text("\n")
    with pytest.raises(ConfigurationError, match="first line is empty"):
        web_password(path)
