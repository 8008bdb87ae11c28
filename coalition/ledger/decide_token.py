"""How the token decides: ERC-20, ERC-7818, ERC-2612 and ERC-3009 in Python, and the keys of members' accounts."""

from __future__ import annotations

from coalition.ledger import calls
from coalition.ledger.book import NOBODY
from coalition.ledger.events import (
    Approval,
    AuthorizationCanceled,
    AuthorizationUsed,
    KeyChangeAnnounced,
    KeyChangeCancelled,
    LotsTransferred,
    Paused,
    Transfer,
    Unpaused,
)
from coalition.ledger.lots import Lots
from coalition.ledger.run import Run
from coalition.ledger.views import account_key_of, allowance, authorization_state, is_member

__all__ = [
    "announce_key_recovery",
    "announce_key_rotation",
    "approve",
    "cancel_authorization",
    "cancel_key_change",
    "pause",
    "permit",
    "transfer",
    "transfer_at_epoch",
    "transfer_from",
    "transfer_from_at_epoch",
    "transfer_with_authorization",
    "unpause",
]

UINT256_MAX = (1 << 256) - 1


def transfer(run: Run, call: calls.Transfer) -> None:
    """ERC-20 `transfer`, while the account's own address is its key."""
    _require_own_key(run)
    _check_move(run, run.sender, call.to, call.value)

    _move(run, run.sender, call.to, call.value)


def transfer_from(run: Run, call: calls.TransferFrom) -> None:
    """ERC-20 `transferFrom`."""
    _require_allowance(run, call.from_, call.value)
    _check_move(run, call.from_, call.to, call.value)

    _reduce_allowance(run, call.from_, call.value)
    _move(run, call.from_, call.to, call.value)


def transfer_at_epoch(run: Run, call: calls.TransferAtEpoch) -> None:
    """ERC-7818 `transferAtEpoch`."""
    _require_own_key(run)
    _check_move_at_epoch(run, call.epoch, run.sender, call.to, call.value)

    _move_at_epoch(run, call.epoch, run.sender, call.to, call.value)


def transfer_from_at_epoch(run: Run, call: calls.TransferFromAtEpoch) -> None:
    """ERC-7818 `transferFromAtEpoch`."""
    _require_allowance(run, call.from_, call.value)
    _check_move_at_epoch(run, call.epoch, call.from_, call.to, call.value)

    _reduce_allowance(run, call.from_, call.value)
    _move_at_epoch(run, call.epoch, call.from_, call.to, call.value)


def approve(run: Run, call: calls.Approve) -> None:
    """ERC-20 `approve`, while the account's own address is its key."""
    _require_own_key(run)
    run.require(call.spender != NOBODY, "ERC20InvalidSpender", call.spender)

    run.emit(Approval(run.sender, call.spender, call.value))


def permit(run: Run, call: calls.Permit) -> None:
    """ERC-2612, on the signature of the account's key."""
    nonce = run.use_nonce(call.owner)
    digest = run.machine.content.permit(call.owner, call.spender, call.value, nonce, call.deadline)
    run.require_signed(call.owner, digest, call.deadline, call.signature)
    run.require(call.spender != NOBODY, "ERC20InvalidSpender", call.spender)

    run.nonce_used(call.owner)
    run.emit(Approval(call.owner, call.spender, call.value))


def transfer_with_authorization(run: Run, call: calls.TransferWithAuthorization) -> None:
    """ERC-3009, on the signature of the account's key, once."""
    run.require(run.timestamp > call.valid_after, "AuthorizationNotYetValid", call.valid_after)
    run.require(run.timestamp < call.valid_before, "AuthorizationExpired", call.valid_before)
    digest = run.machine.content.transfer(
        call.from_, call.to, call.value, call.valid_after, call.valid_before, call.nonce
    )
    _require_authorized(run, call.from_, call.nonce, digest, call.signature)
    _check_move(run, call.from_, call.to, call.value)

    run.emit(AuthorizationUsed(call.from_, call.nonce))
    _move(run, call.from_, call.to, call.value)


def cancel_authorization(run: Run, call: calls.CancelAuthorization) -> None:
    """ERC-3009 `cancelAuthorization`."""
    digest = run.machine.content.cancel(call.authorizer, call.nonce)
    _require_authorized(run, call.authorizer, call.nonce, digest, call.signature)

    run.emit(AuthorizationCanceled(call.authorizer, call.nonce))


def announce_key_rotation(run: Run, call: calls.AnnounceKeyRotation) -> None:
    """Another key takes over after the rotation delay, if the present one does not cancel."""
    nonce = run.use_nonce(call.account)
    digest = run.machine.content.key_rotation(call.account, call.next, nonce, call.deadline)
    run.require_signed(call.account, digest, call.deadline, call.signature)
    _check_next_key(run, call.account, call.next)

    run.nonce_used(call.account)
    effective_from = run.timestamp + run.state.rotation_delay
    run.emit(KeyChangeAnnounced(call.account, call.next, effective_from, False))


def announce_key_recovery(run: Run, call: calls.AnnounceKeyRecovery) -> None:
    """Another key takes over after the recovery delay: for the recovery role."""
    run.require_role(call)
    _check_next_key(run, call.account, call.next)

    effective_from = run.timestamp + run.state.recovery_delay
    run.emit(KeyChangeAnnounced(call.account, call.next, effective_from, True))


def cancel_key_change(run: Run, call: calls.CancelKeyChange) -> None:
    """What was announced and is not yet due will not happen."""
    due = account_key_of(run.state, call.account).effective_from
    run.require(due > run.timestamp, "KeyChangeNone", call.account)
    nonce = run.use_nonce(call.account)
    digest = run.machine.content.key_cancellation(call.account, nonce, call.deadline)
    run.require_signed(call.account, digest, call.deadline, call.signature)

    run.nonce_used(call.account)
    run.emit(KeyChangeCancelled(call.account))


def pause(run: Run, call: calls.Pause) -> None:
    """Every operation and transfer stops."""
    run.require_role(call)
    run.require_not_paused()

    run.emit(Paused(run.sender))


def unpause(run: Run, call: calls.Unpause) -> None:
    """Operations may happen again."""
    run.require_role(call)
    run.require(run.state.paused, "LedgerNotPaused")

    run.emit(Unpaused(run.sender))


def _require_own_key(run: Run) -> None:
    run.require(run.signer_of(run.sender) == run.sender, "SignerNotCurrent", run.sender)


def _require_allowance(run: Run, owner: str, value: int) -> None:
    allowed = allowance(run.state, owner, run.sender)
    run.require(allowed >= value, "ERC20InsufficientAllowance", run.sender, allowed, value)


def _reduce_allowance(run: Run, owner: str, value: int) -> None:
    allowed = allowance(run.state, owner, run.sender)
    if allowed != UINT256_MAX:
        run.emit(Approval(owner, run.sender, allowed - value))


def _require_authorized(run: Run, authorizer: str, nonce: bytes, digest: bytes, signature: bytes) -> None:
    spent = authorization_state(run.state, authorizer, nonce)
    run.require(not spent, "AuthorizationUsedOrCanceled", authorizer, nonce)
    run.require_signed(authorizer, digest, UINT256_MAX, signature)


def _check_next_key(run: Run, account: str, next_: str) -> None:
    run.require(is_member(run.state, account), "MemberNotEnrolled", account)
    run.require(next_ != NOBODY, "SignerZero")


def _check_receiver(run: Run, to: str) -> None:
    run.require_not_paused()
    run.require(is_member(run.state, to), "ERC20InvalidReceiver", to)


def _check_move(run: Run, from_: str, to: str, value: int) -> None:
    _check_receiver(run, to)
    balance = run.balance_of(from_)
    run.require(value <= balance, "ERC20InsufficientBalance", from_, balance, value)


def _check_move_at_epoch(run: Run, epoch: int, from_: str, to: str, value: int) -> None:
    expired = run.state.is_expired(epoch, run.epoch)
    run.require(not expired, "ERC7818TransferredExpiredToken", from_, epoch)
    _check_receiver(run, to)
    held = run.lots_of(from_).at_epoch(epoch)
    run.require(value <= held, "ERC20InsufficientBalance", from_, held, value)


def _move(run: Run, from_: str, to: str, value: int) -> None:
    taken, _ = run.open(from_).spent(value, run.state.validity)
    _tell_move(run, from_, to, value, taken)


def _move_at_epoch(run: Run, epoch: int, from_: str, to: str, value: int) -> None:
    run.open(from_)
    _tell_move(run, from_, to, value, Lots.of(run.epoch, {epoch: value} if value else {}))


def _tell_move(run: Run, from_: str, to: str, value: int, taken: Lots) -> None:
    run.open(to)
    run.emit(Transfer(from_, to, value))
    run.emit(LotsTransferred(from_, to, taken))
