"""Members in campaigns: what is done and what is next, previews of purchases, tiers, badges; joining, claiming, drawing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from coalition.campaigns.segment import Segment
from coalition.chain import history
from coalition.chain.addresses import ZERO_ADDRESS
from coalition.chain.campaign_reading import Question, ask, ask_all
from coalition.chain.campaigns import MEMBERS_MAX, AttestedAs, CampaignKey, Occasions, earned_preview
from coalition.errors import InputError, NotFound, Refused
from coalition.index.campaigns import CampaignStatus, CampaignTotals
from coalition.index.queries import Queries
from coalition.index.standings import MemberStandings, StandingRow
from coalition.ledger.campaigns.calls import Attestation, Joining
from coalition.ledger.campaigns.state import MEMBER_JOINED
from coalition.ledger.campaigns.terms import Terms
from coalition.ledger.operations import BPS
from coalition.ledger.rules.twins import standing_of, terms_of
from coalition.ledger.tiers import QualifyBy
from coalition.service.campaign_answers import (
    BadgeShown,
    ProgressShown,
    PurchasePreview,
    TierShown,
)
from coalition.service.campaign_book import kind_of
from coalition.service.campaign_preview import PurchaseTrial
from coalition.service.campaigns import CampaignService
from coalition.service.checks import check_address, check_spend_minor
from coalition.service.custody import Custody

__all__ = ["CampaignMembers"]

Progress = Callable[[int], None]
RUNNING = (CampaignStatus.SCHEDULED, CampaignStatus.RUNNING, CampaignStatus.PAUSED)


class CampaignMembers:
    """What members, and partners at their tills, ask and do. Accounts are checksummed addresses."""

    def __init__(self, campaigns: CampaignService, queries: Queries) -> None:
        self.campaigns = campaigns
        self.queries = queries
        self._reader = campaigns.reader
        self._rpc = campaigns.reader.rpc
        self._deployment = campaigns.reader.deployment

    # ---- looking

    def progress(self, account: str, *, campaign: int | None = None, partner: int | None = None) -> list[ProgressShown]:
        """Return where a member stands in each campaign that runs, and in each that it has taken part in: in one `campaign`, in
        those that a `partner` sponsors or takes part in, or in all.

        From the read model, as of the last block that was read.

        Raises:
            NotFound: `member_unknown`.
        """
        member = check_address(account)
        known = self.queries.standings(member)
        if known is None:
            raise _no_member()
        shown = [
            self._progress(row, known)
            for row in known.campaigns
            if campaign in (None, row.counting.campaign) and (partner is None or _sees(partner, row.counting.terms))
        ]
        return [
            one for one in shown if one.status in RUNNING or one.paid_points or (one.standing and one.standing.done)
        ]

    def tier(self, account: str) -> TierShown:
        """Return a member's tier now. Raises as `progress`."""
        member = check_address(account)
        since = self._since(member)
        questions: list[Question] = [
            ("TierBook", "tierOf", (member, since)),
            ("TierBook", "missingToNext", (member, since)),
            ("TierBook", "qualificationOf", (member, since)),
            ("TierBook", "floorOf", (member,)),
        ]
        (tier,), (missing,), (qualification,), (_, until) = ask_all(self._rpc, self._deployment, questions)
        programme, names = self._reader.programme(), self._reader.tier_names()
        following = names[tier + 1] if tier < programme.top else ""
        unit = "minor" if programme.qualify_by is QualifyBy.SPEND else "points"
        multiplier = programme.tiers[tier].multiplier_bps
        return TierShown(tier, names[tier], following, qualification, missing, unit, multiplier, until)

    def badges(self, account: str) -> list[BadgeShown]:
        """Return a member's badges, by number. Raises as `progress`."""
        member = check_address(account)
        self._since(member)
        rows = self.queries.badges_of(member)
        uris = ask_all(self._rpc, self._deployment, [("BadgeBook", "badgeUri", (row.badge,)) for row in rows])
        return [BadgeShown(row.badge, uri, row.campaign, row.since) for row, (uri,) in zip(rows, uris, strict=True)]

    def totals(self, campaign: int) -> CampaignTotals:
        """Return what a campaign came to, as of the last block that was read.

        Raises:
            NotFound: `campaign_unknown`.
        """
        self._reader.proposals(campaign)
        return self.queries.campaign_totals(campaign)

    def taking_part(self, campaign: int) -> list[str]:
        """Return the accounts for which something counted in a campaign, as of the last block that was read.

        Raises:
            NotFound: `campaign_unknown`.
        """
        self._reader.proposals(campaign)
        return self.queries.taking_part(campaign)

    def preview(self, partner: str | int, account: str, spend_minor: int) -> PurchasePreview:
        """Return what a purchase would bring now: nothing is sent, nothing counts.

        The points awarded are the chain's own answer; which campaign pays what of it is worked out by the twin of the contracts
        over the same block. An account that is nobody's yet is taken as enrolled by the purchase.

        Raises:
            InputError: `address_invalid`, `amount_invalid` or `amount_too_large`.
            NotFound: `partner_unknown`.
        """
        row = self._reader.partners.find(partner)
        member, spend = check_address(account), check_spend_minor(spend_minor)
        head = history.head(self._rpc)
        points = spend * row.at(head.timestamp).earn_rate_bps // BPS
        since = self._member_since(member, head.number) or head.timestamp
        awarded = earned_preview(self._rpc, self._deployment, row.partner, member, spend, points, since, head.number)
        trial = PurchaseTrial(self._reader, row.partner, member, since, head.number)
        tier, tier_points, awards, left_out = trial.purchase(head.timestamp, spend, points)
        return PurchasePreview(
            member=member,
            spend_minor=spend,
            currency=row.currency,
            points=points,
            awarded=awarded,
            tier=tier,
            tier_name=self._reader.tier_names()[tier],
            tier_points=tier_points,
            awards=tuple(awards),
            left_out=tuple(left_out),
        )

    # ---- taking part

    def pay_for_tier(self, account: str, tier: str, until: int) -> TierShown:
        """Give a member at least a tier, by name or number, until a Unix time; the lowest tier ends it at once.

        Raises:
            NotFound: `member_unknown`.
            InputError: `tier_unknown`, `floor_until_invalid`.
        """
        member = check_address(account)
        self._since(member)
        self.campaigns.set_floor(member, self._reader.tier_number(tier), until)
        return self.tier(member)

    def join_all(self, campaign: int, progress: Progress = lambda done: None) -> tuple[int, int]:
        """Let all of a segment's accounts that are members take part; return how many joined now, and how many are no members.

        In batches; stopped in between, the same call goes on. `progress` gets the accounts done.

        Raises:
            InputError: `segment_none` if the campaign has no list, `consent_needed` if each member has to join by itself.
            NotFound: `campaign_unknown`, or `campaign_file_missing` if the list is not kept here.
        """
        known = self._reader.version(campaign)
        if known.terms.opt_in:
            raise InputError(
                f"The terms of campaign {campaign} ask for consent: name the members who join.", code="consent_needed"
            )
        segment = self.campaigns.file_of(campaign).segment
        if segment is None:
            raise InputError(f"Campaign {campaign} has no list of accounts: nobody has to join.", code="segment_none")
        joined = strangers = 0
        for start in range(0, len(segment.accounts), MEMBERS_MAX):
            some = segment.accounts[start : start + MEMBERS_MAX]
            members, waiting = self._who_may_join(campaign, some)
            if waiting:
                self.campaigns.anybody().join(campaign, [_joining(one, segment) for one in waiting])
            joined += len(waiting)
            strangers += len(some) - members
            progress(start + len(some))
        return joined, strangers

    def join(self, campaign: int, members: Sequence[str], custody: Custody) -> list[str]:
        """Let members take part, by references or accounts; return their accounts.

        Where the terms ask for consent, each member in custody joins with its own key.

        Raises:
            NotFound: `campaign_unknown`, or `campaign_file_missing`.
            InputError: `not_in_segment`; `key_not_in_custody` where consent is needed of an account with a wallet.
        """
        known = self._reader.version(campaign)
        needs_list = bool(int.from_bytes(known.terms.segment))
        segment = self.campaigns.file_of(campaign).segment if needs_list else None
        accounts = [custody.account(member) for member in members]
        joinings = [_joining(account, segment) for account in accounts]
        if not known.terms.opt_in:
            self.campaigns.anybody().join(campaign, joinings)
            return accounts
        signers = [custody.signer(member) for member in members]
        for signer, joining in zip(signers, joinings, strict=True):
            self.campaigns.key_of(signer).join(campaign, [joining])
        return accounts

    def refer(self, campaign: int, partner: str | int, member: str, referrer: str) -> None:
        """Say, with a partner's key, who referred a new member.

        Raises:
            Refused: `referral_refused`.
        """
        self._reader.proposals(campaign)
        self.campaigns.partner_key(partner).refer(campaign, check_address(member), check_address(referrer))

    def attest(
        self,
        campaign: int,
        attestations: Sequence[Attestation],
        told: Callable[[list[AttestedAs]], None] = lambda some: None,
    ) -> list[AttestedAs]:
        """Say what members did, with the key that the terms name; return what became of each, in their order.

        In several transactions, if they are many; `told` gets what became of each part as soon as it is known. Stopped in
        between, the same call goes on: what counted is refused as `ID_USED`.

        Raises:
            AccessDenied: `attestor_key_missing`.
            InputError: `attestor_none` if the terms name nobody.
        """
        attestor = self._reader.show(campaign).counting.terms.attestor
        if attestor == ZERO_ADDRESS:
            raise InputError(
                f"In campaign {campaign} only purchases count: its terms name no attestor.", code="attestor_none"
            )
        key, found = self.campaigns.named_key(attestor), []
        for start in range(0, len(attestations), MEMBERS_MAX):
            some = key.attest(campaign, attestations[start : start + MEMBERS_MAX])
            found += some
            told(some)
        return found

    def claim(self, campaign: int, accounts: Sequence[str], progress: Progress = lambda done: None) -> Occasions:
        """Ask for what the terms promise these members; return what came of it. `progress` gets the members done."""
        return self._in_parts(campaign, accounts, CampaignKey.claim, progress)

    def draw(self, campaign: int, accounts: Sequence[str], progress: Progress = lambda done: None) -> Occasions:
        """Show the seeds that are kept here, then draw for these members.

        Raises:
            Refused: `seeds_not_ready`, `draw_none`, `campaign_not_over`.
        """
        known = self._reader.show(campaign)
        if not known.counting.terms.draws:
            raise Refused(f"Campaign {campaign} has no draw.", code="draw_none")
        if known.status is CampaignStatus.OVER:
            self.campaigns.reveal_kept(campaign)
        return self._in_parts(campaign, accounts, CampaignKey.draw, progress)

    def _in_parts(
        self,
        campaign: int,
        accounts: Sequence[str],
        work: Callable[[CampaignKey, int, Sequence[str]], Occasions],
        progress: Progress,
    ) -> Occasions:
        self._reader.proposals(campaign)
        key, found = self.campaigns.anybody(), Occasions()
        for start in range(0, len(accounts), MEMBERS_MAX):
            some = accounts[start : start + MEMBERS_MAX]
            found.add(work(key, campaign, some))
            progress(start + len(some))
        return found

    def _progress(self, row: StandingRow, known: MemberStandings) -> ProgressShown:
        counting, member, terms = row.counting, row.member, row.counting.terms
        kind, standing = kind_of(self._deployment, terms.rule), None
        if kind:
            standing = standing_of(kind, terms_of(kind, terms.rule_terms), member.progress, known.timestamp)
        ends = counting.closes_at
        return ProgressShown(
            campaign=counting.campaign,
            name=self._reader.name_of(counting.campaign, terms),
            kind=kind,
            status=counting.status,
            standing=standing,
            until=min(standing.until, ends) if standing and standing.until else ends,
            paid_points=member.paid_points,
            joined=member.joined if terms.needs_joining else None,
            in_tier=bool(terms.tier_mask >> known.tier & 1),
        )

    def _who_may_join(self, campaign: int, accounts: Sequence[str]) -> tuple[int, list[str]]:
        """How many of the accounts are members, and which of those have not joined."""
        since = ask_all(
            self._rpc, self._deployment, [("PointLedger", "memberSinceOf", (account,)) for account in accounts]
        )
        members = [account for account, (time,) in zip(accounts, since, strict=True) if time]
        words = ask_all(
            self._rpc, self._deployment, [("CampaignBook", "progressOf", (campaign, account)) for account in members]
        )
        waiting = [one for one, (_, _, flags) in zip(members, words, strict=True) if not flags & MEMBER_JOINED]
        return len(members), waiting

    def _since(self, member: str) -> int:
        since = self._member_since(member)
        if not since:
            raise _no_member()
        return since

    def _member_since(self, member: str, block: int | str = "latest") -> int:
        found: int = ask(self._rpc, self._deployment, ("PointLedger", "memberSinceOf", (member,)), block)[0]
        return found


def _sees(partner: int, terms: Terms) -> bool:
    return partner in terms.partners or any(one.partner == partner for one in terms.sponsors)


def _no_member() -> NotFound:
    return NotFound("There is no member with this account.", code="member_unknown")


def _joining(account: str, segment: Segment | None) -> Joining:
    if segment is None:
        return Joining(account)
    try:
        return Joining(account, tuple(segment.proof_of(account)))
    except KeyError:
        raise InputError(f"{account} is not on the list of this campaign.", code="not_in_segment") from None
