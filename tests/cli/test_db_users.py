"""`ims db user` and `ims db url --user`: everybody connects as themselves."""

from __future__ import annotations

import json
import subprocess

import pytest
from sqlalchemy.engine import make_url

from tests.cli.conftest import Ims


def ask(ims: Ims, dsn: str, statement: str) -> subprocess.CompletedProcess[str]:
    """What the bundled psql says to a statement over that DSN."""
    return ims.run("db", "psql", "-At", "-c", statement, dsn)


def test_each_user_has_a_connection_of_their_own(ims: Ims) -> None:
    kim = json.loads(ims.run("db", "user", "add", "kim", "--department", "지원팀", "--json").stdout)
    assert kim == {"user_id": 1, "username": "kim", "role": "user", "database_role": "ims_kim"}
    done = ims.run("db", "url", "--user", "kim")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    dsn = done.stdout.strip()
    assert (make_url(dsn).username, make_url(dsn).password) == ("ims_kim", None)
    assert ask(ims, dsn, "SELECT session_user, ims.current_user_id()").stdout == "ims_kim|1\n"
    assert "permission denied" in ask(ims, dsn, "SELECT * FROM ims.audit_log").stderr
    assert "permission denied" in ask(ims, dsn, "SET ROLE ims_admin").stderr
    listed = json.loads(ims.run("db", "user", "list", "--json").stdout)
    assert [(row["username"], row["is_active"], row["sessions"]) for row in listed] == [("kim", True, 0)]
    table = ims.run("db", "user", "list").stdout
    assert "지원팀" in table
    assert max(len(line) for line in table.splitlines()) <= 80

    disabled = ims.run("db", "user", "disable", "kim")
    assert (disabled.returncode, "disabled" in disabled.stderr) == (0, True)
    assert "not permitted to log in" in ask(ims, dsn, "SELECT 1").stderr
    refused = ims.run("db", "url", "--user", "kim")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "ims db user add kim" in refused.stderr
    ims.run("db", "user", "add", "kim")
    assert ask(ims, dsn, "SELECT 1").stdout == "1\n"
    ims.run("db", "stop")


def test_a_server_of_yours_gets_a_dsn_with_the_password(ims: Ims) -> None:
    owner = make_url(ims.run("db", "url").stdout.strip())
    passfile = str(owner.query["passfile"])
    with open(passfile, encoding="utf-8") as file:  # noqa: PTH123 - a name out of a DSN
        password = next(line.rsplit(":", 1)[1].strip() for line in file if ":ims_owner:" in line)
    yours = owner.set(password=password).difference_update_query(["passfile"]).render_as_string(hide_password=False)
    assert ims.run("db", "user", "add", "이 수민", DATABASE_URL=yours).returncode == 0
    done = ims.run("db", "url", "--user", "이 수민", DATABASE_URL=yours)
    assert make_url(done.stdout.strip()).password
    assert ask(ims, done.stdout.strip(), "SELECT ims.current_user_id() IS NOT NULL").stdout == "t\n"
    for path in (ims.folder / "data/state/database").iterdir():
        path.unlink()
    lost = ims.run("db", "url", "--user", "이 수민", DATABASE_URL=yours)
    assert lost.returncode == 2
    assert "ims db user add '이 수민' --new-password" in lost.stderr
    ims.run("db", "stop")


@pytest.mark.long
def test_who_is_not_there_is_named(ims: Ims) -> None:
    for arguments in (("url", "--user", "nobody"), ("user", "disable", "nobody")):
        done = ims.run("db", *arguments)
        assert done.returncode == 2
        assert "no user 'nobody'; `ims db user list`" in done.stderr
    ims.run("db", "stop")
