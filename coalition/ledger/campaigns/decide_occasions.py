"""Joining, referrals, attestations, claims and draws: `contracts/CampaignBook.sol` in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coalition.ledger.campaign_events import (
    Attested,
    MemberJoined,
    MemberReferred,
    OccasionRefused,
    Refusal,
    SeedRevealed,
)
from coalition.ledger.campaigns import calls
from coalition.ledger.campaigns.decide_agreements import sponsor_for
from coalition.ledger.campaigns.decide_awards import NO_WORD, Payment, pay, turn_over, weigh
from coalition.ledger.campaigns.decide_life import require_started
from coalition.ledger.campaigns.state import (
    CLAIM_SECONDS,
    MEMBER_JOINED,
    MEMBER_REFERRED,
    REVEAL_SECONDS,
    Campaign,
    Running,
)
from coalition.ledger.campaigns.terms import NO_HASH, Keccak, Terms, joined
from coalition.ledger.operations import BATCH_MAX
from coalition.ledger.rules.rule import Happening, Occasion

if TYPE_CHECKING:
    from coalition.ledger.campaigns.engine import CampaignRun

__all__ = [
    "ask",
    "attest",
    "claim",
    "claim_time",
    "draw",
    "draw_subject",
    "is_proved",
    "join",
    "leaf_of",
    "refer",
    "reveal_seed",
]


def join(run: CampaignRun, call: calls.Join) -> None:
    """Members take part, each with the proof and the consent that the terms ask for."""
    campaign, live = _require_open(run, call.campaign)
    run.require(live.terms.needs_joining, "JoiningNotNeeded", call.campaign)
    _require_size(run, len(call.joinings))
    new: list[str] = []
    for joining in call.joinings:
        if campaign.words.get(joining.member, NO_WORD).flags & MEMBER_JOINED or joining.member in new:
            continue
        run.require(_may_join(run, live.terms, joining), "JoiningRefused", call.campaign, joining.member)
        new.append(joining.member)

    turn_over(run, campaign)
    for member in new:
        run.emit(MemberJoined(call.campaign, member))


def refer(run: CampaignRun, call: calls.Refer) -> None:
    """A new member was brought by one who was there before."""
    campaign, live = _require_open(run, call.campaign)
    by = run.posting()
    since = run.engine.coalition.member_since_of(call.member)
    referrer_since = run.engine.coalition.member_since_of(call.referrer)
    word = campaign.words.get(call.member, NO_WORD)
    is_new = since >= live.terms.opens_at and word.progress == 0 and not word.flags & MEMBER_REFERRED
    fits = 0 < referrer_since < since and is_new and by in live.terms.partners
    run.require(fits, "ReferralRefused", call.campaign, call.member, call.referrer)

    turn_over(run, campaign)
    run.emit(MemberReferred(call.campaign, call.member, call.referrer))


def attest(run: CampaignRun, call: calls.Attest) -> None:
    """The attestor says what members did. One entry never stops its neighbours."""
    campaign, live = _require_open(run, call.campaign)
    run.require(run.sender == live.terms.attestor, "AttestorInvalid", call.campaign, run.sender)
    _require_size(run, len(call.attestations))

    turn_over(run, campaign)
    others: list[tuple[str, int]] = []
    for said in call.attestations:
        refusal: Refusal | None = Refusal.ID_USED
        if said.id not in campaign.attested:
            refusal = ask(run, campaign, said.member, Occasion.ATTESTATION, run.timestamp, said.action, said.id, others)
        if refusal is None:
            run.emit(Attested(call.campaign, said.member, said.action, said.id))
        else:
            run.emit(OccasionRefused(call.campaign, said.member, said.id, refusal))
    _settle(run, others)


def claim(run: CampaignRun, call: calls.Claim) -> None:
    """Ask whether the time has come. What an early end would keep from members is claimed as at the agreed end."""
    campaign, live = require_started(run, call.campaign)
    until = live.closes_at + CLAIM_SECONDS
    run.require(run.timestamp < until, "CampaignOver", call.campaign, until)

    _ask_all(run, campaign, call.members, Occasion.CLAIM, claim_time(live, run.timestamp), 0)


def reveal_seed(run: CampaignRun, call: calls.RevealSeed) -> None:
    """A sponsor shows what it committed to."""
    campaign, live = require_started(run, call.campaign)
    partner, closes_at = sponsor_for(run, call.campaign), live.closes_at
    run.require(run.timestamp >= closes_at, "CampaignNotOver", call.campaign, closes_at)
    until = closes_at + REVEAL_SECONDS
    run.require(run.timestamp < until, "SeedTooLate", call.campaign, until)
    run.require(partner not in campaign.seeds, "SeedShown", call.campaign, partner)
    commitment = run.engine.keccak(joined((call.campaign, partner, int.from_bytes(call.seed))))
    run.require(campaign.commitments.get(partner) == commitment, "SeedInvalid", call.campaign, partner)

    turn_over(run, campaign)
    run.emit(SeedRevealed(call.campaign, partner, call.seed))


def draw(run: CampaignRun, call: calls.Draw) -> None:
    """The sponsors' seeds decide; if one is withheld, every entry is paid its chance."""
    campaign, live = require_started(run, call.campaign)
    run.require(live.terms.draws, "DrawNone", call.campaign)
    closes_at = live.closes_at
    until = closes_at + CLAIM_SECONDS
    run.require(run.timestamp < until, "CampaignOver", call.campaign, until)
    is_complete = len(campaign.seeds) == len(live.terms.sponsors)
    is_ready = is_complete or run.timestamp >= closes_at + REVEAL_SECONDS
    run.require(is_ready, "SeedsNotReady", call.campaign, closes_at + REVEAL_SECONDS)

    _ask_all(run, campaign, call.members, Occasion.DRAW, run.timestamp, len(live.terms.sponsors))


def claim_time(live: Running, now: int) -> int:
    """Return the Unix time in seconds as at which a claim is weighed."""
    return now if now < live.closes_at else max(now, live.terms.closes_at)


def draw_subject(campaign: Campaign, sponsors: int, member: str, keccak: Keccak) -> int:
    """Return the random word of a member's draw; 0 if one of the sponsors' seeds is missing."""
    entropy = campaign.entropy(keccak) if len(campaign.seeds) == sponsors else 0
    return entropy and int.from_bytes(keccak(joined((entropy, campaign.number, int(member, 16)))))


def leaf_of(member: str, keccak: Keccak) -> bytes:
    """Return a member's leaf in the tree of a segment: Keccak-256, twice, of its word."""
    return keccak(keccak(joined((int(member, 16),))))


def is_proved(leaf: bytes, proof: Sequence[bytes], root: bytes, keccak: Keccak) -> bool:
    """True if `proof` leads from `leaf` up to `root`; of two nodes the lower comes first."""
    for sibling in proof:
        leaf = keccak(min(leaf, sibling) + max(leaf, sibling))
    return leaf == root


def _may_join(run: CampaignRun, terms: Terms, joining: calls.Joining) -> bool:
    member, keccak = joining.member, run.engine.keccak
    if not run.engine.coalition.member_since_of(member):
        return False
    if terms.segment != NO_HASH and not is_proved(leaf_of(member, keccak), joining.proof, terms.segment, keccak):
        return False
    return not terms.opt_in or run.sender == run.engine.coalition.signer_of(member, run.timestamp)


def _ask_all(
    run: CampaignRun, campaign: Campaign, members: Sequence[str], occasion: Occasion, time: int, sponsors: int
) -> None:
    _require_size(run, len(members))
    turn_over(run, campaign)
    others: list[tuple[str, int]] = []
    for member in members:
        subject = draw_subject(campaign, sponsors, member, run.engine.keccak) if sponsors else 0
        refusal = ask(run, campaign, member, occasion, time, subject, 0, others)
        if refusal is not None:
            run.emit(OccasionRefused(campaign.number, member, 0, refusal))
    _settle(run, others)


def ask(
    run: CampaignRun,
    campaign: Campaign,
    member: str,
    occasion: Occasion,
    time: int,
    subject: int,
    receipt: int,
    others: list[tuple[str, int]],
) -> Refusal | None:
    """Ask the campaign's rule about one member, outside of a purchase; return why not, or None."""
    engine = run.engine
    since = engine.coalition.member_since_of(member)
    if not since:
        return Refusal.MEMBER_UNKNOWN
    tier = 0 if engine.tiers is None else engine.tiers.tier_of(member, since, run.timestamp)
    happening = Happening(occasion, 0, time, 0, 0, tier, since, subject)
    candidate = weigh(engine, run, campaign, member, happening, receipt)
    if isinstance(candidate, Refusal):
        return candidate
    payment = Payment(receipt)
    pay(engine, run, candidate, member, happening, payment)
    others += payment.others
    if payment.awarded:
        others.append((member, payment.awarded))
    return None


def _settle(run: CampaignRun, others: list[tuple[str, int]]) -> None:
    run.state.pending_awards.clear()
    if others:
        run.engine.coalition.award(others)


def _require_size(run: CampaignRun, size: int) -> None:
    run.require(0 < size <= BATCH_MAX, "ListSizeInvalid", size, BATCH_MAX)


def _require_open(run: CampaignRun, number: int) -> tuple[Campaign, Running]:
    campaign, live = require_started(run, number)
    run.require(run.timestamp < live.closes_at, "CampaignOver", number, live.closes_at)
    return campaign, live
