"""Everything real: contracts on a chain in this process, SQLite, submitter, follower, and uvicorn on a port."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import sqlalchemy as sa
import uvicorn

from coalition.access import Access
from coalition.access.scopes import ALL_SCOPES
from coalition.api import Check, Context, Readiness, create_app
from coalition.api.event_bodies import event_texts
from coalition.api.streams import EventStreams
from coalition.chain import history
from coalition.chain.abi import encode_call
from coalition.chain.admin import Admin
from coalition.chain.deploy import Parameters, RoleSigners, deploy
from coalition.chain.deployment import Deployment
from coalition.chain.keccak import keccak
from coalition.chain.keystore import Keystore
from coalition.chain.signer import KeySigner
from coalition.chain.tester import TesterRpc
from coalition.chain.transactions import send
from coalition.chain.typed_data import Domain, authorization_digest
from coalition.index.database import migrate as migrate_index
from coalition.index.database import open_database
from coalition.index.follower import Follower
from coalition.index.queries import Queries
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import Purpose
from coalition.service import LedgerService
from coalition.service.balances import PastBalances
from coalition.service.batches import SignedBatches
from coalition.service.bell import Bell
from coalition.service.campaign_authoring import CampaignAuthoring
from coalition.service.campaign_files import CampaignFiles
from coalition.service.campaign_members import CampaignMembers
from coalition.service.campaigns import CampaignService
from coalition.service.deliveries import Deliveries
from coalition.service.events import EventFeed
from coalition.service.pending import PendingEarns
from coalition.service.previews import OperationPreviews
from coalition.service.sealing import Seal
from coalition.service.till import TillDesk
from coalition.service.tills import TillService
from coalition.service.webhook_sender import Sender
from coalition.service.webhook_targets import Reach
from coalition.service.webhooks import WebhookService
from coalition.submit import Submitter
from coalition.submit import migrate as migrate_outbox
from coalition.submit.idempotency import IdempotencyKeys
from coalition.submit.receipt_texts import ReceiptTexts
from coalition.submit.scheduled import ScheduledEarns
from coalition.submit.till_tokens import TillTokens
from coalition.submit.webhooks import WebhookStore
from coalition.telemetry import Telemetry

START = 1_772_366_300  # a little before the deadlines of the examples
MEMBER_KEY = KeySigner(bytes(31) + b"\1")


def signer(name: str) -> KeySigner:
    return KeySigner(keccak(name.encode()))


@dataclass
class Stack:
    """`url` is where it listens; `keys` are API keys by partner. Partner 3 signs itself, with `signer("kiosk")`."""

    url: str
    keys: dict[int, str]
    rpc: TesterRpc
    admin: Admin
    domain: Domain
    deployment: Deployment
    service: LedgerService
    tokens: TillTokens
    later: PendingEarns
    queries: Queries
    submitter: Submitter
    access: Access
    allow: Callable[[int, int], None]
    context: Context

    def sign(self, partner: int, receipt: str, points: int, deadline: int, purpose: Purpose) -> str:
        number = receipt_number(receipt)
        digest = authorization_digest(self.domain, MEMBER_KEY.address, partner, points, number, purpose, deadline)
        return "0x" + MEMBER_KEY.sign(digest).hex()


@contextmanager
def running(folder: Path, start: int = START, telemetry: Telemetry | None = None) -> Iterator[Stack]:
    """Three partners, of whom the last signs itself, one member with a key of its own, and the API over it.

    `start` is the chain's first time.
    """
    rpc = TesterRpc(start_timestamp=start)
    operator = signer("operator")
    roles = RoleSigners(signer("deployer"), operator, signer("governor"), signer("recovery"))
    deployment = deploy(rpc, roles, Parameters())
    admin = Admin(rpc, deployment, operator)
    posting = {}
    for name, currency, rate in (("Corner Grocery", "USD", 100), ("Green Market", "EUR", 150)):
        number = admin.add_partner(name, signer(f"{name} account").address, signer(name).address, currency, rate)
        posting[number] = [signer(name)]
    own = admin.add_partner("Own Key Kiosk", signer("kiosk account").address, signer("kiosk").address, "USD", 100)
    admin.enrol([MEMBER_KEY.address])
    account = {
        number: signer(f"{name} account").address for number, name in ((1, "Corner Grocery"), (2, "Green Market"))
    }

    def allow(partner: int, points: int) -> None:
        send(rpc, MEMBER_KEY, deployment.ledger, encode_call("PointLedger", "approve", (account[partner], points)))

    with ExitStack() as stack:
        index = open_database(f"sqlite:///{folder / 'index.db'}")
        outbox = sa.create_engine(f"sqlite:///{folder / 'outbox.db'}")
        stack.callback(index.dispose)
        stack.callback(outbox.dispose)
        migrate_index(index)
        migrate_outbox(outbox)
        follower = Follower(index, rpc, deployment, poll_seconds=0.02)
        follower.catch_up()
        submitter = Submitter(outbox, rpc, deployment, posting)
        follower.add_listener(submitter)
        bell = Bell()
        follower.add_listener(bell)
        submitter.start()
        stack.callback(submitter.close)
        follower.start()
        stack.callback(follower.stop)
        queries, texts = Queries(index), ReceiptTexts(outbox)
        stack.callback(texts.close)
        idempotency, access, tokens = IdempotencyKeys(outbox), Access(outbox), TillTokens(outbox)
        scheduled = ScheduledEarns(outbox)
        for part in (idempotency, tokens, scheduled, access):
            stack.callback(part.close)
        service = LedgerService(submitter, queries, texts)
        files, keystore = CampaignFiles(folder / "campaigns"), Keystore(folder / "keystores", "a passphrase")
        campaigns = CampaignService(rpc, deployment, keystore, service.partners, files)
        clock = lambda: history.head(rpc).timestamp  # noqa: E731
        events = EventFeed(queries)
        service.hide(tokens.hidden)
        webhooks = stack.enter_context(_delivering(outbox, events, service, bell))
        service.reserve((later := PendingEarns(service, scheduled)).conflicts)
        context = Context(
            service=service,
            access=access,
            readiness=lambda: Readiness((Check("chain", True), Check("index", follower.status().error is None))),
            clock=clock,
            pending=submitter.is_pending,
            campaigns=CampaignMembers(campaigns, queries),
            previews=OperationPreviews(rpc, deployment, queries, service.partners, texts, clock),
            balances=PastBalances(rpc, queries),
            authoring=CampaignAuthoring(campaigns, queries),
            till=TillDesk(rpc, deployment, queries, tokens),
            later=later,
            idempotency=idempotency,
            batches=SignedBatches(rpc, deployment, submitter, queries, texts),
            events=events,
            streams=EventStreams(service, events, bell),
            webhooks=webhooks,
            tills=TillService(rpc, deployment, keystore, service, clock),
            has_files=True,
            telemetry=telemetry or Telemetry(),
        )
        app = create_app(context)
        url = stack.enter_context(served(app))
        keys = {number: access.credentials.issue(number, "till", ALL_SCOPES) for number in (*posting, own)}
        domain = Domain(deployment.chain_id, deployment.ledger)
        yield Stack(
            url,
            keys,
            rpc,
            admin,
            domain,
            deployment,
            service,
            tokens,
            later,
            queries,
            submitter,
            access,
            allow,
            context,
        )


@contextmanager
def _delivering(outbox: sa.Engine, events: EventFeed, service: LedgerService, bell: Bell) -> Iterator[WebhookService]:
    store = WebhookStore(outbox)
    webhooks = WebhookService(store, events, Seal(bytes(32)), Reach.LOOPBACK)
    render, sender = partial(event_texts, service), Sender(Reach.LOOPBACK, time.time)
    with Deliveries(outbox, webhooks, events, render, bell, sender).running():
        yield webhooks
    store.close()


@contextmanager
def served(app: object = None, config: uvicorn.Config | None = None) -> Iterator[str]:
    """Serve an application, or what `config` says, on a port; its streams must end by themselves, or with `Bell.close`."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    server = uvicorn.Server(config or uvicorn.Config(app, log_level="warning", access_log=False))  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
