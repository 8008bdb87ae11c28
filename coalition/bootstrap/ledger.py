"""A ledger that is running in this process, and what its operator does."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coalition.access import Access
from coalition.audit.run import AuditReport, audit
from coalition.chain import history
from coalition.chain.admin import Admin
from coalition.chain.deployment import Deployment
from coalition.chain.keystore import Keystore
from coalition.chain.rpc import Rpc
from coalition.chain.typed_data import Domain, authorization_digest
from coalition.errors import ChainUnavailable, CoalitionError, InputError, StorageFull
from coalition.index.follower import Follower
from coalition.index.partners import PartnerKeyRow, PartnerRow
from coalition.index.queries import Queries
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import Purpose
from coalition.service.batches import SignedBatches
from coalition.service.bell import Bell
from coalition.service.campaign_members import CampaignMembers
from coalition.service.campaigns import CampaignService
from coalition.service.custody import Custody
from coalition.service.deliveries import Deliveries
from coalition.service.events import EventFeed
from coalition.service.ledger import LedgerService
from coalition.service.load import Loader
from coalition.service.pending import PendingEarns
from coalition.service.previews import OperationPreviews
from coalition.service.till import TillDesk
from coalition.service.tills import TillService
from coalition.service.webhooks import WebhookService
from coalition.settings import Settings
from coalition.submit.idempotency import IdempotencyKeys
from coalition.submit.receipt_texts import ReceiptTexts
from coalition.submit.submitter import Submitter

__all__ = ["OpenLedger"]

NAME_LENGTH_MAX = 60


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """The parts of a running ledger. `clock_follows` says that the chain's clock follows the data (development only)."""

    settings: Settings
    chain_url: str
    rpc: Rpc
    deployment: Deployment
    keystore: Keystore
    custody: Custody
    submitter: Submitter
    follower: Follower
    queries: Queries
    texts: ReceiptTexts
    idempotency: IdempotencyKeys
    till: TillDesk
    later: PendingEarns
    service: LedgerService
    batches: SignedBatches
    tills: TillService
    campaigns: CampaignService
    campaign_members: CampaignMembers
    access: Access
    events: EventFeed
    bell: Bell
    webhooks: WebhookService
    deliveries: Deliveries
    clock_follows: bool = False

    def now(self) -> int:
        """Return the chain's time, in Unix seconds."""
        return history.head(self.rpc).timestamp

    def previews(self) -> OperationPreviews:
        """Return what previews operations; see `OperationPreviews`."""
        return OperationPreviews(self.rpc, self.deployment, self.queries, self.service.partners, self.texts, self.now)

    def loader(self, *, enrol: bool = True) -> Loader:
        """Return a loader of purchase files; see `Loader`."""
        return Loader(
            self.submitter,
            self.queries,
            self.service.partners,
            self.texts,
            self.custody,
            enrol=enrol,
            follows_clock=self.clock_follows,
            trouble=self.trouble,
        )

    def trouble(self) -> CoalitionError | None:
        """Return what keeps operations from being decided just now: chain, outbox or read model; None if nothing does."""
        following = self.follower.status().error
        if isinstance(following, CoalitionError):
            return following
        words = "; ".join(self.submitter.status.trouble.values())
        if not words:
            return None
        return StorageFull(words) if "disk" in words else ChainUnavailable(words)

    def audit(self, progress: Callable[[int, int], None] = lambda done, total: None) -> AuditReport:
        """Replay the book and compare fold, storage and read model."""
        self.follower.catch_up()
        return audit(self.rpc, self.deployment, self.queries, progress)

    def sign_for(
        self, member: str, partner: str | int, receipt: str, points: int, deadline: int, purpose: Purpose
    ) -> bytes:
        """Return the signature of a member in custody over a redemption or hold.

        Raises:
            InputError: `key_not_in_custody`, or the receipt or the member's reference is wrong.
        """
        signer = self.custody.signer(member)
        domain = Domain(self.deployment.chain_id, self.deployment.ledger)
        number = self.service.partners.find(partner).partner
        receipt_ = receipt_number(receipt)
        return signer.sign(authorization_digest(domain, signer.address, number, points, receipt_, purpose, deadline))

    def add_partner(self, name: str, currency: str, earn_rate_bps: int) -> PartnerRow:
        """On-board a partner with a new account and a new key, both in the keystore; it can post at once.

        Raises:
            InputError: `partner_invalid`, `partner_known`, `currency_invalid`, or what the registry refuses.
        """
        self._check_new_name(name)
        key_name = f"partner-{secrets.token_hex(6)}"
        account = self.keystore.create(f"{key_name}-account")
        key = self.keystore.create(key_name)
        return self.register_partner(name, account.address, key.address, currency, earn_rate_bps)

    def register_partner(self, name: str, account: str, key: str, currency: str, earn_rate_bps: int) -> PartnerRow:
        """Register a partner that keeps its key itself. Raises as `add_partner`."""
        self._check_new_name(name)
        number = self._operator().add_partner(name, account, key, currency, earn_rate_bps)
        self.follower.catch_up()
        return self.service.partners.find(number)

    def suspend_partner(self, partner: int) -> None:
        """Stop all keys of a partner at once."""
        self._operator().suspend_partner(partner)
        self.follower.catch_up()

    def add_partner_key(self, partner: int, own_key: str | None = None) -> PartnerKeyRow:
        """Make a further key for a partner, or register its `own_key`; it may post after the notice period."""
        key = own_key or self.keystore.create(f"partner-{secrets.token_hex(6)}").address
        self._operator().add_key(partner, key)
        self.follower.catch_up()
        keys = next(row for row in self.service.partners.all() if row.partner == partner).keys
        return next(one for one in keys if one.key == key)

    def revoke_partner_key(self, key: str) -> None:
        """Stop a key at once and for ever."""
        self._operator().revoke_key(key)
        self.follower.catch_up()

    def enrol(self, accounts: Sequence[str]) -> None:
        """Make accounts members'."""
        self._operator().enrol(list(accounts))
        self.follower.catch_up()

    def _operator(self) -> Admin:
        return Admin(self.rpc, self.deployment, self.keystore.signer("operator"))

    def _check_new_name(self, name: str) -> None:
        if not 0 < len(name) <= NAME_LENGTH_MAX or not name.isprintable() or name != name.strip() or name.isdecimal():
            raise InputError(
                f"A partner's name has 1 to {NAME_LENGTH_MAX} printable signs and is no number.",
                code="partner_invalid",
            )
        if any(row.name == name for row in self.service.partners.all()):
            raise InputError(f"There is a partner {name!r} already.", code="partner_known")
