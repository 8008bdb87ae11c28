"""A coalition of three shops with keys in a keystore, over a chain in this process, and the services about campaigns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from coalition.chain import history
from coalition.chain.admin import Admin
from coalition.chain.deploy import Parameters, RoleSigners, deploy
from coalition.chain.deployment import Deployment
from coalition.chain.keystore import Keystore
from coalition.chain.signer import KeySigner
from coalition.chain.tester import TesterRpc
from coalition.errors import CoalitionError
from coalition.index.database import migrate as migrate_index
from coalition.index.database import open_database
from coalition.index.follower import Follower
from coalition.index.queries import Queries
from coalition.service import LedgerService
from coalition.service.campaign_files import CampaignFiles
from coalition.service.campaign_members import CampaignMembers
from coalition.service.campaigns import CampaignService
from coalition.service.custody import Custody
from coalition.service.previews import OperationPreviews
from coalition.submit import Submitter
from coalition.submit import migrate as migrate_outbox
from coalition.submit.receipt_texts import ReceiptTexts

__all__ = ["DAY", "START", "Coalition", "Ground", "coalition_on", "code_of", "day", "ground_in", "quest"]

START = 1_772_323_200  # 2026-03-01
DAY = 86_400
SHOPS = ("bakery", "cafe", "florist")
NOTICE = 3_600


@dataclass
class Coalition:
    """Three shops that give a point a cent, and everything above them."""

    folder: Path
    rpc: TesterRpc
    admin: Admin
    keystore: Keystore
    queries: Queries
    follower: Follower
    service: LedgerService
    campaigns: CampaignService
    all_members: CampaignMembers
    custody: Custody
    texts: ReceiptTexts

    @property
    def members(self) -> CampaignMembers:
        """With the read model as far as the chain is."""
        self.follower.catch_up()
        return self.all_members

    @property
    def deployment(self) -> Deployment:
        return self.campaigns.reader.deployment

    def previews(self) -> OperationPreviews:
        return OperationPreviews(self.rpc, self.deployment, self.queries, self.service.partners, self.texts, self.now)

    def now(self) -> int:
        return history.head(self.rpc).timestamp

    def go_to(self, time: int) -> None:
        """Let it be that time."""
        self.rpc.call("evm_setNextBlockTimestamp", [time])
        self.rpc.call("evm_mine", [])
        self.follower.catch_up()

    def member(self, reference: str) -> str:
        """A member in custody, enrolled."""
        account = self.custody.account(reference)
        self.admin.enrol([account])
        self.follower.catch_up()
        return account

    def earn(self, shop: str, account: str, receipt: str, spend_minor: int) -> Any:
        return self.service.earn(shop, account, receipt, spend_minor).record

    def balance(self, account: str) -> int:
        self.follower.catch_up()
        return self.queries.balance(account, self.now()).points

    def file(self, name: str = "campaign.yaml", **changes: Any) -> Path:
        """A campaign's file: the quest, with other fields."""
        path = self.folder / name
        path.write_text(quest(**changes))
        return path

    def started(self, path: Path) -> int:
        """Propose a file, let everybody approve, and let it open."""
        shown = self.campaigns.propose(path, "bakery")
        for sponsor in shown.latest.terms.sponsors:
            self.campaigns.approve(shown.campaign, sponsor.partner)
        self.go_to(shown.latest.terms.opens_at)
        return shown.campaign


def quest(**changes: Any) -> str:
    """The text of a quest over two of three shops in the second week; `changes` are fields, spaces as underscores."""
    fields = {
        "campaign": "Two of three",
        "says": "Visit two of our three shops and get 300 points.",
        "kind": "quest",
        "opens": day(7),
        "closes": day(14),
        "partners": "[bakery, cafe, florist]",
        "sponsors": "{bakery: 60 %, cafe: 40 %}",
        "budget": "10000 points",
        "terms": "{visits: 2, award: 300 points}",
        "pause": "allowed",
        "early end": "1 day",
    } | {name.replace("_", " "): value for name, value in changes.items()}
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value is not None)


def day(number: int) -> str:
    """The time so many days after the start, as files have it."""
    from coalition.campaigns.written import time_of

    return time_of(START + number * DAY)


def code_of(work: Callable[[], Any]) -> str:
    """The code with which something is refused."""
    with pytest.raises(CoalitionError) as refused:
        work()
    return refused.value.code


@dataclass
class Ground:
    """A chain with the contracts and three shops; every coalition on it begins where this left it."""

    folder: Path
    rpc: TesterRpc
    deployment: Deployment
    keystore: Keystore
    admin: Admin
    lanes: dict[int, list[KeySigner]]


def ground_in(folder: Path) -> Ground:
    """A chain from nothing."""
    rpc = TesterRpc(start_timestamp=START)
    keystore = Keystore(folder / "keystores", "a passphrase")
    roles = (keystore.create(name) for name in ("deployer", "operator", "governor", "recovery"))
    deployment = deploy(rpc, RoleSigners(*roles), Parameters(notice_seconds=NOTICE))
    admin, lanes = Admin(rpc, deployment, keystore.signer("operator")), {}
    for number, name in enumerate(SHOPS, 1):
        key, account = keystore.create(f"partner-{name}"), keystore.create(f"partner-{name}-account")
        admin.add_partner(name, account.address, key.address, "USD", 10_000)
        lanes[number] = [key]
    return Ground(folder, rpc, deployment, keystore, admin, lanes)


@contextmanager
def coalition_on(ground: Ground, folder: Path) -> Iterator[Coalition]:
    """A coalition with databases of its own in `folder`; what it does to the chain is undone afterwards."""
    rpc, deployment, keystore = ground.rpc, ground.deployment, ground.keystore
    before, known = rpc.call("evm_snapshot", []), set(keystore.names())
    rpc.go_on_from(history.head(rpc).timestamp + 1)
    with ExitStack() as stack:
        stack.callback(_undo, ground, before, known)
        index = open_database(f"sqlite:///{folder / 'index.db'}")
        outbox = sa.create_engine(f"sqlite:///{folder / 'outbox.db'}")
        stack.callback(index.dispose)
        stack.callback(outbox.dispose)
        migrate_index(index)
        migrate_outbox(outbox)
        follower = Follower(index, rpc, deployment, poll_seconds=0.02)
        follower.catch_up()
        submitter = Submitter(outbox, rpc, deployment, ground.lanes)
        follower.add_listener(submitter)
        submitter.start()
        stack.callback(submitter.close)
        follower.start()
        stack.callback(follower.stop)
        queries, texts = Queries(index), ReceiptTexts(outbox)
        stack.callback(texts.close)
        service = LedgerService(submitter, queries, texts)
        files = CampaignFiles(folder / "campaigns")
        campaigns = CampaignService(rpc, deployment, keystore, service.partners, files)
        members = CampaignMembers(campaigns, queries)
        custody = Custody(b"\7" * 32)
        yield Coalition(
            folder, rpc, ground.admin, keystore, queries, follower, service, campaigns, members, custody, texts
        )


def _undo(ground: Ground, before: str, known: set[str]) -> None:
    ground.rpc.call("evm_revert", [before])
    for name in set(ground.keystore.names()) - known:  # seeds
        (ground.folder / "keystores" / f"{name}.json").unlink()
        ground.keystore._open.pop(name, None)
