"""The gate: never more than its limit, nobody forgotten, fewer when the tracker asks for it."""

from __future__ import annotations

import asyncio
import random

import pytest

from ims_spiders.exceptions import CrawlEnding
from ims_spiders.middlewares import gate
from ims_spiders.middlewares.gate import Gate


@pytest.fixture(autouse=True)
def _no_time_between_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "SECONDS_BETWEEN_CUTS", 0.0)


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_happens_at_most_the_limit_is_inside_and_everybody_gets_in(seed: int) -> None:
    source, door = random.Random(seed), Gate(8)
    inside = most = done = 0

    async def visitor() -> None:
        nonlocal inside, most, done
        async with door:
            inside += 1
            assert inside <= door.most
            most = max(most, inside)
            try:
                await asyncio.sleep(source.random() / 500)
            finally:
                inside -= 1
        done += 1

    visitors = [asyncio.create_task(visitor()) for _ in range(60)]
    given_up = source.sample(visitors, 10)
    for one in given_up:
        await asyncio.sleep(0)
        one.cancel()
        source.choice((door.refused, door.answered, door.close))()
    while door._closed:
        door.open()
    ended = await asyncio.wait_for(asyncio.gather(*visitors, return_exceptions=True), 20)
    assert done + sum(isinstance(one, asyncio.CancelledError) for one in ended) == 60
    assert (door._inside, inside) == (0, 0)
    assert most > 0


def test_it_falls_by_halves_to_one_and_rises_one_by_one_to_what_it_was() -> None:
    door = Gate(8)
    fallen: list[int] = []
    for _ in range(5):
        door.refused()
        fallen.append(door.limit)
    assert fallen == [4, 2, 1, 1, 1]
    risen: list[int] = []
    for _ in range(1000):
        door.answered()
        if not risen or risen[-1] != door.limit:
            risen.append(door.limit)
    assert risen == [1, 2, 3, 4, 5, 6, 7, 8]


def test_what_is_refused_together_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "SECONDS_BETWEEN_CUTS", 60.0)
    door = Gate(8)
    for _ in range(8):
        door.refused()
    assert door.limit == 4


async def test_closed_it_lets_nobody_in_until_all_have_opened_it() -> None:
    door = Gate(2)
    door.close()
    door.close()
    entry = asyncio.create_task(door.acquire())
    for opened in (False, True):
        await asyncio.sleep(0)
        assert not entry.done()
        door.open()
        await asyncio.sleep(0)
        assert entry.done() == opened


async def test_once_it_is_ended_nobody_gets_in() -> None:
    door = Gate(1)
    await door.acquire()
    waiting = [asyncio.create_task(door.acquire()) for _ in range(3)]
    await asyncio.sleep(0)
    door.end()
    door.release()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in told] == [CrawlEnding] * 3
    with pytest.raises(CrawlEnding):
        await door.acquire()
