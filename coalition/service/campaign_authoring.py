"""Writing campaigns: a file to begin with, what is wrong with one, what it would have cost, and the files that were agreed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from coalition.campaigns.check import check, read_campaign
from coalition.campaigns.compile import compile_terms
from coalition.campaigns.diff import Change, changes
from coalition.campaigns.document import Campaign, Context
from coalition.campaigns.findings import Finding
from coalition.campaigns.kinds import KINDS
from coalition.campaigns.simulate import PastAction, PastInvitation, Preview
from coalition.campaigns.templates import TIERS_TEMPLATE, template
from coalition.campaigns.written import written
from coalition.chain.keccak import keccak
from coalition.errors import NotFound
from coalition.index.queries import Queries
from coalition.ledger.campaigns.terms import Terms, hash_of
from coalition.service.campaign_book import rule_address
from coalition.service.campaigns import CampaignService
from coalition.service.past import history_of, tried

__all__ = [
    "EXAMPLE_ATTESTOR",
    "EXAMPLE_SHOPS",
    "TEMPLATE_KINDS",
    "CampaignAuthoring",
    "CheckedFile",
    "Compiled",
    "KeptFile",
]

TEMPLATE_KINDS = (*sorted(KINDS), "tiers")
"""What there are templates for."""

EXAMPLE_SHOPS = ("grocery", "florist")
EXAMPLE_ATTESTOR = "0x0000000000000000000000000000000000000001"
PURCHASES_MAX = 50_000
OWN_ONLY = "Only your own purchases were tried: what members bought at other partners is not in the figures."
LATEST_ONLY = f"Only your latest {PURCHASES_MAX:,} purchases were tried."


@dataclass(frozen=True, slots=True)
class Compiled:
    """What the chain would be given, and the number, version and hash that it would have if it were proposed next."""

    campaign: int
    version: int
    terms_hash: bytes
    terms: Terms


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What is wrong with a file; if nothing is, its fields as people read them, and what it compiles to.

    `changes` are those against the latest version of the campaign that it amends; None if it amends none, or if that version's
    file is not kept here.
    """

    findings: tuple[Finding, ...]
    fields: Mapping[str, str] = field(default_factory=dict)
    compiled: Compiled | None = None
    changes: tuple[Change, ...] | None = None


@dataclass(frozen=True, slots=True)
class KeptFile:
    """The text that was agreed, and what it changes against the version before; None for a first version, or if the file of
    the one before is not kept here."""

    campaign: int
    version: int
    terms_hash: bytes
    text: str
    changes: tuple[Change, ...] | None


class CampaignAuthoring:
    """What somebody who writes a campaign asks. Nothing of it changes anything."""

    def __init__(self, campaigns: CampaignService, queries: Queries) -> None:
        self._campaigns = campaigns
        self._reader = campaigns.reader
        self._queries = queries

    def template(self, kind: str, partner: int) -> str:
        """Return a file to begin with, for a partner and another; `tiers` gives a programme of tiers.

        Raises:
            NotFound: `kind_unknown`.
        """
        if kind == "tiers":
            return TIERS_TEMPLATE
        if kind not in KINDS:
            raise NotFound(f"There is no kind {kind[:80]!r}. Kinds: {', '.join(TEMPLATE_KINDS)}.", code="kind_unknown")
        rows = sorted(self._reader.partners.all(), key=lambda row: (row.partner != partner, row.partner))
        first, second = (*(row.name for row in rows[:2]), *EXAMPLE_SHOPS)[:2]
        return template(kind, (first, second), self._reader.now(), self._campaigns.operator or EXAMPLE_ATTESTOR)

    def check(self, path: Path, *, decimals: int | None = None, amends: int | None = None) -> CheckedFile:
        """Return what is wrong with a file that is to be proposed now, or to amend a campaign.

        Raises:
            InputError: `decimals_differ` if `decimals` are not given and the partners' currencies do not agree on them.
            NotFound: `campaign_unknown`.
        """
        context = self._context(self._reader.now(), decimals)
        checked = check(path, context)
        if checked.campaign is None:
            return CheckedFile(checked.findings)
        return CheckedFile(
            (),
            written(checked.campaign, context),
            self._compiled(checked.campaign, amends),
            None if amends is None else self._changes(amends, None, checked.campaign),
        )

    def file_of(self, campaign: int, version: int) -> KeptFile:
        """Return the file of a version.

        Raises:
            NotFound: `campaign_unknown`, `terms_unknown`, or `campaign_file_missing`.
        """
        known = self._reader.version(campaign, version)
        file = self._campaigns.file_of(campaign, version)
        changed = self._changes(campaign, version - 1, file) if version > 1 else None
        return KeptFile(campaign, version, known.terms_hash, file.content.decode("utf-8-sig"), changed)

    def simulate(
        self,
        path: Path,
        partner: int,
        *,
        decimals: int | None = None,
        actions: Sequence[PastAction] = (),
        invitations: Sequence[PastInvitation] = (),
        shifts: bool = True,
    ) -> Preview:
        """Try a file on the latest purchases at one partner, and on what it says was attested and who was brought.

        Purchases at other partners are theirs: totals of a campaign that is made for it would tell of a single member.

        Raises:
            InputError: `campaign_invalid`, with every finding; `decimals_differ`; `purchases_none`.
        """
        campaign = read_campaign(path, self._context(None, decimals))
        purchases = history_of(self._queries, partner=partner, most=PURCHASES_MAX)
        tiers = self._reader.files.find_tiers(self._reader.programme())
        found = tried(campaign, purchases, actions=actions, invitations=invitations, tiers=tiers, shifts=shifts)
        notes = (OWN_ONLY, LATEST_ONLY) if len(purchases) == PURCHASES_MAX else (OWN_ONLY,)
        return replace(found, notes=(*found.notes, *notes))

    def _context(self, now: int | None, decimals: int | None) -> Context:
        return self._reader.context(now, self._reader.decimals() if decimals is None else decimals)

    def _compiled(self, campaign: Campaign, amends: int | None) -> Compiled:
        deployment = self._reader.deployment
        terms = compile_terms(campaign, rule_address(deployment, campaign.kind), keccak)
        number, version = self._reader.count() + 1, 1
        if amends is not None:
            number, version = amends, len(self._reader.proposals(amends)) + 1
        terms_hash = hash_of(deployment.chain_id, deployment.agreements, number, version, terms, keccak)
        return Compiled(number, version, terms_hash, terms)

    def _changes(self, campaign: int, version: int | None, after: Campaign) -> tuple[Change, ...] | None:
        before = self._reader.campaign_of(self._reader.version(campaign, version).terms)
        return None if before is None else changes(before, after, self._reader.context())
