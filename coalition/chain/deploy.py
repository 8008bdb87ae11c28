"""Deployment: the contracts, how they know of each other, and who may do what.

The contracts come one after another; they are then told of each other, all roles are given out, and the deployer's own
given up, in one transaction. Whatever stops before its end leaves contracts that nobody uses: `deploy` starts anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from coalition.chain.abi import decode_result, encode_call, encode_deployment, selector
from coalition.chain.addresses import checksummed
from coalition.chain.artifacts import CONTRACTS
from coalition.chain.deployment import Deployment, verify
from coalition.chain.rpc import Rpc, RpcError, number
from coalition.chain.signer import Signer
from coalition.chain.transactions import send
from coalition.errors import InputError, SetupError

__all__ = ["ADMIN", "ROLES", "RULES", "Deployment", "Holder", "Parameters", "Role", "RoleSigners", "deploy", "verify"]

ADMIN = 0
DAY = 86_400
RULES = tuple(name for name in CONTRACTS if name.endswith("Rule"))
GAS_CONTRACT = 12_000_000


@dataclass(frozen=True, slots=True)
class Role:
    """A role: its number and label in the access manager, and the functions that it opens, by contract.

    Where `announced`, each use is scheduled and waits out the notice period.
    """

    number: int
    label: str
    announced: bool
    functions: Mapping[str, tuple[str, ...]]


ROLES = {
    "operator": Role(
        1,
        "OPERATOR",
        announced=False,
        functions={
            "PartnerRegistry": ("addPartner", "suspendPartner", "revokeKey", "addKey", "announceEarnRate"),
            "PointLedger": ("enrol", "pause"),
            "CampaignAgreements": ("listRule", "delistRule"),
            "TierBook": ("announceProgramme", "setFloor"),
            "BadgeBook": ("defineBadge",),
        },
    ),
    "governor": Role(
        2,
        "GOVERNOR",
        announced=True,
        functions={
            "PartnerRegistry": ("reinstatePartner", "setTerms"),
            "PointLedger": ("unpause", "setCampaignBook"),
            "TierBook": ("setCampaignBook",),
            "BadgeBook": ("setCampaignBook",),
        },
    ),
    "recovery": Role(3, "RECOVERY", announced=False, functions={"PointLedger": ("announceKeyRecovery",)}),
}


class Holder(Protocol):
    """Whoever is to hold a role: a `Signer`, or anything else with an address."""

    @property
    def address(self) -> str:
        """EIP-55 text."""
        ...


@dataclass(frozen=True, slots=True)
class RoleSigners:
    """Who deploys, and who holds which role afterwards. The governor also administers the roles, with notice."""

    deployer: Signer
    operator: Holder
    governor: Holder
    recovery: Holder


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is fixed at deployment, all in seconds but `validity_duration`, which is in epochs (1 to 4).

    `epoch_origin` is the Unix time at which epoch 0 began; None is the chain's time at deployment.
    """

    notice_seconds: int = 7 * DAY
    epoch_origin: int | None = None
    epoch_length: int = 91 * DAY
    validity_duration: int = 4
    rotation_delay: int = DAY
    recovery_delay: int = 14 * DAY


def deploy(rpc: Rpc, signers: RoleSigners, parameters: Parameters) -> Deployment:
    """Deploy a ledger, give out the roles, and check everything; the deployer keeps nothing.

    Raises:
        InputError: the contracts refuse the parameters, or the deployer is to hold a role.
        SetupError: what stands on the chain in the end is not what was asked for.
        ChainUnavailable: the node does not answer. Nothing is in use; deploy anew.
    """
    holders = (signers.operator.address, signers.governor.address, signers.recovery.address)
    if signers.deployer.address in holders:
        raise InputError("The deployer holds no role afterwards: use a fresh key for it.", code="deployer_holds_role")
    latest = rpc.call("eth_getBlockByNumber", ["latest", False])
    origin = number(latest["timestamp"]) if parameters.epoch_origin is None else parameters.epoch_origin
    settled = replace(parameters, epoch_origin=origin)

    created = _create(rpc, signers.deployer, "AccessManager", signers.deployer.address)
    manager = _address(created)

    def made(contract: str, *args: Any) -> str:
        return _address(_create(rpc, signers.deployer, contract, *args))

    registry = made("PartnerRegistry", manager, settled.notice_seconds)
    times = (origin, settled.epoch_length, settled.validity_duration, settled.rotation_delay, settled.recovery_delay)
    ledger = made("PointLedger", manager, registry, *times)
    agreements = made("CampaignAgreements", manager, registry)
    tiers = made("TierBook", manager, settled.notice_seconds)
    badges = made("BadgeBook", manager)
    deployment = Deployment(
        chain_id=number(rpc.call("eth_chainId", [])),
        block=number(created["blockNumber"]),
        block_hash=created["blockHash"],
        manager=manager,
        registry=registry,
        ledger=ledger,
        epoch_origin=origin,
        epoch_length=settled.epoch_length,
        validity_duration=settled.validity_duration,
        notice_seconds=settled.notice_seconds,
        rotation_delay=settled.rotation_delay,
        recovery_delay=settled.recovery_delay,
        agreements=agreements,
        campaign_book=made("CampaignBook", registry, agreements, ledger, tiers, badges),
        tier_book=tiers,
        badge_book=badges,
        rules={contract: made(contract) for contract in RULES},
        till_registry=made("TillRegistry", registry),
    )
    steps = encode_call("AccessManager", "multicall", [_steps(deployment, signers)])
    send(rpc, signers.deployer, manager, steps)
    verify(rpc, deployment)
    _check_roles(rpc, deployment, signers)
    return deployment


def _create(rpc: Rpc, deployer: Signer, contract: str, *args: Any) -> dict[str, Any]:
    return send(rpc, deployer, "", encode_deployment(contract, args), gas=GAS_CONTRACT)


def _address(receipt: dict[str, Any]) -> str:
    return checksummed(receipt["contractAddress"][2:].lower())


def _steps(deployment: Deployment, signers: RoleSigners) -> list[bytes]:
    """The calls of the access manager that link the contracts and set up the roles, the deployer's farewell last."""
    links = [
        (contract, "setCampaignBook", deployment.campaign_book) for contract in ("PointLedger", "TierBook", "BadgeBook")
    ]
    links += [("CampaignAgreements", "listRule", address) for address in deployment.rules.values()]
    steps = [
        encode_call("AccessManager", "execute", [deployment.contracts[contract], encode_call(contract, function, [to])])
        for contract, function, to in links
    ]
    for name, role in ROLES.items():
        holder = getattr(signers, name)
        delay = deployment.notice_seconds if role.announced else 0
        steps.append(encode_call("AccessManager", "labelRole", [role.number, role.label]))
        for contract, functions in role.functions.items():
            selectors = [selector(contract, function) for function in functions]
            target = deployment.contracts[contract]
            steps.append(encode_call("AccessManager", "setTargetFunctionRole", [target, selectors, role.number]))
        steps.append(encode_call("AccessManager", "grantRole", [role.number, holder.address, delay]))
    admin = [ADMIN, signers.governor.address, deployment.notice_seconds]
    steps.append(encode_call("AccessManager", "grantRole", admin))
    steps.append(encode_call("AccessManager", "renounceRole", [ADMIN, signers.deployer.address]))
    return steps


def _check_roles(rpc: Rpc, deployment: Deployment, signers: RoleSigners) -> None:
    """Raise `SetupError` unless each role is held as the table says, and the deployer holds none."""
    notice = deployment.notice_seconds
    wanted: list[tuple[str, list[Any], tuple[Any, ...]]] = [
        ("hasRole", [ADMIN, signers.deployer.address], (False, 0)),
        ("hasRole", [ADMIN, signers.governor.address], (True, notice)),
    ]
    for name, role in ROLES.items():
        delay = notice if role.announced else 0
        wanted.append(("hasRole", [role.number, signers.deployer.address], (False, 0)))
        wanted.append(("hasRole", [role.number, getattr(signers, name).address], (True, delay)))
        for contract, functions in role.functions.items():
            for function in functions:
                place = [deployment.contracts[contract], selector(contract, function)]
                wanted.append(("getTargetFunctionRole", place, (role.number,)))
    questions = [{"to": deployment.manager, "data": _data(function, args)} for function, args, _ in wanted]
    answers = rpc.batch([("eth_call", [question, "latest"]) for question in questions])
    for (function, args, expected), answer in zip(wanted, answers, strict=True):
        if isinstance(answer, RpcError):
            raise answer
        found = decode_result("AccessManager", function, bytes.fromhex(answer[2:]))
        if found != expected:
            raise SetupError(
                f"The roles are not right: {function}{tuple(args)} is {found}, not {expected}. Deploy anew.",
                code="roles_invalid",
            )


def _data(function: str, args: list[Any]) -> str:
    return "0x" + encode_call("AccessManager", function, args).hex()
