"""Compiled contracts, as `scripts/compile.py` committed them: nothing is compiled when the package is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import orjson

__all__ = ["CONTRACTS", "Artifact", "artifact"]

CONTRACTS = (
    "AccessManager",
    "ActionRule",
    "BadgeBook",
    "CampaignAgreements",
    "CampaignBook",
    "DividendRule",
    "LevelsRule",
    "MilestoneRule",
    "MultiplierRule",
    "PartnerRegistry",
    "PointLedger",
    "QuestRule",
    "ReferralRule",
    "StampRule",
    "StreakRule",
    "SurpriseRule",
    "ThresholdRule",
    "TierBook",
    "TillRegistry",
)


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract.

    `bytecode` is what deploys it, without constructor arguments; `deployed_bytecode` is what then stands on the chain,
    with zeros where `immutable_spans` (start, length) say that values are filled in at deployment.
    """

    name: str
    abi: tuple[Mapping[str, Any], ...] = field(repr=False)
    bytecode: bytes = field(repr=False)
    deployed_bytecode: bytes = field(repr=False)
    immutable_spans: tuple[tuple[int, int], ...] = field(repr=False)

    def entries(self, kind: str) -> list[Mapping[str, Any]]:
        """The ABI's entries of one `kind`: `function`, `event`, `error` or `constructor`."""
        return [entry for entry in self.abi if entry["type"] == kind]

    def matches(self, code: bytes) -> bool:
        """True if `code`, read from the chain, is this contract with any immutable values."""
        return self.masked(code) == self.masked(self.deployed_bytecode)

    def masked(self, code: bytes) -> bytes:
        """`code` with zeros in place of immutable values."""
        masked = bytearray(code)
        for start, length in self.immutable_spans:
            masked[start : start + length] = bytes(length)
        return bytes(masked)


@cache
def artifact(name: str) -> Artifact:
    """Return the compiled contract `name`, one of `CONTRACTS`."""
    content = orjson.loads((resources.files(__package__) / "artifacts" / f"{name}.json").read_bytes())
    spans = [(span["start"], span["length"]) for span in content["immutableReferences"]]
    return Artifact(
        name=name,
        abi=tuple(content["abi"]),
        bytecode=bytes.fromhex(content["bytecode"][2:]),
        deployed_bytecode=bytes.fromhex(content["deployedBytecode"][2:]),
        immutable_spans=tuple(sorted(spans)),
    )
