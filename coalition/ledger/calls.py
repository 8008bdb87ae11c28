"""What can be asked of the contracts: one class a function that changes something, named after it.

Addresses are checksummed text, amounts integers, times Unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from coalition.ledger.operations import Kind, Operation

__all__ = [
    "AddKey",
    "AddPartner",
    "AnnounceEarnRate",
    "AnnounceKeyRecovery",
    "AnnounceKeyRotation",
    "Approve",
    "Award",
    "Call",
    "CancelAuthorization",
    "CancelKeyChange",
    "Enrol",
    "Pause",
    "Permit",
    "Post",
    "ReinstatePartner",
    "ReleaseLapsed",
    "RevokeKey",
    "SetCampaignBook",
    "SetTerms",
    "SuspendPartner",
    "Transfer",
    "TransferAtEpoch",
    "TransferFrom",
    "TransferFromAtEpoch",
    "TransferWithAuthorization",
    "Unpause",
]


@dataclass(frozen=True, slots=True)
class Call:
    """Base of all calls."""


@dataclass(frozen=True, slots=True)
class Post(Call):
    """`earn`, `redeem`, `hold`, `capture`, `release`, `reverse` or `refund`: operations of one kind."""

    kind: Kind
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Enrol(Call):
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReleaseLapsed(Call):
    partner: int
    receipt: int


@dataclass(frozen=True, slots=True)
class SetCampaignBook(Call):
    book: str


@dataclass(frozen=True, slots=True)
class Award(Call):
    """Points for `others`, each an account and its points."""

    others: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Pause(Call):
    pass


@dataclass(frozen=True, slots=True)
class Unpause(Call):
    pass


@dataclass(frozen=True, slots=True)
class AnnounceKeyRotation(Call):
    account: str
    next: str
    deadline: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class AnnounceKeyRecovery(Call):
    account: str
    next: str


@dataclass(frozen=True, slots=True)
class CancelKeyChange(Call):
    account: str
    deadline: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Approve(Call):
    spender: str
    value: int


@dataclass(frozen=True, slots=True)
class Permit(Call):
    """ERC-2612. `signature` is r, s and v, 65 bytes."""

    owner: str
    spender: str
    value: int
    deadline: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Transfer(Call):
    to: str
    value: int


@dataclass(frozen=True, slots=True)
class TransferFrom(Call):
    from_: str
    to: str
    value: int


@dataclass(frozen=True, slots=True)
class TransferAtEpoch(Call):
    epoch: int
    to: str
    value: int


@dataclass(frozen=True, slots=True)
class TransferFromAtEpoch(Call):
    epoch: int
    from_: str
    to: str
    value: int


@dataclass(frozen=True, slots=True)
class TransferWithAuthorization(Call):
    from_: str
    to: str
    value: int
    valid_after: int
    valid_before: int
    nonce: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class CancelAuthorization(Call):
    authorizer: str
    nonce: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class AddPartner(Call):
    name: str
    account: str
    key: str
    currency: str
    earn_rate_bps: int


@dataclass(frozen=True, slots=True)
class SuspendPartner(Call):
    partner: int


@dataclass(frozen=True, slots=True)
class ReinstatePartner(Call):
    partner: int


@dataclass(frozen=True, slots=True)
class AddKey(Call):
    partner: int
    key: str


@dataclass(frozen=True, slots=True)
class RevokeKey(Call):
    key: str


@dataclass(frozen=True, slots=True)
class AnnounceEarnRate(Call):
    partner: int
    earn_rate_bps: int
    effective_from: int


@dataclass(frozen=True, slots=True)
class SetTerms(Call):
    partner: int
    issue_price_micros: int
    reimbursement_micros: int
    credit_limit_points: int
