"""What members sign: EIP-712 digests of the ledger's types, with an injected Keccak-256.

The types are those of `IPointLedger`, `IAccountKeys`, ERC-2612 and ERC-3009.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from coalition.ledger.operations import Purpose

__all__ = ["SignedContent"]

DOMAIN = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
AUTHORIZATION = (
    b"Authorization(address member,uint32 partner,uint256 points,uint256 receipt,uint8 purpose,uint256 deadline)"
)
ROTATION = b"KeyRotation(address account,address next,uint256 nonce,uint256 deadline)"
CANCELLATION = b"KeyCancellation(address account,uint256 nonce,uint256 deadline)"
PERMIT = b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
TRANSFER = (
    b"TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
    b"bytes32 nonce)"
)
CANCEL = b"CancelAuthorization(address authorizer,bytes32 nonce)"


@dataclass
class SignedContent:
    """Digests for one ledger: 32 bytes each, to sign as they are."""

    chain_id: int
    ledger: str
    keccak: Callable[[bytes], bytes]
    name: str = "Coalition Points"
    version: str = "1"
    _types: dict[bytes, bytes] = field(default_factory=dict, repr=False)
    _prefix: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        names = self.keccak(self.name.encode()), self.keccak(self.version.encode())
        domain = self._struct(DOMAIN, *names, self.chain_id, self.ledger)
        self._prefix = b"\x19\x01" + domain

    def authorization(
        self, member: str, partner: int, points: int, receipt: int, purpose: Purpose, deadline: int
    ) -> bytes:
        """For a redemption or a hold."""
        return self._digest(AUTHORIZATION, member, partner, points, receipt, int(purpose), deadline)

    def key_rotation(self, account: str, next_: str, nonce: int, deadline: int) -> bytes:
        """For `announceKeyRotation`."""
        return self._digest(ROTATION, account, next_, nonce, deadline)

    def key_cancellation(self, account: str, nonce: int, deadline: int) -> bytes:
        """For `cancelKeyChange`."""
        return self._digest(CANCELLATION, account, nonce, deadline)

    def permit(self, owner: str, spender: str, value: int, nonce: int, deadline: int) -> bytes:
        """For `permit` (ERC-2612)."""
        return self._digest(PERMIT, owner, spender, value, nonce, deadline)

    def transfer(self, from_: str, to: str, value: int, valid_after: int, valid_before: int, nonce: bytes) -> bytes:
        """For `transferWithAuthorization` (ERC-3009)."""
        return self._digest(TRANSFER, from_, to, value, valid_after, valid_before, nonce)

    def cancel(self, authorizer: str, nonce: bytes) -> bytes:
        """For `cancelAuthorization` (ERC-3009)."""
        return self._digest(CANCEL, authorizer, nonce)

    def _digest(self, type_: bytes, *fields: int | str | bytes) -> bytes:
        return self.keccak(self._prefix + self._struct(type_, *fields))

    def _struct(self, type_: bytes, *fields: int | str | bytes) -> bytes:
        if type_ not in self._types:
            self._types[type_] = self.keccak(type_)
        return self.keccak(self._types[type_] + b"".join([_word(field) for field in fields]))


def _word(field: int | str | bytes) -> bytes:
    if isinstance(field, bytes):
        return field
    return (int(field, 16) if isinstance(field, str) else field).to_bytes(32)
