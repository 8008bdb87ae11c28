"""Events of campaigns and tiers as rows of facts, and the words that they give a purchase."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from coalition.index.accounts import AccountIds
from coalition.index.stored import progress_key, receipt_key
from coalition.index.tier_rows import TierRows
from coalition.ledger.award_records import AwardKind
from coalition.ledger.campaign_events import (
    AwardCut,
    Awarded,
    AwardOutdone,
    AwardTakenBack,
    BadgeAwarded,
    BadgeTakenBack,
    CampaignStarted,
    CampaignTurnedOver,
    CompanionAwarded,
    CompanionTakenBack,
    MemberJoined,
    MemberReferred,
    Progressed,
    RuleFailed,
)
from coalition.ledger.campaigns.award_words import award_word, with_tier
from coalition.ledger.events import Earned, Event, Position, Reversed

__all__ = ["AWARD_KINDS", "CampaignRows"]

Row = tuple[Any, ...]
CAMPAIGN_MASK = 0xFFFFFFFF
NO_RECEIPT = receipt_key(0)


AWARD_KINDS = tuple(kind for kind in AwardKind if kind is not AwardKind.PROGRESS)


@dataclass(slots=True)
class CampaignRows:
    """Rows of one range of whole blocks. `live` is the version of each campaign that counts, by its number.

    `pending` are the words of the purchase under way, and `paid` the points among them.
    """

    ids: AccountIds
    tiers: TierRows
    live: dict[int, int]
    awards: list[Row] = field(default_factory=list)
    participants: list[Row] = field(default_factory=list)
    badges: list[Row] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    paid: int = 0

    def begin(self) -> None:
        """Another transaction begins: what it does not tell as a purchase was a claim, a draw or a reversal."""
        self.pending.clear()
        self.paid = 0

    def words_of(self, at: Position, event: Earned) -> list[int]:
        """Return the words of a purchase, whose events came before it."""
        words, awarded = self.pending[:], event.awarded - self.paid
        if words:
            self.begin()
        if not self.tiers.count(at):
            return words
        tier = self.tiers.purchased(at, self.ids[event.member], event)
        return with_tier(words, tier, awarded, at.timestamp)

    def reversed(self, at: Position, event: Reversed) -> None:
        """A purchase was taken back; progress that went back with it is no word of another purchase."""
        self.begin()
        if self.tiers.count_reversals:
            self.tiers.taken_back(at, self.ids[event.member], event)

    def add(self, first_log: int, at: Position, event: Event) -> None:
        """Take up an event of campaigns. `first_log` is that of the first log of its transaction."""
        HANDLERS[type(event)](self, first_log, at, event)

    def started(self, event: CampaignStarted) -> None:
        """The first version counts at once, a later one when it takes over."""
        self.live.setdefault(event.campaign, event.version)

    def turned_over(self, event: CampaignTurnedOver) -> None:
        """A later version took over."""
        self.live[event.campaign] = event.version

    def _awarded(self, first_log: int, at: Position, event: Awarded) -> None:
        self._entry(AwardKind.AWARD, first_log, at, event)
        self.paid += event.points
        self._count(at, event)

    def _taken_back(self, first_log: int, at: Position, event: AwardTakenBack) -> None:
        self._entry(AwardKind.TAKEN_BACK, first_log, at, event)

    def _entry(self, kind: AwardKind, first_log: int, at: Position, event: Awarded | AwardTakenBack) -> None:
        place = at.block, at.log, first_log, event.campaign, self.ids[event.member], int(kind)
        purchase = event.partner, receipt_key(event.receipt), event.points
        self.awards.append((*place, *purchase, progress_key(event.progress), event.terms_hash, None))

    def _progressed(self, first_log: int, at: Position, event: Progressed) -> None:
        self._other(AwardKind.PROGRESS, first_log, at, event.campaign, event.member, progress=event.progress)
        self._count(at, event)

    def _companion(self, first_log: int, at: Position, event: CompanionAwarded) -> None:
        member, hash_ = self.ids[event.member], event.terms_hash
        named = event.campaign, event.companion, event.points
        self._other(AwardKind.COMPANION, first_log, at, *named, terms_hash=hash_, other=member)
        self._count(at, event)

    def _companion_back(self, first_log: int, at: Position, event: CompanionTakenBack) -> None:
        named = event.campaign, event.companion, event.points
        self._other(AwardKind.COMPANION_TAKEN_BACK, first_log, at, *named, other=self.ids[event.member])

    def _cut(self, first_log: int, at: Position, event: AwardCut) -> None:
        points = event.due_points - event.paid_points
        self._other(AwardKind.CUT, first_log, at, event.campaign, event.member, points)
        self._count(at, event)

    def _outdone(self, first_log: int, at: Position, event: AwardOutdone) -> None:
        self._other(AwardKind.OUTDONE, first_log, at, event.campaign, event.member, event.points)

    def _failed(self, first_log: int, at: Position, event: RuleFailed) -> None:
        purchase = event.partner, receipt_key(event.receipt)
        self._other(AwardKind.FAILED, first_log, at, event.campaign, event.member, purchase=purchase)

    def _other(
        self,
        kind: AwardKind,
        first_log: int,
        at: Position,
        campaign: int,
        account: str,
        points: int = 0,
        *,
        progress: int | None = None,
        terms_hash: bytes | None = None,
        purchase: tuple[int, bytes] = (0, NO_RECEIPT),
        other: int | None = None,
    ) -> None:
        kept = None if progress is None else progress_key(progress)
        place = at.block, at.log, first_log, campaign, self.ids[account], int(kind)
        self.awards.append((*place, *purchase, points, kept, terms_hash, other))

    def _count(self, at: Position, event: Any) -> None:
        """What the purchase under way counted for: the events of one campaign follow each other."""
        pending, version = self.pending, self.live.get(event.campaign, 0)
        if pending and pending[-1] & CAMPAIGN_MASK == event.campaign:
            pending[-1] = award_word(event, version, at.timestamp, pending[-1])
        else:
            pending.append(award_word(event, version, at.timestamp))

    def _badge(self, first_log: int, at: Position, event: BadgeAwarded) -> None:
        self.badges.append((at.block, at.log, event.campaign, self.ids[event.member], event.badge, 1))
        self._count(at, event)

    def _badge_back(self, first_log: int, at: Position, event: BadgeTakenBack) -> None:
        self.badges.append((at.block, at.log, event.campaign, self.ids[event.member], event.badge, 0))

    def _joined(self, first_log: int, at: Position, event: MemberJoined) -> None:
        self.participants.append((at.block, at.log, event.campaign, self.ids[event.member], None))

    def _referred(self, first_log: int, at: Position, event: MemberReferred) -> None:
        account, referrer = self.ids[event.member], self.ids[event.referrer]
        self.participants.append((at.block, at.log, event.campaign, account, referrer))


HANDLERS: dict[type[Event], Callable[[CampaignRows, int, Position, Any], None]] = {
    AwardCut: CampaignRows._cut,
    AwardOutdone: CampaignRows._outdone,
    AwardTakenBack: CampaignRows._taken_back,
    Awarded: CampaignRows._awarded,
    BadgeAwarded: CampaignRows._badge,
    BadgeTakenBack: CampaignRows._badge_back,
    CompanionAwarded: CampaignRows._companion,
    CompanionTakenBack: CampaignRows._companion_back,
    MemberJoined: CampaignRows._joined,
    MemberReferred: CampaignRows._referred,
    Progressed: CampaignRows._progressed,
    RuleFailed: CampaignRows._failed,
}
