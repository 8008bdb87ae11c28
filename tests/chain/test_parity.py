"""One script on both engines: the same events, the same views; and what `history` makes of a chain."""

from __future__ import annotations

from typing import Any

import pytest

from coalition.chain import history, views
from coalition.chain.codec import encode_outcome
from coalition.chain.deploy import ROLES
from coalition.chain.keccak import keccak
from coalition.chain.rpc import HttpRpc, Rpc, RpcError
from coalition.chain.tester import TesterRpc
from coalition.errors import ChainUnavailable
from coalition.ledger.events import (
    Captured,
    Earned,
    Event,
    Held,
    MemberEnrolled,
    OperationRejected,
    Redeemed,
    Refunded,
    Released,
    Reversed,
)
from coalition.ledger.lots import Lots
from coalition.ledger.operations import (
    Capture,
    Earn,
    Hold,
    Kind,
    Outcome,
    Redeem,
    Refund,
    Rejection,
    Release,
    Reverse,
)
from tests.chain.conftest import START, Ledger

# Code that returns `block.timestamp`, for a call that deploys it.
BLOCK_TIME = "0x4260005260206000f3"


def script(ledger: Ledger) -> list[Event]:
    """Every kind of operation, accepted and rejected; the events it gives, in order."""
    member = ledger.member.address
    deadline = ledger.now() + 3_600
    told: list[Event] = []

    def post(*operations: Any) -> None:
        told.extend(ledger.events(ledger.post(*operations)))

    post(Earn(member, 1, 1_000, True), Earn(ledger.stranger.address, 2, 5), Earn(member, 1, 1_000), Earn(member, 3, 0))
    post(
        Redeem(member, 4, 300, deadline, ledger.signature(Kind.REDEEM, 300, 4, deadline)),
        Redeem(member, 5, 300, deadline, ledger.signature(Kind.REDEEM, 301, 5, deadline)),
        Redeem(member, 6, 5_000, deadline, ledger.signature(Kind.REDEEM, 5_000, 6, deadline)),
        Redeem(member, 7, 1, deadline),
    )
    post(
        Hold(member, 8, 200, deadline, ledger.signature(Kind.HOLD, 200, 8, deadline)),
        Hold(member, 9, 50, deadline, ledger.signature(Kind.HOLD, 50, 9, deadline)),
    )
    post(Capture(8, 120), Capture(99, 1))
    post(Release(9), Release(9))
    epoch = ledger.deployment.epoch_at(ledger.now())
    earned = Outcome(Kind.EARN, member, 1, 1_000, 1_000, Lots.single(epoch, 1_000))
    redeemed = Outcome(Kind.REDEEM, member, 4, 0, 300, Lots.single(epoch, 300))
    captured = Outcome(Kind.CAPTURE, member, 8, 0, 120, Lots.single(epoch, 120))
    leaves = [keccak(encode_outcome(outcome)) for outcome in (earned, redeemed, captured)]
    after_earn = keccak(bytes(28) + leaves[0])[:28]
    post(Reverse(10, 400, earned, b"", tuple(leaves[1:])), Reverse(11, 400, earned))
    post(Refund(12, 100, redeemed, after_earn, (leaves[2],)), Refund(13, 900, redeemed, after_earn, (leaves[2],)))
    return told


def told_by(ledger: Ledger) -> list[Event]:
    """What `script` should give."""
    partner, member = ledger.partner, ledger.member.address
    epoch = ledger.deployment.epoch_at(ledger.now())
    deadline = next(event.deadline for event in script_events(ledger) if isinstance(event, Held))

    def lots(points: int) -> Lots:
        return Lots.single(epoch, points)

    def rejected(receipt: int, kind: Kind, code: Rejection) -> OperationRejected:
        return OperationRejected(partner, receipt, kind, code)

    return [
        MemberEnrolled(member),
        Earned(partner, member, 1, 1_000, 1_000),
        rejected(2, Kind.EARN, Rejection.MEMBER_UNKNOWN),
        rejected(1, Kind.EARN, Rejection.RECEIPT_USED),
        rejected(3, Kind.EARN, Rejection.AMOUNT_ZERO),
        Redeemed(partner, member, 4, 300, lots(300)),
        rejected(5, Kind.REDEEM, Rejection.SIGNATURE_INVALID),
        rejected(6, Kind.REDEEM, Rejection.BALANCE_TOO_LOW),
        rejected(7, Kind.REDEEM, Rejection.ALLOWANCE_TOO_LOW),
        Held(partner, member, 8, 200, lots(200), deadline),
        Held(partner, member, 9, 50, lots(50), deadline),
        Captured(partner, member, 8, 120, lots(120)),
        rejected(99, Kind.CAPTURE, Rejection.HOLD_UNKNOWN),
        Released(partner, member, 9, 50, lots(50)),
        rejected(9, Kind.RELEASE, Rejection.HOLD_UNKNOWN),
        Reversed(partner, member, 10, 1, 400, 400, lots(400)),
        rejected(11, Kind.REVERSE, Rejection.PROOF_INVALID),
        Refunded(partner, member, 12, 4, 100, lots(100)),
        rejected(13, Kind.REFUND, Rejection.ORIGINAL_EXCEEDED),
    ]


def script_events(ledger: Ledger) -> list[Event]:
    last = history.head(ledger.rpc).number
    return [event for _, event in history.events(ledger.rpc, ledger.deployment, ledger.deployment.block, last)]


def test_the_script_gives_the_same_on_each_engine(ledger: Ledger) -> None:
    assert script(ledger) == told_by(ledger)

    deployment, member = ledger.deployment, ledger.member.address
    ask = views.read_all
    integers = [
        views.balance_of(deployment, member),
        views.supply(deployment),
        views.debt_of(deployment, member),
        views.corrected_of(deployment, ledger.partner, 1),
        views.corrected_of(deployment, ledger.partner, 4),
        views.allowance(deployment, member, ledger.partner_account.address),
    ]
    assert ask(ledger.rpc, integers) == [280, 280, 0, 400, 100, 0]
    holds = [views.hold_of(deployment, ledger.partner, receipt) for receipt in (8, 9)]
    assert ask(ledger.rpc, holds) == [None, None]
    used = [views.is_receipt_used(deployment, ledger.partner, receipt) for receipt in range(14)]
    assert [receipt for receipt, is_used in enumerate(ask(ledger.rpc, used)) if is_used] == [1, 4, 8, 9, 10, 12]
    chain, bits = views.read(ledger.rpc, views.receipt_word_of(deployment, ledger.partner, 1))
    assert len(chain) == 28 and bits == sum(1 << receipt for receipt in (1, 4, 8, 9, 10, 12))
    assert views.read(ledger.rpc, views.lots_of(deployment, member)).total == 280
    assert views.read(ledger.rpc, views.supply_lots(deployment)).total == 280


def test_history_is_in_order_and_complete(ledger: Ledger) -> None:
    script(ledger)
    head = history.head(ledger.rpc)
    first = ledger.deployment.block

    everything, headers = history.events_and_headers(ledger.rpc, ledger.deployment, first, head.number)
    domain = history.events(ledger.rpc, ledger.deployment, first, head.number, domain_only=True)

    places = [(position.block, position.log) for position, _ in everything]
    assert places == sorted(set(places))
    assert [found for found in everything if type(found[1]).__name__ not in ("Transfer", "Approval")] == domain
    assert {position.block for position, _ in everything} == set(headers)
    assert all(position.timestamp == headers[position.block].timestamp for position, _ in everything)
    pieces = [history.events(ledger.rpc, ledger.deployment, at, at) for at in range(first, head.number + 1)]
    assert [found for piece in pieces for found in piece] == everything
    names = {type(event).__name__ for _, event in everything}
    assert {"RegistryOpened", "LedgerOpened", "PartnerAdded", "PartnerKeyAdded", "Earned"} <= names


def test_headers_are_linked_and_missing_ones_left_out(node: Rpc) -> None:
    for _ in range(3):
        node.call("evm_mine", [])
    head = history.head(node)

    found = history.headers(node, [head.number, head.number - 1, head.number, head.number + 5])

    assert sorted(found) == [head.number - 1, head.number]
    assert found[head.number] == head
    assert found[head.number].parent_hash == found[head.number - 1].hash


def test_views_of_the_past_are_those_of_then(ledger: Ledger) -> None:
    supply = views.supply(ledger.deployment)
    before = history.head(ledger.rpc).number
    ledger.post(Earn(ledger.member.address, 1, 700, True))

    assert views.read(ledger.rpc, supply) == 700
    assert views.read(ledger.rpc, supply, before) == 0
    assert views.read_all(ledger.rpc, [supply, supply], before) == [0, 0]


class Limited:
    """A node that gives the logs of few blocks at a time."""

    def __init__(self, rpc: Rpc, blocks: int, message: str = "query exceeds the limit") -> None:
        self._rpc, self._blocks, self._message = rpc, blocks, message

    def call(self, method: str, params: list[Any]) -> Any:
        return self._rpc.call(method, params)

    def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        answers = self._rpc.batch(calls)
        return [
            RpcError(-32_000, self._message) if self._refused(*call) else answer
            for call, answer in zip(calls, answers, strict=True)
        ]

    def _refused(self, method: str, params: list[Any]) -> bool:
        return (
            method == "eth_getLogs" and int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) >= self._blocks
        )


def test_a_range_too_large_for_the_node_is_cut(quick_ledger: Ledger) -> None:
    script(quick_ledger)
    last = history.head(quick_ledger.rpc).number
    whole = history.events(quick_ledger.rpc, quick_ledger.deployment, 0, last)

    assert history.events(Limited(quick_ledger.rpc, 2), quick_ledger.deployment, 0, last) == whole
    with pytest.raises(RpcError):
        history.events(Limited(quick_ledger.rpc, 0), quick_ledger.deployment, 0, last)
    with pytest.raises(RpcError):
        history.events(Limited(quick_ledger.rpc, 2, "internal error"), quick_ledger.deployment, 0, last)


def test_blocks_replaced_while_they_are_read_are_noticed(quick_ledger: Ledger) -> None:
    rpc, member = quick_ledger.rpc, quick_ledger.member.address
    snapshot = rpc.call("evm_snapshot", [])
    quick_ledger.post(Earn(member, 1, 700, True))
    last = history.head(rpc).number

    class Replacing:
        def call(self, method: str, params: list[Any]) -> Any:
            return rpc.call(method, params)

        def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
            answers = rpc.batch(calls)
            if any(method == "eth_getLogs" for method, _ in calls):
                rpc.call("evm_revert", [snapshot])
                rpc.call("evm_mine", [])
            return answers

    with pytest.raises(ChainUnavailable) as replaced:
        history.events(Replacing(), quick_ledger.deployment, 0, last)

    assert replaced.value.code == "chain_reorganised"


# ---- the engine itself


def code(rpc: Rpc, work: str, params: list[Any]) -> int:
    with pytest.raises(RpcError) as refused:
        rpc.call(work, params)
    return refused.value.rpc_code


def test_the_clock_goes_on_from_where_it_is_set(node: Rpc) -> None:
    ahead = history.head(node).timestamp + 100_000

    node.call("evm_setNextBlockTimestamp", [ahead])
    node.call("evm_mine", [])
    assert history.head(node).timestamp == ahead
    node.call("evm_mine", [])
    assert ahead <= history.head(node).timestamp <= ahead + 5
    with pytest.raises(RpcError):
        node.call("evm_setNextBlockTimestamp", [ahead - 1])
    node.call("evm_setNextBlockTimestamp", [history.head(node).timestamp])
    node.call("evm_mine", [])


def test_a_transaction_waits_for_those_before_it(ledger: Ledger) -> None:
    from coalition.chain import codec, transactions

    def signed(nonce: int, receipt: int) -> tuple[str, str]:
        data = codec.encode_batch(Kind.EARN, [Earn(ledger.member.address, receipt, 100, True)])
        raw, name = transactions.sign_transaction(
            ledger.partner_key, 31_337, nonce, ledger.deployment.ledger, data, 1_000_000
        )
        return "0x" + raw.hex(), name

    sent = [signed(nonce, 50 + nonce) for nonce in range(4)]
    for raw, name in reversed(sent):
        assert ledger.rpc.call("eth_sendRawTransaction", [raw]) == name
    receipts = [transactions.wait_for(ledger.rpc, name, 60) for _, name in sent]

    assert [receipt["status"] for receipt in receipts] == ["0x1"] * 4
    assert ledger.rpc.call("eth_getTransactionCount", [ledger.partner_key.address, "latest"]) == "0x4"
    with pytest.raises(RpcError):
        ledger.rpc.call("eth_sendRawTransaction", [sent[0][0]])
    again = ledger.rpc.call("eth_getTransactionByHash", [sent[2][1]])
    assert (int(again["nonce"], 16), again["hash"]) == (2, sent[2][1])


def test_a_refused_transaction_is_in_a_block_and_has_its_reason(ledger: Ledger) -> None:
    from coalition.chain import codec, reverts, transactions

    data = codec.encode_batch(Kind.RELEASE, [Release(1)])
    raw, name = transactions.sign_transaction(ledger.stranger, 31_337, 0, ledger.deployment.ledger, data, 1_000_000)
    ledger.rpc.call("eth_sendRawTransaction", ["0x" + raw.hex()])
    receipt = transactions.wait_for(ledger.rpc, name, 60)

    question = {"from": ledger.stranger.address, "to": ledger.deployment.ledger, "data": "0x" + data.hex()}
    assert receipt["status"] == "0x0" and receipt["logs"] == []
    assert reverts.reason(ledger.rpc, question, receipt).code == "key_unknown"
    question["from"] = ledger.partner_key.address
    assert reverts.reason(ledger.rpc, question, receipt).code == "reverted"


def test_a_revert_goes_back_and_blocks_come_anew(node: Rpc) -> None:
    node.call("evm_mine", [])
    before = history.head(node)
    snapshot = node.call("evm_snapshot", [])
    ledger = Ledger(node)
    gone = history.head(node)

    assert node.call("evm_revert", [snapshot]) is True
    assert history.head(node) == before
    assert history.headers(node, [gone.number]) == {}
    assert views_fail(node, ledger)
    again = Ledger(node)
    found = history.headers(node, [before.number, gone.number])
    assert found[before.number] == before and found[gone.number].hash != gone.hash
    assert again.partner == 1


def views_fail(node: Rpc, ledger: Ledger) -> bool:
    with pytest.raises(Exception, match="no contract"):
        views.read(node, views.supply(ledger.deployment))
    return True


def test_going_back_over_blocks_of_one_time(node: Rpc) -> None:
    start = history.head(node)
    to_start = node.call("evm_snapshot", [])
    for _ in range(3):
        node.call("evm_setNextBlockTimestamp", [start.timestamp + 50])
        node.call("evm_mine", [])
    third = history.head(node)
    to_third = node.call("evm_snapshot", [])
    node.call("evm_mine", [])

    assert node.call("evm_revert", [to_third]) is True
    assert history.head(node) == third
    assert (third.number, third.timestamp) == (start.number + 3, start.timestamp + 50)
    node.call("evm_setNextBlockTimestamp", [third.timestamp])
    node.call("evm_mine", [])
    assert history.head(node).parent_hash == third.hash
    assert node.call("evm_revert", [to_start]) is True
    assert history.head(node) == start
    assert Ledger(node).partner == 1


def test_a_call_on_the_next_block_has_its_time(node: Rpc) -> None:
    head = history.head(node)
    node.call("evm_setNextBlockTimestamp", [head.timestamp + 7_000])

    pending = int(node.call("eth_call", [{"data": BLOCK_TIME}, "pending"]), 16)
    latest = int(node.call("eth_call", [{"data": BLOCK_TIME}, "latest"]), 16)

    assert (pending, latest) == (head.timestamp + 7_000, head.timestamp)
    assert history.head(node) == head


def test_gas_is_estimated_and_a_refusal_has_its_reason(ledger: Ledger) -> None:
    from coalition.chain import codec, reverts

    data = "0x" + codec.encode_batch(Kind.EARN, [Earn(ledger.member.address, 1, 100, True)]).hex()
    question = {"from": ledger.partner_key.address, "to": ledger.deployment.ledger, "data": data}

    estimate = int(ledger.rpc.call("eth_estimateGas", [question]), 16)
    used = int(ledger.post(Earn(ledger.member.address, 1, 100, True))["gasUsed"], 16)
    with pytest.raises(RpcError) as refused:
        ledger.rpc.call("eth_estimateGas", [{**question, "from": ledger.stranger.address}])

    assert used <= estimate <= 2 * used
    assert reverts.translated(refused.value).code == "key_unknown"


def test_what_nodes_answer_to_nonsense(node: Rpc) -> None:
    assert code(node, "eth_nothing", []) == -32_601
    with pytest.raises(RpcError):
        node.call("eth_sendRawTransaction", ["0x1234"])
    with pytest.raises(RpcError):
        node.call("eth_getBlockByNumber", ["nothing", False])
    answers = node.batch([("eth_chainId", []), ("eth_nothing", [])])
    assert answers[0] == "0x7a69" and isinstance(answers[1], RpcError)
    assert node.call("eth_getTransactionReceipt", ["0x" + "12" * 32]) is None
    assert node.call("eth_getTransactionByHash", ["0x" + "12" * 32]) is None
    assert node.call("eth_getBlockByNumber", ["0xffffff", False]) is None
    assert node.call("eth_gasPrice", []) == "0x0"


def test_the_two_engines_answer_in_one_form(tester: TesterRpc, anvil: HttpRpc) -> None:
    """What this package reads of a block, a receipt and a log has the same names and the same form."""
    answers = []
    for rpc in (tester, anvil):
        ledger = Ledger(rpc)
        receipt = ledger.post(Earn(ledger.member.address, 1, 700, True))
        block = rpc.call("eth_getBlockByNumber", [receipt["blockNumber"], True])
        answers.append((block, receipt, receipt["logs"][0], block["transactions"][0]))
    for ours, theirs in zip(*answers, strict=True):
        assert ours.keys() <= theirs.keys()
        for name, value in ours.items():
            assert type(value) is type(theirs[name]), name
            if isinstance(value, str) and value.startswith("0x") and name not in ("input", "number", "gasUsed"):
                assert len(value) == len(theirs[name]) or len(value) < 20, name
    assert int(answers[0][0]["timestamp"], 16) >= START
    assert len(ROLES) == 3
