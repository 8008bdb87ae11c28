"""Campaigns from a file to their end: proposed, approved by every sponsor, started, changed, paused, ended, closed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from coalition.campaigns.check import read_campaign
from coalition.campaigns.compile import compile_terms
from coalition.campaigns.diff import Change, changes, is_amendable
from coalition.campaigns.document import Campaign
from coalition.campaigns.tier_file import TierFile, read_tiers
from coalition.chain.campaign_reading import ask
from coalition.chain.campaigns import CampaignKey, commitment_of
from coalition.chain.deployment import Deployment
from coalition.chain.keccak import keccak
from coalition.chain.keystore import Keystore
from coalition.chain.rpc import Rpc
from coalition.chain.signer import Signer
from coalition.errors import AccessDenied, CoalitionError, InputError, NotFound, Refused
from coalition.ledger.campaigns.state import Proposed
from coalition.ledger.campaigns.terms import NO_HASH, Sponsor
from coalition.service.campaign_answers import CampaignShown
from coalition.service.campaign_book import CampaignReader, rule_address
from coalition.service.campaign_files import CampaignFiles
from coalition.service.partner_keys import partner_signer
from coalition.service.partners import PartnerDirectory

__all__ = ["CampaignService"]

OPERATOR = "operator"
NEXT_BLOCK_SECONDS = 30
SEED = keccak(b"coalition campaign seed")


class CampaignService:
    """What sponsors and the operator do about campaigns.

    Keys come from the keystore: a partner's own for what only a sponsor may do, the operator's for what anybody may. Every
    method that sends waits for the block; a refusal by the contracts is raised with its own code, and nothing is half done.
    """

    def __init__(
        self, rpc: Rpc, deployment: Deployment, keystore: Keystore, partners: PartnerDirectory, files: CampaignFiles
    ) -> None:
        self.reader = CampaignReader(rpc, deployment, partners, files)
        self._rpc = rpc
        self._deployment = deployment
        self._keystore = keystore
        self._partners = partners
        self._files = files

    # ---- reading

    def show(self, campaign: int) -> CampaignShown:
        """Return all that is known of a campaign.

        Raises:
            NotFound: `campaign_unknown`.
        """
        return self.reader.show(campaign)

    def all(self) -> list[CampaignShown]:
        """Return all campaigns, in the order in which they were proposed."""
        return self.reader.all()

    def check(self, path: Path, decimals: int | None = None) -> Campaign:
        """Return the campaign of a file that could be proposed now; amounts have the partners' `decimals` unless others are given.

        Raises:
            InputError: `campaign_invalid`, with every finding; `decimals_differ`.
        """
        digits = self.reader.decimals() if decimals is None else decimals
        return read_campaign(path, self.reader.context(self.reader.now(), digits))

    def file_of(self, campaign: int, version: int | None = None) -> Campaign:
        """Return the campaign as its kept file says it, by default of the latest version.

        Raises:
            NotFound: `campaign_unknown`, `terms_unknown`, or `campaign_file_missing`.
        """
        known = self.reader.version(campaign, version)
        found = self.reader.campaign_of(known.terms)
        if found is None:
            raise NotFound(
                f"The file of campaign {campaign}, version {known.version}, is not kept here. Who proposed it has it.",
                code="campaign_file_missing",
            )
        return found

    def changes(self, before: Campaign, after: Campaign) -> tuple[Change, ...]:
        """Return what `after` says otherwise than `before`, field by field."""
        return changes(before, after, self.reader.context())

    # ---- agreement

    def propose(self, path: Path, partner: str | int, decimals: int | None = None) -> CampaignShown:
        """Put a file's campaign to its sponsors, of which `partner` is one; the file is kept.

        Raises:
            InputError: `campaign_invalid`, with every finding.
            AccessDenied: `sponsor_only` if the partner is no sponsor, or its key may not sign.
        """
        row = self._partners.find(partner)
        campaign = self.check(path, decimals)
        _require_sponsor(row.partner, campaign.sponsors)
        key = self._key_of(row.partner)
        terms = compile_terms(campaign, rule_address(self._deployment, campaign.kind), keccak)
        self._files.keep(path, campaign)
        return self.show(key.propose(terms))

    def amend(
        self, campaign: int, path: Path, partner: str | int, decimals: int | None = None
    ) -> tuple[CampaignShown, tuple[Change, ...]]:
        """Put another version of a campaign to its sponsors; return it, and what changes against the version before.

        Raises:
            InputError: `campaign_invalid`; `terms_fixed` if something changes that no version can change, `terms_same` if
                nothing does.
            NotFound: `campaign_unknown`.
            AccessDenied: `sponsor_only`, or the partner's key may not sign.
        """
        row = self._partners.find(partner)
        after = self.check(path, decimals)
        before = self.reader.version(campaign)
        _require_sponsor(row.partner, before.terms.sponsors)
        terms = compile_terms(after, rule_address(self._deployment, after.kind), keccak)
        if replace(terms, document=before.terms.document) == before.terms:
            raise InputError(f"The file changes nothing of campaign {campaign}.", code="terms_same")
        known = self.reader.campaign_of(before.terms)
        changed = self.changes(known, after) if known else ()
        if not is_amendable(changed):
            raise Refused(
                "; ".join(str(change) for change in changed if change.is_fixed) + ". Propose another campaign.",
                code="terms_fixed",
            )
        key = self._key_of(row.partner)
        self._files.keep(path, after)
        key.amend(campaign, terms)
        return self.show(campaign), changed

    def approve(
        self, campaign: int, partner: str | int, *, until: int | None = None, version: int | None = None
    ) -> CampaignShown:
        """Agree, with the partner's key, to exactly the terms of a version (the latest), until a Unix time (its opening).

        Whoever completes the approvals starts the campaign with it. Stopped in between, the same call goes on where it was.
        For a campaign that draws, the partner's seed is made first, kept in the keystore, and committed to.

        Raises:
            NotFound: `campaign_unknown`, `terms_unknown`.
            AccessDenied: `sponsor_only`, or the partner's key may not sign.
            CoalitionError: what keeps a campaign with all approvals from starting.
        """
        row = self._partners.find(partner)
        known = self.reader.version(campaign, version)
        _require_sponsor(row.partner, known.terms.sponsors)
        key = self._key_of(row.partner)
        if known.terms.draws:
            self._commit(key, campaign, row.partner)
        wanted = known.terms.opens_at if until is None else until
        given = self._approved_until(known.terms_hash, row.partner)
        if not self._is_started(campaign, known) and (given < wanted if until is None else given != wanted):
            key.approve(campaign, known.version, known.terms_hash, wanted)
        shown = self.show(campaign)
        if not shown.versions[known.version - 1].missing(shown.now):
            self._start(key, campaign, known)
        return self.show(campaign)

    def start(self, campaign: int, version: int | None = None) -> CampaignShown:
        """Start a version that every sponsor approved; one that was started already stays so.

        Raises:
            Refused: `approval_missing`, `approval_expired`, `seed_missing`, `start_too_late`, …
        """
        self._start(self._anybody(), campaign, self.reader.version(campaign, version))
        return self.show(campaign)

    # ---- life

    def pause(self, campaign: int, partner: str | int) -> CampaignShown:
        """Let nothing count until it is resumed, where the terms allow it."""
        self._sponsor_key(campaign, partner).pause(campaign)
        return self.show(campaign)

    def resume(self, campaign: int, partner: str | int) -> CampaignShown:
        """Let purchases count again."""
        self._sponsor_key(campaign, partner).resume(campaign)
        return self.show(campaign)

    def end(self, campaign: int, partner: str | int) -> CampaignShown:
        """End it after the notice of its terms, where they allow it; what was earned is still paid."""
        self._sponsor_key(campaign, partner).end(campaign)
        return self.show(campaign)

    def close(self, campaign: int) -> CampaignShown:
        """Release what is left of the budget, 30 days after the end."""
        self.reader.proposals(campaign)
        self._anybody().close(campaign)
        return self.show(campaign)

    def reveal(self, campaign: int, partner: str | int) -> None:
        """Show the partner's seed, in the seven days after the campaign's end; the draw needs those of all sponsors.

        Raises:
            NotFound: `seed_not_here` if the seed was not made with this keystore.
        """
        row = self._partners.find(partner)
        name = _seed_name(campaign, row.partner)
        if name not in self._keystore.names():
            raise NotFound(f"{row.name} made no seed for campaign {campaign} here.", code="seed_not_here")
        self._sponsor_key(campaign, partner).reveal_seed(campaign, self._seed(name))

    def reveal_kept(self, campaign: int) -> list[int]:
        """Show the seeds of all sponsors whose seeds and keys are here and were not shown yet; return those sponsors."""
        shown = []
        for sponsor in self.reader.version(campaign).terms.sponsors:
            question = ("CampaignBook", "hasRevealed", (campaign, sponsor.partner))
            here = _seed_name(campaign, sponsor.partner) in self._keystore.names()
            if here and not ask(self._rpc, self._deployment, question)[0]:
                self.reveal(campaign, sponsor.partner)
                shown.append(sponsor.partner)
        return shown

    # ---- operator

    def set_tiers(self, path: Path) -> TierFile:
        """Announce the programme of a file: from its own time, else as soon as it may count. The file is kept.

        Raises:
            InputError: `campaign_invalid`, with every finding; `effective_too_soon`.
        """
        tiers = read_tiers(path, now=self.reader.now())
        self._files.keep_tiers(path, tiers.programme)
        effective_from = tiers.effective_from
        try:
            self._anybody().announce_programme(tiers.programme, effective_from or 0)
        except InputError as error:
            if effective_from is not None or error.code != "effective_too_soon":
                raise
            # the contract has told from when on it may count; the block that says so comes a moment later
            effective_from = error.details["arguments"]["earliest"] + NEXT_BLOCK_SECONDS
            self._anybody().announce_programme(tiers.programme, effective_from)
        return replace(tiers, effective_from=effective_from)

    def set_floor(self, member: str, tier: int, until: int) -> None:
        """Give a member a paid tier until a Unix time; tier 0 ends it."""
        self._anybody().set_floor(member, tier, until)

    def define_badge(self, badge: int, uri: str) -> None:
        """Say where the metadata of a badge are.

        Raises:
            InputError: `badge_invalid`.
        """
        self._anybody().define_badge(badge, uri)

    def list_rule(self, rule: str) -> None:
        """Allow campaigns of the kind whose contract stands at an address.

        Raises:
            InputError: `address_invalid`, or `contract_missing` if there is no contract.
        """
        self._anybody().list_rule(rule)

    def delist_rule(self, rule: str) -> None:
        """Allow no further campaigns of a kind; what runs goes on.

        Raises:
            InputError: `address_invalid`.
            Refused: `rule_not_listed`.
        """
        self._anybody().delist_rule(rule)

    # ---- keys

    def key_of(self, signer: Signer) -> CampaignKey:
        """Return what a key may do."""
        return CampaignKey(self._rpc, self._deployment, signer)

    def partner_key(self, partner: str | int) -> CampaignKey:
        """Return what a partner's key may do.

        Raises:
            AccessDenied: `partner_key_missing`.
        """
        return self._key_of(self._partners.find(partner).partner)

    def named_key(self, address: str) -> CampaignKey:
        """Return what the key of an address may do, if the keystore has it.

        Raises:
            AccessDenied: `attestor_key_missing`.
        """
        for name in self._keystore.names():
            if self._keystore.address(name) == address:
                return self.key_of(self._keystore.signer(name))
        raise AccessDenied(
            f"The key of {address}, whose word counts by the terms, is not in this keystore.",
            code="attestor_key_missing",
        )

    @property
    def operator(self) -> str:
        """The operator's address; empty if its key is elsewhere."""
        return self._keystore.address(OPERATOR) if OPERATOR in self._keystore.names() else ""

    def anybody(self) -> CampaignKey:
        """Return a key for what anybody may do."""
        return self._anybody()

    def _anybody(self) -> CampaignKey:
        return self.key_of(self._keystore.signer(OPERATOR))

    def _sponsor_key(self, campaign: int, partner: str | int) -> CampaignKey:
        row = self._partners.find(partner)
        _require_sponsor(row.partner, self.reader.version(campaign).terms.sponsors)
        return self._key_of(row.partner)

    def _key_of(self, partner: int) -> CampaignKey:
        """The latest key of a partner that may sign now."""
        return self.key_of(partner_signer(self._keystore, self._partners, partner, self.reader.now()))

    # ---- steps

    def _start(self, key: CampaignKey, campaign: int, known: Proposed) -> None:
        if self._is_started(campaign, known):
            return
        try:
            key.start(campaign, known.version, known.terms)
        except CoalitionError:
            if not self._is_started(campaign, known):  # else somebody else was a moment faster
                raise

    def _is_started(self, campaign: int, known: Proposed) -> bool:
        """True if this version counts, waits, or was followed by another."""
        live = self.reader.live(campaign)
        if live.version >= known.version:
            return True
        waiting = ask(self._rpc, self._deployment, ("CampaignBook", "nextOf", (campaign,)))[0]
        return bool(live.next_from) and waiting[2] == known.terms_hash

    def _approved_until(self, terms_hash: bytes, partner: int) -> int:
        question = ("CampaignAgreements", "approvedUntil", (terms_hash, partner))
        found: int = ask(self._rpc, self._deployment, question)[0]
        return found

    def _commit(self, key: CampaignKey, campaign: int, partner: int) -> None:
        """Commit to the partner's seed, unless it has committed to one."""
        question = ("CampaignAgreements", "commitmentOf", (campaign, partner))
        if ask(self._rpc, self._deployment, question)[0] != NO_HASH:
            return
        name = _seed_name(campaign, partner)
        if name not in self._keystore.names():
            self._keystore.create(name)
        key.commit_seed(campaign, commitment_of(campaign, partner, self._seed(name)))

    def _seed(self, name: str) -> bytes:
        """The seed that a key of the keystore stands for: 32 bytes that nobody guesses without it."""
        return keccak(self._keystore.signer(name).sign(SEED))


def _seed_name(campaign: int, partner: int) -> str:
    return f"seed-{campaign}-{partner}"


def _require_sponsor(partner: int, sponsors: tuple[Sponsor, ...]) -> None:
    if all(one.partner != partner for one in sponsors):
        raise AccessDenied(
            f"Partner {partner} is no sponsor of this campaign. Only sponsors may do this.", code="sponsor_only"
        )
