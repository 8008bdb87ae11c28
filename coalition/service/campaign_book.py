"""What the service knows of campaigns, read from the chain and from the files that are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from coalition.campaigns.currencies import decimals_of_all
from coalition.campaigns.document import Campaign, Context
from coalition.campaigns.written import written
from coalition.chain import history
from coalition.chain.campaign_reading import Live, Question, ask, ask_all, programme_of, proposals, read_live
from coalition.chain.deployment import Deployment
from coalition.chain.keccak import keccak
from coalition.chain.rpc import Rpc
from coalition.errors import InputError, NotFound
from coalition.ledger.campaigns.state import Proposed
from coalition.ledger.campaigns.terms import Terms
from coalition.ledger.rules.twins import CONTRACTS
from coalition.ledger.tiers import NO_PROGRAMME, Programme
from coalition.service.campaign_answers import Approval, CampaignShown, VersionShown
from coalition.service.campaign_files import CampaignFiles
from coalition.service.partners import PartnerDirectory

__all__ = ["CampaignReader", "kind_of", "rule_address"]

MINOR_DIGITS = 2
VERSIONS_CACHED = 1_000


def kind_of(deployment: Deployment, rule: str) -> str:
    """Return the kind whose contract stands at an address; empty if it is not this version's."""
    return next((kind for kind, contract in CONTRACTS.items() if deployment.rules.get(contract) == rule), "")


def rule_address(deployment: Deployment, kind: str) -> str:
    """Return the address of a kind's contract."""
    return deployment.rules[CONTRACTS[kind]]


class CampaignReader:
    """Reads campaigns. Terms never change, so they are read once."""

    def __init__(self, rpc: Rpc, deployment: Deployment, partners: PartnerDirectory, files: CampaignFiles) -> None:
        self.rpc = rpc
        self.deployment = deployment
        self.partners = partners
        self.files = files
        self._versions: dict[int, list[Proposed]] = {}
        self._file = lru_cache(VERSIONS_CACHED)(self._file_of)
        self._name = lru_cache(VERSIONS_CACHED)(files.name_of)

    def now(self) -> int:
        """Return the chain's time, in Unix seconds."""
        return history.head(self.rpc).timestamp

    def context(self, now: int | None = None, decimals: int = MINOR_DIGITS) -> Context:
        """Return what files are checked against; with `now`, nothing may open before it."""
        names = {row.name: row.partner for row in self.partners.all()}
        return Context(names, keccak, self.tier_names(), now, decimals)

    def decimals(self) -> int:
        """Return the decimals that the partners' currencies share.

        Raises:
            InputError: `decimals_differ`.
        """
        return decimals_of_all(row.currency for row in self.partners.all())

    def programme(self, block: int | str = "latest") -> Programme:
        """Return the programme of tiers that counts."""
        (version,) = ask(self.rpc, self.deployment, ("TierBook", "programmeNow", ()), block)
        return programme_of(self.rpc, self.deployment, version, block)[0] if version else NO_PROGRAMME

    def tier_names(self) -> tuple[str, ...]:
        """Return the names of the tiers of the programme that counts, lowest first; "tier 1" and so on without its file."""
        programme = self.programme()
        known = self.files.find_tiers(programme)
        return known.tier_names if known else tuple(f"tier {number}" for number in range(len(programme.tiers)))

    def tier_number(self, tier: str) -> int:
        """Return the number of a tier of the programme that counts, by its name or number.

        Raises:
            InputError: `tier_unknown`.
        """
        names = self.tier_names()
        number = (
            names.index(tier) if tier in names else int(tier) if tier.isascii() and tier.isdecimal() else len(names)
        )
        if number >= len(names):
            raise InputError(
                f"There is no tier {tier[:80]!r}. Tiers: {', '.join(names) or 'none yet'}.", code="tier_unknown"
            )
        return number

    def count(self) -> int:
        """Return how many campaigns were proposed."""
        found: int = ask(self.rpc, self.deployment, ("CampaignAgreements", "campaignCount", ()))[0]
        return found

    def proposals(self, campaign: int) -> list[Proposed]:
        """Return the versions of a campaign.

        Raises:
            NotFound: `campaign_unknown`.
        """
        found = self._proposals([_checked(campaign)])[campaign]
        if not found:
            raise _unknown(campaign)
        return found

    def version(self, campaign: int, version: int | None = None) -> Proposed:
        """Return one version of a campaign, the latest by default.

        Raises:
            NotFound: `campaign_unknown` or `terms_unknown`.
        """
        known = self.proposals(campaign)
        if version is None:
            return known[-1]
        if not 1 <= version <= len(known):
            raise NotFound(
                f"Campaign {campaign} has versions 1 to {len(known)}, and no {version}.", code="terms_unknown"
            )
        return known[version - 1]

    def live(self, campaign: int) -> Live:
        """Return how far a campaign is."""
        return read_live(self.rpc, self.deployment, [campaign])[0]

    def show(self, campaign: int) -> CampaignShown:
        """Return all that is known of a campaign. Raises as `proposals`."""
        self.proposals(campaign)
        return self._shown([campaign], self.context())[0]

    def all(self) -> list[CampaignShown]:
        """Return all campaigns, in the order in which they were proposed."""
        return self._shown(range(1, self.count() + 1), self.context())

    def campaign_of(self, terms: Terms) -> Campaign | None:
        """Return the campaign of the file that terms name; None if it is not here."""
        return self._file(terms)

    def name_of(self, campaign: int, terms: Terms) -> str:
        """Return a campaign's name as the file that terms name has it; "campaign 3" and so on without that file."""
        return self._name(terms) or f"campaign {campaign}"

    def _file_of(self, terms: Terms) -> Campaign | None:
        return self.files.find(terms, self.context())

    def _shown(self, campaigns: Sequence[int], context: Context) -> list[CampaignShown]:
        """Campaigns in a few batches, however many they are."""
        known, now = self._proposals(campaigns), self.now()
        lives = read_live(self.rpc, self.deployment, campaigns)
        questions: list[Question] = [
            ("CampaignAgreements", "approvedUntil", (version.terms_hash, sponsor.partner))
            for one in campaigns
            for version in known[one]
            for sponsor in version.terms.sponsors
        ]
        answers = iter(ask_all(self.rpc, self.deployment, questions))
        shown = []
        for one, live in zip(campaigns, lives, strict=True):
            versions = tuple(self._version(one, version, answers, context) for version in known[one])
            kind = kind_of(self.deployment, known[one][0].terms.rule)
            shown.append(CampaignShown(one, kind, versions, live, now))
        return shown

    def _version(
        self, campaign: int, version: Proposed, approvals: Iterator[tuple[int, ...]], context: Context
    ) -> VersionShown:
        given = tuple(Approval(one.partner, one.share_bps, next(approvals)[0]) for one in version.terms.sponsors)
        file = self._file(version.terms)
        if file is None:
            return VersionShown(version, given, f"campaign {campaign}", "")
        return VersionShown(version, given, file.name, file.says, written(file, context))

    def _proposals(self, campaigns: Sequence[int]) -> dict[int, list[Proposed]]:
        questions: list[Question] = [("CampaignAgreements", "versionCount", (one,)) for one in campaigns]
        for one, (count,) in zip(campaigns, ask_all(self.rpc, self.deployment, questions), strict=True):
            if len(self._versions.get(one, ())) < count:
                self._versions[one] = proposals(self.rpc, self.deployment, one)
        return {one: self._versions.get(one, []) for one in campaigns}


def _checked(campaign: int) -> int:
    if not 0 < campaign < 1 << 32:
        raise _unknown(campaign)
    return campaign


def _unknown(campaign: int) -> NotFound:
    return NotFound(f"There is no campaign {campaign}. `coalition campaign list` shows them.", code="campaign_unknown")
