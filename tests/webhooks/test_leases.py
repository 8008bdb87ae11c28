"""Several nodes over one database: each webhook is one node's, and a dead one's are taken over. SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coalition.service.deliveries import Deliveries
from coalition.submit.webhook_leases import Progress, WebhookLeases
from coalition.submit.webhooks import Checkpoint, Kept, WebhookRow, WebhookStore
from tests.webhooks.receiver import receiving
from tests.webhooks.world import World

NOW = 1_000_000
LEASE = 30
Node = Callable[[str], WebhookLeases]


@pytest.fixture
def world(either_server: str | None, tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path, either_server)
    yield found
    found.close()


@pytest.fixture
def node(world: World) -> Iterator[Node]:
    opened: list[WebhookLeases] = []

    def named(name: str) -> WebhookLeases:
        opened.append(WebhookLeases(world.engine, name))
        return opened[-1]

    yield named
    for one in opened:
        one.close()


def add(world: World, count: int) -> list[str]:
    return sorted(world.webhooks.add(1 + number % 2, "https://shop.example/hook").row.id for number in range(count))


def held(node: WebhookLeases, now: int) -> list[str]:
    """What a node holds after a round."""
    rows, surplus = node.renew(now, now + LEASE)
    node.release(surplus)
    return [row.id for row in rows if row.id not in surplus]


def progress_at(block: int, *aside: Kept, delivered: tuple[tuple[int, int], ...] = ()) -> Progress:
    return Progress(Checkpoint(f"evt_{block}", block, 0, "0x01"), aside, delivered, None, None)


def aside(block: int, attempts: int = 1, dead: bool = False) -> Kept:
    return Kept(block, 0, f"evt_{block}", "earn.accepted", "ann", attempts, NOW + 5, dead, "status 500")


def test_two_nodes_share_and_each_webhook_is_one_nodes(world: World, node: Node) -> None:
    ids, one, other = add(world, 5), node("one"), node("other")
    assert held(one, NOW) == ids, "alone, it has all"
    assert held(other, NOW) == []
    first = held(one, NOW + 1)
    second = held(other, NOW + 2)
    assert (len(first), len(second)) == (3, 2)
    assert sorted(first + second) == ids
    assert (held(one, NOW + 3), held(other, NOW + 3)) == (first, second), "and keeps it"


def test_a_dead_node_is_waited_for_and_then_taken_over(world: World, node: Node) -> None:
    ids, one, other = add(world, 2), node("one"), node("other")
    assert held(one, NOW) == ids
    assert held(other, NOW + LEASE - 1) == []
    assert held(other, NOW + LEASE) == ids
    assert len(held(one, NOW + LEASE + 1)) == 0, "it lives after all, and has to wait for its share"
    assert len(held(other, NOW + LEASE + 2)) == 1
    assert len(held(one, NOW + LEASE + 3)) == 1


def test_a_node_that_ends_leaves_everything_at_once(world: World, node: Node) -> None:
    ids, one, other = add(world, 3), node("one"), node("other")
    assert held(one, NOW) == ids
    one.leave()
    assert held(other, NOW + 1) == ids


def test_only_the_holder_of_the_lease_writes_down(world: World, node: Node, row: Callable[[], WebhookRow]) -> None:
    (id_,), one, other = add(world, 1), node("one"), node("other")
    (before,), _ = one.renew(NOW, NOW + LEASE)
    assert one.checkpoint(before, progress_at(7))
    assert not other.checkpoint(before, progress_at(8))
    (taken,), _ = other.renew(NOW + LEASE, NOW + 2 * LEASE)
    assert (taken.id, taken.checkpoint.block) == (id_, 7)
    assert not one.checkpoint(before, progress_at(9, aside(8)))
    other.release([id_])
    (back,), _ = one.renew(NOW + LEASE, NOW + 2 * LEASE)
    assert not one.checkpoint(before, progress_at(9, aside(8))), "what it had in memory does not count any more"
    assert row().checkpoint.block == 7
    assert one.waiting(id_) == []
    assert one.checkpoint(back, progress_at(9, aside(8)))


@pytest.fixture
def row(world: World) -> Callable[[], WebhookRow]:
    def found() -> WebhookRow:
        (one,) = world.store.of(1)
        return one

    return found


@pytest.mark.parametrize("change", ["replay", "rotate", "redrive", "remove"])
def test_what_its_owner_changes_is_not_written_over(world: World, node: Node, change: str) -> None:
    (id_,), one, store = add(world, 1), node("one"), world.store
    (before,), _ = one.renew(NOW, NOW + LEASE)
    assert one.checkpoint(before, progress_at(7, aside(5), aside(6, dead=True)))
    changes: dict[str, Callable[[WebhookStore], None]] = {
        "replay": lambda store: store.replay(id_, Checkpoint("evt_3", 3, 0, "")),
        "rotate": lambda store: store.rotate(id_, b"new", NOW),
        "redrive": lambda store: store.redrive(id_, NOW),
        "remove": lambda store: store.remove(id_),
    }
    changes[change](store)
    assert not one.checkpoint(before, progress_at(9))
    rows, _ = one.renew(NOW, NOW + LEASE)
    waiting = [(kept.block, kept.attempts, kept.next_at) for kept in one.waiting(id_)]
    if change == "remove":
        assert (rows, waiting) == ([], [])
        return
    (after,) = rows
    assert after.checkpoint.block == (3 if change == "replay" else 7)
    expected = {"replay": [], "rotate": [(5, 1, NOW + 5)], "redrive": [(5, 0, NOW), (6, 0, NOW)]}
    assert waiting == expected[change]
    assert one.checkpoint(after, progress_at(9))


def test_a_replay_from_ahead_changes_nothing(world: World, node: Node, row: Callable[[], WebhookRow]) -> None:
    (id_,), one = add(world, 1), node("one")
    (before,), _ = one.renew(NOW, NOW + LEASE)
    assert one.checkpoint(before, progress_at(7, aside(5)))
    world.store.replay(id_, Checkpoint("evt_8", 8, 0, ""))
    assert row().checkpoint.event_id == "evt_7"
    assert len(one.waiting(id_)) == 1


def test_what_was_put_aside_is_kept_as_it_was_last(world: World, node: Node) -> None:
    (id_,), one = add(world, 1), node("one")
    (held_row,), _ = one.renew(NOW, NOW + LEASE)
    assert one.checkpoint(held_row, progress_at(7, aside(5), aside(6)))
    assert one.checkpoint(held_row, progress_at(7, aside(5, attempts=2), delivered=((6, 0),)))
    assert [(kept.block, kept.attempts) for kept in one.waiting(id_)] == [(5, 2)]
    assert one.checkpoint(held_row, progress_at(8, aside(5, attempts=8, dead=True)))
    assert one.waiting(id_) == []
    assert [letter.block for letter in world.store.dead_letters(id_, (0, 0), 10)] == [5]
    assert world.store.dead_letters(id_, (5, 0), 10) == []
    assert world.store.standings([id_])[id_] == (0, 1)


def test_two_living_nodes_deliver_nothing_twice(world: World) -> None:
    with receiving() as receiver:
        shown = [world.webhooks.add(1, f"{receiver.url}/{number}") for number in range(4)]
        with world.node(), world.node():
            world.wait(lambda: [len(one._courses) for one in _rung(world)] == [2, 2])
            for number in range(60):
                world.earn(number % 3, number)
            world.ring()
            receiver.wait(lambda: len(receiver.came) >= 240)
            world.wait(lambda: all(world.standing(one).row.checkpoint.block == 60 for one in shown))
        came = [(one.path, one.receipt) for one in receiver.came]
    assert len(came) == len(set(came)) == 240


def _rung(world: World) -> list[Deliveries]:
    for one in world.nodes:
        one.wake()
    return list(world.nodes)
