"""How reversals and refunds are decided: the corrections of `IPointLedger` in Python."""

from __future__ import annotations

from coalition.ledger.book import NOBODY
from coalition.ledger.chain_word import awards_hash, proves
from coalition.ledger.decide_awards import ask_for_taken, take_back, take_from_others
from coalition.ledger.events import Refunded, Reversed, Transfer
from coalition.ledger.lots import LOT_MAX
from coalition.ledger.operations import Kind, Refund, Rejection, Reverse
from coalition.ledger.run import Poster, Run
from coalition.ledger.views import corrected_of, is_receipt_used, receipt_word_of, supply_lots

__all__ = ["decide_refund", "decide_reversal"]


def decide_reversal(run: Run, poster: Poster, reversal: Reverse) -> Rejection | None:
    """What the reversals of one earn take adds up to what it gave, whatever the parts."""
    original = reversal.original
    counted = awards_hash(reversal.awards, run.machine.content.keccak)
    fits = original.kind is Kind.EARN and counted == original.awards
    code = _check_correction(run, poster, reversal, reversal.spend_minor, original.spend_minor, fits)
    if code is not None:
        return code

    left = original.spend_minor - corrected_of(run.state, poster.partner, original.receipt)
    after = left - reversal.spend_minor
    points = original.points * left // original.spend_minor - original.points * after // original.spend_minor
    awarded, others = ask_for_taken(run, poster, original, reversal.awards, left, after)
    run.open(original.member)
    taken = take_back(run, original.member, original.lots.head, points + awarded)
    run.emit(Transfer(original.member, NOBODY, taken.total))
    fields = poster.partner, original.member, reversal.receipt, original.receipt, reversal.spend_minor
    run.emit(Reversed(*fields, points, taken, awarded))
    take_from_others(run, original.member, original.lots.head, others)
    return None


def decide_refund(run: Run, poster: Poster, refund: Refund) -> Rejection | None:
    """Points go back into the lots they came from, the ones spent last first."""
    original = refund.original
    fits = original.kind in (Kind.REDEEM, Kind.CAPTURE)
    code = _check_correction(run, poster, refund, refund.points, original.points, fits)
    if code is not None:
        return code
    before = corrected_of(run.state, poster.partner, original.receipt)
    back = original.lots.tail(before, refund.points).restored(run.epoch, run.state.validity)
    if max(supply_lots(run.state, run.timestamp).plus(back).points) > LOT_MAX:
        return Rejection.AMOUNT_TOO_LARGE

    run.open(original.member)
    run.emit(Transfer(NOBODY, original.member, refund.points))
    fields = poster.partner, original.member, refund.receipt, original.receipt
    run.emit(Refunded(*fields, refund.points, back))
    return None


def _check_correction(
    run: Run, poster: Poster, correction: Reverse | Refund, amount: int, whole: int, fits: bool
) -> Rejection | None:
    original, keccak = correction.original, run.machine.content.keccak
    if amount == 0:
        return Rejection.AMOUNT_ZERO
    if is_receipt_used(run.state, poster.partner, correction.receipt):
        return Rejection.RECEIPT_USED
    chain, _ = receipt_word_of(run.state, poster.partner, original.receipt, keccak)
    if not fits or not proves(chain, original, correction.before, correction.later, keccak):
        return Rejection.PROOF_INVALID
    if corrected_of(run.state, poster.partner, original.receipt) + amount > whole:
        return Rejection.ORIGINAL_EXCEEDED
    return None
