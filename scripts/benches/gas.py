"""Gas of the operations, measured on a real chain (anvil under London rules) with the committed artifacts."""

from __future__ import annotations

import json
import random
from pathlib import Path

from benches.till import Till
from coalition.chain.admin import Admin
from coalition.chain.deploy import Deployment, Parameters, RoleSigners, deploy
from coalition.chain.rpc import HttpRpc, number
from coalition.chain.signer import KeySigner
from coalition.chain.typed_data import Domain, authorization_digest
from coalition.ledger.operations import Earn, Kind, Operation, Purpose, Redeem

__all__ = ["LIMITS", "measure"]

BATCH = 200
ROOT = Path(__file__).resolve().parents[2]

# key: (what, must be at most, aim)
LIMITS = {
    "gas.earn_batch": ("earn in a batch of 200, numbered receipts", 13_000, 10_000),
    "gas.earn_batch_new_member": ("the same, member's first ever", 31_000, 28_000),
    "gas.duplicate": ("duplicate in a batch", 3_500, 2_500),
    "gas.earn_single": ("earn alone", 60_000, 46_000),
    "gas.redeem_batch": ("signed redeem in a batch of 200", 30_000, 22_000),
    "gas.erc20_transfer": ("OpenZeppelin ERC-20 transfer between known holders", None, None),
}


def measure(rpc: HttpRpc) -> dict[str, float]:
    """Return gas per operation by key of `LIMITS`. `earn_single` is the mean of 64 earns that fill two words of receipts."""
    dice = random.Random(7)
    deployment, till = _ready(rpc)
    members = [KeySigner.random() for _ in range(BATCH)]
    spends = [dice.randrange(100, 20_000) for _ in members]

    def earns(first: int, enrols: bool = False) -> list[Operation]:
        return [
            Earn(member.address, first + i, spend, enrols)
            for i, (member, spend) in enumerate(zip(members, spends, strict=True))
        ]

    figures: dict[str, float] = {}
    figures["gas.earn_batch_new_member"] = till.gas(Kind.EARN, earns(1_000_000, True), BATCH * 3) / BATCH
    known = [earns(1_000_000 + BATCH * round_) for round_ in range(1, 9)]
    figures["gas.earn_batch"] = sum(till.gas(Kind.EARN, batch, BATCH * 2) for batch in known) / BATCH / len(known)
    figures["gas.duplicate"] = till.gas(Kind.EARN, known[0], BATCH) / BATCH
    singles = [Earn(members[i].address, 2_000_000 + i, spends[i]) for i in range(64)]
    figures["gas.earn_single"] = sum(till.gas(Kind.EARN, [one], 2) for one in singles) / len(singles)
    redemptions = _redemptions(rpc, deployment, members)
    figures["gas.redeem_batch"] = till.gas(Kind.REDEEM, redemptions, BATCH * 2) / BATCH
    figures["gas.erc20_transfer"] = _plain_transfer(rpc, dice)
    return figures


def _ready(rpc: HttpRpc) -> tuple[Deployment, Till]:
    deployer, operator, governor, recovery, key = (KeySigner.random() for _ in range(5))
    deployment = deploy(rpc, RoleSigners(deployer, operator, governor, recovery), Parameters())
    Admin(rpc, deployment, operator).add_partner("bench", KeySigner.random().address, key.address, "USD", 100)
    return deployment, Till(rpc, key, deployment.ledger)


def _redemptions(rpc: HttpRpc, deployment: Deployment, members: list[KeySigner]) -> list[Operation]:
    domain = Domain(deployment.chain_id, deployment.ledger)
    deadline = number(rpc.call("eth_getBlockByNumber", ["latest", False])["timestamp"]) + 3_600
    redemptions: list[Operation] = []
    for i, member in enumerate(members):
        receipt = 3_000_000 + i
        digest = authorization_digest(domain, member.address, 1, 1, receipt, Purpose.REDEEM, deadline)
        redemptions.append(Redeem(member.address, receipt, 1, deadline, member.sign(digest)))
    return redemptions


def _plain_transfer(rpc: HttpRpc, dice: random.Random) -> int:
    """Gas of a second transfer to the same holder."""
    artifact = json.loads((ROOT / "tests" / "artifacts" / "ComparisonToken.json").read_text())
    holder = KeySigner.random()
    arguments = bytes(12) + bytes.fromhex(holder.address[2:]) + (1_000_000).to_bytes(32)
    created = Till(rpc, holder, "").send(bytes.fromhex(artifact["bytecode"].removeprefix("0x")) + arguments)
    to = KeySigner(dice.randbytes(32)).address
    till = Till(rpc, holder, created["contractAddress"])
    data = bytes.fromhex("a9059cbb") + bytes(12) + bytes.fromhex(to[2:]) + (1).to_bytes(32)
    till.send(data)
    return number(till.send(data)["gasUsed"])
