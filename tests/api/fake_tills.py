"""A register of tills in memory: till 7 is partner 1's, with the key of the examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from coalition.api.examples import TILL_KEY, TILLS
from coalition.service import LedgerService
from coalition.service.tills import TillService
from tests.api.fakes import NOW

__all__ = ["fake_tills"]

TILL = 7
PARTNER = 1
ACTIVE_FROM = 1_772_355_600


@dataclass(frozen=True)
class FakeDeployment:
    """What signing and looking up needs to know of it."""

    chain_id: int = TILLS["chain_id"]
    till_registry: str = TILLS["till_registry"]
    block: int = 1

    @property
    def contracts(self) -> dict[str, str]:
        return {"TillRegistry": self.till_registry}


class FakeNode:
    """Answers what the register would."""

    def call(self, method: str, params: list[Any]) -> Any:
        assert method == "eth_getLogs"
        if int(params[0]["topics"][1], 16) != PARTNER:
            return []
        return [{"topics": ["0x", f"0x{PARTNER:064x}", f"0x{TILL:064x}", "0x" + _word(TILL_KEY)]}]

    def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        return [_till_of("0x" + params[0]["data"][-40:]) for _, params in calls]


def fake_tills(service: LedgerService) -> TillService:
    """The real service over it."""
    unused: Any = None
    node: Any = FakeNode()
    deployment: Any = FakeDeployment()
    return TillService(node, deployment, unused, service, lambda: NOW)


def _till_of(key: str) -> str:
    known = (PARTNER, TILL, ACTIVE_FROM, 0) if key.lower() == TILL_KEY.lower() else (0, 0, 0, 0)
    return "0x" + "".join(f"{word:064x}" for word in known)


def _word(address: str) -> str:
    return address[2:].lower().rjust(64, "0")
