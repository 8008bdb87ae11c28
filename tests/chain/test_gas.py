"""Gas limits against the dearest batches: half of what is allowed must do."""

from __future__ import annotations

from coalition.chain import codec, transactions
from coalition.chain.codec import encode_outcome
from coalition.chain.keccak import keccak
from coalition.chain.rpc import number
from coalition.chain.signer import KeySigner
from coalition.ledger.lots import Lots
from coalition.ledger.operations import Capture, Earn, Hold, Kind, Operation, Outcome, Redeem, Refund, Release, Reverse
from tests.chain.conftest import Ledger

COUNT = 20


def used(ledger: Ledger, *operations: Operation) -> float:
    """Gas for each operation, where nothing was rejected; far apart, so that no two receipts share a word."""
    receipt = ledger.post(*operations)
    kind = codec.kind_of(operations[0])
    assert "OperationRejected" not in {type(event).__name__ for event in ledger.events(receipt)}
    assert number(receipt["gasUsed"]) * 2 <= transactions.gas_limit(kind, len(operations))
    return number(receipt["gasUsed"]) / len(operations)


def test_the_limits_are_generous(quick_ledger: Ledger) -> None:
    ledger = quick_ledger
    members = [KeySigner.random() for _ in range(COUNT)]
    deadline = ledger.now() + 3_600
    epoch = ledger.deployment.epoch_at(ledger.now())

    def spends(make: type[Redeem] | type[Hold], kind: Kind, first: int) -> list[Operation]:
        made: list[Operation] = []
        for i, member in enumerate(members):
            ledger.member = member
            signature = ledger.signature(kind, 100, first + 32 * i, deadline)
            made.append(make(member.address, first + 32 * i, 100, deadline, signature))
        return made

    earns = [Earn(member.address, 32 * i, 1_000, True) for i, member in enumerate(members)]
    later = [keccak(b"%d" % i) for i in range(31)]
    assert used(ledger, *earns) < 60_000
    assert used(ledger, *[Earn(member.address, 7 + 32 * i, 1_000) for i, member in enumerate(members)]) < 30_000
    assert used(ledger, *spends(Redeem, Kind.REDEEM, 32_000)) < 60_000
    assert used(ledger, *spends(Hold, Kind.HOLD, 64_000)) < 130_000
    assert used(ledger, *[Capture(64_000 + 32 * i, 50) for i in range(COUNT // 2)]) < 60_000
    assert used(ledger, *[Release(64_000 + 32 * i) for i in range(COUNT // 2, COUNT)]) < 40_000
    outcomes = [Outcome(Kind.EARN, e.member, e.receipt, 1_000, 1_000, Lots.single(epoch, 1_000)) for e in earns]
    seconds = [
        Outcome(Kind.EARN, member.address, 7 + 32 * i, 1_000, 1_000, Lots.single(epoch, 1_000))
        for i, member in enumerate(members)
    ]
    reversals = [
        Reverse(96_000 + 32 * i, 1_000, first, b"", (keccak(encode_outcome(second)),))
        for i, (first, second) in enumerate(zip(outcomes, seconds, strict=True))
    ]
    assert used(ledger, *reversals) < 100_000
    refunds = [
        Refund(128_000 + 32 * i, 100, Outcome(Kind.REDEEM, m.address, 32_000 + 32 * i, 0, 100, Lots.single(epoch, 100)))
        for i, m in enumerate(members)
    ]
    assert used(ledger, *refunds) < 100_000
    # The longest proof costs 31 leaves more: rejected here, as it proves nothing, after all the work was done.
    receipt = ledger.post(*[Refund(160_000 + 32 * i, 1, outcomes[i], b"", tuple(later)) for i in range(COUNT)])
    assert number(receipt["gasUsed"]) * 2 <= transactions.gas_limit(Kind.REFUND, COUNT)
