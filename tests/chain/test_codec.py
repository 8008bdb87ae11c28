"""Call data and logs, held against eth-abi."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import eth_abi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coalition.chain import abi, codec, logs
from coalition.chain.addresses import checksummed, from_word, is_address
from coalition.chain.artifacts import artifact
from coalition.chain.keccak import keccak, portable
from coalition.errors import InputError, IntegrityError
from coalition.ledger import events
from coalition.ledger.events import Earned, OperationRejected
from coalition.ledger.lots import Lots
from coalition.ledger.operations import (
    Capture,
    Earn,
    Hold,
    Kind,
    Operation,
    Outcome,
    Redeem,
    Refund,
    Rejection,
    Release,
    Reverse,
)

words = st.integers(0, 2**256 - 1)
amounts = st.integers(0, 2**48 - 1)
addresses = st.binary(min_size=20, max_size=20).map(lambda content: checksummed(content.hex()))
lots_values = st.builds(Lots, st.integers(0, 2**24 - 1), st.tuples(amounts, amounts, amounts, amounts))
hashes = st.binary(min_size=32, max_size=32)
outcomes = st.builds(Outcome, st.sampled_from(Kind), addresses, words, amounts, amounts, lots_values, hashes)
chains = st.one_of(st.just(b""), st.binary(min_size=28, max_size=28))
leaves = st.lists(st.binary(min_size=32, max_size=32), max_size=3).map(tuple)
signatures = st.binary(max_size=100)


def batches(one: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(one, min_size=1, max_size=5)


def outcome_tuple(outcome: Outcome) -> tuple[Any, ...]:
    return (
        int(outcome.kind), outcome.member, outcome.receipt, outcome.spend_minor, outcome.points, outcome.lots.to_word(),
        outcome.awards,
    )  # fmt: skip


def expected(kind: Kind, arguments: list[Any]) -> bytes:
    return abi.encode_call("PointLedger", codec.FUNCTIONS[kind], arguments)


@given(st.lists(st.builds(Earn, addresses, words, amounts, st.booleans()), min_size=1, max_size=300))
@settings(max_examples=25)
def test_earns(earns: list[Earn]) -> None:
    flags = sum(1 << i for i, earn in enumerate(earns) if earn.enrols)
    enrolling = [flags >> 256 * i & 2**256 - 1 for i in range((flags.bit_length() + 255) // 256)]
    rows = [(earn.member, earn.receipt, earn.spend_minor) for earn in earns]

    assert codec.encode_batch(Kind.EARN, earns) == expected(Kind.EARN, [rows, enrolling])


@given(batches(st.builds(Redeem, addresses, words, amounts, words, signatures)))
def test_redemptions(redemptions: list[Redeem]) -> None:
    rows = [(one.member, one.receipt, one.points, one.deadline, one.signature) for one in redemptions]

    assert codec.encode_batch(Kind.REDEEM, redemptions) == expected(Kind.REDEEM, [rows])


@given(batches(st.builds(Hold, addresses, words, amounts, words, signatures)))
def test_holds(holds: list[Hold]) -> None:
    rows = [(one.member, one.receipt, one.points, one.deadline, one.signature) for one in holds]

    assert codec.encode_batch(Kind.HOLD, holds) == expected(Kind.HOLD, [rows])


@given(batches(st.builds(Capture, words, amounts)))
def test_captures(captures: list[Capture]) -> None:
    rows = [(one.receipt, one.points) for one in captures]

    assert codec.encode_batch(Kind.CAPTURE, captures) == expected(Kind.CAPTURE, [rows])


@given(batches(st.builds(Release, words)))
def test_releases(releases: list[Release]) -> None:
    rows = [one.receipt for one in releases]

    assert codec.encode_batch(Kind.RELEASE, releases) == expected(Kind.RELEASE, [rows])


@given(batches(st.builds(Reverse, words, amounts, outcomes, chains, leaves, st.lists(words, max_size=4).map(tuple))))
def test_reversals(reversals: list[Reverse]) -> None:
    rows = [
        (
            one.receipt,
            one.spend_minor,
            outcome_tuple(one.original),
            one.before or bytes(28),
            list(one.later),
            list(one.awards),
        )
        for one in reversals
    ]

    assert codec.encode_batch(Kind.REVERSE, reversals) == expected(Kind.REVERSE, [rows])


@given(batches(st.builds(Refund, words, amounts, outcomes, chains, leaves)))
def test_refunds(refunds: list[Refund]) -> None:
    rows = [
        (one.receipt, one.points, outcome_tuple(one.original), one.before or bytes(28), list(one.later), [])
        for one in refunds
    ]

    assert codec.encode_batch(Kind.REFUND, refunds) == expected(Kind.REFUND, [rows])


@pytest.mark.parametrize("count", [0, 501])
def test_a_batch_has_1_to_500_operations(count: int) -> None:
    with pytest.raises(InputError) as refused:
        codec.encode_batch(Kind.RELEASE, [Release(1)] * count)

    assert refused.value.code == "batch_size_invalid"


MEMBER = "0x" + "12" * 20
ORIGINAL = Outcome(Kind.EARN, MEMBER, 1, 100, 100, Lots(0, (100, 0, 0, 0)))


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        (Kind.REDEEM, Earn(MEMBER, 1, 1)),
        (Kind.EARN, Release(1)),
        (Kind.EARN, Earn("0x1234", 1, 1)),
        (Kind.EARN, Earn("nobody", 1, 1)),
        (Kind.EARN, Earn(MEMBER, -1, 1)),
        (Kind.EARN, Earn(MEMBER, 1 << 256, 1)),
        (Kind.EARN, Earn(MEMBER, 1, -1)),
        (Kind.REDEEM, Redeem("0x" + "12" * 21, 1, 1, 1)),
        (Kind.REVERSE, Reverse(1, 1, ORIGINAL, b"short")),
        (Kind.REFUND, Refund(1, 1, ORIGINAL, b"", (b"short",))),
    ],
)
def test_what_does_not_fit_is_refused(kind: Kind, operation: Operation) -> None:
    with pytest.raises(InputError) as refused:
        codec.encode_batch(kind, [operation])

    assert refused.value.code == "operation_invalid"


def test_kinds_of_operations() -> None:
    assert codec.kind_of(Release(1)) is Kind.RELEASE
    assert codec.kind_of(Earn(MEMBER, 1, 1)) is Kind.EARN


# ---- logs

STRATEGIES: Mapping[str, st.SearchStrategy[Any]] = {
    "address": addresses,
    "bool": st.booleans(),
    "bytes3": st.sampled_from([b"USD", b"EUR"]),
    "bytes32": st.binary(min_size=32, max_size=32),
    "string": st.text(max_size=40),
    "uint256": words,
    "uint32": st.integers(0, 2**32 - 1),
    "Lots": lots_values,
    "enum OperationKind": st.sampled_from(Kind),
    "enum RejectionCode": st.sampled_from(Rejection),
}
ENTRIES = [
    entry
    for contract in ("PointLedger", "PartnerRegistry")
    for entry in artifact(contract).entries("event")
    if entry["name"] not in logs.LIBRARY_EVENTS
]


def raw(value: Any) -> Any:
    return value.to_word() if isinstance(value, Lots) else value


def log_of(entry: Mapping[str, Any], values: list[Any]) -> dict[str, Any]:
    """The log that the contract would write."""
    pairs = list(zip(entry["inputs"], values, strict=True))
    topics = [eth_abi.encode([one["type"]], [raw(value)]).hex() for one, value in pairs if one["indexed"]]
    rest = [(one["type"], raw(value)) for one, value in pairs if not one["indexed"]]
    data = eth_abi.encode([kind for kind, _ in rest], [value for _, value in rest]).hex()
    return {
        "address": MEMBER,
        "topics": ["0x" + keccak(abi.signature(entry).encode()).hex(), *("0x" + topic for topic in topics)],
        "data": "0x" + data,
        "blockNumber": "0x7",
        "logIndex": "0x2",
        "transactionHash": "0xab",
    }


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry["name"]))
@given(data=st.data())
@settings(max_examples=20)
def test_each_event_is_read_as_it_was_written(entry: Mapping[str, Any], data: st.DataObject) -> None:
    values = [data.draw(STRATEGIES.get(one["internalType"], STRATEGIES.get(one["type"]))) for one in entry["inputs"]]

    found = codec.decode_log(log_of(entry, values), {7: 1_700_000_000})

    assert found is not None
    position, event = found
    assert (position.block, position.log, position.timestamp, position.transaction) == (7, 2, 1_700_000_000, "0xab")
    assert type(event) is getattr(events, entry["name"])
    told = [getattr(event, field.name) for field in fields(event)]
    assert told == [value.decode() if isinstance(value, bytes) and len(value) == 3 else value for value in values]


def test_other_logs_are_passed_over() -> None:
    entry = next(e for e in artifact("PointLedger").entries("event") if e["name"] == "AuthorityUpdated")
    other = log_of(entry, [MEMBER])

    assert codec.decode_log(other, {7: 1}) is None
    assert codec.decode_log({**other, "topics": []}, {7: 1}) is None
    assert codec.decode_logs([other, other], {7: 1}) == []


@pytest.mark.parametrize("data", ["0x", "0x12", "0x" + "00" * 64 + "ff" * 32, "0x" + "00" * 32 + "ff" * 64])
def test_a_log_of_another_form_is_an_error(data: str) -> None:
    entry = next(entry for entry in ENTRIES if entry["name"] == "OperationRejected")
    log = {**log_of(entry, [1, 2, Kind.EARN, Rejection.RECEIPT_USED]), "data": data}

    with pytest.raises(IntegrityError) as refused:
        codec.decode_log(log, {7: 1})

    assert refused.value.code == "log_unreadable"
    assert refused.value.details == {"block": 7, "log": 2}


def test_the_token_events_can_be_left_out() -> None:
    names = {logs.TOPICS[topic] for topic in logs.DOMAIN_TOPICS}

    assert names == set(logs.TOPICS.values()) - {"Transfer", "Approval"}


# ---- addresses


@pytest.mark.parametrize(
    "address",
    [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ],
)
def test_addresses_are_checksummed_as_in_eip_55(address: str) -> None:
    assert checksummed(address[2:].lower()) == address
    assert from_word("0" * 24 + address[2:].lower()) == address
    assert is_address(address) and is_address(address.lower()) and is_address("0x" + address[2:].upper())
    assert not is_address(address[:-1] + ("A" if address[-1] != "A" else "B"))


@pytest.mark.parametrize("text", ["", "0x", "0x12", "12" * 20, "0x" + "1g" * 20, "0x" + "12" * 21, "0x" + " 1" * 20])
def test_what_is_no_address(text: str) -> None:
    assert not is_address(text)


@given(st.binary(max_size=300))
def test_both_libraries_for_keccak_agree(data: bytes) -> None:
    assert keccak(data) == portable.new(digest_bits=256, data=data).digest()


def test_a_thousand_logs_are_decoded_in_their_order() -> None:
    earns = [Earn(f"0x{i % 97:040x}", (1 << 255) + i, 500 + i, i % 50 == 0) for i in range(500)]
    earned = next(entry for entry in ENTRIES if entry["name"] == "Earned")
    rejected = next(entry for entry in ENTRIES if entry["name"] == "OperationRejected")
    written = [log_of(earned, [3, earn.member, earn.receipt, earn.spend_minor, 5, 9]) for earn in earns]
    written += [log_of(rejected, [3, earn.receipt, Kind.EARN, Rejection.RECEIPT_USED]) for earn in earns]

    found = [event for _, event in codec.decode_logs(written, {7: 1})]

    assert found == [
        *(Earned(3, from_word(earn.member[2:]), earn.receipt, earn.spend_minor, 5, 9) for earn in earns),
        *(OperationRejected(3, earn.receipt, Kind.EARN, Rejection.RECEIPT_USED) for earn in earns),
    ]
