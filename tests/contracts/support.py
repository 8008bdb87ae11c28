"""Words, receipts' chains, signatures and time for the contract tests, written independently of the contracts."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import brownie
from brownie import web3
from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

DAY = 86_400
HOUR = 3_600
EPOCH_SECONDS = 30 * DAY
LOT_MAX = 2**48 - 1
AWARDS_MAX = 2**47 - 1
BATCH_MAX = 500
HOLD_SECONDS_MAX = 30 * DAY
UNLIMITED = 2**256 - 1
ZERO = "0x" + "00" * 20

AUTHORIZATION = {
    "Authorization": [
        {"name": "member", "type": "address"},
        {"name": "partner", "type": "uint32"},
        {"name": "points", "type": "uint256"},
        {"name": "receipt", "type": "uint256"},
        {"name": "purpose", "type": "uint8"},
        {"name": "deadline", "type": "uint256"},
    ]
}
PERMIT = {
    "Permit": [
        {"name": "owner", "type": "address"},
        {"name": "spender", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ]
}
TRANSFER_WITH_AUTHORIZATION = {
    "TransferWithAuthorization": [
        {"name": "from", "type": "address"},
        {"name": "to", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "validAfter", "type": "uint256"},
        {"name": "validBefore", "type": "uint256"},
        {"name": "nonce", "type": "bytes32"},
    ]
}
CANCEL_AUTHORIZATION = {
    "CancelAuthorization": [
        {"name": "authorizer", "type": "address"},
        {"name": "nonce", "type": "bytes32"},
    ]
}
KEY_ROTATION = {
    "KeyRotation": [
        {"name": "account", "type": "address"},
        {"name": "next", "type": "address"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ]
}
KEY_CANCELLATION = {
    "KeyCancellation": [
        {"name": "account", "type": "address"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ]
}


class Kind(IntEnum):
    """`OperationKind`."""

    NONE = 0
    EARN = 1
    REDEEM = 2
    HOLD = 3
    CAPTURE = 4
    RELEASE = 5
    REVERSE = 6
    REFUND = 7


class Code(IntEnum):
    """`RejectionCode`."""

    NONE = 0
    RECEIPT_USED = 1
    MEMBER_UNKNOWN = 2
    AMOUNT_ZERO = 3
    AMOUNT_TOO_LARGE = 4
    BALANCE_TOO_LOW = 5
    SIGNATURE_INVALID = 6
    DEADLINE_PASSED = 7
    DEADLINE_TOO_FAR = 8
    ALLOWANCE_TOO_LOW = 9
    HOLD_UNKNOWN = 10
    HOLD_EXCEEDED = 11
    PROOF_INVALID = 12
    ORIGINAL_EXCEEDED = 13


class Purpose(IntEnum):
    """`Purpose`."""

    NONE = 0
    REDEEM = 1
    HOLD = 2


class Behaviour(IntEnum):
    """`ContractAccount.Behaviour`."""

    HONEST = 0
    REFUSING = 1
    REVERTING = 2
    GAS_BURNING = 3
    NONSENSE_RETURNING = 4
    SHORT_RETURNING = 5
    HUGE_RETURNING = 6
    HUGE_REVERTING = 7
    WRITING = 8


@dataclass(frozen=True)
class Partner:
    """A partner: its number, the account of one of its keys, and the address that stands for it in allowances."""

    id: int
    key: Any
    account: Any
    rate_bps: int


# ---- lots


def word(head: int, *points: int) -> int:
    """A `Lots` word: `points` newest first."""
    lots = head << 192
    for age, count in enumerate(points):
        lots |= count << (48 * age)
    return lots


def lots_of_word(value: int) -> tuple[int, int, int, int]:
    """The four lots of a word, newest first."""
    return tuple((value >> (48 * age)) & LOT_MAX for age in range(4))


# ---- receipts


def outcome(
    kind: Kind, member: Any, receipt: int, spend_minor: int, points: int, lots: int, words: tuple[int, ...] = ()
) -> tuple:
    """What the ledger decided, in the order of the contract's struct; `words` tell what campaigns awarded."""
    return (int(kind), str(member), receipt, spend_minor, points, lots, hash_of(words))


def hash_of(words: tuple[int, ...]) -> bytes:
    """What an outcome says of its award words."""
    return keccak(b"".join(one.to_bytes(32, "big") for one in words)) if words else bytes(32)


def leaf(decided: tuple) -> bytes:
    """Hash of one outcome."""
    return keccak(encode(["uint256", "address", "uint256", "uint256", "uint256", "uint256", "bytes32"], decided))


def chain_of(*decided: tuple) -> bytes:
    """The 28 bytes of a receipt word's chain after these outcomes."""
    link = bytes(28)
    for one in decided:
        link = keccak(link + leaf(one))[:28]
    return link


def correction(
    receipt: int,
    amount: int,
    original: tuple,
    earlier: tuple = (),
    later: tuple = (),
    words: tuple[int, ...] = (),
) -> tuple:
    """A reversal or refund with its proof: outcomes `earlier` and `later` in the original's receipt word."""
    return (receipt, amount, original, chain_of(*earlier), [leaf(one) for one in later], words)


# ---- awards


def packed(account: Any, points: int) -> int:
    """Points for an account, as the campaign book tells them."""
    return int(str(account), 16) | points << 160


# ---- signatures


def signature(signer: Any, ledger: Any, types: dict, message: dict) -> bytes:
    """The EIP-712 signature of a brownie local account."""
    domain = {
        "name": "Coalition Points",
        "version": "1",
        "chainId": web3.eth.chain_id,
        "verifyingContract": ledger.address,
    }
    readable = {field: getattr(value, "address", value) for field, value in message.items()}
    return bytes(Account.sign_typed_data(signer.private_key, domain, types, readable).signature)


def split(signed: bytes) -> tuple[int, bytes, bytes]:
    """v, r, s of a 65-byte signature."""
    return signed[64], signed[:32], signed[32:64]


def malleable(signed: bytes) -> bytes:
    """The other signature of the same key over the same digest, with a high s."""
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    s = order - int.from_bytes(signed[32:64], "big")
    return signed[:32] + s.to_bytes(32, "big") + bytes([55 - signed[64]])


# ---- time


def now() -> int:
    """Time of the newest block."""
    return web3.eth.get_block("latest").timestamp


def travel(time: int) -> None:
    """Mine a block at `time`."""
    next_block_at(time)
    asked("evm_mine", [])


def next_block_at(time: int) -> int:
    """Let the next block have exactly this time."""
    asked("evm_setNextBlockTimestamp", [time])
    return time


def asked(method: str, parameters: list) -> Any:
    """What the node answers."""
    answer = web3.provider.make_request(method, parameters)
    assert "error" not in answer, answer
    return answer["result"]


# ---- answers


def reverts(error: str, *values: Any) -> Any:
    """Expect a transaction or call to revert with this custom error and these values."""
    return brownie.reverts(f"{error}: {', '.join(map(shown, values))}")


def shown(value: Any) -> str:
    """A value as brownie writes it into the text of a revert."""
    if isinstance(value, bytes):
        return repr(bytes(value))
    if isinstance(value, bool):
        return str(value)
    return str(getattr(value, "address", value)).lower()


def plain(value: Any) -> Any:
    """An answer without brownie's own types: numbers, checksummed addresses, hexadecimal texts, tuples."""
    if isinstance(value, (tuple, list)):
        return tuple(map(plain, value))
    if isinstance(value, bool):
        return value
    return int(value) if isinstance(value, int) else str(value)


# ---- events


def told(tx: Any) -> list[tuple]:
    """Every event of a transaction in order, as (name, value, ...)."""
    return [(event.name, *event.values()) for event in tx.events]


def refused(partner: Partner, receipt: int, kind: Kind, code: Code) -> tuple:
    """The event of a refused operation, as `told` gives it."""
    return ("OperationRejected", partner.id, receipt, kind, code)
