"""The folder that holds a ledger: how it comes to be, and how it goes."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from coalition.access import Access
from coalition.chain import mining
from coalition.chain.deploy import Deployment, Parameters, RoleSigners, deploy
from coalition.chain.embedded import EmbeddedChain
from coalition.chain.embedded_rpc import EmbeddedRpc
from coalition.chain.keystore import Keystore
from coalition.chain.rpc import HttpRpc
from coalition.chain.tills import deploy_registry
from coalition.errors import InputError, SetupError
from coalition.settings import Settings
from coalition.submit.migrations import migrate as migrate_outbox

__all__ = [
    "LedgerParameters",
    "Node",
    "access_of",
    "create_ledger",
    "forget_ledger",
    "make_private",
    "node_of",
    "open_access",
    "open_keystore",
    "read_deployment",
    "set_up_tills",
]

ROLES = ("deployer", "operator", "governor", "recovery", "custody")
OWN_FOLDERS = ("campaigns", "chain", "keystores", "demo")
OWN_FILES = ("deployment.json", "credentials.json*", "*.db", "*.db-wal", "*.db-shm", "*.lock")
PASSPHRASE_VARIABLE = "COALITION_PASSPHRASE"


@dataclass(frozen=True, slots=True)
class LedgerParameters:
    """What is fixed when a ledger is made. `start_timestamp` (Unix s) sets the clock of a new embedded chain."""

    contracts: Parameters = field(default_factory=Parameters)
    start_timestamp: int | None = None


def create_ledger(settings: Settings, parameters: LedgerParameters) -> Deployment:
    """Make keys for the roles and the custody, deploy the contracts, and write down where they are.

    Stopped half-way, nothing counts: the next call uses the keys that are there and deploys anew.

    Raises:
        SetupError: `ledger_exists` if the folder holds a ledger already.
    """
    if settings.deployment_file.exists():
        raise SetupError(
            f"{settings.home} holds a ledger already. Choose another folder with --home.", code="ledger_exists"
        )
    make_private(settings.home)
    make_private(settings.keystores)
    keystore = open_keystore(settings)
    known = set(keystore.names())
    signers = {name: keystore.signer(name) if name in known else keystore.create(name) for name in ROLES}
    with node_of(settings, parameters.start_timestamp) as node:
        roles = RoleSigners(*(signers[name] for name in ROLES[:4]))
        deployment = deploy(node.rpc, roles, parameters.contracts)
        _write(settings.deployment_file, deployment.to_json())
    return deployment


def set_up_tills(settings: Settings) -> Deployment:
    """Give a ledger that has none its register of tills, and return the deployment, which is on disk.

    Raises:
        SetupError: `till_registry_known` if it has one.
    """
    deployment = read_deployment(settings)
    if deployment.till_registry:
        raise SetupError(
            f"This ledger has its register of tills at {deployment.till_registry}; nothing to do.",
            code="till_registry_known",
        )
    with node_of(settings) as node:
        deployed = deploy_registry(node.rpc, deployment, open_keystore(settings).signer("operator"))
    _write(settings.deployment_file, deployed.to_json())
    return deployed


def read_deployment(settings: Settings) -> Deployment:
    """Return where the ledger's contracts are.

    Raises:
        SetupError: `ledger_missing` if there is no ledger, or `deployment_invalid`.
    """
    if not settings.deployment_file.exists():
        raise SetupError(
            f"There is no ledger in {settings.home}. Make one with `coalition deploy`, or name its folder with --home.",
            code="ledger_missing",
        )
    return Deployment.from_json(settings.deployment_file.read_text())


def forget_ledger(settings: Settings) -> None:
    """Delete what a ledger owns on this machine, and nothing else in its folder.

    Raises:
        SetupError: `ledger_in_use` while its embedded chain is running.
    """
    if EmbeddedChain.running(settings.home):
        raise SetupError("The ledger is running. Stop it first (Ctrl-C where it was started).", code="ledger_in_use")
    for folder in OWN_FOLDERS:
        shutil.rmtree(settings.home / folder, ignore_errors=True)
    for pattern in OWN_FILES:
        for file in settings.home.glob(pattern):
            file.unlink()


@contextmanager
def open_access(settings: Settings) -> Iterator[Access]:
    """Yield the partners' API keys and the log of administration; no chain is needed.

    Raises:
        SetupError: `ledger_missing` if there is no ledger.
    """
    read_deployment(settings)
    engine = sa.create_engine(settings.outbox_url)
    try:
        migrate_outbox(engine)
        with closing(access_of(settings, engine)) as access:
            yield access
    finally:
        engine.dispose()


def access_of(settings: Settings, engine: sa.Engine) -> Access:
    """Return the API keys in the outbox's database, with those that earlier versions kept in a file."""
    try:
        access = Access(engine, rate_limit=settings.rate_limit)
    except InputError as error:
        raise SetupError(f"COALITION_RATE_LIMIT: {error.message}", code="setting_invalid") from None
    access.import_file(settings.credentials_file)
    return access


def open_keystore(settings: Settings) -> Keystore:
    """Return the ledger's keystore.

    The passphrase is `COALITION_PASSPHRASE`. Where that is not set, a random one is made and kept beside the keys, readable
    by the owner only: right for trying the ledger out, not for production.
    """
    passphrase = os.environ.get(PASSPHRASE_VARIABLE)
    if not passphrase:
        file = settings.keystores / "passphrase"
        if not file.exists():
            if any(settings.keystores.glob("*.json")):
                raise SetupError(
                    f"The keys in {settings.keystores} need their passphrase. Set {PASSPHRASE_VARIABLE}.",
                    code="passphrase_missing",
                )
            _write(file, secrets.token_urlsafe(32))
        passphrase = file.read_text().strip()
    return Keystore(settings.keystores, passphrase)


@dataclass(frozen=True, slots=True)
class Node:
    """A node to speak to. `durable_block` tells the newest block that it cannot lose; None where it never loses one."""

    url: str
    rpc: HttpRpc | EmbeddedRpc
    durable_block: Callable[[], int | None] | None = None


@contextmanager
def node_of(settings: Settings, start_timestamp: int | None = None) -> Iterator[Node]:
    """Yield the ledger's node: the one that is set, or the embedded one, which runs as long as somebody uses it."""
    if settings.rpc_url:
        with closing(HttpRpc(settings.rpc_url)) as rpc:
            mining.heal(rpc)
            yield Node(settings.rpc_url, rpc)
        return
    with EmbeddedChain(settings.home, start_timestamp) as chain, closing(EmbeddedRpc(chain)) as embedded:
        mining.heal(embedded)
        yield Node(chain.url, embedded, lambda: chain.durable_block)


def make_private(folder: Path) -> None:
    """Make a folder that only its owner can enter, unless it is there.

    Raises:
        SetupError: `home_unusable`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SetupError(f"The folder {folder} cannot be made: {error.strerror}.", code="home_unusable") from None


def _write(file: Path, content: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = file.with_name(file.name + ".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    os.replace(draft, file)
