"""A ledger on a chain: where it is, and the check that it is there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from coalition.chain.addresses import is_address
from coalition.chain.artifacts import artifact
from coalition.chain.rpc import Rpc, RpcError, number
from coalition.errors import SetupError

__all__ = ["Deployment", "verify"]

TYPES: dict[str, type] = {"str": str, "int": int, "dict[str, str]": dict}


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where a ledger is and how it was set up. Addresses are EIP-55 text, times are in seconds.

    `block` is the first block of the deployment, so the first that can have events of it; `block_hash` tells the chain
    from another of the same id. `rules` has the address of each kind of campaign, by the name of its contract.
    `till_registry` is empty where a ledger was deployed before there was one (`tills.deploy_registry`).
    """

    chain_id: int
    block: int
    block_hash: str
    manager: str
    registry: str
    ledger: str
    epoch_origin: int
    epoch_length: int
    validity_duration: int
    notice_seconds: int
    rotation_delay: int
    recovery_delay: int
    agreements: str
    campaign_book: str
    tier_book: str
    badge_book: str
    rules: dict[str, str] = field(hash=False)
    till_registry: str = ""

    @property
    def contracts(self) -> dict[str, str]:
        """Address of each contract that is there once, by its name."""
        return {
            "AccessManager": self.manager,
            "PartnerRegistry": self.registry,
            "PointLedger": self.ledger,
            "CampaignAgreements": self.agreements,
            "CampaignBook": self.campaign_book,
            "TierBook": self.tier_book,
            "BadgeBook": self.badge_book,
        } | ({"TillRegistry": self.till_registry} if self.till_registry else {})

    @property
    def followed(self) -> tuple[str, ...]:
        """Addresses of the contracts whose events make up the book."""
        return (self.registry, self.ledger, self.agreements, self.campaign_book, self.tier_book)

    def to_json(self) -> str:
        """The deployment as text for a file."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Deployment:
        """Read what `to_json` wrote.

        Raises:
            SetupError: `deployment_invalid` if it is something else.
        """
        try:
            content = json.loads(text)
            deployment = cls(**content)
        except (ValueError, TypeError) as error:
            raise _invalid(f"cannot be read ({error})") from None
        for part in fields(cls):
            value = getattr(deployment, part.name)
            if type(value) is not TYPES[str(part.type)]:
                raise _invalid(f"has a wrong {part.name}: {value!r}")
        for name, address in (deployment.contracts | deployment.rules).items():
            if not is_address(address):
                raise _invalid(f"has a wrong address of the {name}: {address!r}")
        return deployment

    def epoch_at(self, timestamp: int) -> int:
        """The epoch that runs at a Unix time."""
        return (timestamp - self.epoch_origin) // self.epoch_length


def verify(rpc: Rpc, deployment: Deployment) -> None:
    """Check that the node's chain is the deployment's, and that the contracts are there and are this version's.

    Raises:
        SetupError: `chain_mismatch`, `contract_missing` or `contract_mismatch`, with what differs.
        ChainUnavailable: the node does not answer.
    """
    contracts = deployment.contracts | deployment.rules
    answers = rpc.batch(
        [
            ("eth_chainId", []),
            ("eth_getBlockByNumber", [hex(deployment.block), False]),
            *(("eth_getCode", [address, "latest"]) for address in contracts.values()),
        ]
    )
    for answer in answers:
        if isinstance(answer, RpcError):
            raise answer
    chain_id, block, *codes = answers
    if number(chain_id) != deployment.chain_id:
        raise _mismatch(f"its id is {number(chain_id)}, not {deployment.chain_id}")
    if block is None or block["hash"] != deployment.block_hash:
        found = "is missing" if block is None else f"has the hash {block['hash']}"
        raise _mismatch(f"its block {deployment.block} {found}, not {deployment.block_hash}")
    for (name, address), code in zip(contracts.items(), codes, strict=True):
        _check_code(name, address, bytes.fromhex(code[2:]))
    _check_links(rpc, deployment)


def _check_code(name: str, address: str, code: bytes) -> None:
    if not code:
        raise SetupError(
            f"There is no {name} at {address}. Check that the node follows the deployment's chain to its head.",
            code="contract_missing",
            contract=name,
            address=address,
        )
    if not artifact(name).matches(code):
        raise SetupError(
            f"What stands at {address} is not this version's {name}. Use the version with which it was deployed.",
            code="contract_mismatch",
            contract=name,
            address=address,
        )


def _check_links(rpc: Rpc, deployment: Deployment) -> None:
    from coalition.chain import views

    wanted: dict[str, tuple[views.View[Any], Any]] = {
        "the registry's manager": (views.authority(deployment.registry), deployment.manager),
        "the ledger's manager": (views.authority(deployment.ledger), deployment.manager),
        "the ledger's registry": (views.registry_of(deployment), deployment.registry),
        "the ledger's campaign book": (views.link(deployment, "PointLedger", "campaignBook"), deployment.campaign_book),
        "the tiers' campaign book": (views.link(deployment, "TierBook", "campaignBook"), deployment.campaign_book),
        "the badges' campaign book": (views.link(deployment, "BadgeBook", "campaignBook"), deployment.campaign_book),
        "the campaign book's ledger": (views.link(deployment, "CampaignBook", "ledger"), deployment.ledger),
        "the campaign book's agreements": (views.link(deployment, "CampaignBook", "agreements"), deployment.agreements),
        "the campaign book's tiers": (views.link(deployment, "CampaignBook", "tiers"), deployment.tier_book),
        "the campaign book's badges": (views.link(deployment, "CampaignBook", "badges"), deployment.badge_book),
        "epoch_origin": (views.setting(deployment, "epochOrigin"), deployment.epoch_origin),
        "epoch_length": (views.setting(deployment, "epochLength"), deployment.epoch_length),
        "validity_duration": (views.setting(deployment, "validityDuration"), deployment.validity_duration),
        "rotation_delay": (views.setting(deployment, "rotationDelay"), deployment.rotation_delay),
        "recovery_delay": (views.setting(deployment, "recoveryDelay"), deployment.recovery_delay),
        "notice_seconds": (views.setting(deployment, "noticeSeconds"), deployment.notice_seconds),
    }
    if deployment.till_registry:
        wanted["the tills' registry"] = (views.link(deployment, "TillRegistry", "registry"), deployment.registry)
    found = views.read_all(rpc, [view for view, _ in wanted.values()])
    for (what, (_, expected)), value in zip(wanted.items(), found, strict=True):
        if value != expected:
            raise SetupError(
                f"On the chain, {what} is {value}; the deployment's file has {expected}. Restore the file.",
                code="contract_mismatch",
                setting=what,
            )


def _mismatch(what: str) -> SetupError:
    return SetupError(
        f"The node follows another chain than the ledger's: {what}. Check the node's address, or restore its data.",
        code="chain_mismatch",
    )


def _invalid(what: str) -> SetupError:
    return SetupError(f"The deployment's file {what}. Restore it from a backup.", code="deployment_invalid")
