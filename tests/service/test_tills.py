"""Vouchers of tills: counted once by any node and in any order, refused where no till signed them, and their gaps."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from coalition.chain import history
from coalition.chain.abi import encode_call
from coalition.chain.keystore import Keystore
from coalition.chain.signer import KeySigner
from coalition.chain.tills import revoke_till, set_till
from coalition.chain.transactions import send
from coalition.chain.typed_data import voucher_digest
from coalition.errors import AccessDenied, CoalitionError, InputError, NotFound
from coalition.ledger.operations import Kind
from coalition.ledger.vouchers import Voucher
from coalition.service import Answer
from coalition.service.tills import Range, SignedVoucher, TillService
from tests.service.conftest import START, Chain, Stack, new_chain, signer, stack_on

GROCERY, MARKET = 1, 2
TILL_KEYS = {partner: signer(f"till of {partner}") for partner in (GROCERY, MARKET)}
OTHER_KEY = signer("till 8 of 1")


@pytest.fixture(scope="module")
def chain() -> Chain:
    """Till 7 of each partner, and till 8 of the first."""
    chain = new_chain()
    for partner, name in ((GROCERY, "Grocery"), (MARKET, "Market")):
        set_till(chain.rpc, chain.deployment, signer(name), 7, TILL_KEYS[partner].address)
    set_till(chain.rpc, chain.deployment, signer("Grocery"), 8, OTHER_KEY.address)
    return chain


@pytest.fixture
def stack(chain: Chain, either_server: str | None, tmp_path: Path) -> Iterator[Stack]:
    snapshot = chain.rpc.call("evm_snapshot", [])
    with stack_on(chain, tmp_path, either_server) as made:
        made.submitter.look_for_nonces()
        yield made
    chain.rpc.call("evm_revert", [snapshot])


def service_on(stack: Stack, folder: Path) -> TillService:
    keystore = Keystore(folder / "keys", "a passphrase")
    rpc = stack.chain.rpc
    return TillService(rpc, stack.chain.deployment, keystore, stack.service, lambda: history.head(rpc).timestamp)


@pytest.fixture
def tills(stack: Stack, tmp_path: Path) -> TillService:
    return service_on(stack, tmp_path)


@pytest.fixture
def voucher(stack: Stack) -> Callable[..., Voucher]:
    anna = stack.account("anna")

    def one(number: int, amount: int = 900, kind: Kind = Kind.EARN, till: int = 7, **other: Any) -> Voucher:
        currency = "USD" if kind is Kind.EARN else ""
        return replace(Voucher(GROCERY, till, number, kind, anna, amount, currency, START), **other)

    return one


def signed(stack: Stack, voucher: Voucher, key: KeySigner = TILL_KEYS[GROCERY], **place: Any) -> SignedVoucher:
    at = {"chain_id": stack.chain.deployment.chain_id, "till_registry": stack.chain.deployment.till_registry} | place
    return SignedVoucher(voucher, key.sign(voucher_digest(at["chain_id"], at["till_registry"], voucher)))


def told(outcomes: Sequence[Answer | CoalitionError]) -> list[object]:
    """Points, with "again" for a replay; or the code."""
    return [
        one.code
        if isinstance(one, CoalitionError)
        else ("again", one.record.points)
        if one.replayed
        else one.record.points
        for one in outcomes
    ]


def counted(stack: Stack, partner: int = GROCERY) -> int:
    return stack.queries.partner_totals(partner)[0].purchases


def test_each_voucher_has_its_own_outcome(stack: Stack, tills: TillService, voucher: Callable[..., Voucher]) -> None:
    good, other = voucher(5), voucher(6, 1_200)
    forged = replace(signed(stack, voucher(2)), voucher=voucher(2, 90_000))
    stranger = signed(stack, voucher(9, member="0x" + "ab" * 20))
    outcomes = tills.hand_in(
        GROCERY, [signed(stack, other), forged, signed(stack, good), stranger, signed(stack, good)]
    )
    assert told(outcomes) == [12, "voucher_signature_invalid", 9, "member_unknown", ("again", 9)]
    assert told(tills.hand_in(GROCERY, [signed(stack, good), signed(stack, other)])) == [("again", 9), ("again", 12)]
    assert [one.receipt for one in outcomes if isinstance(one, Answer)][:2] == ["voucher:7:6", "voucher:7:5"]
    assert counted(stack) == 2


def test_what_the_till_did_not_sign(stack: Stack, tills: TillService, voucher: Callable[..., Voucher]) -> None:
    one = voucher(1)
    real = signed(stack, one)
    mine, theirs = TILL_KEYS[GROCERY], TILL_KEYS[MARKET]
    attempts = {
        "another amount": replace(real, voucher=replace(one, amount=901)),
        "another number": replace(real, voucher=replace(one, number=2)),
        "another member": replace(real, voucher=replace(one, member=stack.account("ben"))),
        "another time": replace(real, voucher=replace(one, issued_at=START - 1)),
        "another kind": replace(real, voucher=replace(one, kind=Kind.REDEEM)),
        "another till of the partner": signed(stack, one, OTHER_KEY),
        "the other partner's till": signed(stack, one, theirs),
        "another chain": signed(stack, one, chain_id=1),
        "another register": signed(stack, one, till_registry=stack.chain.deployment.registry),
        "a stranger": signed(stack, one, KeySigner.random()),
        "nobody": SignedVoucher(one, b""),
        "a signature cut short": SignedVoucher(one, real.signature[:64]),
        "zeros": SignedVoucher(one, bytes(65)),
    }
    outcomes = tills.hand_in(GROCERY, list(attempts.values()))
    assert dict(zip(attempts, told(outcomes), strict=True)) == dict.fromkeys(attempts, "voucher_signature_invalid")
    # A genuine voucher of the one, handed in by the other: it is as if nobody had signed it.
    foreign = [replace(real, voucher=replace(one, partner=MARKET)), real]
    assert told(tills.hand_in(MARKET, foreign)) == ["voucher_signature_invalid"] * 2
    assert counted(stack) == counted(stack, MARKET) == 0
    assert mine.address != theirs.address
    assert told(tills.hand_in(GROCERY, [real])) == [9]


def test_a_number_stands_for_one_voucher(stack: Stack, tills: TillService, voucher: Callable[..., Voucher]) -> None:
    first, second = signed(stack, voucher(1)), signed(stack, voucher(1, 1_000))
    assert told(tills.hand_in(GROCERY, [first, second])) == [9, "voucher_conflict"]
    (conflict,) = tills.hand_in(GROCERY, [second])
    assert isinstance(conflict, InputError)
    assert conflict.details["differences"] == {"spend_minor": {"recorded": 900, "requested": 1_000}}
    same = signed(stack, replace(voucher(1), issued_at=START + 1))
    assert told(tills.hand_in(GROCERY, [same])) == [("again", 9)]
    assert counted(stack) == 1


def test_currency_and_clock(stack: Stack, tills: TillService, voucher: Callable[..., Voucher]) -> None:
    ahead = history.head(stack.chain.rpc).timestamp + 90
    wrong = [voucher(1, currency="EUR"), voucher(2, issued_at=ahead), voucher(3, issued_at=1)]
    outcomes = tills.hand_in(GROCERY, [signed(stack, one) for one in wrong])
    assert told(outcomes) == ["currency_wrong", "occurred_at_in_future", 9]


def test_redeems_within_the_allowance(stack: Stack, tills: TillService, voucher: Callable[..., Voucher]) -> None:
    key = stack.custody.signer("anna")
    account = signer("Grocery account").address
    approve = encode_call("PointLedger", "approve", (account, 5))
    send(stack.chain.rpc, key, stack.chain.deployment.ledger, approve)
    earns = [signed(stack, voucher(1, 900))]
    assert told(tills.hand_in(GROCERY, earns)) == [9]
    redeems = [signed(stack, voucher(number, 3, Kind.REDEEM)) for number in (2, 3)]
    assert sorted(map(str, told(tills.hand_in(GROCERY, redeems)))) == ["3", "allowance_too_low"]
    assert stack.queries.balance(key.address, history.head(stack.chain.rpc).timestamp).points == 6


def test_a_voucher_is_reversed_by_its_receipt(
    stack: Stack, tills: TillService, voucher: Callable[..., Voucher]
) -> None:
    tills.hand_in(GROCERY, [signed(stack, voucher(number)) for number in (1, 2, 3)])
    answer = stack.service.reverse(GROCERY, "back-1", "voucher:7:2", 400)
    assert (answer.record.points, answer.record.original_receipt) == (4, voucher(2).receipt)
    (found,) = stack.service.operation(GROCERY, "voucher:7:2")
    assert stack.service.receipt_of(found.record) == "voucher:7:2"


def test_its_receipts_are_the_tills_alone(stack: Stack, tills: TillService, voucher: Callable[..., Voucher]) -> None:
    anna = stack.account("anna")
    deadline = START + 1_000_000
    for post in (
        lambda: stack.service.earn(GROCERY, anna, "voucher:7:1", 900),
        lambda: stack.service.redeem(GROCERY, anna, "voucher:7:1", 9, deadline=deadline),
        lambda: stack.service.hold(GROCERY, anna, "voucher:7:1", 9, deadline=deadline),
        lambda: stack.service.reverse(GROCERY, "voucher:7:1", "x"),
        lambda: stack.service.refund(GROCERY, "voucher:7:1", "x"),
    ):
        with pytest.raises(InputError) as raised:
            post()
        assert raised.value.code == "receipt_reserved"
    assert told(tills.hand_in(GROCERY, [signed(stack, voucher(1))])) == [9]


def test_nothing_new_of_a_revoked_key(stack: Stack, tills: TillService, voucher: Callable[..., Voucher]) -> None:
    before, after = signed(stack, voucher(1)), signed(stack, voucher(2))
    assert told(tills.hand_in(GROCERY, [before])) == [9]
    revoke_till(stack.chain.rpc, stack.chain.deployment, signer("Grocery"), 7)
    # Both were signed before: when a voucher was signed is only what the till says.
    outcomes = tills.hand_in(GROCERY, [before, after, signed(stack, voucher(1, 1_000))])
    assert told(outcomes) == [("again", 9), "till_key_revoked", "voucher_conflict"]

    fresh = KeySigner.random()
    set_till(stack.chain.rpc, stack.chain.deployment, signer("Grocery"), 7, fresh.address)
    assert told(tills.hand_in(GROCERY, [signed(stack, voucher(2), fresh)])) == [9]
    assert told(tills.hand_in(GROCERY, [after, signed(stack, voucher(3))])) == [("again", 9), "till_key_revoked"]


def test_gaps_are_listed_and_close(stack: Stack, tills: TillService, voucher: Callable[..., Voucher]) -> None:
    nothing = tills.vouchers(GROCERY, 7)
    assert (nothing.highest, nothing.accepted, nothing.gaps, nothing.next) == (0, (), (), None)
    order = [12, 3, 4, 9, 1, 8]
    random.Random(7).shuffle(order)
    tills.hand_in(GROCERY, [signed(stack, voucher(number)) for number in order])
    found = tills.vouchers(GROCERY, 7)
    assert found.highest == 12 and found.next is None
    assert found.accepted == (Range(1, 1), Range(3, 4), Range(8, 9), Range(12, 12))
    assert found.gaps == (Range(2, 2), Range(5, 7), Range(10, 11))
    assert tills.vouchers(GROCERY, 8).highest == 0, "each till has numbers of its own"

    first = tills.vouchers(GROCERY, 7, limit=1)
    assert (first.accepted, first.gaps, first.next) == ((Range(1, 1), Range(3, 4)), (Range(2, 2),), 5)
    second = tills.vouchers(GROCERY, 7, 5, 1)
    assert (second.accepted, second.gaps, second.next) == ((Range(8, 9),), (Range(5, 7),), 10)
    last = tills.vouchers(GROCERY, 7, 10, 1)
    assert (last.accepted, last.gaps, last.next) == ((Range(12, 12),), (Range(10, 11),), None)

    tills.hand_in(GROCERY, [signed(stack, voucher(number)) for number in (2, 5, 6, 7, 10, 11)])
    closed = tills.vouchers(GROCERY, 7)
    assert (closed.accepted, closed.gaps) == ((Range(1, 12),), ())


def test_a_page_of_gaps_is_bounded(
    stack: Stack, tills: TillService, voucher: Callable[..., Voucher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coalition.service.tills.SCANNED_MAX", 3)
    tills.hand_in(GROCERY, [signed(stack, voucher(number)) for number in (1, 2, 3, 4, 6)])
    first = tills.vouchers(GROCERY, 7)
    assert (first.accepted, first.gaps, first.next) == ((Range(1, 3),), (), 4)
    second = tills.vouchers(GROCERY, 7, 4)
    assert (second.accepted, second.gaps, second.next) == ((Range(4, 4), Range(6, 6)), (Range(5, 5),), None)


def test_another_partners_till_is_none(tills: TillService) -> None:
    for till in (8, 9):
        with pytest.raises(NotFound) as raised:
            tills.vouchers(MARKET, till)
        assert raised.value.code == "till_unknown"
    assert [one.till for one in tills.tills(MARKET)] == [7]


def test_keys_are_set_with_the_partners_key(stack: Stack, tills: TillService) -> None:
    with pytest.raises(AccessDenied) as raised:
        tills.set_key(GROCERY, 9, OTHER_KEY.address)
    assert raised.value.code == "partner_key_missing", "the keystore has none"


def test_two_nodes_two_routes_and_no_order_count_once(
    stack: Stack, tills: TillService, voucher: Callable[..., Voucher], tmp_path: Path
) -> None:
    """Forty vouchers, all of them handed in at both nodes at once, in portions, and in different orders."""
    vouchers = [signed(stack, voucher(number)) for number in range(1, 41)]
    with stack_on(stack.chain, tmp_path) as second:
        nodes = [tills, service_on(second, tmp_path)]

        def route(at: int) -> list[object]:
            mixed = list(vouchers)
            random.Random(at).shuffle(mixed)
            portions = [mixed[start : start + 8] for start in range(0, len(mixed), 8)]
            return [one for portion in portions for one in told(nodes[at % 2].hand_in(GROCERY, portion))]

        with ThreadPoolExecutor(4) as routes:
            outcomes = list(routes.map(route, range(4)))
    assert {one if isinstance(one, int) else one[1] for some in outcomes for one in some} == {9}
    stack.follower.catch_up()
    assert counted(stack) == 40
    assert tills.vouchers(GROCERY, 7).accepted == (Range(1, 40),)
