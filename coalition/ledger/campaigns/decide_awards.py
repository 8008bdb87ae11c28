"""How purchases, reversals and occasions are weighed and paid: `contracts/CampaignAwards.sol` in Python.

Progress, award and limits follow `IEarnHook`, `IRule` and `ICampaignBook`. What is decided is told at once, and folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from coalition.ledger.campaign_events import (
    AwardCut,
    Awarded,
    AwardOutdone,
    AwardTakenBack,
    BadgeAwarded,
    BadgeTakenBack,
    CampaignTurnedOver,
    CompanionAwarded,
    CompanionTakenBack,
    Progressed,
    Refusal,
    RuleFailed,
)
from coalition.ledger.campaigns.award_words import AwardWord
from coalition.ledger.campaigns.seams import Surroundings, Unanswered
from coalition.ledger.campaigns.state import (
    CLAIM_SECONDS,
    MEMBER_JOINED,
    MEMBER_REFERRED,
    NOBODY,
    Campaign,
    Running,
    Word,
)
from coalition.ledger.campaigns.terms import Terms
from coalition.ledger.rules.rule import NO_AWARD, PROGRESS_BITS, Award, Happening, Occasion, TakenBack

if TYPE_CHECKING:
    from coalition.ledger.campaigns.engine import Engine

__all__ = ["Payment", "earned", "pay", "taken_back", "turn_over", "weigh"]

NO_WORD = Word()
POINTS_MAX = (1 << 48) - 1
BADGE_MAX = (1 << 32) - 1
TIER_AWARD_MAX = (1 << 40) - 1
LATE = (Occasion.CLAIM, Occasion.DRAW)
BY_REFERRAL = (Occasion.PURCHASE, Occasion.CLAIM)


@dataclass(slots=True)
class Candidate:
    """What one campaign would do about something that happened. `points` is what budget and cap allow of the award."""

    campaign: Campaign
    progress: int
    next: int
    award: Award
    points: int


@dataclass(slots=True)
class Payment:
    """What the campaigns do: points for the member, for others, and the words of the purchase."""

    receipt: int = 0
    awarded: int = 0
    words: list[int] = field(default_factory=list)
    others: list[tuple[str, int]] = field(default_factory=list)


def earned(
    engine: Engine,
    run: Surroundings,
    partner: int,
    member: str,
    receipt: int,
    spend_minor: int,
    points: int,
    member_since: int,
) -> Payment:
    """A purchase was accepted, with `points` of the base rate: pay what the campaigns at the partner give for it."""
    state, payment = engine.state, Payment(receipt)
    state.pending_awards.clear()
    tier = _qualify(engine, run, member, member_since, spend_minor, points, payment)
    happening = Happening(Occasion.PURCHASE, partner, run.timestamp, spend_minor, points, tier, member_since)
    best: dict[int, Candidate] = {}
    for number in state.open_at.get(partner, ()):
        candidate = weigh(engine, run, state.campaigns[number], member, happening, receipt)
        if isinstance(candidate, Refusal):
            continue
        group = _group(candidate)
        if group:
            best[group] = _better(run, best.get(group), candidate, member)
        else:
            pay(engine, run, candidate, member, happening, payment)
    for candidate in best.values():
        pay(engine, run, candidate, member, happening, payment)
    # What the events do not tell: tiers, and awards that came to nothing without a trace.
    if state.pending_awards != payment.words:
        state.pending_awards[:] = payment.words
    return payment


def taken_back(
    engine: Engine,
    run: Surroundings,
    partner: int,
    member: str,
    receipt: int,
    spend_minor: int,
    points: int,
    member_since: int,
    words: Sequence[int],
    spend_before: int,
    spend_after: int,
) -> Payment:
    """A purchase that counted for `words` was taken back, from `spend_before` minor units to `spend_after`."""
    payment = Payment(receipt)
    for word in words:
        counted = AwardWord.from_word(word)
        happening = Happening(Occasion.PURCHASE, partner, counted.time, spend_minor, points, counted.tier, member_since)
        taken = TakenBack(spend_before, spend_after, counted.points, False)
        if counted.campaign:
            _take_back(engine, run, counted, member, happening, taken, payment)
        else:
            _disqualify(engine, run, member, happening, taken, payment)
    engine.state.pending_awards.clear()
    return payment


def turn_over(run: Surroundings, campaign: Campaign) -> None:
    """Let a version whose time has come take over."""
    waiting = campaign.next
    if waiting is not None and waiting.terms.opens_at <= run.timestamp:
        run.emit(CampaignTurnedOver(campaign.number, waiting.version, waiting.terms_hash))


def weigh(
    engine: Engine, run: Surroundings, campaign: Campaign, member: str, happening: Happening, receipt: int
) -> Candidate | Refusal:
    """Return what a campaign would do, or why nothing; nothing is paid yet."""
    turn_over(run, campaign)
    live, occasion = campaign.live, happening.occasion
    if live is None or not _is_open(campaign, live, occasion, run.timestamp):
        return Refusal.NOT_OPEN
    terms = live.terms
    if not terms.tier_mask >> happening.tier & 1:
        return Refusal.NOT_ELIGIBLE
    word = campaign.words.get(member, NO_WORD)
    if terms.needs_joining and not word.flags & MEMBER_JOINED:
        return Refusal.NOT_ELIGIBLE
    if occasion in BY_REFERRAL and word.flags & MEMBER_REFERRED:
        happening = replace(happening, subject=int(campaign.referrers[member], 16))
    try:
        next_, award = _checked(engine.applied(campaign, member, happening))
    except Unanswered:
        run.emit(RuleFailed(campaign.number, member, happening.partner, receipt))
        return Refusal.NOT_ELIGIBLE
    if next_ == word.progress and award == NO_AWARD:
        return Refusal.NOT_ELIGIBLE
    return Candidate(campaign, word.progress, next_, award, _allowed(award.points, terms, campaign.paid, word))


def _is_open(campaign: Campaign, live: Running, occasion: Occasion, timestamp: int) -> bool:
    """A pause ends with the window: nobody can keep from the members what they had earned."""
    if timestamp < live.terms.opens_at:
        return False
    if timestamp < live.closes_at:
        return not campaign.paused
    return occasion in LATE and live.terms.opens_at < live.closes_at and timestamp < live.closes_at + CLAIM_SECONDS


def pay(
    engine: Engine, run: Surroundings, candidate: Candidate, member: str, happening: Happening, payment: Payment
) -> None:
    """Pay what budget and cap allow."""
    campaign, award = candidate.campaign, candidate.award
    live = campaign.live
    assert live is not None
    due, paid = award.points, candidate.points
    word = campaign.number | live.version << 32 | paid << 48 | happening.time << 96 | happening.tier << 136
    if award.companion_points:
        word |= _pay_companion(run, campaign, award.companion_points, paid, member, payment) << 144
    if award.badge and engine.state.badge_book != NOBODY and (member, award.badge) not in engine.state.badges:
        run.emit(BadgeAwarded(campaign.number, member, award.badge))
        word |= award.badge << 192
    if paid < due:
        run.emit(AwardCut(campaign.number, member, due, paid))
    if paid:
        fields = live.terms_hash, happening.partner, payment.receipt, paid, candidate.next
        run.emit(Awarded(campaign.number, member, *fields))
    elif candidate.next != candidate.progress:
        run.emit(Progressed(campaign.number, member, candidate.next))
    payment.awarded += paid
    payment.words.append(word)


def _pay_companion(
    run: Surroundings, campaign: Campaign, due: int, paid_member: int, member: str, payment: Payment
) -> int:
    """The referrer's own cap counts, too."""
    companion, live = campaign.referrers.get(member), campaign.live
    if companion is None or live is None:
        return 0
    paid = _allowed(due, live.terms, campaign.paid + paid_member, campaign.words.get(companion, NO_WORD))
    if paid < due:
        run.emit(AwardCut(campaign.number, companion, due, paid))
    if paid:
        payment.others.append((companion, paid))
        run.emit(CompanionAwarded(campaign.number, companion, member, live.terms_hash, paid))
    return paid


def _allowed(due: int, terms: Terms, paid: int, word: Word) -> int:
    """What the budget has left, and the member's cap."""
    allowed = min(due, max(0, terms.budget_points - paid))
    if terms.member_cap_points:
        allowed = min(allowed, max(0, terms.member_cap_points - word.paid))
    return allowed


def _better(run: Surroundings, best: Candidate | None, one: Candidate, member: str) -> Candidate:
    """Return the candidate that pays more; of equal ones, the first. For the other the purchase does not count."""
    if best is None:
        return one
    best, outdone = (one, best) if one.points > best.points else (best, one)
    run.emit(AwardOutdone(outdone.campaign.number, member, outdone.points))
    return best


def _group(candidate: Candidate) -> int:
    """The group in which an award competes; 0 for none."""
    live = candidate.campaign.live
    return 0 if live is None or candidate.award == NO_AWARD else live.terms.group


def _qualify(
    engine: Engine,
    run: Surroundings,
    member: str,
    member_since: int,
    spend_minor: int,
    points: int,
    payment: Payment,
) -> int:
    """Return the member's tier; its own points are paid first."""
    if engine.tiers is None:
        return 0
    is_running, tier, awarded = engine.tiers.qualify(run, member, member_since, spend_minor, points)
    if not is_running:
        return 0
    awarded = min(awarded, TIER_AWARD_MAX)
    payment.awarded = awarded
    payment.words.append(awarded << 48 | run.timestamp << 96 | tier << 136)
    return tier


def _disqualify(
    engine: Engine, run: Surroundings, member: str, happening: Happening, taken: TakenBack, payment: Payment
) -> None:
    """What a purchase counted towards a tier goes back in proportion."""
    payment.awarded += _part_down(taken.points, happening.spend_minor, taken)
    if engine.tiers is not None:
        points = _part_down(happening.points, happening.spend_minor, taken)
        spend_minor = taken.spend_before - taken.spend_after
        engine.tiers.disqualify(run, member, happening.member_since, happening.time, spend_minor, points)


def _take_back(
    engine: Engine,
    run: Surroundings,
    counted: AwardWord,
    member: str,
    happening: Happening,
    taken: TakenBack,
    payment: Payment,
) -> None:
    campaign = engine.state.campaigns[counted.campaign]
    live = campaign.live
    assert live is not None
    version = campaign.proposed[counted.version - 1]
    word = campaign.words.get(member, NO_WORD)
    companion = campaign.referrers.get(member) if word.flags & MEMBER_REFERRED else None
    happening = replace(happening, subject=0 if companion is None else int(companion, 16))
    taken = replace(taken, whole=live.terms.takes_back_whole)
    companion_most = _part_down(counted.companion_points, happening.spend_minor, taken)
    try:
        next_, award = _checked(engine.undone(campaign, member, happening, taken, version.terms))
    except Unanswered:
        run.emit(RuleFailed(campaign.number, member, happening.partner, payment.receipt))
        next_, award = word.progress, Award(_part_down(taken.points, happening.spend_minor, taken), companion_most)
    points = min(award.points, word.paid)
    if companion is not None:
        due = min(award.companion_points, companion_most)
        _take_from_companion(run, campaign, companion, member, due, payment)
    payment.awarded += points
    if points:
        fields = version.terms_hash, happening.partner, payment.receipt, points, next_
        run.emit(AwardTakenBack(campaign.number, member, *fields))
    elif next_ != word.progress:
        run.emit(Progressed(campaign.number, member, next_))
    if (member, award.badge) in campaign.gave:
        run.emit(BadgeTakenBack(campaign.number, member, award.badge))


def _take_from_companion(
    run: Surroundings, campaign: Campaign, companion: str, member: str, due: int, payment: Payment
) -> None:
    points = min(due, campaign.words.get(companion, NO_WORD).paid)
    if points:
        payment.others.append((companion, points))
        run.emit(CompanionTakenBack(campaign.number, companion, member, points))


def _checked(answer: tuple[int, Award]) -> tuple[int, Award]:
    """Return what a rule answered, if it fits into the chain's words."""
    next_, award = answer
    fits = (
        0 <= next_ < 1 << PROGRESS_BITS
        and 0 <= award.points <= POINTS_MAX
        and 0 <= award.companion_points <= POINTS_MAX
        and 0 <= award.badge <= BADGE_MAX
    )
    if not fits:
        raise Unanswered
    return answer


def _part_down(points: int, spend_minor: int, taken: TakenBack) -> int:
    """Return what goes back of `points` with this part of the purchase: all with the first part, or pro rata."""
    if taken.whole:
        return points if taken.spend_before == spend_minor else 0
    return points * taken.spend_before // spend_minor - points * taken.spend_after // spend_minor
