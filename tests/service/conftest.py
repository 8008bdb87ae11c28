"""The real parts over a chain in this process: contracts, SQLite, submitter, follower, service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from coalition.chain.admin import Admin
from coalition.chain.deploy import Deployment, Parameters, RoleSigners, deploy
from coalition.chain.keccak import keccak
from coalition.chain.rpc import Rpc
from coalition.chain.signer import KeySigner
from coalition.chain.tester import TesterRpc
from coalition.chain.typed_data import Domain, authorization_digest
from coalition.index.database import migrate as migrate_index
from coalition.index.database import open_database
from coalition.index.follower import Follower
from coalition.index.queries import Queries
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import Purpose
from coalition.service import LedgerService
from coalition.service.custody import Custody
from coalition.service.load import Loader
from coalition.submit import Submitter
from coalition.submit import migrate as migrate_outbox
from coalition.submit.receipt_texts import ReceiptTexts
from tests.service.coalition import Coalition, Ground, coalition_on, ground_in

START = 1_772_366_300
PARTNERS = {"Grocery": ("USD", 100), "Market": ("EUR", 10_000)}
SEED = b"\7" * 32


def signer(name: str) -> KeySigner:
    return KeySigner(keccak(name.encode()))


@dataclass
class Chain:
    """A deployed ledger with two partners."""

    rpc: Rpc
    deployment: Deployment
    admin: Admin


@dataclass
class Stack:
    """The parts of one process. `now` is the chain's time when the stack was made."""

    chain: Chain
    queries: Queries
    submitter: Submitter
    follower: Follower
    texts: ReceiptTexts
    custody: Custody
    service: LedgerService

    def loader(self, **options: object) -> Loader:
        return Loader(self.submitter, self.queries, self.service.partners, self.texts, self.custody, **options)

    def account(self, member: str, enrols: bool = True) -> str:
        """A member in custody, enrolled."""
        account = self.custody.account(member)
        if enrols and not self.queries.is_member(account):
            self.chain.admin.enrol([account])
            self.follower.catch_up()
        return account

    def sign(self, member: str, partner: int, receipt: str, points: int, deadline: int, purpose: Purpose) -> bytes:
        key = self.custody.signer(member)
        domain = Domain(self.chain.deployment.chain_id, self.chain.deployment.ledger)
        number = receipt_number(receipt)
        return key.sign(authorization_digest(domain, key.address, partner, points, number, purpose, deadline))


@contextmanager
def stack_on(chain: Chain, folder: Path, server: str | None = None, *, follows: bool = True) -> Iterator[Stack]:
    """A process's parts over `chain`, its databases in `folder` or, if there is one, on `server`."""
    with ExitStack() as stack:
        index = open_database(server or f"sqlite:///{folder / 'index.db'}")
        outbox = sa.create_engine(server or f"sqlite:///{folder / 'outbox.db'}")
        stack.callback(index.dispose)
        stack.callback(outbox.dispose)
        migrate_index(index)
        migrate_outbox(outbox)
        follower = Follower(index, chain.rpc, chain.deployment, poll_seconds=0.02)
        follower.catch_up()
        lanes = {number: [signer(name)] for number, name in enumerate(PARTNERS, 1)}
        submitter = Submitter(outbox, chain.rpc, chain.deployment, lanes)
        follower.add_listener(submitter)
        submitter.start()
        stack.callback(submitter.close)
        if follows:
            follower.start()
        stack.callback(follower.stop)
        queries, texts = Queries(index), ReceiptTexts(outbox)
        stack.callback(texts.close)
        service = LedgerService(submitter, queries, texts)
        yield Stack(chain, queries, submitter, follower, texts, Custody(SEED), service)


def new_chain() -> Chain:
    rpc = TesterRpc(start_timestamp=START)
    operator = signer("operator")
    roles = RoleSigners(signer("deployer"), operator, signer("governor"), signer("recovery"))
    deployment = deploy(rpc, roles, Parameters())
    admin = Admin(rpc, deployment, operator)
    for name, (currency, rate) in PARTNERS.items():
        admin.add_partner(name, signer(f"{name} account").address, signer(name).address, currency, rate)
    return Chain(rpc, deployment, admin)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One ledger for all tests of a file: each uses receipts and members of its own."""
    with stack_on(new_chain(), tmp_path_factory.mktemp("ledger")) as made:
        yield made


@pytest.fixture
def fresh() -> Chain:
    """A ledger of its own."""
    return new_chain()


@pytest.fixture
def open_stack() -> Callable[..., object]:
    return stack_on


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return ground_in(tmp_path_factory.mktemp("ground"))


@pytest.fixture
def coalition(ground: Ground, tmp_path: Path) -> Iterator[Coalition]:
    with coalition_on(ground, tmp_path) as made:
        yield made
