"""Purchases that earn later, at rest: two nodes on one database, SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from coalition.errors import OutcomePending
from coalition.submit.scheduled import CLAIM_SECONDS, Scheduled, ScheduledEarns, State

ANN = "0x" + "a" * 40
DUE = 1_000_000
LARGE = 1 << 255 | 7


class Nodes:
    """Two nodes on one database, with one clock."""

    def __init__(self, engine: sa.Engine) -> None:
        self.now = DUE - 100.0
        self.one, self.two = ScheduledEarns(engine, lambda: self.now), ScheduledEarns(engine, lambda: self.now)


@pytest.fixture
def nodes(either_engine: sa.Engine) -> Iterator[Nodes]:
    found = Nodes(either_engine)
    yield found
    found.one.close()
    found.two.close()


def purchase(receipt: int, partner: int = 1, spend_minor: int = 500) -> Scheduled:
    return Scheduled(partner, receipt, f"R-{receipt}", ANN, spend_minor, enrols=False, due_at=DUE)


def test_the_first_one_counts_whichever_node_it_comes_to(nodes: Nodes) -> None:
    with ThreadPoolExecutor(8) as threads:
        adds = [node.add for node in (nodes.one, nodes.two) for _ in range(4)]
        told = list(threads.map(lambda add: add(purchase(LARGE)), adds))
    assert sorted(is_new for _, is_new in told) == [False] * 7 + [True]
    assert {known for known, _ in told} == {purchase(LARGE)}
    assert nodes.two.add(purchase(LARGE, spend_minor=501)) == (purchase(LARGE), False)
    assert nodes.one.waiting_for(ANN) == [purchase(LARGE)]


def test_what_is_known_is_found_by_partner_and_receipt(nodes: Nodes) -> None:
    nodes.one.add(purchase(1))
    nodes.one.add(purchase(LARGE, partner=2))
    assert nodes.one.take_back(1, 1, 9, "B-9", 200)
    asked = [(partner, receipt) for partner in (1, 2, 3) for receipt in (*range(1_000), LARGE)]
    assert nodes.two.known(asked) == {(1, 1), (1, 9), (2, LARGE)}
    assert nodes.two.known([]) == nodes.two.known([(2, 1), (1, LARGE)]) == set()
    assert nodes.two.find(1, [1, 9])[1].left_minor == 300
    assert nodes.two.reductions(1, [1, 9])[9].original == 1


def test_no_more_is_taken_back_than_there_is_by_two_nodes_at_once(nodes: Nodes) -> None:
    nodes.one.add(purchase(1))

    def take(number: int) -> bool:
        node = (nodes.one, nodes.two)[number % 2]
        while True:
            try:
                return node.take_back(1, 1, 100 + number, f"B-{number}", 200)
            except OutcomePending:  # the other one was there in between: send it again
                continue

    with ThreadPoolExecutor(6) as threads:
        taken = list(threads.map(take, range(6)))
    assert sum(taken) == 2
    assert nodes.one.find(1, [1])[1].taken_minor == 400
    assert len(nodes.one.reductions(1, range(100, 106))) == 2
    assert nodes.two.take_back(1, 1, 200, "B-rest", None)
    assert nodes.one.find(1, [1])[1].state is State.CANCELLED
    assert not nodes.one.take_back(1, 1, 201, "B-more", None)


def test_what_is_due_is_one_node_s_for_a_minute(nodes: Nodes) -> None:
    for receipt in range(60):
        nodes.one.add(purchase(receipt))
    assert nodes.one.claim() == nodes.two.claim() == []
    nodes.now = DUE
    with ThreadPoolExecutor(4) as threads:
        claims = list(threads.map(lambda node: node.claim(), (nodes.one, nodes.two) * 2))
    claimed = [one.receipt for some in claims for one in some]
    assert sorted(claimed) == list(range(60))
    with pytest.raises(OutcomePending):
        nodes.two.take_back(1, 5, 100, "B", 1)
    nodes.one.settle((purchase(receipt), State.POSTED, "") for receipt in range(50))
    nodes.one.settle([(purchase(50), State.REFUSED, "member_unknown")])
    nodes.now += CLAIM_SECONDS  # and then the node died
    assert sorted(one.receipt for one in nodes.two.claim()) == list(range(51, 60))
    assert nodes.two.find(1, [50])[50].code == "member_unknown"
