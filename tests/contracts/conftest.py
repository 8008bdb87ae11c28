"""Actors, the deployment of scripts/deploy.py with two partners and two members, and one chain state for every test."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import brownie
import pytest
from eth_utils import keccak
from support import (
    AUTHORIZATION,
    DAY,
    EPOCH_SECONDS,
    Behaviour,
    Partner,
    Purpose,
    lots_of_word,
    now,
    signature,
    travel,
)
from web3.exceptions import TransactionNotFound

# ---- actors


@pytest.fixture(scope="session")
def deployer(accounts: Any) -> Any:
    return accounts[0]


@pytest.fixture(scope="session")
def operator(accounts: Any) -> Any:
    return accounts[1]


@pytest.fixture(scope="session")
def governor(accounts: Any) -> Any:
    return accounts[2]


@pytest.fixture(scope="session")
def recovery(accounts: Any) -> Any:
    return accounts[3]


@pytest.fixture(scope="session")
def stranger() -> Any:
    """Nobody's key, partner or member; has a private key so that it can forge."""
    return local_account("stranger")


@pytest.fixture(scope="session")
def relayer(accounts: Any) -> Any:
    """Sends what others signed."""
    return accounts[9]


@pytest.fixture(scope="session")
def member() -> Any:
    return local_account("member")


@pytest.fixture(scope="session")
def other_member() -> Any:
    return local_account("other member")


@pytest.fixture(scope="session")
def next_key() -> Any:
    """A key that takes over an account."""
    return local_account("next key")


def local_account(name: str) -> Any:
    """An account whose private key the tests know."""
    return brownie.accounts.add(keccak(text=name))


# ---- contracts


@pytest.fixture(scope="session")
def deployment(deployer: Any, operator: Any, governor: Any, recovery: Any) -> Any:
    """What `brownie run deploy` deploys, at the beginning of an epoch."""
    from scripts.deploy import deploy  # brownie knows its contracts only after this file was imported

    travel((now() // DAY + 1) * DAY)
    return deploy(deployer, operator, governor, recovery)


@pytest.fixture(scope="session")
def manager(deployment: Any) -> Any:
    return deployment.manager


@pytest.fixture(scope="session")
def registry(deployment: Any) -> Any:
    return deployment.registry


@pytest.fixture(scope="session")
def ledger(deployment: Any) -> Any:
    return deployment.ledger


@pytest.fixture(scope="session")
def earning_partner(registry: Any, operator: Any, accounts: Any) -> Partner:
    """A grocer: one point for ten minor units."""
    partner = Partner(id=1, key=accounts[4], account=accounts[5], rate_bps=1_000)
    registry.addPartner("Grocer", partner.account, partner.key, b"EUR", partner.rate_bps, {"from": operator})
    return partner


@pytest.fixture(scope="session")
def redeeming_partner(registry: Any, operator: Any, accounts: Any, earning_partner: Partner) -> Partner:
    """A cinema: one point for a hundred minor units."""
    partner = Partner(id=2, key=accounts[6], account=accounts[7], rate_bps=100)
    registry.addPartner("Cinema", partner.account, partner.key, b"EUR", partner.rate_bps, {"from": operator})
    return partner


@pytest.fixture(scope="session")
def members(ledger: Any, operator: Any, member: Any, other_member: Any) -> tuple[Any, Any]:
    """The two accounts that are enrolled."""
    ledger.enrol([member, other_member], {"from": operator})
    gc.collect()
    gc.freeze()  # brownie collects garbage at every revert: let it pass over what stays
    return member, other_member


# ---- one state for every test


@pytest.fixture(scope="session", autouse=True)
def impatience() -> Iterator[None]:
    """Look for a transaction every 10 ms, and look again: brownie waits a second where a busy node is not done at once,
    and takes a transaction for dropped that the node counts before it shows it, or its receipt."""
    eth = brownie.web3.eth

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(brownie.network.transaction, "time", SimpleNamespace(time=time.time, sleep=nap))
        patch.setattr(eth, "get_transaction", repeated(eth.get_transaction, 1_000))
        patch.setattr(eth, "get_transaction_receipt", repeated(eth.get_transaction_receipt, 200))
        yield


def repeated(find: Callable[[Any], Any], times: int) -> Callable[[Any], Any]:
    """`find`, asked again while there is nothing."""

    def found(txid: Any) -> Any:
        for _ in range(times):
            with suppress(TransactionNotFound):
                return find(txid)
            nap(1)
        return find(txid)

    return found


def nap(seconds: float) -> None:
    time.sleep(min(seconds, 0.01))


@pytest.fixture(autouse=True)
def isolation(chain: Any, members: tuple, earning_partner: Partner, redeeming_partner: Partner) -> Iterator[None]:
    """Every test begins in the same state: two partners, two members, no points, the beginning of epoch 0."""
    chain.snapshot()
    yield
    chain.revert()


@pytest.fixture
def known_accounts(members: tuple, ledger: Any) -> list[Any]:
    """Every account that may hold points; a test that enrols another adds it."""
    return [*members, ledger]


@pytest.fixture(autouse=True)
def supply_is_issued_minus_gone(isolation: None, ledger: Any, known_accounts: list[Any]) -> Iterator[None]:
    """After every test the supply of each epoch is what the accounts hold of it."""
    yield
    held = [lots_of_word(ledger.lotsOf(account)) for account in known_accounts]
    assert lots_of_word(ledger.supplyLots()) == tuple(map(sum, zip(*held, strict=True)))


# ---- doing


@pytest.fixture(scope="session")
def epoch_start(ledger: Any) -> Callable[[int], int]:
    """The time at which an epoch begins."""
    return lambda epoch: ledger.epochOrigin() + epoch * EPOCH_SECONDS


@pytest.fixture
def go_to_epoch(epoch_start: Callable[[int], int]) -> Callable[[int], None]:
    """Travel to the beginning of an epoch, or stay if it has only just begun."""
    return lambda epoch: travel(max(epoch_start(epoch), now() + 1))


@pytest.fixture
def as_governor(manager: Any, governor: Any) -> Callable[..., Any]:
    """Schedule a call by the governor, wait out the notice period, and make it."""

    def called(method: Any, *arguments: Any) -> Any:
        manager.schedule(method._address, method.encode_input(*arguments), 0, {"from": governor})
        travel(now() + DAY)
        return method(*arguments, {"from": governor})

    return called


@pytest.fixture
def issue(ledger: Any, earning_partner: Partner) -> Callable[..., Any]:
    """Let a member earn exactly `points`, under a receipt far away from those that a test uses."""
    receipts = iter(range(2**128, 2**129, 32))
    known = earning_partner

    def issued(account: Any, points: int) -> Any:
        spend_minor = points * 10_000 // known.rate_bps
        return ledger.earn([(account, next(receipts), spend_minor)], [], {"from": known.key})

    return issued


@pytest.fixture
def spend(ledger: Any) -> Callable[..., tuple]:
    """A redemption or hold with the member's signature; `says` changes what is signed."""

    def signed(
        partner: Partner,
        account: Any,
        receipt: int,
        points: int,
        *,
        purpose: Purpose = Purpose.REDEEM,
        deadline: int | None = None,
        signer: Any = None,
        says: dict | None = None,
    ) -> tuple:
        deadline = now() + DAY if deadline is None else deadline
        message = {
            "member": account,
            "partner": partner.id,
            "points": points,
            "receipt": receipt,
            "purpose": int(purpose),
            "deadline": deadline,
        }
        content = signature(signer or account, ledger, AUTHORIZATION, message | (says or {}))
        return (account, receipt, points, deadline, content)

    return signed


@pytest.fixture
def book(
    ScriptedHook: Any, ledger: Any, relayer: Any, as_governor: Callable[..., Any], earning_partner: Partner
) -> Any:
    """A campaign book that hears of the earning partner's purchases, and awards nothing yet."""
    hook = relayer.deploy(ScriptedHook)
    hook.open(earning_partner.id, True, {"from": relayer})
    as_governor(ledger.setCampaignBook, hook)
    return hook


@pytest.fixture
def script(book: Any, relayer: Any) -> Callable[..., Any]:
    """Let the book give, or take back, these points from now on."""
    return lambda points=0, words=(), others=(): book.script(points, words, others, {"from": relayer})


@pytest.fixture
def contract_account(
    ContractAccount: Any, ledger: Any, operator: Any, relayer: Any, known_accounts: list[Any]
) -> Callable[..., Any]:
    """Deploy a contract account of `owner` and enrol it."""

    def deployed(owner: Any, behaviour: Behaviour = Behaviour.HONEST) -> Any:
        account = relayer.deploy(ContractAccount, owner, behaviour)
        ledger.enrol([account], {"from": operator})
        known_accounts.append(account)
        return account

    return deployed


@pytest.fixture
def lots(ledger: Any) -> Callable[[Any], tuple[int, int, int, int]]:
    """An account's lots as of now, newest first."""
    return lambda account: lots_of_word(ledger.lotsOf(account))


@pytest.fixture
def supply(ledger: Any) -> Callable[[], tuple[int, int, int, int]]:
    """The coalition's lots as of now, newest first."""
    return lambda: lots_of_word(ledger.supplyLots())
