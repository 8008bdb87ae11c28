"""Purchases that earn when their return window ends: taken in, reduced, shown, and posted when they are due."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace

from coalition.errors import AccessDenied, CoalitionError, InputError, ReceiptConflict, Refused, Unavailable
from coalition.ledger.operations import BPS, Kind, Rejection
from coalition.service.answers import REASONS, WITHHELD, Answer, first_answer
from coalition.service.asked import Asked
from coalition.service.ledger import LedgerService, Started
from coalition.submit.scheduled import Reduction, Scheduled, ScheduledEarns, State

__all__ = ["PendingEarn", "PendingEarns", "PendingPoster", "PendingReversal"]

AHEAD_SECONDS_MAX = 400 * 86_400
LOOK_SECONDS = 0.25
WAIT_SECONDS = 30.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PendingEarn:
    """A purchase that waits, or waited. `points` are what is left of it would earn by today's rate."""

    scheduled: Scheduled
    points: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class PendingReversal:
    """What was taken back of a purchase before it counted. `points` are what it would have earned by today's rate."""

    reduction: Reduction
    earn: Scheduled
    original_receipt: str
    points: int
    replayed: bool = False


class PendingEarns:
    """See the module. The chain knows nothing of these purchases until they are posted."""

    def __init__(self, service: LedgerService, store: ScheduledEarns) -> None:
        self._service = service
        self.store = store

    def take(self, asked: Asked) -> PendingEarn | PendingReversal | None:
        """Take in a purchase with `pending_until`, or a reversal of one that waits; None if it is neither, and to be posted.

        Raises:
            ReceiptConflict: the receipt was used before with other content.
            InputError: `pending_until_invalid`.
            Refused: `member_unknown`, `original_exceeded`.
            Unavailable: nothing was written down.
        """
        try:
            if asked.pending_until is not None:
                return self._scheduled(asked, asked.pending_until)
            return self._reversed(asked) if asked.kind == Kind.REVERSE else None
        except ReceiptConflict as conflict:
            raise self._service.in_words(conflict, asked.partner) from None

    def conflicts(self, wanted: Sequence[Asked]) -> Mapping[tuple[int, int], ReceiptConflict]:
        """Return the conflicts of those whose receipt stands for a purchase that waits, or a reversal of one; by partner and
        number.
        """
        found: dict[tuple[int, int], ReceiptConflict] = {}
        known = self.store.known((asked.partner, asked.number) for asked in wanted)
        for asked in wanted:
            if (asked.partner, asked.number) not in known:
                continue
            waiting = self.store.find(asked.partner, [asked.number]).get(asked.number)
            taken = self.store.reductions(asked.partner, [asked.number]).get(asked.number)
            if waiting is not None and waiting.state in (State.WAITING, State.CANCELLED):
                found[asked.partner, asked.number] = _conflict(waiting, asked)
            elif taken is not None:
                found[asked.partner, asked.number] = _conflict_with_reversal(taken, asked)
        return found

    def find(self, partner: int, receipt: int) -> PendingEarn | PendingReversal | None:
        """Return what is known under a receipt and not on the chain: a purchase that was not posted, or a reversal of one."""
        known = self.store.find(partner, [receipt]).get(receipt)
        if known is not None:
            return None if known.state is State.POSTED else self._shown(known)
        reduction = self.store.reductions(partner, [receipt]).get(receipt)
        return None if reduction is None else self._shown_reversal(reduction)

    def points_of(self, member: str) -> int:
        """Return what the purchases of an account that wait would earn by today's rates."""
        return sum(self._points(one.partner, one.left_minor) for one in self.store.waiting_for(member))

    def post_due(self) -> int:
        """Post what is due, wait for the outcomes, and return how many there were."""
        due = self.store.claim()
        if not due:
            return 0
        asked = [self._asked(one) for one in due]
        started = self._service.start(asked, due=True)
        outcomes = [self._outcome(what, outcome) for what, outcome in zip(asked, started, strict=True)]
        # all of them are known before anything is written: an open transaction would keep the outbox from its own
        self.store.settle((one, *what) for one, what in zip(due, outcomes, strict=True) if what is not None)
        return len(due)

    # ---- inside

    def _scheduled(self, asked: Asked, due_at: int) -> PendingEarn:
        operation = asked.operation
        assert operation is not None
        wanted = Scheduled(
            asked.partner,
            asked.number,
            asked.receipt,
            asked.content["member"],
            asked.content["spend_minor"],
            getattr(operation, "enrols", False),
            due_at,
        )
        known = self.store.find(asked.partner, [asked.number]).get(asked.number)
        if known is None:
            self._check_new(asked, wanted)
            self._service.keep_text(asked)
            known, is_new = self.store.add(wanted)
        else:
            is_new = False
        if _content(known) != _content(wanted):
            raise _conflict(known, asked)
        return replace(self._shown(known), replayed=not is_new)

    def _check_new(self, asked: Asked, wanted: Scheduled) -> None:
        # what the chain or a reversal counted under it has no `pending_until`
        counted = self._service.queries.operations_of(asked.partner, asked.number)
        if counted or asked.number in self.store.reductions(asked.partner, [asked.number]):
            raise ReceiptConflict(
                "This receipt was used before, without pending_until. Use another one.",
                differences={"pending_until": {"recorded": None, "requested": wanted.due_at}},
            )
        now = int(self.store.clock())
        if not now < wanted.due_at <= now + AHEAD_SECONDS_MAX:
            raise InputError(
                "pending_until lies in the future, 400 days at most.",
                code="pending_until_invalid",
                field="pending_until",
            )
        if not wanted.enrols and not self._service.queries.is_member(wanted.member):
            raise Refused(REASONS[Rejection.MEMBER_UNKNOWN], code=Rejection.MEMBER_UNKNOWN.code, kind="earn")

    def _reversed(self, asked: Asked) -> PendingReversal | None:
        original, amount = asked.content["original_receipt"], asked.content.get("spend_minor")
        before = self.store.reductions(asked.partner, [asked.number]).get(asked.number)
        if before is not None:
            if before.original != original or amount not in (None, before.spend_minor):
                raise _conflict_with_reversal(before, asked)
            return replace(self._shown_reversal(before), replayed=True)
        known = self.store.find(asked.partner, [original]).get(original)
        if known is None or known.state in (State.POSTED, State.REFUSED):
            return None
        first_answer(
            self._service.queries.operations_of(asked.partner, asked.number), asked
        )  # a conflict, if there is any
        if asked.number in self.store.find(asked.partner, [asked.number]):
            raise _conflict(self.store.find(asked.partner, [asked.number])[asked.number], asked)
        self._service.keep_text(asked)
        if not self.store.take_back(asked.partner, original, asked.number, asked.receipt, amount):
            raise Refused(REASONS[Rejection.ORIGINAL_EXCEEDED], code=Rejection.ORIGINAL_EXCEEDED.code, kind="reverse")
        return self._shown_reversal(self.store.reductions(asked.partner, [asked.number])[asked.number])

    def _shown(self, known: Scheduled) -> PendingEarn:
        return PendingEarn(known, self._points(known.partner, known.left_minor))

    def _shown_reversal(self, known: Reduction) -> PendingReversal:
        earn = self.store.find(known.partner, [known.original])[known.original]
        points = self._points(known.partner, known.spend_minor)
        return PendingReversal(known, earn, earn.receipt_text, points)

    def _points(self, partner: int, spend_minor: int) -> int:
        return spend_minor * self._service.partners.find(partner).at(int(self.store.clock())).earn_rate_bps // BPS

    def _asked(self, one: Scheduled) -> Asked:
        return self._service.asking.earn(one.partner, one.member, one.receipt_text, one.left_minor, enrols=one.enrols)

    def _outcome(self, asked: Asked, outcome: Started) -> tuple[State, str] | None:
        """What became of a purchase that was posted; None if it is to be tried again."""
        try:
            if isinstance(outcome, Future):
                self._service.conclude(asked, outcome.result(WAIT_SECONDS))
            elif not isinstance(outcome, Answer):
                raise outcome
        except (FutureTimeout, Unavailable, AccessDenied):
            return None
        except CoalitionError as error:
            if error.code == "ledger_paused":
                return None
            logger.warning("a pending purchase of partner %d was refused: %s", asked.partner, error.code)
            return State.REFUSED, error.code
        return State.POSTED, ""


class PendingPoster:
    """Posts what is due, from a thread of its own, while it is used as a context manager."""

    def __init__(self, pending: PendingEarns) -> None:
        self._pending = pending
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="coalition-pending", daemon=True)

    def __enter__(self) -> PendingPoster:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        self._thread.join(WAIT_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                found = self._pending.post_due()
            except CoalitionError as error:
                logger.warning("pending purchases wait: %s", error.code)
                found = 0
            except Exception:
                logger.exception("posting pending purchases failed; it is tried again")
                found = 0
            if not found:
                self._stopping.wait(LOOK_SECONDS)


def _content(one: Scheduled) -> tuple[str, int, int]:
    return one.member, one.spend_minor, one.due_at


def _conflict(known: Scheduled, asked: Asked) -> ReceiptConflict:
    recorded = {"kind": "earn", "member": known.member, "spend_minor": known.spend_minor, "pending_until": known.due_at}
    requested = {
        "kind": asked.kind.name.lower(),
        "member": asked.content.get("member"),
        "spend_minor": asked.content.get("spend_minor"),
        "pending_until": asked.pending_until,
    }
    different = {
        name: WITHHELD if name == "member" else {"recorded": value, "requested": requested[name]}
        for name, value in recorded.items()
        if value != requested[name]
    }
    return _differs(different)


def _conflict_with_reversal(known: Reduction, asked: Asked) -> ReceiptConflict:
    recorded = {"kind": "reverse", "spend_minor": known.spend_minor}
    requested = {"kind": asked.kind.name.lower(), "spend_minor": asked.content.get("spend_minor")}
    different: dict[str, Mapping[str, object]] = {
        name: {"recorded": value, "requested": requested[name]}
        for name, value in recorded.items()
        if value != requested[name]
    }
    if asked.content.get("original_receipt") != known.original:
        named = {"recorded": known.original, "requested": asked.content.get("original_receipt")}
        different["original_receipt"] = named
    return _differs(different)


def _differs(different: Mapping[str, Mapping[str, object]]) -> ReceiptConflict:
    return ReceiptConflict(
        "This receipt was used before with other content (" + ", ".join(sorted(different)) + "). "
        "A receipt stands for one purchase for ever; use another one.",
        differences=dict(different),
    )
