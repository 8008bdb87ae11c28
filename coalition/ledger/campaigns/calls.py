"""What can be asked of the campaign contracts: one class a function that changes something, named after it.

Addresses are checksummed text, seeds and hashes 32 bytes, times Unix seconds. `CALLS` has them all.
"""

from __future__ import annotations

from dataclasses import dataclass

from coalition.ledger.campaigns.terms import Terms

__all__ = [
    "Amend",
    "Approve",
    "Attest",
    "Attestation",
    "Call",
    "Claim",
    "Close",
    "CommitSeed",
    "DelistRule",
    "Draw",
    "EndCampaign",
    "Join",
    "Joining",
    "ListRule",
    "PauseCampaign",
    "Propose",
    "Refer",
    "ResumeCampaign",
    "RevealSeed",
    "Start",
]


@dataclass(frozen=True, slots=True)
class Call:
    """Base of all calls."""


@dataclass(frozen=True, slots=True)
class ListRule(Call):
    """`code_hash` is that of the contract at `rule`; empty if there is none."""

    rule: str
    code_hash: bytes


@dataclass(frozen=True, slots=True)
class DelistRule(Call):
    rule: str


@dataclass(frozen=True, slots=True)
class Propose(Call):
    terms: Terms


@dataclass(frozen=True, slots=True)
class Amend(Call):
    campaign: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class Approve(Call):
    campaign: int
    version: int
    terms_hash: bytes
    until: int


@dataclass(frozen=True, slots=True)
class CommitSeed(Call):
    campaign: int
    commitment: bytes


@dataclass(frozen=True, slots=True)
class Start(Call):
    campaign: int
    version: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class PauseCampaign(Call):
    campaign: int


@dataclass(frozen=True, slots=True)
class ResumeCampaign(Call):
    campaign: int


@dataclass(frozen=True, slots=True)
class EndCampaign(Call):
    campaign: int


@dataclass(frozen=True, slots=True)
class Close(Call):
    campaign: int


@dataclass(frozen=True, slots=True)
class Joining:
    """`proof` leads from the member's leaf up to the root of the segment; empty where there is none."""

    member: str
    proof: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Join(Call):
    campaign: int
    joinings: tuple[Joining, ...]


@dataclass(frozen=True, slots=True)
class Refer(Call):
    campaign: int
    member: str
    referrer: str


@dataclass(frozen=True, slots=True)
class Attestation:
    """`action` has the meaning that the terms give it; `id` is the attestor's own number, used once in a campaign."""

    member: str
    action: int
    id: int


@dataclass(frozen=True, slots=True)
class Attest(Call):
    campaign: int
    attestations: tuple[Attestation, ...]


@dataclass(frozen=True, slots=True)
class Claim(Call):
    campaign: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RevealSeed(Call):
    campaign: int
    seed: bytes


@dataclass(frozen=True, slots=True)
class Draw(Call):
    campaign: int
    members: tuple[str, ...]
