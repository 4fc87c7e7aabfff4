"""What users, analysts, the service and a crawl try with logins of their own, and do not get."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from ims_spiders.db.embedded import EmbeddedServer
from tests.db.attacks import Attack, identity, reading, writing
from tests.db.catalogue import catalogue, differences, roles
from tests.db.rights import Archive, Login, archive_of_people, everything

ATTACKS = [*identity.ATTACKS, *reading.ATTACKS, *writing.ATTACKS]
CONTROLLED = [attack for attack in ATTACKS if attack.control is not None]


@pytest.fixture(scope="module")
def archive(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with archive_of_people(server, "attacked", tmp_path_factory.mktemp("people")) as made:
        made.numbers["database"] = made.name
        yield made


@pytest.fixture(scope="module")
def unharmed(archive: Archive) -> Iterator[None]:
    """The archive and the server's roles are afterwards what they were before."""
    before, people = catalogue(archive.root), roles(archive.root)
    yield
    assert differences(before, catalogue(archive.root)) == []
    assert roles(archive.root) == people


@pytest.fixture(scope="module")
def known(archive: Archive) -> list[Any]:
    """All rows, as they were after the last attack: reading them takes longer than most attacks."""
    return [everything(archive)]


def fills(archive: Archive, attack: Attack) -> str:
    return archive.fill(attack.statement)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_fruitless(archive: Archive, known: list[Any], attack: Attack) -> None:
    with archive.login(attack.who, autocommit=True) as login:
        if attack.who == "crawler":
            login.run("SET ROLE ims_crawl")
        if attack.refused is None:
            assert login.run(fills(archive, attack)) == attack.shows
        else:
            with pytest.raises(psycopg2.Error) as caught:
                login.run(fills(archive, attack))
            assert caught.value.pgcode == attack.refused
            assert "secret" not in str(caught.value)
    before, known[0] = known[0], everything(archive)
    assert known[0] == before


@pytest.mark.parametrize("attack", CONTROLLED, ids=lambda attack: attack.name)
def test_the_same_bears_fruit_for_whoever_may(archive: Archive, attack: Attack) -> None:
    """So that no attack is fruitless because of a slip in it."""
    assert attack.control is not None
    with archive.login(attack.control) as login:
        assert login.run(fills(archive, attack)) != attack.shows


def test_there_are_enough_attacks_and_each_has_a_name_of_its_own() -> None:
    names = [attack.name for attack in ATTACKS]
    assert len(names) == len(set(names)) > 150
    assert sum(attack.who == "kim" for attack in ATTACKS) > 100
    assert {attack.who for attack in ATTACKS} == {"kim", "ann", "boss", "gone", "service", "crawler"}
    assert all((attack.refused is None) != (attack.shows is None) for attack in ATTACKS)


def test_what_is_ones_own_touches_no_figure_of_anothers(archive: Archive) -> None:
    """A link of one's own counts as a sighting, as long as it is there; it comes after those that were."""

    def of_others(root: Login) -> list[tuple[Any, ...]]:
        figures = "SELECT to_jsonb(a) - 'created_at' FROM ims.analytics_{} AS a WHERE user_id <> {} ORDER BY stat_id"
        return [
            row for table in ("daily", "monthly") for row in root.run(figures.format(table, archive.numbers["kim"]))
        ]

    count = archive.fill("SELECT crawl_count FROM ims.issues WHERE issue_pk = {other_issue} - 2")
    with archive.login("root") as root:
        before, seen = of_others(root), root.value(count)
        root.run(f"SET LOCAL SESSION AUTHORIZATION {archive.roles['kim']}")
        root.run(
            archive.fill(
                "INSERT INTO ims.session_issues (session_id, issue_pk) VALUES ({own_session}, {other_issue} - 2)"
            )
        )
        assert root.value(count) == seen + 1
        root.run("DELETE FROM ims.session_issues WHERE product = 'Open' OR found_by IS NULL")
        assert root.value(count) == seen
        root.run("DELETE FROM ims.crawl_sessions")
        root.run("RESET SESSION AUTHORIZATION")
        assert of_others(root) == before


def test_figures_that_no_column_holds_stop_nobodys_statistics(archive: Archive) -> None:
    with archive.login("root") as root:
        root.run(f"SET LOCAL SESSION AUTHORIZATION {archive.roles['kim']}")
        for _ in range(2):
            root.run(
                "INSERT INTO ims.crawl_sessions (user_id, status, started_at, issues_crawled, attachments_downloaded)"
                f" VALUES ({archive.numbers['kim']}, 'completed', '2026-03-02 12:00+00', 2147483647, 2147483647)"
            )
        root.run(f"SET LOCAL SESSION AUTHORIZATION {archive.roles['boss']}")
        assert root.value("SELECT ims.aggregate_daily_stats('2026-03-02')") == 3
        assert root.value("SELECT ims.aggregate_monthly_stats(2026, 3)") == 3
        assert root.value("SELECT max(issues_crawled) FROM ims.analytics_daily") == 2147483647
        root.run("SELECT ims.refresh_materialized_views()")


def test_settings_of_ones_own_make_nobody_else_of_one(archive: Archive) -> None:
    """Whoever may set what holds for their next login is still themselves then, or nobody."""
    kim, lee = archive.roles["kim"], archive.roles["lee"]
    with archive.login("kim", autocommit=True) as login:
        login.run(f"ALTER ROLE {kim} SET search_path = public")
        try:
            login.run(f"ALTER ROLE {kim} SET role = '{lee}'")
            with archive.login("kim") as next_login:
                assert next_login.run("SELECT current_user, ims.current_user_id()") == [(kim, archive.numbers["kim"])]
        finally:
            login.run(f"ALTER ROLE {kim} RESET ALL")
