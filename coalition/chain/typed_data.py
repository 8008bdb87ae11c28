"""What members sign (EIP-712): digests for `Signer.sign`.

The type strings are those of the contracts `PointLedger`, `AccountKeys`, `PointToken` and `TillRegistry`; where those follow a
standard, it is ERC-2612 or ERC-3009. `TillToken` is the service's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from coalition.chain.keccak import keccak
from coalition.ledger.operations import Purpose
from coalition.ledger.vouchers import Voucher

__all__ = [
    "Domain",
    "authorization_digest",
    "cancel_authorization_digest",
    "key_cancellation_digest",
    "key_rotation_digest",
    "permit_digest",
    "till_token_digest",
    "transfer_with_authorization_digest",
    "voucher_digest",
]

NAME = "Coalition Points"
VERSION = "1"


def _type(text: str) -> bytes:
    return keccak(text.encode())


DOMAIN = _type("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
AUTHORIZATION = _type(
    "Authorization(address member,uint32 partner,uint256 points,uint256 receipt,uint8 purpose,uint256 deadline)"
)
PERMIT = _type("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")
ROTATION = _type("KeyRotation(address account,address next,uint256 nonce,uint256 deadline)")
CANCELLATION = _type("KeyCancellation(address account,uint256 nonce,uint256 deadline)")
TRANSFER = _type(
    "TransferWithAuthorization(address from,address to,uint256 value,"
    "uint256 validAfter,uint256 validBefore,bytes32 nonce)"
)
CANCEL = _type("CancelAuthorization(address authorizer,bytes32 nonce)")
TILL_TOKEN = _type("TillToken(address member,uint256 deadline)")
VOUCHER = _type(
    "Voucher(uint32 partner,uint32 till,uint48 number,uint8 kind,address member,uint48 amount,bytes3 currency,"
    "uint40 issuedAt)"
)


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature counts: one ledger on one chain; for vouchers one register of tills, whose `name` is another."""

    chain_id: int
    ledger: str
    name: str = NAME

    @property
    def separator(self) -> bytes:
        """The domain separator of EIP-712, 32 bytes; the ledger has the same as `DOMAIN_SEPARATOR()`."""
        return _hash(DOMAIN, keccak(self.name.encode()), keccak(VERSION.encode()), self.chain_id, self.ledger)


def authorization_digest(
    domain: Domain, member: str, partner: int, points: int, receipt: int, purpose: Purpose, deadline: int
) -> bytes:
    """The member lets `partner` redeem or hold `points` under `receipt`, until `deadline` (Unix seconds)."""
    return _digest(domain, AUTHORIZATION, member, partner, points, receipt, int(purpose), deadline)


def permit_digest(domain: Domain, owner: str, spender: str, value: int, nonce: int, deadline: int) -> bytes:
    """The owner allows `spender` to spend `value` points (ERC-2612). `nonce` is `views.nonce_of`."""
    return _digest(domain, PERMIT, owner, spender, value, nonce, deadline)


def key_rotation_digest(domain: Domain, account: str, next_key: str, nonce: int, deadline: int) -> bytes:
    """The present key announces `next_key`. `nonce` is `views.nonce_of`."""
    return _digest(domain, ROTATION, account, next_key, nonce, deadline)


def key_cancellation_digest(domain: Domain, account: str, nonce: int, deadline: int) -> bytes:
    """The present key cancels an announced change. `nonce` is `views.nonce_of`."""
    return _digest(domain, CANCELLATION, account, nonce, deadline)


def transfer_with_authorization_digest(
    domain: Domain, from_: str, to: str, value: int, valid_after: int, valid_before: int, nonce: bytes
) -> bytes:
    """The key of `from_` moves `value` points to `to` (ERC-3009). `nonce` is any 32 bytes not used before."""
    return _digest(domain, TRANSFER, from_, to, value, valid_after, valid_before, nonce)


def cancel_authorization_digest(domain: Domain, authorizer: str, nonce: bytes) -> bytes:
    """The key of `authorizer` makes an authorization of ERC-3009 useless."""
    return _digest(domain, CANCEL, authorizer, nonce)


def till_token_digest(domain: Domain, member: str, deadline: int) -> bytes:
    """The member asks the service for a till token, until `deadline` (Unix seconds). No contract knows this one."""
    return _digest(domain, TILL_TOKEN, member, deadline)


def voucher_digest(chain_id: int, till_registry: str, voucher: Voucher) -> bytes:
    """What a till's key signs; the same as `TillRegistry.hashOf`."""
    domain = Domain(chain_id, till_registry, "Coalition Tills")
    currency = voucher.currency.encode().ljust(32, b"\0")
    who = voucher.partner, voucher.till, voucher.number
    return _digest(
        domain, VOUCHER, *who, int(voucher.kind), voucher.member, voucher.amount, currency, voucher.issued_at
    )


def _digest(domain: Domain, *fields: bytes | int | str) -> bytes:
    return keccak(b"\x19\x01" + domain.separator + _hash(*fields))


def _hash(*fields: bytes | int | str) -> bytes:
    return keccak(b"".join(_word(field) for field in fields))


def _word(field: bytes | int | str) -> bytes:
    """One word: 32 bytes, a number, or an address."""
    if isinstance(field, int):
        return field.to_bytes(32)
    word = bytes.fromhex(field[2:]) if isinstance(field, str) else field
    if len(word) != (20 if isinstance(field, str) else 32):
        raise ValueError("an address has 20 bytes, a hash or a nonce 32")
    return word.rjust(32, b"\0")
