"""Tills on the chain: which key signs for which till, and how a partner's key says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from coalition.chain import views
from coalition.chain.abi import encode_call, encode_deployment, topic
from coalition.chain.addresses import checksummed, from_word
from coalition.chain.deployment import Deployment, verify
from coalition.chain.rpc import Rpc
from coalition.chain.signer import Signer
from coalition.chain.transactions import send, send_beside
from coalition.errors import SetupError

__all__ = ["TillKey", "deploy_registry", "revoke_till", "set_till", "till_keys", "tills_of"]

GAS_CONTRACT = 3_000_000


@dataclass(frozen=True, slots=True)
class TillKey:
    """A key of a till. Times in Unix seconds; `revoked_at` is 0 if it was not revoked. `partner` is 0 for an unknown key."""

    key: str
    partner: int
    till: int
    active_from: int
    revoked_at: int


def till_keys(rpc: Rpc, deployment: Deployment, keys: Sequence[str]) -> list[TillKey]:
    """Return what the register knows of these keys, in their order, as of the latest block.

    Raises:
        SetupError: `till_registry_missing`.
    """
    _require(deployment)
    asked = [
        views.contract_view(deployment, "TillRegistry", "tillOf", lambda words: [int(word, 16) for word in words], key)
        for key in keys
    ]
    return [TillKey(key, *found) for key, found in zip(keys, views.read_all(rpc, asked), strict=True)]


def tills_of(rpc: Rpc, deployment: Deployment, partner: int) -> list[TillKey]:
    """Return every key that ever signed for a till of a partner, by till, and the oldest first. Raises as `till_keys`."""
    _require(deployment)
    wanted = {
        "fromBlock": hex(deployment.block),
        "toBlock": "latest",
        "address": deployment.till_registry,
        "topics": [topic("TillRegistry", "TillKeySet"), f"0x{partner:064x}"],
    }
    logs = rpc.call("eth_getLogs", [wanted])
    found = till_keys(rpc, deployment, [from_word(log["topics"][3]) for log in logs])
    return sorted(found, key=lambda one: one.till)


def set_till(rpc: Rpc, deployment: Deployment, signer: Signer, till: int, key: str) -> None:
    """Let `key` sign for a till of the signer's partner; a key that the till had before is revoked."""
    _send(rpc, deployment, signer, "setKey", (till, key))


def revoke_till(rpc: Rpc, deployment: Deployment, signer: Signer, till: int) -> None:
    """Stop the key of a till of the signer's partner at once and for ever."""
    _send(rpc, deployment, signer, "revokeKey", (till,))


def deploy_registry(rpc: Rpc, deployment: Deployment, signer: Signer) -> Deployment:
    """Give a ledger that has none its register of tills; anybody may. Return the deployment with it."""
    receipt = send(rpc, signer, "", encode_deployment("TillRegistry", [deployment.registry]), GAS_CONTRACT)
    deployed = replace(deployment, till_registry=checksummed(receipt["contractAddress"][2:].lower()))
    verify(rpc, deployed)
    return deployed


def _send(rpc: Rpc, deployment: Deployment, signer: Signer, function: str, args: tuple[int | str, ...]) -> None:
    _require(deployment)
    send_beside(rpc, signer, deployment.till_registry, encode_call("TillRegistry", function, args))


def _require(deployment: Deployment) -> None:
    if not deployment.till_registry:
        raise SetupError(
            "This ledger has no register of tills yet. `coalition till setup` gives it one.",
            code="till_registry_missing",
        )
