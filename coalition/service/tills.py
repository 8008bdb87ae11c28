"""Tills and their vouchers: registered on the chain, checked here, posted with the partner's key, counted once by the ledger.

The receipt of a voucher is made of the till and the voucher's number, so it does not matter which node posts it, how often, or in
which order. Only the partner of the till hands its vouchers in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from coalition.chain.deployment import Deployment
from coalition.chain.keystore import Keystore
from coalition.chain.rpc import Rpc
from coalition.chain.signed import signer_of
from coalition.chain.tills import TillKey, revoke_till, set_till, till_keys, tills_of
from coalition.chain.typed_data import voucher_digest
from coalition.errors import CoalitionError, InputError, NotFound, OutcomePending, ReceiptConflict
from coalition.ledger.ids import VOUCHER_MAX, voucher_receipt
from coalition.ledger.operations import Earn, Kind, Redeem
from coalition.ledger.vouchers import Voucher
from coalition.service.answers import Answer, first_answer
from coalition.service.asked import Asked
from coalition.service.checks import check_address, check_points, check_spend_minor
from coalition.service.ledger import LedgerService
from coalition.service.partner_keys import partner_signer

__all__ = ["Range", "SignedVoucher", "TillService", "TillVouchers"]

NO_DEADLINE = (1 << 40) - 1
"""An allowance has no deadline; a redemption has to name one."""

AHEAD_SECONDS_MAX = 60
STALLED_SECONDS = 15.0
SCANNED_MAX = 20_000
Outcome = Answer | CoalitionError


@dataclass(frozen=True, slots=True)
class SignedVoucher:
    """A voucher with the signature of the till's key (r ‖ s ‖ v)."""

    voucher: Voucher
    signature: bytes


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `first` to `last`, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class TillVouchers:
    """Numbers of a till's vouchers that the ledger accepted, and those between them that it did not, in order.

    `highest` is the highest accepted one of all, 0 if there is none. `next` is the number with which to go on asking, None at
    the end.
    """

    till: int
    highest: int
    accepted: tuple[Range, ...]
    gaps: tuple[Range, ...]
    next: int | None


class TillService:
    """What partners ask about their tills. Safe for use from several threads. `clock` tells the ledger's time in Unix s."""

    def __init__(
        self, rpc: Rpc, deployment: Deployment, keystore: Keystore, service: LedgerService, clock: Callable[[], int]
    ) -> None:
        self.deployment = deployment
        self._rpc = rpc
        self._keystore = keystore
        self._service = service
        self._clock = clock

    # ---- keys

    def set_key(self, partner: str | int, till: int, key: str) -> None:
        """Let a key sign for a till from now on; one that the till had before is revoked.

        Raises:
            AccessDenied: `partner_key_missing`, or what the register says of the partner's key.
            InputError: `till_invalid`; `key_known` if the key was registered before.
            SetupError: `till_registry_missing`.
        """
        signer = partner_signer(self._keystore, self._service.partners, partner, self._clock())
        set_till(self._rpc, self.deployment, signer, till, check_address(key, "key"))

    def revoke_key(self, partner: str | int, till: int) -> None:
        """Stop the key of a till at once and for ever. Raises as `set_key`, and `till_unknown` if it has none."""
        signer = partner_signer(self._keystore, self._service.partners, partner, self._clock())
        revoke_till(self._rpc, self.deployment, signer, till)

    def tills(self, partner: int) -> list[TillKey]:
        """Return every key that ever signed for a till of a partner, by till, and the oldest first."""
        return tills_of(self._rpc, self.deployment, partner)

    # ---- vouchers

    def hand_in(self, partner: int, vouchers: Sequence[SignedVoucher], timeout: float = 30.0) -> list[Outcome]:
        """Post vouchers of a partner's tills, and return what became of each, in order; none stops another.

        Raises:
            ChainUnavailable: nothing was recorded.
            SetupError: `till_registry_missing`.
        """
        outcomes: list[Outcome | None] = [None] * len(vouchers)
        asked: list[tuple[int, Asked]] = []
        give_up = time.monotonic() + timeout
        now = self._clock()
        for place, (signed, key) in enumerate(zip(vouchers, self._keys(vouchers), strict=True)):
            try:
                wanted = self._checked(partner, signed.voucher, key, now)
            except CoalitionError as error:
                outcomes[place] = error
            else:
                asked.append((place, wanted))

        def told(place: int, outcome: Outcome) -> None:
            outcomes[place] = _voucher_conflict(outcome) if isinstance(outcome, ReceiptConflict) else outcome

        run = self._service.bulk(told, lambda: _too_late(timeout), max(0.0, give_up - time.monotonic()))
        try:
            run.take(asked)
            run.finish()
        except CoalitionError as error:
            run.abandon(error)
        return [outcome for outcome in outcomes if outcome is not None]

    def vouchers(self, partner: int, till: int, start: int = 1, limit: int = 100) -> TillVouchers:
        """Return which vouchers of a till counted, from number `start` on: at most `limit` gaps, and some 20,000 numbers.

        Raises:
            NotFound: `till_unknown` if the partner never had such a till.
        """
        if not any(one.till == till for one in self.tills(partner)):
            raise NotFound(f"There is no till {till} of yours.", code="till_unknown")
        zero = voucher_receipt(till, 0)
        counted, highest = self._service.queries.counted_between(
            partner, zero + start, voucher_receipt(till, VOUCHER_MAX), SCANNED_MAX
        )
        numbers = [receipt - zero for receipt in counted]
        accepted, gaps, end = _ranges(numbers, start, limit)
        last = 0 if highest is None else highest - zero
        return TillVouchers(till, last, accepted, gaps, end + 1 if end < last else None)

    # ---- inside

    def _keys(self, vouchers: Sequence[SignedVoucher]) -> list[TillKey | None]:
        """What is known of the key that signed each; None where nobody's did."""
        signers = [self._signer(signed) for signed in vouchers]
        wanted = sorted({key for key in signers if key is not None})
        known = dict(zip(wanted, till_keys(self._rpc, self.deployment, wanted), strict=True))
        return [None if key is None else known[key] for key in signers]

    def _signer(self, signed: SignedVoucher) -> str | None:
        chain_id, registry = self.deployment.chain_id, self.deployment.till_registry
        try:
            digest = voucher_digest(chain_id, registry, signed.voucher)
        except (ValueError, OverflowError):
            return None  # what cannot be encoded, such as an account that is none, nobody can have signed
        return signer_of(digest, signed.signature)

    def _checked(self, partner: int, voucher: Voucher, key: TillKey | None, now: int) -> Asked:
        """What a voucher asks for, if the till of the partner signed it.

        What counted before gets its first answer, also after the till's key was revoked.
        """
        if key is None or (key.partner, key.till) != (partner, voucher.till):
            raise InputError(
                "No key of this till signed exactly this voucher, for this partner and this ledger.",
                code="voucher_signature_invalid",
            )
        row = self._service.partners.find(partner)
        if voucher.kind == Kind.EARN:
            self._service.partners.check_currency(row, voucher.currency)
        asked = _asked(partner, voucher)
        if key.revoked_at and not self._counted(asked):
            raise InputError(
                "The key of this till was revoked. When a voucher was signed is what its till says, so none of that key is "
                "accepted any more.",
                code="till_key_revoked",
                revoked_at=key.revoked_at,
            )
        if voucher.issued_at > now + AHEAD_SECONDS_MAX:
            raise InputError(
                "The voucher's time is more than 60 s ahead of the ledger's clock.", code="occurred_at_in_future"
            )
        return asked

    def _counted(self, asked: Asked) -> bool:
        """True if it counted with this content; another content is told as a conflict later."""
        records = self._service.queries.operations_of(asked.partner, asked.number)
        try:
            return first_answer(records, asked) is not None
        except ReceiptConflict:
            return True


def _asked(partner: int, voucher: Voucher) -> Asked:
    member = check_address(voucher.member)
    if voucher.kind == Kind.EARN:
        operation: Earn | Redeem = Earn(member, voucher.receipt, check_spend_minor(voucher.amount))
        content = {"member": member, "spend_minor": voucher.amount}
    else:
        operation = Redeem(member, voucher.receipt, check_points(voucher.amount), NO_DEADLINE)
        content = {"member": member, "points": voucher.amount}
    return Asked(partner, voucher.kind, voucher.receipt_text, voucher.receipt, content, operation)


def _voucher_conflict(conflict: ReceiptConflict) -> ReceiptConflict:
    different = conflict.details["differences"]
    return ReceiptConflict(
        f"This till gave the number to another voucher before ({', '.join(sorted(different))} differ). A number stands for one "
        "voucher for ever.",
        code="voucher_conflict",
        differences=different,
    )


def _too_late(seconds: float) -> OutcomePending:
    return OutcomePending(f"No outcome within {seconds:g} s. Hand the same voucher in again: it counts once.")


def _ranges(numbers: Iterable[int], start: int, limit: int) -> tuple[tuple[Range, ...], tuple[Range, ...], int]:
    """Ranges of `numbers`, which rise, and the gaps from `start` on between them, at most `limit`; and how far they reach."""
    accepted: list[Range] = []
    gaps: list[Range] = []
    following = start
    for number in numbers:
        if number != following:
            if len(gaps) == limit:
                break
            gaps.append(Range(following, number - 1))
        if accepted and number == following and accepted[-1].last == number - 1:
            accepted[-1] = Range(accepted[-1].first, number)
        else:
            accepted.append(Range(number, number))
        following = number + 1
    return tuple(accepted), tuple(gaps), following - 1
