"""The twins of the kinds of campaigns by the addresses of their contracts, and kinds that are not ours, asked on the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coalition.chain.abi import decode_result, encode_call
from coalition.chain.deployment import Deployment
from coalition.chain.keccak import keccak
from coalition.chain.rpc import Rpc, RpcError
from coalition.ledger.campaigns.seams import Unanswered
from coalition.ledger.rules.rule import Award, Happening, Rule, TakenBack
from coalition.ledger.rules.twins import rules

__all__ = ["ForeignRule", "rule_twins"]

ANY_RULE = "MultiplierRule"  # its ABI has the functions of every rule
GAS = 30_000_000
ANSWER_BYTES = 64


def rule_twins(deployment: Deployment) -> dict[str, Rule]:
    """Return the twins of the deployment's rules by address."""
    return {deployment.rules[twin.contract]: twin for twin in rules(keccak)}


@dataclass
class ForeignRule:
    """A kind that has no twin. Its functions are pure, so the contract answers for the past, too."""

    rpc: Rpc
    address: str
    kind: str = "foreign"
    contract: str = ""

    def check(self, terms: Sequence[int]) -> None:
        """Nothing: sponsors proposed the terms, so the contract could run on them."""

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        """Return progress after something happened, and what it is worth. Raises `Unanswered`."""
        return self._asked("weigh", [tuple(terms), progress, _words(happening)])

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        """Return progress after a purchase was taken back, and what goes back. Raises `Unanswered`."""
        back = taken.spend_before, taken.spend_after, taken.points, taken.whole
        return self._asked("takeBack", [tuple(terms), progress, _words(happening), back])

    def _asked(self, function: str, arguments: list[object]) -> tuple[int, Award]:
        data = "0x" + encode_call(ANY_RULE, function, arguments).hex()
        try:
            answer: str = self.rpc.call("eth_call", [{"to": self.address, "data": data, "gas": hex(GAS)}, "latest"])
        except RpcError:
            raise Unanswered from None
        content = bytes.fromhex(answer[2:])
        if len(content) != ANSWER_BYTES:
            raise Unanswered
        next_, award = decode_result(ANY_RULE, function, content)
        return next_, Award.from_word(award)


def _words(happening: Happening) -> tuple[int, ...]:
    """A happening as the ABI has it."""
    h = happening
    return (int(h.occasion), h.partner, h.time, h.spend_minor, h.points, h.tier, h.member_since, h.subject)
