"""How awards, and what goes back of them, are decided: `contracts/Awards.sol` in Python."""

from __future__ import annotations

from coalition.ledger import calls
from coalition.ledger.book import NOBODY
from coalition.ledger.events import BonusIssued, BonusTaken, CampaignBookSet, DebtRepaid, Transfer
from coalition.ledger.lots import LOT_MAX, Lots
from coalition.ledger.operations import AWARDS_MAX, Outcome
from coalition.ledger.run import EarnHook, Others, Poster, Purchase, Run
from coalition.ledger.views import balance_of_at_epoch, debt_of, is_member, member_since_of, supply_at_epoch

__all__ = [
    "ask_for_awards",
    "ask_for_taken",
    "award",
    "award_others",
    "open_hook",
    "repay",
    "set_campaign_book",
    "take_back",
    "take_from_others",
]


def set_campaign_book(run: Run, call: calls.SetCampaignBook) -> None:
    """Let another book hear of purchases."""
    run.require_role(call)

    run.emit(CampaignBookSet(call.book))


def award(run: Run, call: calls.Award) -> None:
    """Credit points outside of a purchase: for the campaign book."""
    run.require(run.sender == run.state.campaign_book, "CallerNotCampaignBook", run.sender)
    run.require_not_paused()
    _check_awards(run, 0, call.others, LOT_MAX - supply_at_epoch(run.state, run.epoch, run.timestamp))

    award_others(run, NOBODY, call.others)


def open_hook(run: Run, partner: int) -> EarnHook | None:
    """The campaign book, if it is to hear of the partner's purchases."""
    hook = run.hook
    return hook if hook is not None and hook.is_open_at(run, partner) else None


def ask_for_awards(run: Run, hook: EarnHook, purchase: Purchase) -> tuple[int, Others]:
    """What the book awards for an accepted purchase. A book that awards too much leaves the twin in disorder."""
    awarded, others = hook.earned(run, purchase)
    _check_awards(run, awarded, others, AWARDS_MAX)
    return awarded, others


def ask_for_taken(
    run: Run, poster: Poster, original: Outcome, words: tuple[int, ...], spend_before: int, spend_after: int
) -> tuple[int, Others]:
    """What goes back of the awards of a purchase; without a book, they stay."""
    hook = run.hook
    if hook is None or not words:
        return 0, ()
    since = member_since_of(run.state, original.member)
    fields = original.member, original.receipt, original.spend_minor, original.points
    taken, others = hook.taken_back(run, Purchase(poster.partner, *fields, since), words, spend_before, spend_after)
    _check_awards(run, taken, others, LOT_MAX)
    return taken, others


def award_others(run: Run, member: str, others: Others) -> None:
    """Credit members other than `member`; who is nobody, and no points, are passed over."""
    for account, points in others:
        if _counts(run, member, account, points):
            run.open(account)
            run.emit(Transfer(NOBODY, account, points))
            run.emit(BonusIssued(account, points))
            repay(run, account, points)


def take_from_others(run: Run, member: str, earned_in: int, others: Others) -> None:
    """Members other than `member` give back what they got with a purchase of the epoch `earned_in`."""
    for account, points in others:
        if _counts(run, member, account, points):
            run.open(account)
            taken = take_back(run, account, earned_in, points)
            run.emit(Transfer(account, NOBODY, taken.total))
            run.emit(BonusTaken(account, points, taken))


def repay(run: Run, member: str, earned: int) -> None:
    """Points just earned pay a debt first."""
    paid = min(debt_of(run.state, member), earned)
    if paid > 0:
        run.emit(Transfer(member, NOBODY, paid))
        run.emit(DebtRepaid(member, paid))


def take_back(run: Run, member: str, earned_in: int, points: int) -> Lots:
    """The lots that give points back: that of the earn first, then nearest to expiry first."""
    own = min(points, balance_of_at_epoch(run.state, earned_in, member, run.timestamp))
    first = Lots.of(run.epoch, {earned_in: own} if own else {})
    others, _ = run.lots_of(member).minus(first).spent(points - own, run.state.validity)
    return first.plus(others)


def _counts(run: Run, member: str, account: str, points: int) -> bool:
    return points > 0 and account != member and is_member(run.state, account)


def _check_awards(run: Run, points: int, others: Others, largest: int) -> None:
    total = points + sum(count for _, count in others)
    run.require(total <= largest, "AwardsTooLarge", total, largest)
