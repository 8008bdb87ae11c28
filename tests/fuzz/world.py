"""One deployment in an EVM beside one twin: the same calls go to both."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from coincurve import PrivateKey, PublicKey
from pyrevm import EVM, BlockEnv

from coalition.ledger import calls
from coalition.ledger.events import Event, Position, Transfer
from coalition.ledger.machine import Machine, Revert, execute
from coalition.ledger.signed_content import SignedContent
from coalition.ledger.state import State, apply
from tests.fuzz.encoding import (
    HOOK_AWARD,
    REGISTRY_CALLS,
    SELECTORS,
    artifact,
    calldata,
    checksummed,
    event_of,
    keccak,
    revert_of,
    words,
)
from tests.fuzz.hook import RandomHook

CHAIN_ID = 1
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
ORDER = 2 * HALF_ORDER + 1
GENESIS = 1_700_000_000
GAS = 400_000_000
DAY = 86_400
BEHAVIOURS = 9
TEST_ARTIFACTS = Path(__file__).parents[1] / "artifacts"


class Divergence(AssertionError):
    """The contracts and the twin differ."""


@dataclass(frozen=True)
class Parameters:
    """How a world is deployed."""

    epoch_length: int
    validity: int
    rotation_delay: int
    recovery_delay: int
    notice_seconds: int
    epochs_before: int

    @classmethod
    def chosen(cls, random_: random.Random) -> Parameters:
        epoch = random_.choice([3_600, 3 * 3_600, DAY, 7 * DAY, 30 * DAY])
        delays = [0, epoch // 20, epoch // 3, epoch]
        return cls(
            epoch_length=epoch,
            validity=random_.choice([1, 2, 3, 3, 4, 4]),
            rotation_delay=random_.choice(delays),
            recovery_delay=random_.choice(delays),
            notice_seconds=random_.choice(delays),
            epochs_before=random_.choice([0, 1, 100]),
        )


class Key:
    """A key pair."""

    def __init__(self, seed: int) -> None:
        self.private = PrivateKey(keccak(f"key {seed}".encode()))
        self.address = checksummed(keccak(self.private.public_key.format(compressed=False)[1:])[12:])

    def sign(self, digest: bytes) -> bytes:
        raw = self.private.sign_recoverable(digest, hasher=None)
        return raw[:64] + bytes([raw[64] + 27])


def recovered(digest: bytes, signature: bytes) -> str | None:
    """The address that signed, by the rules of OpenZeppelin's `ECDSA`: 65 bytes, low s, v of 27 or 28."""
    if len(signature) != 65 or signature[64] not in (27, 28):
        return None
    if int.from_bytes(signature[32:64]) > HALF_ORDER:
        return None
    try:
        plain = signature[:64] + bytes([signature[64] - 27])
        public = PublicKey.from_signature_and_message(plain, digest, hasher=None)
    except Exception:  # coincurve has several, for r or s out of range and for points off the curve
        return None
    return checksummed(keccak(public.format(compressed=False)[1:])[12:])


@dataclass
class Roles:
    """Who may administer."""

    deployer: str
    operator: str
    governor: str
    recovery: str

    def permitted(self) -> dict[type[calls.Call], frozenset[str]]:
        """The role table: calls by who may make them."""
        operator, governor, recovery = ({who} for who in (self.operator, self.governor, self.recovery))
        table = {
            calls.AddPartner: operator,
            calls.SuspendPartner: operator,
            calls.RevokeKey: operator,
            calls.AddKey: operator,
            calls.AnnounceEarnRate: operator,
            calls.Enrol: operator,
            calls.Pause: operator,
            calls.ReinstatePartner: governor,
            calls.SetTerms: governor,
            calls.Unpause: governor,
            calls.SetCampaignBook: governor,
            calls.AnnounceKeyRecovery: recovery,
        }
        return {call: frozenset(who) for call, who in table.items()}


@dataclass
class World:
    """The contracts in an EVM, and the twin.

    `hook_accounts` are whom the campaign book may give something; without any there is no book for the governor to set.
    """

    parameters: Parameters
    roles: Roles
    ledger_code: bytes | None = None
    hook_accounts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.timestamp = GENESIS
        self.block = 0
        self.transferred: Counter[str] = Counter()
        self.evm = EVM(spec_id="LONDON")
        self._set_time(GENESIS)
        self._deploy()

    def _deploy(self) -> None:
        of = self.parameters
        origin = GENESIS - of.epochs_before * of.epoch_length
        manager = self._create("AccessManager", words(self.roles.deployer))
        self.registry = self._create("PartnerRegistry", words(manager, of.notice_seconds))
        opened = self._events()
        fields = manager, self.registry, origin, of.epoch_length, of.validity, of.rotation_delay, of.recovery_delay
        self.ledger = self._create("PointLedger", words(*fields), self.ledger_code)
        state = State(self.ledger)
        content = SignedContent(CHAIN_ID, self.ledger, keccak)
        for event in [*opened, *self._events()]:
            apply(state, Position(0, 0, GENESIS), event)
        self.machine = Machine(state, content, self._is_signed, self.roles.permitted())
        self._grant(manager)
        self.contract_owners = self._contract_accounts()
        self.hook = self._hook() if self.hook_accounts else ""

    def _hook(self) -> str:
        accounts = [*self.hook_accounts, *self.contract_owners, self.ledger]
        code = bytes.fromhex(artifact("RandomHook", TEST_ARTIFACTS)["bytecode"].removeprefix("0x"))
        self.machine.hook = RandomHook(accounts)
        return self._create("", words(32, len(accounts), *accounts), code)

    def _contract_accounts(self) -> dict[str, str]:
        """Accounts with code (ERC-1271), one of each behaviour, and their owners; only the first says yes."""
        if not (TEST_ARTIFACTS / "ContractAccount.json").exists():
            return {}
        code = bytes.fromhex(artifact("ContractAccount", TEST_ARTIFACTS)["bytecode"].removeprefix("0x"))
        owner = self.roles.recovery
        return {self._create("", words(owner, behaviour), code): owner for behaviour in range(BEHAVIOURS)}

    def _create(self, name: str, arguments: bytes, code: bytes | None = None) -> str:
        code = code or bytes.fromhex(artifact(name)["bytecode"].removeprefix("0x"))
        address = self.evm.deploy(self.roles.deployer, code + arguments)
        return checksummed(bytes.fromhex(address[2:]))

    def _grant(self, manager: str) -> None:
        roles = {self.roles.operator: 1, self.roles.governor: 2, self.roles.recovery: 3}
        for holder, role in roles.items():
            data = SELECTORS["grantRole"] + words(role, holder, 0)
            self.evm.message_call(self.roles.deployer, manager, data)
        names = {call: call.__name__[0].lower() + call.__name__[1:] for call in self.roles.permitted()}
        for call, holders in self.roles.permitted().items():
            (holder,) = holders
            target = self.registry if call in REGISTRY_CALLS else self.ledger
            selector = SELECTORS[names[call]]
            data = SELECTORS["setTargetFunctionRole"] + words(target, 96, roles[holder], 1, selector)
            self.evm.message_call(self.roles.deployer, manager, data)

    def _is_signed(self, signer: str, digest: bytes, signature: bytes) -> bool:
        signed = recovered(digest, signature)
        if signed is None:
            return False
        honest = next(iter(self.contract_owners), None)
        return signed == signer or (signer == honest and signed == self.contract_owners[signer])

    def _set_time(self, timestamp: int) -> None:
        self.timestamp = timestamp
        self.block += 1
        self.evm.set_block_env(BlockEnv(timestamp=timestamp, number=self.block))

    def _events(self) -> list[Event]:
        decoded = [event_of(*log.data) for log in self.evm.result.logs]
        return [event for event in decoded if event is not None]

    @property
    def state(self) -> State:
        """The fold."""
        return self.machine.state

    def read(self, function: str, *arguments: int | str | bytes) -> bytes:
        """What a getter answers; to the registry if `function` starts with `registry.`."""
        target, _, name = function.rpartition(".")
        to = self.registry if target else self.ledger
        return self.evm.message_call(self.roles.deployer, to, SELECTORS[name] + words(*arguments), is_static=True)

    def read_or_revert(self, function: str, *arguments: int | str | bytes) -> bytes | Revert:
        """As `read`, for a getter that may revert."""
        try:
            return self.read(function, *arguments)
        except RuntimeError as error:
            return _revert(error)

    def send(self, timestamp: int, sender: str, call: calls.Call) -> list[Event] | Revert:
        """Send `call` to the contracts and to the twin.

        Raises:
            Divergence: they do not answer the same.
        """
        self._set_time(timestamp)
        told = self._call(sender, call)
        decided = execute(self.machine, sender, call, Position(self.block, 0, timestamp))
        if told != decided:
            raise Divergence(_difference(told, decided))
        for event in told if isinstance(told, list) else ():
            if isinstance(event, Transfer):
                self.transferred[event.from_] -= event.value
                self.transferred[event.to] += event.value
        return decided

    def _call(self, sender: str, call: calls.Call) -> list[Event] | Revert:
        target = self.registry if isinstance(call, REGISTRY_CALLS) else self.ledger
        data = calldata(call)
        if isinstance(call, calls.Award) and sender == self.hook:
            sender, target = self.roles.deployer, self.hook
            data = HOOK_AWARD + words(self.ledger, 64) + data[36:]
        try:
            self.evm.message_call(sender, target, data, gas=GAS)
        except RuntimeError as error:
            return _revert(error)
        return self._events()


def _revert(error: RuntimeError) -> Revert:
    text = str(error)
    if "output: 0x" not in text:
        return Revert("Halt", (text,))
    return revert_of(bytes.fromhex(text.partition("output: 0x")[2].partition(" ")[0]))


def _difference(told: list[Event] | Revert, decided: list[Event] | Revert) -> str:
    if isinstance(told, list) and isinstance(decided, list):
        for at, pair in enumerate(zip(told, decided, strict=False)):
            if pair[0] != pair[1]:
                return f"event {at}:\n  contracts {pair[0]}\n  twin      {pair[1]}"
        longer, who = (told, "contracts") if len(told) > len(decided) else (decided, "twin")
        at = min(len(told), len(decided))
        return f"event {at}: only the {who} tell {longer[at]}"
    return f"outcome:\n  contracts {_short(told)}\n  twin      {_short(decided)}"


def _short(answer: list[Event] | Revert) -> str:
    return str(answer) if isinstance(answer, Revert) else f"{len(answer)} events: {answer[:3]}"
