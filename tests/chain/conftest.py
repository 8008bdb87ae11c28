"""A ledger on each engine: eth-tester in this process, and anvil where Node's packages are installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from coalition.chain import codec, history, transactions
from coalition.chain.admin import Admin
from coalition.chain.deploy import Parameters, RoleSigners, deploy
from coalition.chain.deployment import Deployment
from coalition.chain.embedded import EmbeddedChain, find_anvil
from coalition.chain.rpc import HttpRpc, Rpc
from coalition.chain.signer import KeySigner
from coalition.chain.tester import TesterRpc
from coalition.chain.typed_data import Domain, authorization_digest
from coalition.ledger.events import Event
from coalition.ledger.operations import Kind, Operation, Purpose

START = 1_700_000_000
DAY = 86_400
PARAMETERS = Parameters(notice_seconds=600, epoch_length=30 * DAY, validity_duration=3, rotation_delay=60)


@dataclass
class Ledger:
    """A deployed ledger with one partner, and everybody's keys."""

    rpc: Rpc
    deployer: KeySigner = field(default_factory=KeySigner.random)
    operator: KeySigner = field(default_factory=KeySigner.random)
    governor: KeySigner = field(default_factory=KeySigner.random)
    recovery: KeySigner = field(default_factory=KeySigner.random)
    partner_key: KeySigner = field(default_factory=KeySigner.random)
    partner_account: KeySigner = field(default_factory=KeySigner.random)
    member: KeySigner = field(default_factory=KeySigner.random)
    stranger: KeySigner = field(default_factory=KeySigner.random)
    partner: int = 0

    def __post_init__(self) -> None:
        signers = RoleSigners(self.deployer, self.operator, self.governor, self.recovery)
        self.deployment: Deployment = deploy(self.rpc, signers, PARAMETERS)
        self.partner = self.admin(self.operator).add_partner(
            "grocery", self.partner_account.address, self.partner_key.address, "USD", 10_000
        )

    def admin(self, signer: KeySigner) -> Admin:
        """What `signer` may administer."""
        return Admin(self.rpc, self.deployment, signer)

    def post(self, *operations: Operation) -> dict[str, Any]:
        """Post operations of one kind; return the receipt."""
        kind = codec.kind_of(operations[0])
        data = codec.encode_batch(kind, operations)
        gas = transactions.gas_limit(kind, len(operations))
        return transactions.send(self.rpc, self.partner_key, self.deployment.ledger, data, gas)

    def events(self, receipt: dict[str, Any]) -> list[Event]:
        """What a transaction told."""
        block = int(receipt["blockNumber"], 16)
        return [event for _, event in history.events(self.rpc, self.deployment, block, block, domain_only=True)]

    def now(self) -> int:
        """The last block's time."""
        return history.head(self.rpc).timestamp

    def pass_time(self, seconds: int) -> None:
        """Make a block that much later."""
        self.rpc.call("evm_setNextBlockTimestamp", [self.now() + seconds])
        self.rpc.call("evm_mine", [])

    def signature(self, kind: Kind, points: int, receipt: int, deadline: int) -> bytes:
        """The member's authorization of a redemption or a hold."""
        purpose = Purpose.REDEEM if kind is Kind.REDEEM else Purpose.HOLD
        domain = Domain(self.deployment.chain_id, self.deployment.ledger)
        digest = authorization_digest(domain, self.member.address, self.partner, points, receipt, purpose, deadline)
        return self.member.sign(digest)


def require_anvil() -> None:
    """Skip where there is no anvil, and say so."""
    if find_anvil() is None:
        pytest.skip("anvil is not installed: `npm ci` brings it")


@pytest.fixture(scope="session")
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpRpc]:
    """An anvil for all tests; each deploys a ledger of its own."""
    require_anvil()
    with EmbeddedChain(tmp_path_factory.mktemp("anvil"), START, engine="anvil") as chain:
        rpc = HttpRpc(chain.url)
        yield rpc
        rpc.close()


@pytest.fixture
def tester() -> TesterRpc:
    """A chain of the test's own, in this process."""
    return TesterRpc(START)


@pytest.fixture(params=["eth-tester", "anvil"])
def node(request: pytest.FixtureRequest) -> Rpc:
    """Each engine in turn."""
    if request.param == "eth-tester":
        return TesterRpc(START)
    rpc: HttpRpc = request.getfixturevalue("anvil")
    return rpc


@pytest.fixture
def ledger(node: Rpc) -> Ledger:
    """A ledger on each engine in turn."""
    return Ledger(node)


@pytest.fixture
def quick_ledger(tester: TesterRpc) -> Ledger:
    """A ledger on the chain in this process, for what does not depend on the engine."""
    return Ledger(tester)


@pytest.fixture
def new_ledger() -> Callable[[Rpc], Ledger]:
    """Makes a ledger on a given chain."""
    return Ledger


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A ledger's home."""
    return tmp_path / "home"
