"""Opening a ledger: node, deployment, databases, follower, outbox, in this order; and closing it again."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

import sqlalchemy as sa

from coalition.bootstrap.home import access_of, node_of, open_keystore, read_deployment
from coalition.bootstrap.ledger import OpenLedger
from coalition.bootstrap.memory import share_arenas
from coalition.chain import history
from coalition.chain.deployment import verify
from coalition.chain.keccak import keccak
from coalition.chain.keystore import Keystore
from coalition.index.database import migrate as migrate_index
from coalition.index.database import open_database
from coalition.index.follower import Follower
from coalition.index.queries import Queries
from coalition.ledger.events import Event, PartnerAdded, PartnerKeyAdded, Position
from coalition.service.batches import SignedBatches
from coalition.service.bell import Bell
from coalition.service.campaign_files import CampaignFiles
from coalition.service.campaign_members import CampaignMembers
from coalition.service.campaigns import CampaignService
from coalition.service.custody import CUSTODY_SEED, Custody
from coalition.service.deliveries import Deliveries
from coalition.service.events import EventFeed, PartnerEvent
from coalition.service.ledger import LedgerService
from coalition.service.pending import PendingEarns
from coalition.service.sealing import WEBHOOK_SEED, Seal
from coalition.service.till import TillDesk
from coalition.service.tills import TillService
from coalition.service.webhook_sender import Sender
from coalition.service.webhook_targets import Reach
from coalition.service.webhooks import WebhookService
from coalition.settings import Settings
from coalition.submit.idempotency import IdempotencyKeys
from coalition.submit.migrations import migrate as migrate_outbox
from coalition.submit.receipt_texts import ReceiptTexts
from coalition.submit.scheduled import ScheduledEarns
from coalition.submit.submitter import Submitter
from coalition.submit.till_tokens import TillTokens
from coalition.submit.waiting import DAY_SECONDS
from coalition.submit.webhooks import WebhookStore

__all__ = ["open_ledger"]

POLL_SECONDS = 0.05
COLLECT_OBJECTS = 100_000


@contextmanager
def open_ledger(
    settings: Settings, *, clock_follows: bool = False, clock_step: int = DAY_SECONDS
) -> Iterator[OpenLedger]:
    """Yield the ledger under `settings.home`, with its node, follower and outbox running.

    The read model has caught up with the chain, and what an earlier run left in the outbox is on its way again, before this
    yields. With `clock_follows`, a development chain's clock follows the data, `clock_step` seconds at a time.

    Raises:
        SetupError: there is no ledger, its keys cannot be opened, or the node has another chain.
        ChainUnavailable: the node does not answer.
    """
    deployment = read_deployment(settings)
    keystore = open_keystore(settings)
    share_arenas()
    with ExitStack() as stack:
        stack.enter_context(_collecting_rarely())
        node = stack.enter_context(node_of(settings))
        rpc = node.rpc
        verify(rpc, deployment)
        index_engine, outbox_engine = open_database(settings.index_url), sa.create_engine(settings.outbox_url)
        stack.callback(index_engine.dispose)
        stack.callback(outbox_engine.dispose)
        migrate_index(index_engine)
        migrate_outbox(outbox_engine)
        follower = Follower(index_engine, rpc, deployment, poll_seconds=POLL_SECONDS)
        follower.catch_up()
        queries = Queries(index_engine)
        submitter = Submitter(
            outbox_engine,
            rpc,
            deployment,
            {},
            clock_follows,
            node.durable_block,
            day_seconds=clock_step,
            sent=follower.wake,
        )
        keys = _PostingKeys(keystore, submitter, queries)
        keys.take_up()
        follower.add_listener(keys)
        follower.add_listener(submitter)
        bell = Bell(everyone=settings.confirmations > 0)
        follower.add_listener(bell)
        submitter.start()
        stack.callback(submitter.close)
        follower.start()
        stack.callback(follower.stop)
        texts = ReceiptTexts(outbox_engine)
        stack.callback(texts.close)
        idempotency = IdempotencyKeys(outbox_engine)
        stack.callback(idempotency.close)
        access = access_of(settings, outbox_engine)
        stack.callback(access.close)
        tokens = TillTokens(outbox_engine)
        stack.callback(tokens.close)
        service = LedgerService(submitter, queries, texts)
        service.hide(tokens.hidden)
        custody, reach = keystore.signer("custody"), _reach(settings)
        events, store = EventFeed(queries, settings.confirmations), WebhookStore(outbox_engine)
        stack.callback(store.close)
        webhooks = WebhookService(store, events, Seal(keccak(custody.sign(WEBHOOK_SEED))), reach)
        later = PendingEarns(service, ScheduledEarns(outbox_engine))
        stack.callback(later.store.close)
        service.reserve(later.conflicts)
        campaigns = CampaignService(rpc, deployment, keystore, service.partners, CampaignFiles(settings.campaigns))
        yield OpenLedger(
            settings=settings,
            chain_url=node.url,
            rpc=rpc,
            deployment=deployment,
            keystore=keystore,
            custody=Custody(keccak(custody.sign(CUSTODY_SEED))),
            submitter=submitter,
            follower=follower,
            queries=queries,
            texts=texts,
            idempotency=idempotency,
            later=later,
            till=TillDesk(rpc, deployment, queries, tokens),
            service=service,
            batches=SignedBatches(rpc, deployment, submitter, queries, texts),
            tills=TillService(rpc, deployment, keystore, service, lambda: history.head(rpc).timestamp),
            campaigns=campaigns,
            campaign_members=CampaignMembers(campaigns, queries),
            access=access,
            events=events,
            bell=bell,
            webhooks=webhooks,
            deliveries=Deliveries(
                outbox_engine, webhooks, events, partial(_texts, service), bell, Sender(reach, time.time)
            ),
            clock_follows=clock_follows,
        )


def _texts(service: LedgerService, events: Sequence[PartnerEvent]) -> list[str]:
    """The bodies of webhooks. The HTTP layer is slow to import, and few commands deliver anything."""
    from coalition.api.event_bodies import event_texts

    return event_texts(service, events)


def _reach(settings: Settings) -> Reach:
    """Where webhooks may go. A ledger on the embedded chain is for trying out: also to this machine."""
    return Reach[(settings.webhook_reach or ("public" if settings.rpc_url else "loopback")).upper()]


class _PostingKeys:
    """Gives the submitter the keys that are in the keystore: those registered already, and new ones as the book tells of them."""

    def __init__(self, keystore: Keystore, submitter: Submitter, queries: Queries) -> None:
        self._keystore = keystore
        self._submitter = submitter
        self._queries = queries
        self._taken: set[str] = set()
        self._is_behind = False

    def take_up(self) -> None:
        """Take up the keys that are registered, not revoked, and not taken up yet."""
        names = {self._keystore.address(name): name for name in self._keystore.names()}
        for row in self._queries.partners():
            for one in row.keys:
                if one.key in names and one.key not in self._taken and not one.revoked_at:
                    self._taken.add(one.key)
                    self._submitter.add_lane(row.partner, self._keystore.signer(names[one.key]))

    def applied(self, events: Sequence[tuple[Position, Event]], head_block: int) -> None:
        """Whoever registered a key, this process or another, it counts here too."""
        self._is_behind |= any(isinstance(event, PartnerAdded | PartnerKeyAdded) for _, event in events)
        if self._is_behind:
            self.take_up()  # at the next block again if it fails
            self._is_behind = False

    def rolled_back(self, from_block: int) -> None:
        """Keys stay taken up: one that is not registered any more is refused by the ledger."""


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Look for cyclic garbage more rarely, and not among what was there before.

    A load keeps some 100,000 objects without cycles on their way; looking through them and all modules again and again takes a
    quarter of its time.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECT_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
