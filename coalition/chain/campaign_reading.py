"""What the chain says of campaigns, tiers and badges, as of one block.

```
known = read_campaign(rpc, deployment, 3)
progress, paid, flags = ask(rpc, deployment, ("CampaignBook", "progressOf", (3, member)))
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coalition.chain import abi
from coalition.chain.deployment import Deployment
from coalition.chain.reverts import translated
from coalition.chain.rpc import Rpc, RpcError, number
from coalition.ledger.campaigns.state import FLAG_CLOSED, FLAG_PAUSED, Proposed
from coalition.ledger.campaigns.terms import Sponsor, Terms
from coalition.ledger.tiers import Downgrade, Programme, QualifyBy, Tier

__all__ = [
    "Live",
    "Question",
    "ask",
    "ask_all",
    "programme_of",
    "proposals",
    "read_live",
]

Question = tuple[str, str, tuple[Any, ...]]
"""A contract, one of its functions, and the arguments."""

LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Live:
    """A version that was started. `closes_at` considers an early end, `agreed_until` does not; times in Unix seconds.

    `version` is 0 if the campaign was never started. `next_from` is when another version takes over, 0 if none waits.
    """

    version: int
    terms_hash: bytes
    code_hash: bytes
    opens_at: int
    closes_at: int
    agreed_until: int
    next_from: int
    budget_points: int
    paid_points: int
    flags: int

    @property
    def is_paused(self) -> bool:
        """True while nothing counts."""
        return bool(self.flags & FLAG_PAUSED)

    @property
    def is_closed(self) -> bool:
        """True once the rest of the budget was released."""
        return bool(self.flags & FLAG_CLOSED)


def ask(rpc: Rpc, deployment: Deployment, question: Question, block: int | str = LATEST) -> tuple[Any, ...]:
    """Return what one function answers. Raises as `ask_all`."""
    return ask_all(rpc, deployment, [question], block)[0]


def ask_all(
    rpc: Rpc, deployment: Deployment, questions: Sequence[Question], block: int | str = LATEST
) -> list[tuple[Any, ...]]:
    """Return what functions answer, in order and in one batch, as of one block.

    Raises:
        CoalitionError: what the contract said, for the first that refused.
        ChainUnavailable: the node does not answer.
    """
    at = hex(block) if isinstance(block, int) else block
    calls = [("eth_call", [_params(deployment, question), at]) for question in questions]
    answers = rpc.batch(calls) if calls else []
    for answer in answers:
        if isinstance(answer, RpcError):
            raise translated(answer)
    return [
        abi.decode_result(contract, function, bytes.fromhex(answer[2:]))
        for (contract, function, _), answer in zip(questions, answers, strict=True)
    ]


def proposals(rpc: Rpc, deployment: Deployment, campaign: int) -> list[Proposed]:
    """Return the versions of a campaign in their order, from the chain's events."""
    wanted = {
        "address": deployment.agreements,
        "fromBlock": hex(deployment.block),
        "toBlock": LATEST,
        "topics": [abi.topic("CampaignAgreements", "CampaignProposed"), f"0x{campaign:064x}"],
    }
    return [_proposed(log) for log in rpc.call("eth_getLogs", [wanted])]


def read_live(rpc: Rpc, deployment: Deployment, campaigns: Sequence[int], block: int | str = LATEST) -> list[Live]:
    """Return how far campaigns are, whether their latest version was written already or only takes over by time."""
    questions: list[Question] = [("CampaignBook", "campaignOf", (number_,)) for number_ in campaigns]
    waiting: list[Question] = [("CampaignBook", "nextOf", (number_,)) for number_ in campaigns]
    answers = ask_all(rpc, deployment, [*questions, *waiting], block)
    now = _time_of(rpc, block)
    lives = [_live(answer[0]) for answer in answers]
    return [_at(live, after, now) for live, after in zip(lives[: len(campaigns)], lives[len(campaigns) :], strict=True)]


def programme_of(rpc: Rpc, deployment: Deployment, version: int, block: int | str = LATEST) -> tuple[Programme, int]:
    """Return a programme of tiers, and the Unix time from which it counts."""
    (found, effective_from) = ask(rpc, deployment, ("TierBook", "programmeOf", (version,)), block)
    qualify_by, downgrade, soft_landing_days, inactivity_days, inactivity_tiers, tiers = found
    programme = Programme(
        tuple(Tier(*tier) for tier in tiers),
        QualifyBy(qualify_by),
        Downgrade(downgrade),
        soft_landing_days,
        inactivity_days,
        inactivity_tiers,
    )
    return programme, effective_from


def _params(deployment: Deployment, question: Question) -> dict[str, str]:
    contract, function, args = question
    return {"to": deployment.contracts[contract], "data": "0x" + abi.encode_call(contract, function, args).hex()}


def _proposed(log: Mapping[str, Any]) -> Proposed:
    by, terms = abi.decode_event("CampaignAgreements", "CampaignProposed", bytes.fromhex(log["data"][2:]))
    _, _, version, terms_hash = log["topics"]
    rule, rule_terms, sponsors, partners, budget, cap, opens_at, closes_at, *rest = terms
    shares = tuple(Sponsor(*one) for one in sponsors)
    read = Terms(rule, rule_terms, shares, partners, budget, opens_at, closes_at, cap, *rest)
    return Proposed(number(version), read, bytes.fromhex(terms_hash[2:]), by)


def _live(campaign: tuple[Any, ...]) -> Live:
    (_, opens_at, closes_at, _, flags), purse, terms_hash, code_hash, *_ = campaign
    budget, paid, _, _, version, agreed_until, next_from = purse
    return Live(version, terms_hash, code_hash, opens_at, closes_at, agreed_until, next_from, budget, paid, flags)


def _at(live: Live, after: Live, now: int) -> Live:
    """The version that counts: the one that waits, once its time has come, with what the other paid and its pause."""
    if not live.next_from or live.next_from > now:
        return live
    return Live(
        after.version,
        after.terms_hash,
        after.code_hash,
        after.opens_at,
        after.closes_at,
        after.agreed_until,
        0,
        after.budget_points,
        live.paid_points,
        after.flags | live.flags & FLAG_PAUSED,
    )


def _time_of(rpc: Rpc, block: int | str) -> int:
    return number(
        rpc.call("eth_getBlockByNumber", [hex(block) if isinstance(block, int) else block, False])["timestamp"]
    )
