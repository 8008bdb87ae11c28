"""What transactions would do: the chain in this process and a node tell the same, and keep nothing of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coalition.chain import history, views
from coalition.chain.codec import encode_batch
from coalition.chain.rpc import HttpRpc, RpcError
from coalition.chain.simulation import SimulatedCall, simulate
from coalition.chain.tester import TesterRpc
from coalition.errors import CoalitionError
from coalition.ledger.events import Earned, MemberEnrolled, OperationRejected, Redeemed
from coalition.ledger.operations import Earn, Kind, Operation, Redeem, Rejection
from tests.index.support import Books
from tests.submit import node


@pytest.fixture(scope="module", params=["in process", "anvil"])
def books(request: pytest.FixtureRequest) -> Iterator[Books]:
    if request.param == "in process":
        yield Books(TesterRpc())
        return
    if node.anvil_binary() is None:
        pytest.skip("anvil is neither in node_modules nor on PATH")
    anvil = node.Anvil()
    rpc = HttpRpc(anvil.url)
    yield Books(rpc)
    rpc.close()
    anvil.stop()


def call(books: Books, kind: Kind, operation: Operation, sender: str | None = None) -> SimulatedCall:
    return SimulatedCall(sender or books.keys[1].address, books.deployment.ledger, encode_batch(kind, [operation]))


def test_events_of_the_last_call_after_those_before_it(books: Books) -> None:
    member = books.members[0].address
    head = history.head(books.rpc)
    earn = call(books, Kind.EARN, Earn(member, 1, 10_000, enrols=True))
    redeem = call(books, Kind.REDEEM, Redeem(member, 2, 5, head.timestamp + 100, b""))

    found = simulate(books.rpc, books.deployment, [earn], head, head.timestamp + 10)
    domain = [event for _, event in found if isinstance(event, Earned | MemberEnrolled)]
    assert domain == [MemberEnrolled(member), Earned(1, member, 1, 10_000, 1_000, 0)]
    assert {(at.block, at.timestamp) for at, _ in found} == {(head.number + 1, head.timestamp + 10)}
    for calls, code in (([redeem], Rejection.MEMBER_UNKNOWN), ([earn, redeem], Rejection.ALLOWANCE_TOO_LOW)):
        (last,) = [
            event
            for _, event in simulate(books.rpc, books.deployment, calls, head, head.timestamp)
            if isinstance(event, OperationRejected | Redeemed)
        ]
        assert last == OperationRejected(1, 2, Kind.REDEEM, code)

    assert history.head(books.rpc) == head
    assert not views.read(books.rpc, views.is_member(books.deployment, member))


def test_a_revert_is_told_as_of_a_transaction(books: Books) -> None:
    head = history.head(books.rpc)
    member = books.members[0].address
    stranger = call(books, Kind.EARN, Earn(member, 1, 10_000, True), sender=member)
    with pytest.raises(CoalitionError) as refused:
        simulate(books.rpc, books.deployment, [stranger], head, head.timestamp)
    assert refused.value.code == "key_unknown"


def test_only_what_follows_the_last_block_here() -> None:
    rpc = TesterRpc()
    rpc.call("evm_mine", [])
    payload = {"blockStateCalls": [{"blockOverrides": {"time": hex(1 << 33)}, "calls": []}]}
    assert rpc.call("eth_simulateV1", [payload, "latest"]) == [{"calls": []}]
    with pytest.raises(RpcError):
        rpc.call("eth_simulateV1", [payload, "0x0"])
