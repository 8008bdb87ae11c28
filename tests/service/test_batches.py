"""Signed batches: what is refused before it is recorded, what is answered, and what another partner sees of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from coalition.chain.keccak import keccak
from coalition.chain.signed import read_transaction
from coalition.chain.signer import KeySigner
from coalition.chain.transactions import sign_transaction
from coalition.client.signing import Earn, Release, receipt_number, sign_batch
from coalition.errors import AccessDenied, CoalitionError, InputError, NotFound, OutcomePending
from coalition.ledger.operations import Operation
from coalition.service.batches import SignedBatches
from tests.service.conftest import Chain, Stack, new_chain, signer, stack_on

KIOSK = 3
OWN = signer("kiosk")


@pytest.fixture(scope="module")
def chain() -> Chain:
    chain = new_chain()
    assert chain.admin.add_partner("Kiosk", signer("kiosk account").address, OWN.address, "USD", 100) == KIOSK
    return chain


@pytest.fixture
def stack(chain: Chain, either_server: str | None, tmp_path: Path) -> Iterator[Stack]:
    snapshot = chain.rpc.call("evm_snapshot", [])
    with stack_on(chain, tmp_path, either_server) as made:
        yield made
    chain.rpc.call("evm_revert", [snapshot])


@pytest.fixture
def batches(stack: Stack) -> SignedBatches:
    return SignedBatches(stack.chain.rpc, stack.chain.deployment, stack.submitter, stack.queries, stack.texts)


def raw_of(stack: Stack, operations: Sequence[Operation], nonce: int = 0, key: KeySigner = OWN, **other: Any) -> bytes:
    place = {"chain_id": stack.chain.deployment.chain_id, "ledger": stack.chain.deployment.ledger} | other
    return sign_batch(key, nonce=nonce, operations=operations, **place).transaction


def code_of(kind: type[CoalitionError], batches: SignedBatches, raw: bytes, *more: Any, partner: int = KIOSK) -> str:
    with pytest.raises(kind) as raised:
        batches.hand_in(partner, raw, *more)
    assert type(raised.value) is kind
    assert batches._submitter.relay.recorded(hash_of(raw)) is None, "nothing was recorded"
    return raised.value.code


def hash_of(raw: bytes) -> str:
    return "0x" + keccak(raw).hex()


def test_a_batch_is_counted_and_answered_again(stack: Stack, batches: SignedBatches) -> None:
    anna = stack.account("anna")
    texts = ["kiosk-1", "kiosk-2", "kiosk-1"]
    raw = raw_of(stack, [Earn(anna, receipt_number(text), 900) for text in texts])
    first = batches.hand_in(KIOSK, raw, texts)
    assert [(one.points, one.accepted) for one in first.records] == [(9, True), (9, True), (0, False)]
    assert (first.key, first.nonce, first.replayed) == (OWN.address, 0, False)
    assert stack.service.receipts_of(list(first.records)) == texts

    again = batches.hand_in(KIOSK, raw)
    assert again.replayed and again.records == first.records
    assert batches.look_up(KIOSK, first.transaction).records == first.records
    assert [(one.key, one.next_nonce) for one in batches.keys(KIOSK)] == [(OWN.address, 1)]
    assert batches.keys(1)[0].next_nonce is None


def test_another_partner_cannot_hand_it_in_or_see_it(stack: Stack, batches: SignedBatches) -> None:
    raw = raw_of(stack, [Earn(stack.account("anna"), 7, 900)])
    assert code_of(AccessDenied, batches, raw, partner=1) == "key_unknown"
    decided = batches.hand_in(KIOSK, raw)
    with pytest.raises(AccessDenied):
        batches.hand_in(1, raw)
    for partner, transaction in ((1, decided.transaction), (KIOSK, "0x" + "11" * 32)):
        with pytest.raises(NotFound) as raised:
            batches.look_up(partner, transaction)
        assert raised.value.code == "batch_unknown"
    strangers = raw_of(stack, [Earn(stack.account("anna"), 8, 900)], key=KeySigner.random())
    assert code_of(AccessDenied, batches, strangers) == "key_unknown"


def test_what_goes_elsewhere_is_refused(stack: Stack, batches: SignedBatches) -> None:
    earns = [Earn(stack.account("anna"), 7, 900)]
    assert code_of(InputError, batches, raw_of(stack, earns, chain_id=1)) == "transaction_misdirected"
    registry = stack.chain.deployment.registry
    assert code_of(InputError, batches, raw_of(stack, earns, ledger=registry)) == "transaction_misdirected"
    paid, _ = sign_transaction(OWN, stack.chain.deployment.chain_id, 0, stack.chain.deployment.ledger, b"", 90_000, 1)
    assert code_of(InputError, batches, paid) == "transaction_malformed"
    assert code_of(InputError, batches, b"\1") == "transaction_malformed"
    empty, _ = sign_transaction(OWN, stack.chain.deployment.chain_id, 0, stack.chain.deployment.ledger, b"", 90_000)
    assert code_of(InputError, batches, empty) == "operation_invalid"


def test_receipts_are_those_of_the_operations(stack: Stack, batches: SignedBatches) -> None:
    raw = raw_of(stack, [Release(receipt_number("a")), Release(receipt_number("b"))])
    for texts in (["b", "a"], ["a"], ["a", "b", "c"]):
        assert code_of(InputError, batches, raw, texts) == "receipts_mismatched"


def test_nonces_are_the_next_or_soon(stack: Stack, batches: SignedBatches) -> None:
    anna = stack.account("anna")
    first, second = (raw_of(stack, [Earn(anna, receipt, 900)]) for receipt in (7, 8))
    assert code_of(InputError, batches, raw_of(stack, [Earn(anna, 9, 900)], 64)) == "nonce_too_far"
    with pytest.raises(OutcomePending) as raised:
        batches.hand_in(KIOSK, raw_of(stack, [Earn(anna, 9, 900)], 1), None, 0.1)
    waiting = raised.value.details["transaction"]
    with pytest.raises(OutcomePending):
        batches.look_up(KIOSK, waiting)
    assert batches.keys(KIOSK)[0].next_nonce == 2
    batches.hand_in(KIOSK, first)
    assert code_of(InputError, batches, second) == "nonce_used"


def test_what_the_ledger_would_refuse_is_not_sent(stack: Stack, batches: SignedBatches) -> None:
    anna, admin = stack.account("anna"), stack.chain.admin
    earns = [Earn(anna, receipt, 900) for receipt in range(40)]
    place = stack.chain.deployment.chain_id, 0, stack.chain.deployment.ledger
    data = read_transaction(raw_of(stack, earns)).data
    few, _ = sign_transaction(OWN, *place, data, 200_000)
    assert code_of(InputError, batches, few) == "gas_too_low"
    many, _ = sign_transaction(OWN, *place, data, 1 << 40)
    assert code_of(InputError, batches, many) == "gas_too_high"

    fresh = KeySigner.random()
    admin.add_key(KIOSK, fresh.address)
    assert code_of(AccessDenied, batches, raw_of(stack, earns, key=fresh)) == "key_not_yet_active"
    admin.revoke_key(fresh.address)
    admin.suspend_partner(KIOSK)
    assert code_of(AccessDenied, batches, raw_of(stack, earns)) == "partner_not_active"


def test_a_batch_that_was_refused_as_a_whole_says_why_again(stack: Stack, batches: SignedBatches) -> None:
    raw = raw_of(stack, [Earn(stack.account("anna"), 7, 900)])
    stack.chain.admin.suspend_partner(KIOSK)
    stack.chain.rpc.call("eth_sendRawTransaction", ["0x" + raw.hex()])  # by another way
    for ask in (lambda: batches.hand_in(KIOSK, raw), lambda: batches.look_up(KIOSK, hash_of(raw))):
        with pytest.raises(AccessDenied) as raised:
            ask()
        assert raised.value.code == "partner_not_active"


def test_two_nodes_of_one_database_answer_the_same(stack: Stack, batches: SignedBatches, tmp_path: Path) -> None:
    anna = stack.account("anna")
    with stack_on(stack.chain, tmp_path) as second:
        other = SignedBatches(second.chain.rpc, second.chain.deployment, second.submitter, second.queries, second.texts)
        nodes = [batches, other]
        for nonce in range(4):
            raw = raw_of(stack, [Earn(anna, 100 + nonce, 900)], nonce)
            with ThreadPoolExecutor(2) as both:
                one, two = both.map(lambda node: node.hand_in(KIOSK, raw), nodes)  # noqa: B023
            assert one.records == two.records and one.records[0].accepted
    assert stack.queries.partner_totals(KIOSK)[0].purchases == 4
