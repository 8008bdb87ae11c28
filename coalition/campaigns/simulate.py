"""What a campaign would have cost: its terms against what happened in the past, before anybody approves them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from coalition.campaigns.document import ANYBODY, Campaign
from coalition.campaigns.segment import Keccak
from coalition.campaigns.tier_file import TierFile
from coalition.campaigns.trial import Trial
from coalition.errors import InputError
from coalition.ledger.campaign_events import AwardCut, Awarded, CompanionAwarded, OccasionRefused
from coalition.ledger.events import Event
from coalition.ledger.operations import BPS
from coalition.ledger.rules.twins import standing_of

__all__ = ["Bin", "PastAction", "PastInvitation", "PastPurchase", "Preview", "shift_for", "simulate"]

WEEK = 7 * 86_400
BINS_MAX = 10
BATCH = 500


@dataclass(frozen=True, slots=True)
class PastPurchase:
    """One purchase: Unix seconds, numbers of partner and receipt, an account, minor units, and points of the base rate."""

    time: int
    partner: int
    member: str
    receipt: int
    spend_minor: int
    points: int


@dataclass(frozen=True, slots=True)
class PastAction:
    """What a member did, as the attestor would have said: Unix seconds, an account, and the code of the action."""

    time: int
    member: str
    action: int


@dataclass(frozen=True, slots=True)
class PastInvitation:
    """Which account brought which: Unix seconds of its joining the programme, and the two accounts."""

    time: int
    member: str
    referrer: str


Past = PastPurchase | PastAction | PastInvitation


@dataclass(frozen=True, slots=True)
class Bin:
    """How many members have from `lowest` to `highest`, both included."""

    lowest: int
    highest: int
    members: int


@dataclass(frozen=True)
class Preview:
    """What a campaign would have done.

    `awards` counts payments of points; `awards_cut` those that budget or cap made smaller, down to nothing. `ran_out_at` is the
    Unix time of the first purchase, shifted, after which nothing was left of the budget. `points_by_sponsor` goes by the
    partner's number and adds up to the total, `points_by_month` by "2017-05". `points_per_member` counts members that were
    paid; `short_by` those on their way to an award, by how much is missing, in `short_unit`. Of `actions` and `invitations` in
    the window, some are refused, as the contracts would. `notes` say what is not in the figures.
    """

    name: str
    kind: str
    purchases: int
    actions: int
    actions_refused: int
    invitations: int
    invitations_refused: int
    members_seen: int
    members_reached: int
    members_with_progress: int
    awards: int
    awards_cut: int
    points_total: int
    budget_points: int
    ran_out_at: int | None
    shift_seconds: int
    points_by_sponsor: dict[int, int]
    points_by_month: dict[str, int]
    points_per_member: tuple[Bin, ...]
    short_by: tuple[Bin, ...]
    short_unit: str
    notes: tuple[str, ...]

    @property
    def budget_used_bps(self) -> int:
        """The part of the budget that was paid, in basis points, rounded down."""
        return self.points_total * BPS // self.budget_points

    def to_json(self) -> dict[str, Any]:
        """For machines: plain numbers, texts, lists and objects."""
        return {**asdict(self), "budget_used_bps": self.budget_used_bps}


def simulate(
    campaign: Campaign,
    purchases: Iterable[PastPurchase],
    keccak: Keccak,
    *,
    actions: Sequence[PastAction] = (),
    invitations: Sequence[PastInvitation] = (),
    member_since: Mapping[str, int] | None = None,
    tiers: TierFile | None = None,
    shift_seconds: int = 0,
) -> Preview:
    """Run a campaign over what happened in the past.

    Args:
        campaign: what the file says.
        purchases: in any order; those outside of the window or at other partners do not count.
        keccak: Keccak-256.
        actions: what would have been attested, in any order.
        invitations: who brought whom, in any order; the member who was brought is enrolled with it.
        member_since: enrolment of members as Unix time in seconds, shifted like the purchases; without it, the first time that
            they are named.
        tiers: the programme; without it, everybody has the lowest tier.
        shift_seconds: added to each time, so that a campaign to come can be tried on the past: see `shift_for`.
    """
    trial, tally = Trial([campaign], keccak, tiers), _Tally()
    for member, since in (member_since or {}).items():
        trial.enrol(member, since + shift_seconds)
    past: list[Past] = [*purchases]
    past += actions if campaign.attestor else ()
    past += invitations if campaign.kind == "referral" else ()
    for place, one in enumerate(sorted(past, key=_order)):
        time = one.time + shift_seconds
        trial.enrol(one.member, time)
        _join(trial, campaign, one.member, time, tally)
        is_open = campaign.opens_at <= time < campaign.closes_at
        if isinstance(one, PastPurchase):
            told = trial.purchase(time, one.partner, one.member, one.receipt, one.spend_minor, one.points)
            if is_open and one.partner in campaign.partners:
                tally.purchases += 1
                tally.seen.add(one.member)
                tally.count(told, time, campaign.budget_points)
        elif isinstance(one, PastAction) and is_open:
            _act(trial, one, time, place, tally, campaign.budget_points)
        elif isinstance(one, PastInvitation) and is_open:
            _invite(trial, one, time, tally)
    _finish(trial, campaign, sorted(tally.seen), tally)
    notes = _notes(campaign, tiers is not None, bool(actions), bool(invitations))
    return _preview(trial, campaign, tally, shift_seconds, tuple(notes))


def shift_for(campaign: Campaign, first: int, last: int) -> int:
    """Return the whole weeks, in seconds, by which purchases from the Unix second `first` to `last` come to fill the window.

    Whole weeks keep the days of the week. Purchases that do not reach over the whole window end in its last week.
    """
    past_the_end = -(-(campaign.closes_at - last) // WEEK) * WEEK
    return past_the_end if first + past_the_end <= campaign.opens_at else past_the_end - WEEK


@dataclass
class _Tally:
    purchases: int = 0
    actions: int = 0
    actions_refused: int = 0
    invitations: int = 0
    invitations_refused: int = 0
    awards: int = 0
    awards_cut: int = 0
    points_total: int = 0
    ran_out_at: int | None = None
    seen: set[str] = field(default_factory=set)
    joined: set[str] = field(default_factory=set)
    by_member: Counter[str] = field(default_factory=Counter)
    by_month: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def count(self, told: Sequence[Event], time: int, budget_points: int) -> None:
        """Add what was paid; points by tiers are none of the campaign's."""
        for event in told:
            if isinstance(event, AwardCut):
                self.awards_cut += 1
            elif isinstance(event, Awarded | CompanionAwarded):
                self.awards += 1
                self.points_total += event.points
                self.by_member[event.member if isinstance(event, Awarded) else event.companion] += event.points
                self.by_month[datetime.fromtimestamp(time, UTC).strftime("%Y-%m")] += event.points
        if self.ran_out_at is None and self.points_total == budget_points:
            self.ran_out_at = time


def _order(one: Past) -> tuple[int, int, int, int, str]:
    """By time; at the same time who was brought comes first, then what was done, then purchases as tills number them."""
    if isinstance(one, PastPurchase):
        return one.time, 2, one.partner, one.receipt, one.member
    return one.time, int(isinstance(one, PastAction)), 0, 0, one.member


def _act(trial: Trial, one: PastAction, time: int, id_: int, tally: _Tally, budget_points: int) -> None:
    told = trial.attest(time, 1, one.member, one.action, id_)
    tally.actions += 1
    tally.seen.add(one.member)
    tally.actions_refused += any(isinstance(event, OccasionRefused) for event in told)
    tally.count(told, time, budget_points)


def _invite(trial: Trial, one: PastInvitation, time: int, tally: _Tally) -> None:
    """Say who brought a member, which the contracts refuse where it is not new, or its friend is no older member."""
    tally.invitations += 1
    try:
        trial.refer(time, 1, one.member, one.referrer)
    except InputError:
        tally.invitations_refused += 1
    else:
        tally.seen |= {one.member, one.referrer}


def _join(trial: Trial, campaign: Campaign, member: str, time: int, tally: _Tally) -> None:
    """Let everybody join who may, with the first purchase."""
    is_open = campaign.opens_at <= time < campaign.closes_at
    if not is_open or member in tally.joined or not (campaign.opt_in or campaign.segment):
        return
    if campaign.segment is None or member.lower() in campaign.segment.places:
        tally.joined.add(member)
        trial.join(time, 1, member)


def _finish(trial: Trial, campaign: Campaign, members: Sequence[str], tally: _Tally) -> None:
    """Let what comes at the end happen: claims of dividends, and the draw."""
    if campaign.kind == "dividend":
        time = max(campaign.closes_at, campaign.terms["payable from"])
        for member in members:
            tally.count(trial.claim(time, 1, member), time, campaign.budget_points)
    elif campaign.draws:
        for first in range(0, len(members), BATCH):
            told = trial.draw_blind(1, members[first : first + BATCH])
            tally.count(told, campaign.closes_at, campaign.budget_points)


def _preview(trial: Trial, campaign: Campaign, tally: _Tally, shift_seconds: int, notes: tuple[str, ...]) -> Preview:
    words = trial.engine.state.campaigns[1].words
    on_their_way = Counter[int]()
    unit = ""
    for word in words.values():
        standing = standing_of(campaign.kind, campaign.rule_terms, word.progress, campaign.closes_at)
        unit = standing.unit
        if word.progress and standing.next_award_points and 0 < standing.done < standing.needed:
            on_their_way[standing.needed - standing.done] += 1
    paid = Counter(points for points in tally.by_member.values() if points)
    return Preview(
        name=campaign.name,
        kind=campaign.kind,
        purchases=tally.purchases,
        actions=tally.actions,
        actions_refused=tally.actions_refused,
        invitations=tally.invitations,
        invitations_refused=tally.invitations_refused,
        members_seen=len(tally.seen),
        members_reached=paid.total(),
        members_with_progress=sum(word.progress > 0 for word in words.values()),
        awards=tally.awards,
        awards_cut=tally.awards_cut,
        points_total=tally.points_total,
        budget_points=campaign.budget_points,
        ran_out_at=tally.ran_out_at,
        shift_seconds=shift_seconds,
        points_by_sponsor=_by_sponsor(campaign, tally.points_total),
        points_by_month=dict(sorted(tally.by_month.items())),
        points_per_member=_bins(paid),
        short_by=_bins(on_their_way),
        short_unit=unit,
        notes=notes,
    )


def _by_sponsor(campaign: Campaign, points: int) -> dict[int, int]:
    """Shares of the total, rounded so that they add up to it."""
    shares: dict[int, int] = {}
    share_bps = given = 0
    for sponsor in campaign.sponsors:
        share_bps += sponsor.share_bps
        shares[sponsor.partner] = points * share_bps // BPS - given
        given += shares[sponsor.partner]
    return shares


def _bins(counts: Mapping[int, int]) -> tuple[Bin, ...]:
    """A bin for each value, or, for many values, bins of one width that is 1, 2 or 5 times a power of ten."""
    if len(counts) <= BINS_MAX:
        return tuple(Bin(known, known, counts[known]) for known in sorted(counts))
    lowest, highest = min(counts), max(counts)
    widths = (step * 10**power for power in range(16) for step in (1, 2, 5))
    width = next(width for width in widths if highest // width - lowest // width < BINS_MAX)
    members: Counter[int] = Counter()
    for known, count in counts.items():
        members[known // width] += count
    places = range(lowest // width, highest // width + 1)
    return tuple(Bin(place * width, place * width + width - 1, members[place]) for place in places)


def _notes(campaign: Campaign, has_tiers: bool, has_actions: bool, has_invitations: bool) -> Iterable[str]:
    if campaign.attestor and not has_actions:
        yield "Attested actions were not given: what they would cost is missing."
    if has_actions and not campaign.attestor:
        yield "Attested actions were left out: in this campaign only purchases count."
    if campaign.kind == "referral" and not has_invitations:
        yield "Invitations were not given: what they would cost is missing."
    if has_invitations and campaign.kind != "referral":
        yield "Invitations were left out: this campaign pays for none."
    if campaign.opt_in or campaign.segment:
        yield "Everybody who may join is taken to do so with the first purchase or action."
    if campaign.draws:
        yield "Prizes are counted as what the entries win on average."
    if campaign.tier_mask != ANYBODY and not has_tiers:
        yield "Without a programme of tiers everybody has the lowest one."
