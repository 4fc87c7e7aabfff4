"""What users, analysts, the service and a crawl try with logins of their own, and do not get."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg2
import pytest

from ims_spiders.db.embedded import EmbeddedServer
from tests.db.attacks import Attack, identity, reading, writing
from tests.db.catalogue import catalogue, differences, roles
from tests.db.rights import Archive, archive_of_people, everything

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


def fills(archive: Archive, attack: Attack) -> str:
    return archive.fill(attack.statement)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_fruitless(archive: Archive, attack: Attack) -> None:
    before = everything(archive)
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
    assert everything(archive) == before


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
