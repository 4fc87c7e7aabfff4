"""The frontier visits the same issues at the same depth, in whatever order answers come."""

from __future__ import annotations

import random
from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from ims_spiders.spiders.frontier import Frontier

Graph = dict[str, list[str]]


def run(graph: Graph, hits: list[str], max_depth: int, rng: random.Random, late: int) -> Frontier:
    """A crawl whose answers come in random order; the search ends after `late` answers, or when nothing is left."""
    frontier = Frontier(max_depth)
    pending = [visit for hit in hits if (visit := frontier.add_hit(hit))]
    searching = True
    while pending or searching:
        if searching and (late <= 0 or not pending):
            pending.extend(frontier.end_search())
            searching = False
            continue
        late -= 1
        visit = pending.pop(rng.randrange(len(pending)))
        related = [(one, "relation") for one in graph.get(visit.issue_id, [])]
        pending.extend(frontier.add_related(visit.issue_id, related))  # type: ignore[arg-type]
    return frontier


def shortest(graph: Graph, hits: list[str], max_depth: int) -> dict[str, int]:
    """Breadth-first search, the plain way."""
    depths = dict.fromkeys(hits, 0)
    queue = deque(depths)
    while queue:
        node = queue.popleft()
        if depths[node] == max_depth:
            continue
        for other in graph.get(node, []):
            if other not in depths:
                depths[other] = depths[node] + 1
                queue.append(other)
    return depths


nodes = st.integers(0, 12).map(str)
graphs = st.dictionaries(nodes, st.lists(nodes, max_size=4))


@given(graphs, st.lists(nodes, min_size=1, max_size=5), st.integers(0, 4), st.randoms(), st.integers(0, 10))
def test_any_order_of_answers_visits_what_a_breadth_first_search_finds(
    graph: Graph, hits: list[str], max_depth: int, rng: random.Random, late: int
) -> None:
    frontier = run(graph, hits, max_depth, rng, late)
    assert {visit.issue_id: visit.depth for visit in frontier.visits.values()} == shortest(graph, hits, max_depth)


@given(graphs, st.lists(nodes, min_size=1, max_size=5), st.randoms())
def test_orders_are_distinct_and_hits_are_marked(graph: Graph, hits: list[str], rng: random.Random) -> None:
    frontier = run(graph, hits, 2, rng, 3)
    orders = [visit.order for visit in frontier.visits.values()]
    assert orders == list(range(1, len(orders) + 1))
    assert frontier.hits == len(set(hits))
    assert frontier.hit_ids() == list(dict.fromkeys(hits))


def test_a_shorter_way_found_later_is_followed_further() -> None:
    frontier = Frontier(2)
    frontier.add_hit("1")
    frontier.add_hit("2")
    frontier.end_search()
    frontier.add_related("1", [("3", "relation")])
    frontier.add_related("3", [("4", "relation")])
    assert frontier.add_related("4", [("5", "relation")]) == []
    (visit,) = frontier.add_related("2", [("4", "patch")])
    assert (visit.issue_id, visit.depth, visit.found_from) == ("5", 2, "4")


def test_without_depth_nothing_related_is_visited() -> None:
    frontier = Frontier(0)
    frontier.add_hit("1")
    assert frontier.add_related("1", [("2", "relation")]) == []
    assert frontier.end_search() == []
