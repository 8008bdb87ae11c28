"""How partners' operations are decided, one by one: `IPointLedger` in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coalition.ledger import calls
from coalition.ledger.book import NOBODY, OpenHold
from coalition.ledger.decide_awards import ask_for_awards, award_others, open_hook, repay
from coalition.ledger.decide_corrections import decide_refund, decide_reversal
from coalition.ledger.decide_registry import posting
from coalition.ledger.events import (
    Approval,
    Captured,
    Earned,
    Held,
    MemberEnrolled,
    OperationRejected,
    Redeemed,
    Released,
    Transfer,
)
from coalition.ledger.lots import LOT_MAX, Lots
from coalition.ledger.operations import (
    AWARDS_MAX,
    BATCH_MAX,
    HOLD_SECONDS_MAX,
    SPEND_MINOR_MAX,
    Capture,
    Earn,
    Hold,
    Kind,
    Purpose,
    Redeem,
    Rejection,
    Release,
    points_for_spend_down,
)
from coalition.ledger.run import Others, Poster, Purchase, Run
from coalition.ledger.views import (
    allowance,
    hold_of,
    is_member,
    is_receipt_used,
    member_since_of,
    supply_at_epoch,
    supply_lots,
)

__all__ = ["enrol", "post", "release_lapsed"]

UINT256_MAX = (1 << 256) - 1


def post(run: Run, call: calls.Post) -> None:
    """Decide a batch: each operation alone, the whole only for its sender's faults."""
    size = len(call.operations)
    run.require(0 < size <= BATCH_MAX, "BatchSizeInvalid", size, BATCH_MAX)
    run.require_not_paused()
    partner, rate = posting(run, run.sender)
    poster = Poster(partner, rate, open_hook(run, partner) if call.kind is Kind.EARN else None)
    decide = DECISIONS[call.kind]
    for operation in call.operations:
        code = decide(run, poster, operation)
        if code is not None:
            run.emit(OperationRejected(poster.partner, operation.receipt, call.kind, code))


def enrol(run: Run, call: calls.Enrol) -> None:
    """Make accounts members': for partners' keys and the operator."""
    size = len(call.members)
    run.require(0 < size <= BATCH_MAX, "BatchSizeInvalid", size, BATCH_MAX)
    run.require_not_paused()
    if run.sender in run.state.keys:
        posting(run, run.sender)
    else:
        run.require_role(call)
    for member in call.members:
        run.require(_can_be_member(run, member), "MemberInvalid", member)
    for member in call.members:
        if not is_member(run.state, member):
            run.emit(MemberEnrolled(member))


def release_lapsed(run: Run, call: calls.ReleaseLapsed) -> None:
    """End a hold whose deadline has passed: for anyone."""
    place = call.partner, call.receipt
    hold = hold_of(run.state, *place)
    if hold is None:
        return run.require(False, "HoldNotOpen", *place)
    run.require(hold.deadline < run.timestamp, "HoldNotLapsed", *place, hold.deadline)
    run.require_not_paused()
    code = _end_hold(run, call.partner, call.receipt, hold)
    return run.require(code is None, "GraceLotFull", *place)


def _earn(run: Run, poster: Poster, purchase: Earn) -> Rejection | None:
    state, member = run.state, purchase.member
    if is_receipt_used(state, poster.partner, purchase.receipt):
        return Rejection.RECEIPT_USED
    if purchase.spend_minor == 0:
        return Rejection.AMOUNT_ZERO
    if purchase.spend_minor > SPEND_MINOR_MAX:
        return Rejection.AMOUNT_TOO_LARGE
    known = is_member(state, member)
    if not known and not (purchase.enrols and _can_be_member(run, member)):
        return Rejection.MEMBER_UNKNOWN
    points = points_for_spend_down(purchase.spend_minor, poster.earn_rate_bps)
    reserve = 0 if poster.hook is None else AWARDS_MAX
    if supply_at_epoch(state, run.epoch, run.timestamp) + points + reserve > LOT_MAX:
        return Rejection.AMOUNT_TOO_LARGE

    if known:
        run.open(member)
    else:
        run.emit(MemberEnrolled(member))
    awarded, others = _awards(run, poster, purchase, points)
    run.emit(Transfer(NOBODY, member, points + awarded))
    run.emit(Earned(poster.partner, member, purchase.receipt, purchase.spend_minor, points, awarded))
    repay(run, member, points + awarded)
    award_others(run, member, others)
    return None


def _awards(run: Run, poster: Poster, purchase: Earn, points: int) -> tuple[int, Others]:
    if poster.hook is None:
        return 0, ()
    since = member_since_of(run.state, purchase.member)
    fields = purchase.member, purchase.receipt, purchase.spend_minor, points
    return ask_for_awards(run, poster.hook, Purchase(poster.partner, *fields, since))


def _redeem(run: Run, poster: Poster, payment: Redeem) -> Rejection | None:
    taken = _pay(run, poster, payment, Purpose.REDEEM, 0)
    if isinstance(taken, Rejection):
        return taken

    run.emit(Transfer(payment.member, NOBODY, payment.points))
    run.emit(Redeemed(poster.partner, payment.member, payment.receipt, payment.points, taken))
    return None


def _hold(run: Run, poster: Poster, payment: Hold) -> Rejection | None:
    """Held points come from lots that outlive the deadline."""
    if payment.deadline > run.timestamp + HOLD_SECONDS_MAX:
        return Rejection.DEADLINE_TOO_FAR
    lost = max(0, run.state.epoch_at(payment.deadline) - run.epoch)
    taken = _pay(run, poster, payment, Purpose.HOLD, min(lost, run.state.validity))
    if isinstance(taken, Rejection):
        return taken

    ledger = run.state.ledger
    run.open(ledger)
    run.emit(Transfer(payment.member, ledger, payment.points))
    fields = poster.partner, payment.member, payment.receipt, payment.points
    run.emit(Held(*fields, taken, payment.deadline))
    return None


def _pay(run: Run, poster: Poster, payment: Redeem | Hold, purpose: Purpose, skipped: int) -> Lots | Rejection:
    """The lots that pay, or why not. Uses up the allowance where there is no signature."""
    code = _check_payment(run, poster, payment)
    if code is not None:
        return code
    taken, missing = run.open(payment.member).spent(payment.points, run.state.validity, skipped)
    if missing:
        return Rejection.BALANCE_TOO_LOW
    agreed = _agree_by_signature if payment.signature else _agree_by_allowance
    return agreed(run, poster.partner, payment, purpose) or taken


def _check_payment(run: Run, poster: Poster, payment: Redeem | Hold) -> Rejection | None:
    if is_receipt_used(run.state, poster.partner, payment.receipt):
        return Rejection.RECEIPT_USED
    if payment.points == 0:
        return Rejection.AMOUNT_ZERO
    if payment.points > LOT_MAX:
        return Rejection.AMOUNT_TOO_LARGE
    if not is_member(run.state, payment.member):
        return Rejection.MEMBER_UNKNOWN
    return Rejection.DEADLINE_PASSED if payment.deadline < run.timestamp else None


def _agree_by_signature(run: Run, partner: int, payment: Redeem | Hold, purpose: Purpose) -> Rejection | None:
    digest = run.machine.content.authorization(
        payment.member, partner, payment.points, payment.receipt, purpose, payment.deadline
    )
    signed = run.machine.is_signed(run.signer_of(payment.member), digest, payment.signature)
    return None if signed else Rejection.SIGNATURE_INVALID


def _agree_by_allowance(run: Run, partner: int, payment: Redeem | Hold, purpose: Purpose) -> Rejection | None:
    spender = run.state.partners[partner].account
    allowed = allowance(run.state, payment.member, spender)
    if allowed < payment.points:
        return Rejection.ALLOWANCE_TOO_LOW
    if allowed != UINT256_MAX:
        run.emit(Approval(payment.member, spender, allowed - payment.points))
    return None


def _capture(run: Run, poster: Poster, capture: Capture) -> Rejection | None:
    hold = hold_of(run.state, poster.partner, capture.receipt)
    if hold is None:
        return Rejection.HOLD_UNKNOWN
    if hold.deadline < run.timestamp:
        return Rejection.DEADLINE_PASSED
    if capture.points == 0:
        return Rejection.AMOUNT_ZERO
    held = hold.lots.rolled(run.epoch, run.state.validity)
    taken, missing = held.spent(capture.points, run.state.validity)
    if missing:
        return Rejection.HOLD_EXCEEDED

    ledger = run.state.ledger
    run.open(ledger)
    run.open(hold.member)
    run.emit(Transfer(ledger, NOBODY, capture.points))
    if held.total > capture.points:
        run.emit(Transfer(ledger, hold.member, held.total - capture.points))
    run.emit(Captured(poster.partner, hold.member, capture.receipt, capture.points, taken))
    return None


def _release(run: Run, poster: Poster, release: Release) -> Rejection | None:
    hold = hold_of(run.state, poster.partner, release.receipt)
    if hold is None:
        return Rejection.HOLD_UNKNOWN
    return _end_hold(run, poster.partner, release.receipt, hold)


def _end_hold(run: Run, partner: int, receipt: int, hold: OpenHold) -> Rejection | None:
    """What lives goes back; what had expired under the hold is made anew in the grace lot."""
    ledger, validity = run.state.ledger, run.state.validity
    live = hold.lots.rolled(run.epoch, validity)
    alive = live.total
    back = hold.lots.restored(run.epoch, validity)
    if max(supply_lots(run.state, run.timestamp).minus(live).plus(back).points) > LOT_MAX:
        return Rejection.AMOUNT_TOO_LARGE

    run.open(ledger)
    run.open(hold.member)
    if alive:
        run.emit(Transfer(ledger, hold.member, alive))
    if back.total > alive:
        run.emit(Transfer(NOBODY, hold.member, back.total - alive))
    run.emit(Released(partner, hold.member, receipt, back.total, back))
    return None


def _can_be_member(run: Run, account: str) -> bool:
    return account not in (NOBODY, run.state.ledger)


Decision = Callable[[Run, Poster, Any], Rejection | None]
DECISIONS: dict[Kind, Decision] = {
    Kind.EARN: _earn,
    Kind.REDEEM: _redeem,
    Kind.HOLD: _hold,
    Kind.CAPTURE: _capture,
    Kind.RELEASE: _release,
    Kind.REVERSE: decide_reversal,
    Kind.REFUND: decide_refund,
}
