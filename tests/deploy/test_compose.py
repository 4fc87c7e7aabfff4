"""deploy/compose.yaml, as far as it can be known without an engine: pinned, closed, watched, without a secret."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import create_engine, text

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import parse_url
from ims_spiders.web.guard import HEALTH
from tests.crawl.crawling import ROOT
from tests.db.catalogue import superuser
from tests.deploy.test_env_example import ASSIGNMENTS
from tests.test_docs import OPTIONS

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
NODES = {name: service for name, service in SERVICES.items() if name.startswith("node-")}
OWN = {name: service for name, service in SERVICES.items() if "build" in service}
KNOWN = {
    "build",
    "cap_drop",
    "command",
    "depends_on",
    "env_file",
    "environment",
    "healthcheck",
    "hostname",
    "image",
    "networks",
    "ports",
    "profiles",
    "read_only",
    "restart",
    "secrets",
    "security_opt",
    "shm_size",
    "stop_grace_period",
    "tmpfs",
    "volumes",
}
"""Of the compose specification, what is used here: a word that is written wrongly would be refused, or do nothing."""


def test_it_says_nothing_that_is_not_in_the_specification() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == {
        "name",
        "services",
        "networks",
        "volumes",
        "secrets",
    }
    assert {key for service in SERVICES.values() for key in service} <= KNOWN
    assert {"database", "node-1", "node-2", "web", "backup"} == set(SERVICES)


def test_what_is_referred_to_is_there() -> None:
    for service in SERVICES.values():
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert (DEPLOY / source).is_file() if source.startswith(".") else source in COMPOSE["volumes"]
    for service in OWN.values():
        assert (DEPLOY / service["build"]["context"]).resolve() == ROOT
        assert (ROOT / service["build"]["dockerfile"]).is_file()


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].rpartition(":")
    assert re.match(r"\d+\.\d+", tag)


def test_our_image_is_of_this_version() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert {service["image"] for service in OWN.values()} == {f"ims-spiders:{version[1]}"}
    assert f"ims-spiders:{version[1]} " in (DEPLOY / "Containerfile").read_text()


def test_only_this_machine_gets_in_and_to_the_database_only_the_nodes() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert SERVICES["database"]["networks"] == ["inside"]
    assert "ports" not in SERVICES["database"]
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []
    assert len(published) == len(set(published)) == len(NODES) + 1
    for service in SERVICES.values():
        assert "network_mode" not in service
        assert "no-new-privileges:true" in service["security_opt"]


def test_what_runs_our_code_may_do_little() -> None:
    for service in OWN.values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert "privileged" not in service
        assert "seccomp=seccomp.json" in service["security_opt"]


def test_the_profile_lets_chromium_make_its_sandbox_and_forbids_what_containers_are_left_by() -> None:
    profile = json.loads((DEPLOY / "seccomp.json").read_text())
    (rule,) = profile["syscalls"]
    assert rule["action"] == "SCMP_ACT_ERRNO"
    assert {"mount", "bpf", "init_module", "kexec_load", "setns", "keyctl", "open_by_handle_at"} <= set(rule["names"])
    assert not {"clone", "clone3", "unshare", "chroot", "prctl", "seccomp"} & set(rule["names"])


def test_no_secret_is_in_it_and_each_comes_from_a_documented_variable() -> None:
    written = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{([A-Z_]+)", written)) | {
        secret["environment"] for secret in COMPOSE["secrets"].values()
    }
    assert asked == {"DATABASE_PASSWORD", "IMS_WEB_PASSWORD"} <= set(ASSIGNMENTS)
    for service in SERVICES.values():
        for name, value in service["environment"].items():
            if re.search("PASSWORD|KEY|SECRET", name):
                assert re.match(r"\$\{[A-Z_]+:\?|/run/secrets/", str(value)), name


def test_each_variable_is_known_to_the_product() -> None:
    for service in OWN.values():
        assert set(service["environment"]) <= set(ASSIGNMENTS)
        assert service["env_file"] == [".env"]
    assert {service["environment"]["DATABASE_USER"] for service in NODES.values()} == {"ims_owner"}
    assert SERVICES["backup"]["environment"]["DATABASE_USER"] == "ims_backup"


def test_nodes_wait_for_a_database_that_answers() -> None:
    assert "pg_isready" in SERVICES["database"]["healthcheck"]["test"]
    for service in OWN.values():
        assert service["depends_on"] == {"database": {"condition": "service_healthy"}}
    # Of the nodes, the image's own is used.
    assert all("healthcheck" not in service for service in NODES.values())
    assert "HEALTHCHECK" in (DEPLOY / "Containerfile").read_text()


def test_what_must_last_is_in_volumes() -> None:
    assert "database:/var/lib/postgresql/data" in SERVICES["database"]["volumes"]
    for service in OWN.values():
        (data,) = [volume for volume in service["volumes"] if volume.startswith("data:")]
        assert data.split(":")[1] == service["environment"]["IMS_DATA_DIR"]


@pytest.mark.parametrize("name", OWN)
def test_what_they_run_is_there(name: str) -> None:
    for word in SERVICES[name]["command"]:
        if word.startswith("/opt/ims_spiders/") and ".venv" not in word:
            assert (ROOT / word.removeprefix("/opt/ims_spiders/")).is_file()
    if name in NODES:
        assert SERVICES[name]["command"][:3] == ["python", "-m", "ims_spiders.daemon"]


def test_the_web_reads_what_nodes_write_and_is_watched_by_its_own_check() -> None:
    web = SERVICES["web"]
    arguments = web["command"][1:]
    assert arguments[0] == "serve"
    assert {word for word in arguments if word.startswith("--")} <= set(OPTIONS)
    (port,) = web["ports"]
    assert port.split(":")[-1] == arguments[arguments.index("--port") + 1]
    assert web["volumes"] == ["data:/srv/ims/data:ro"]
    check = web["healthcheck"]["test"]
    assert check[:3] == ["CMD", "python", "-c"]
    assert f":{port.split(':')[-1]}{HEALTH}'" in check[3]
    done = subprocess.run([sys.executable, *check[2:]], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "URLError" in done.stderr) == (1, True)


def test_the_database_is_made_as_the_product_wants_it(own_server: EmbeddedServer, tmp_path: Path) -> None:
    """The script of the first start, with another server in the place of the container's."""
    own_server.start()
    first = superuser(own_server, "postgres", autocommit=True)
    with first.connect() as connection:
        connection.execute(text("DROP DATABASE ims_crawler WITH (FORCE)"))
        connection.execute(text("DROP ROLE ims_owner"))
        secret = tmp_path / "database_password"
        secret.write_text("it's a c4n4ry\n")
        script = (DEPLOY / "container_database.sh").read_text().replace("/run/secrets/database_password", str(secret))
        path = f"{own_server.psql_path().parent}:/usr/bin:/bin"
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(own_server.status().port), "PGPASSFILE": str(own_server.passfile)}
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            env={"PATH": path, **where},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        facts = (
            "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname ~ '^ims_'"
        )
        assert sorted(map(tuple, connection.execute(text(facts)))) == [
            ("ims_backup", False, False, False, True),
            ("ims_owner", False, True, True, False),
        ]
        assert connection.scalar(text("SELECT rolpassword IS NULL FROM pg_authid WHERE rolname = 'postgres'"))
        # The fixture's teardown signals the server, and asks nothing of the superuser.
        for user in ("ims_owner", "ims_backup"):
            url = parse_url(own_server.dsn(user, "ims_crawler"))
            engine = create_engine(url, connect_args={"password": "it's a c4n4ry"})
            with engine.connect() as theirs:
                assert theirs.scalar(text("SELECT current_user")) == user
            engine.dispose()
    first.dispose()
