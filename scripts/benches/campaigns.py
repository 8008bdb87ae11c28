"""Gas of an earn where campaigns are open: one of each kind, and more and more at one partner."""

from __future__ import annotations

from pathlib import Path

from benches.till import Till
from coalition.chain.admin import Admin
from coalition.chain.campaigns import CampaignKey
from coalition.chain.deploy import Deployment, Parameters, RoleSigners, deploy
from coalition.chain.keccak import keccak
from coalition.chain.rpc import HttpRpc, number
from coalition.chain.signer import KeySigner
from coalition.ledger.campaigns.terms import Sponsor, Terms, hash_of
from coalition.ledger.operations import Earn, Kind, Operation

__all__ = ["KINDS", "LIMITS", "OPEN", "measure", "plot"]

BATCH = 200
DAY = 86_400
PARTNER = 1
SPEND_MINOR = 1_000
OPEN = (0, 1, 2, 4, 8, 16, 32)

# key: (what, must be at most, aim)
LIMITS = {
    "gas.earn_batch_one_campaign": ("earn in a batch of 200, one campaign open, member with progress", 25_000, 18_000),
    "gas.earn_batch_campaign_elsewhere": ("the same, campaigns open at another partner only", 13_000, None),
}

# kind's contract: (words of its terms, awards with each purchase)
KINDS: dict[str, tuple[tuple[int, ...], bool]] = {
    "StampRule": ((1_000, 0, 50, 0, 0), False),
    "ThresholdRule": ((10**9, 50, 1, 0), False),
    "MultiplierRule": ((0, 20_000, 127, 0, 1_440, 1_440, 0), True),
}


class _Bench:
    """A ledger with one partner that is its own sponsor."""

    def __init__(self, rpc: HttpRpc) -> None:
        self._rpc = rpc
        deployer, operator, governor, recovery, self._key = (KeySigner.random() for _ in range(5))
        self._deployment: Deployment = deploy(
            rpc, RoleSigners(deployer, operator, governor, recovery), Parameters(notice_seconds=60)
        )
        admin = Admin(rpc, self._deployment, operator)
        admin.add_partner("bench", KeySigner.random().address, self._key.address, "USD", 100)
        self._till = Till(rpc, self._key, self._deployment.ledger)
        self._sponsor = CampaignKey(rpc, self._deployment, self._key)
        self._members = [KeySigner.random().address for _ in range(BATCH)]
        self._receipts = 1_000_000
        self.earn(enrols=True)

    def earn(self, enrols: bool = False) -> float:
        """One purchase of each member; gas of each."""
        operations: list[Operation] = [
            Earn(member, self._receipts + i, SPEND_MINOR, enrols) for i, member in enumerate(self._members)
        ]
        self._receipts += BATCH
        return self._till.gas(Kind.EARN, operations) / BATCH

    def open(self, contract: str) -> None:
        """Agree on a campaign of that kind, and let the time come from which it counts."""
        now = number(self._rpc.call("eth_getBlockByNumber", ["latest", False])["timestamp"])
        terms = Terms(
            rule=self._deployment.rules[contract],
            rule_terms=KINDS[contract][0],
            sponsors=(Sponsor(PARTNER, 10_000),),
            partners=(PARTNER,),
            budget_points=10**9,
            opens_at=now + 1_000,
            closes_at=now + 365 * DAY,
        )
        campaign = self._sponsor.propose(terms)
        terms_hash = hash_of(self._deployment.chain_id, self._deployment.agreements, campaign, 1, terms, keccak)
        self._sponsor.approve(campaign, 1, terms_hash, now + DAY)
        self._sponsor.start(campaign, 1, terms)
        self._rpc.call("evm_setNextBlockTimestamp", [now + 1_100])
        self._rpc.call("evm_mine", [])


def measure(rpc: HttpRpc) -> dict[str, float]:
    """Return gas of one earn in a batch, by key of `LIMITS`, by kind, and by the number of campaigns open."""
    figures: dict[str, float] = {}
    for contract in KINDS:
        bench = _Bench(rpc)
        figures["gas.earn_batch_campaign_elsewhere"] = bench.earn()
        bench.open(contract)
        bench.earn()
        figures[f"gas.campaign.{contract}"] = bench.earn()
    figures["gas.earn_batch_one_campaign"] = figures["gas.campaign.StampRule"]
    bench, opened = _Bench(rpc), 0
    for count in OPEN:
        for _ in range(opened, count):
            bench.open("StampRule")
        opened = count
        bench.earn()
        figures[f"gas.campaigns.{count}"] = bench.earn()
    return figures


def plot(figures: dict[str, float], target: Path) -> None:
    """Write gas against the number of open campaigns as an SVG."""
    points = [(count, figures[f"gas.campaigns.{count}"]) for count in OPEN]
    most = max(gas for _, gas in points)
    width, height, margin = 640, 360, 60

    def at(count: float, gas: float) -> tuple[float, float]:
        across = margin + (width - 2 * margin) * count / OPEN[-1]
        return across, height - margin - (height - 2 * margin) * gas / most

    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
    marks = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">{gas / 1000:.0f}k</text>'
        f'<text x="{x:.1f}" y="{height - margin + 18}" text-anchor="middle">{count}</text>'
        for (count, gas) in points
        for x, y in [at(count, gas)]
    )
    left, bottom = margin, height - margin
    target.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        'font-size="11">'
        f'<rect width="100%" height="100%" fill="white"/>'
        f'<text x="{left}" y="24" font-size="14">Gas of an earn in a batch of 200, by campaigns open at the partner</text>'
        f'<path d="M{left} {margin - 20}V{bottom}H{width - margin + 10}" fill="none" stroke="black"/>'
        f'<polyline points="{line}" fill="none" stroke="#1f6feb" stroke-width="2"/>{marks}'
        f'<text x="{width / 2}" y="{height - 14}" text-anchor="middle">campaigns open (stamp cards, members with progress)</text>'
        "</svg>\n"
    )
