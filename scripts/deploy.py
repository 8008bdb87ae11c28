"""Deploy the coalition's contracts and hand every power to its role: `brownie run deploy --network development`.

Roles live in one OpenZeppelin `AccessManager`. Afterwards the deployer holds no role: only the governor
administers, and only after the notice period.
"""

import threading
from dataclasses import dataclass
from typing import Any

import brownie
from brownie import (
    AccessManager,
    BadgeBook,
    CampaignAgreements,
    CampaignBook,
    PartnerRegistry,
    PointLedger,
    TierBook,
    TillRegistry,
    accounts,
    chain,
    network,
    web3,
)

DAY = 86_400
THREAD_SECONDS = 5

ADMIN = 0
OPERATOR = 1
GOVERNOR = 2
RECOVERY = 3

# What each role may call. A function that is not listed stays with ADMIN. The delays are in `Deployment.delays`.
ROLE_TABLE: dict[int, dict[str, tuple[str, ...]]] = {
    OPERATOR: {
        "PartnerRegistry": ("addPartner", "suspendPartner", "addKey", "revokeKey", "announceEarnRate"),
        "PointLedger": ("enrol", "pause"),
        "CampaignAgreements": ("listRule", "delistRule"),
        "TierBook": ("announceProgramme", "setFloor"),
        "BadgeBook": ("defineBadge",),
    },
    GOVERNOR: {
        "PartnerRegistry": ("reinstatePartner", "setTerms"),
        "PointLedger": ("unpause", "setCampaignBook"),
        "TierBook": ("setCampaignBook",),
        "BadgeBook": ("setCampaignBook",),
    },
    RECOVERY: {
        "PointLedger": ("announceKeyRecovery",),
    },
}
RULES = (
    "ActionRule",
    "DividendRule",
    "LevelsRule",
    "MilestoneRule",
    "MultiplierRule",
    "QuestRule",
    "ReferralRule",
    "StampRule",
    "StreakRule",
    "SurpriseRule",
    "ThresholdRule",
)
ROLE_NAMES = {ADMIN: "ADMIN", OPERATOR: "OPERATOR", GOVERNOR: "GOVERNOR", RECOVERY: "RECOVERY"}


@dataclass(frozen=True)
class Deployment:
    """The deployed contracts, who holds which role, and with which execution delay in seconds."""

    manager: Any
    registry: Any
    ledger: Any
    agreements: Any
    book: Any
    tiers: Any
    badges: Any
    rules: dict[str, Any]
    till_registry: Any
    holders: dict[int, Any]
    delays: dict[int, int]

    @property
    def targets(self) -> dict[str, Any]:
        """The contracts of `ROLE_TABLE` by name."""
        return {
            "PartnerRegistry": self.registry,
            "PointLedger": self.ledger,
            "CampaignAgreements": self.agreements,
            "CampaignBook": self.book,
            "TierBook": self.tiers,
            "BadgeBook": self.badges,
        }


def deploy(
    deployer: Any,
    operator: Any,
    governor: Any,
    recovery: Any,
    *,
    notice: int = DAY,
    epoch_length: int = 30 * DAY,
    validity: int = 4,
    epoch_origin: int | None = None,
    rotation_delay: int = DAY,
    recovery_delay: int = 7 * DAY,
) -> Deployment:
    """Deploy the contracts and set the roles up, so that `deployer` keeps none.

    Times are in seconds; `validity` is in epochs. Epoch 0 begins at `epoch_origin`, a Unix time, or at the last
    midnight (UTC). Raises `ValueError` if the deployer is to hold a role.
    """
    if deployer in (operator, governor, recovery):
        raise ValueError("the deployer keeps nothing: give the roles to other accounts")
    if epoch_origin is None:
        epoch_origin = chain[-1].timestamp // DAY * DAY

    sender = {"from": deployer}
    manager = deployer.deploy(AccessManager, deployer)
    registry = deployer.deploy(PartnerRegistry, manager, notice)
    ledger = deployer.deploy(
        PointLedger, manager, registry, epoch_origin, epoch_length, validity, rotation_delay, recovery_delay
    )
    agreements = deployer.deploy(CampaignAgreements, manager, registry)
    tiers = deployer.deploy(TierBook, manager, notice)
    badges = deployer.deploy(BadgeBook, manager)
    book = deployer.deploy(CampaignBook, registry, agreements, ledger, tiers, badges)
    rules = {name: deployer.deploy(getattr(brownie, name)) for name in RULES}
    for contract in (ledger, tiers, badges):
        contract.setCampaignBook(book, sender)
    for rule in rules.values():
        agreements.listRule(rule, sender)
    deployment = Deployment(
        manager,
        registry,
        ledger,
        agreements,
        book,
        tiers,
        badges,
        rules,
        till_registry=deployer.deploy(TillRegistry, registry),
        holders={OPERATOR: operator, GOVERNOR: governor, RECOVERY: recovery, ADMIN: governor},
        delays={OPERATOR: 0, GOVERNOR: notice, RECOVERY: 0, ADMIN: notice},
    )

    for role, functions_by_contract in ROLE_TABLE.items():
        manager.labelRole(role, ROLE_NAMES[role], sender)
        for contract, functions in functions_by_contract.items():
            target = deployment.targets[contract]
            selectors = [target.signatures[function] for function in functions]
            manager.setTargetFunctionRole(target, selectors, role, sender)
    for role, holder in deployment.holders.items():
        manager.grantRole(role, holder, deployment.delays[role], sender)
    manager.renounceRole(ADMIN, deployer, sender)
    return deployment


def table(deployment: Deployment) -> str:
    """Addresses, roles, holders and delays, as lines of text."""
    lines = [f"{'contract':<18} address"]
    others = {"TillRegistry": deployment.till_registry, **deployment.rules}
    for name, contract in {"AccessManager": deployment.manager, **deployment.targets, **others}.items():
        lines.append(f"{name:<18} {contract.address}")
    lines += ["", f"{'role':<9} {'id':>2}  {'holder':<42} {'delay':>9}  may call"]
    for role in sorted(deployment.holders):
        functions = [name for names in ROLE_TABLE.get(role, {}).values() for name in names]
        lines.append(
            f"{ROLE_NAMES[role]:<9} {role:>2}  {deployment.holders[role]!s:<42} {deployment.delays[role]:>7} s  "
            f"{', '.join(functions) or 'the access manager'}"
        )
    return "\n".join(lines)


def main(deployer: str = "", operator: str = "", governor: str = "", recovery: str = "") -> Deployment:
    """Deploy and print the table.

    On a development chain the first four accounts are used. Elsewhere give the name of the deployer's brownie
    account and the three other addresses: `brownie run deploy main NAME OPERATOR GOVERNOR RECOVERY --network NETWORK`.
    """
    if deployer:
        for holder in (operator, governor, recovery):
            if not web3.is_address(holder):
                raise ValueError(f"not an address: {holder!r}")
        deployment = deploy(accounts.load(deployer), operator, governor, recovery)
    elif network.show_active() == "development":
        deployment = deploy(*accounts[:4])
    else:
        raise ValueError("give the deployer's account name and the addresses of operator, governor and recovery")
    print(table(deployment))
    _let_brownie_finish()
    return deployment


def _let_brownie_finish() -> None:
    """brownie takes note of each transaction in a thread, which should not meet a development chain that is gone."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(THREAD_SECONDS)
