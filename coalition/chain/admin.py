"""Administration: what the operator, the governor and the recovery role do on the chain.

Each call asks the contract first, sends, and waits for its block; a refusal is one of `reverts`. What the governor does
is announced with `schedule` and done with `execute` after the notice period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coalition.chain.abi import decode_result, encode_call
from coalition.chain.addresses import is_address
from coalition.chain.deploy import ADMIN, ROLES
from coalition.chain.deployment import Deployment
from coalition.chain.logs import TOPICS
from coalition.chain.reverts import translated
from coalition.chain.rpc import Rpc, RpcError, number
from coalition.chain.signer import Signer
from coalition.chain.transactions import send
from coalition.errors import AccessDenied, InputError
from coalition.ledger.operations import BATCH_MAX

__all__ = ["Action", "Admin", "grant_role", "reinstate_partner", "revoke_role", "set_terms", "unpause"]

GAS_PER_MEMBER = 60_000
GAS_BASE = 1_000_000
GOVERNOR = ROLES["governor"].number


@dataclass(frozen=True, slots=True)
class Action:
    """Something that the governor may do with notice."""

    contract: str
    function: str
    args: tuple[Any, ...]
    role: int = GOVERNOR


def reinstate_partner(partner: int) -> Action:
    """Lets a suspended partner post again."""
    return Action("PartnerRegistry", "reinstatePartner", (partner,))


def set_terms(partner: int, issue_price_micros: int, reimbursement_micros: int, credit_limit_points: int) -> Action:
    """Sets what a partner's points cost, in millionths of a minor unit, and its credit limit."""
    terms = (partner, issue_price_micros, reimbursement_micros, credit_limit_points)
    return Action("PartnerRegistry", "setTerms", terms)


def unpause() -> Action:
    """Lets operations happen again."""
    return Action("PointLedger", "unpause", ())


def set_campaign_book(book: str) -> Action:
    """Let another campaign book hear of purchases; the zero address for none."""
    _check_addresses(book)
    return Action("PointLedger", "setCampaignBook", (book,))


def grant_role(role: str, account: str, delay: int = 0) -> Action:
    """Gives a role of `deploy.ROLES` to another account, whose uses of it wait `delay` seconds."""
    return Action("AccessManager", "grantRole", (ROLES[role].number, account, delay), ADMIN)


def revoke_role(role: str, account: str) -> Action:
    """Takes a role of `deploy.ROLES` from an account."""
    return Action("AccessManager", "revokeRole", (ROLES[role].number, account), ADMIN)


class Admin:
    """What the holder of one key may do. Raises `AccessDenied` where the key does not hold the role."""

    def __init__(self, rpc: Rpc, deployment: Deployment, signer: Signer) -> None:
        self._rpc = rpc
        self._deployment = deployment
        self._signer = signer

    # ---- operator

    def add_partner(self, name: str, account: str, key: str, currency: str, earn_rate_bps: int) -> int:
        """Add a partner with its first key; return its number. `currency` is an ISO 4217 code."""
        _check_addresses(account, key)
        if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
            raise InputError(
                f"{currency!r} is no currency. Give three capital letters (ISO 4217).", code="currency_invalid"
            )
        args = (name, account, key, currency.encode(), earn_rate_bps)
        receipt = self._send("PartnerRegistry", "addPartner", args)
        (added,) = (log for log in receipt["logs"] if TOPICS.get(log["topics"][0]) == "PartnerAdded")
        return number(added["topics"][1])

    def suspend_partner(self, partner: int) -> None:
        """Stop all keys of a partner at once."""
        self._send("PartnerRegistry", "suspendPartner", (partner,))

    def add_key(self, partner: int, key: str) -> None:
        """Add a key that may post after the notice period."""
        _check_addresses(key)
        self._send("PartnerRegistry", "addKey", (partner, key))

    def revoke_key(self, key: str) -> None:
        """Stop a key at once and for ever."""
        _check_addresses(key)
        self._send("PartnerRegistry", "revokeKey", (key,))

    def announce_earn_rate(self, partner: int, earn_rate_bps: int, effective_from: int) -> None:
        """Announce a base rate that counts from a Unix time, at least the notice period ahead."""
        self._send("PartnerRegistry", "announceEarnRate", (partner, earn_rate_bps, effective_from))

    def enrol(self, members: Sequence[str]) -> None:
        """Make accounts members'; those that are already stay as they are. Long lists travel in pieces."""
        _check_addresses(*members)
        for start in range(0, len(members), BATCH_MAX):
            some = list(members[start : start + BATCH_MAX])
            self._send("PointLedger", "enrol", (some,), GAS_BASE + GAS_PER_MEMBER * len(some))

    def pause(self) -> None:
        """Stop every operation and transfer."""
        self._send("PointLedger", "pause", ())

    # ---- recovery

    def announce_key_recovery(self, account: str, next_key: str) -> None:
        """Announce another key for a member whose key is lost."""
        _check_addresses(account, next_key)
        self._send("PointLedger", "announceKeyRecovery", (account, next_key))

    # ---- governor

    def schedule(self, action: Action) -> int:
        """Announce an action; return the Unix time from which `execute` does it. For a week, then it lapses."""
        member, delay = self._manager("hasRole", action.role, self._signer.address)
        if not member:
            raise AccessDenied(
                f"{self._signer.address} has no role that allows {action.function}. Use the governor's key.",
                code="role_missing",
            )
        if delay == 0:
            block = self._rpc.call("eth_getBlockByNumber", ["latest", False])
            return number(block["timestamp"])
        receipt = self._send("AccessManager", "schedule", (self._target(action), _data(action), 0))
        (scheduled,) = (log for log in receipt["logs"] if len(log["topics"]) == 3)
        return int(scheduled["data"][2:66], 16)

    def execute(self, action: Action) -> None:
        """Do what was announced."""
        if action.contract == "AccessManager":
            self._send("AccessManager", action.function, action.args)
        else:
            self._send("AccessManager", "execute", (self._target(action), _data(action)))

    def _send(self, contract: str, function: str, args: tuple[Any, ...], gas: int = GAS_BASE) -> dict[str, Any]:
        data = encode_call(contract, function, args)
        return send(self._rpc, self._signer, self._deployment.contracts[contract], data, gas)

    def _manager(self, function: str, *args: Any) -> tuple[Any, ...]:
        question = {"to": self._deployment.manager, "data": "0x" + encode_call("AccessManager", function, args).hex()}
        try:
            answer = self._rpc.call("eth_call", [question, "latest"])
        except RpcError as error:
            raise translated(error) from None
        return decode_result("AccessManager", function, bytes.fromhex(answer[2:]))

    def _target(self, action: Action) -> str:
        return self._deployment.contracts[action.contract]


def _data(action: Action) -> bytes:
    return encode_call(action.contract, action.function, action.args)


def _check_addresses(*addresses: str) -> None:
    for address in addresses:
        if not is_address(address):
            raise InputError(
                f"{address!r} is no address. Give 0x and 40 hexadecimal digits, as copied (EIP-55).",
                code="address_invalid",
            )
