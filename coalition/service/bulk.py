"""Many operations at once: each decided alone, in batches through the outbox, in bounded memory.

Files (`load.py`) and bulk requests over HTTP are both such a run.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from coalition.errors import CoalitionError, OutcomePending
from coalition.index.queries import Queries
from coalition.ledger.chain_word import word_index
from coalition.ledger.operations import Operation, Rejection
from coalition.ledger.records import OperationRecord
from coalition.service.answers import DECIDED_BEFORE, Answer, answer_of, decided_before, first_answer, in_words
from coalition.service.asked import PROOF_ATTEMPTS, Asked, prove
from coalition.submit.receipt_texts import ReceiptTexts
from coalition.submit.submitter import Bulk, Submission, Submitter

__all__ = ["BATCHES_IN_FLIGHT", "BATCH_OPERATIONS", "BulkRun"]

BATCH_OPERATIONS = 4_000
BATCHES_IN_FLIGHT = 6
LOOK_SECONDS = 1.0

T = TypeVar("T")
Key = tuple[int, int]
Known = Mapping[Key, Sequence[OperationRecord]]


@dataclass(slots=True)
class _Candidate(Generic[T]):
    """An operation to be posted. `repeats` ask for the same under the same receipt: they share its outcome."""

    ticket: T
    asked: Asked
    repeats: list[T] = field(default_factory=list)
    attempts: int = 0

    @property
    def key(self) -> Key:
        return self.asked.partner, self.asked.number

    @property
    def original(self) -> Key | None:
        """The receipt that a correction names."""
        if self.asked.operation is not None:
            return None
        return self.asked.partner, self.asked.content["original_receipt"]

    @property
    def names(self) -> tuple[Key, ...]:
        """The receipts that it names."""
        return (self.key,) if self.original is None else (self.key, self.original)


@dataclass(frozen=True, slots=True)
class _Posted(Generic[T]):
    """A batch on its way, in the order of the outcomes to come."""

    candidates: list[_Candidate[T]]
    bulk: Bulk


class _Underway(Generic[T]):
    """What is on its way, so that what depends on it waits: the same receipt, the original of a correction, and the words
    whose outcomes a correction proves."""

    def __init__(self) -> None:
        self.first: dict[Key, _Candidate[T]] = {}
        self._named: Counter[Key] = Counter()
        self._grows: Counter[Key] = Counter()
        self._proved: Counter[Key] = Counter()

    def is_free(self, candidate: _Candidate[T]) -> bool:
        """True if nothing that is on its way matters to `candidate`."""
        if candidate.key in self._named or _word(candidate.key) in self._proved:
            return False
        original = candidate.original
        return original is None or not (original in self._named or _word(original) in self._grows)

    def add(self, candidate: _Candidate[T]) -> None:
        self.first[candidate.key] = candidate
        self._count(candidate, 1)

    def remove(self, candidate: _Candidate[T]) -> None:
        del self.first[candidate.key]
        self._count(candidate, -1)

    def _count(self, candidate: _Candidate[T], change: int) -> None:
        original = candidate.original
        _change(self._named, candidate.key, change)
        if original is None:
            _change(self._grows, _word(candidate.key), change)
        else:
            _change(self._named, original, change)
            _change(self._proved, _word(original), change)


class BulkRun(Generic[T]):
    """One run: what is on its way, and what has to wait for it.

    Each operation comes with a ticket, by which `told` names it when its outcome is known: an answer, or the error that a
    lone request would get. Operations of one run that share a receipt are decided in the order in which they were taken,
    and so is a correction after its original; of others no order is promised.
    """

    def __init__(
        self,
        submitter: Submitter,
        queries: Queries,
        texts: ReceiptTexts,
        told: Callable[[T, Answer | CoalitionError], None],
        stalled: Callable[[], CoalitionError | None],
        stalled_seconds: float,
    ) -> None:
        """Prepare.

        Args:
            stalled: asked while outcomes stay away; if it names an error, and no outcome came for `stalled_seconds`,
                that error is raised.
        """
        self._submitter = submitter
        self._queries = queries
        self._texts = texts
        self._told = told
        self._stalled = stalled
        self._stalled_seconds = stalled_seconds
        self._posted: deque[_Posted[T]] = deque()
        self._underway: _Underway[T] = _Underway()
        self._again: list[_Candidate[T]] = []
        self._waiting: set[Key] = set()
        self._repeats = 0

    @property
    def is_idle(self) -> bool:
        """True if every operation that was taken has its outcome."""
        return not self._posted and not self._again

    def take(self, wanted: Iterable[tuple[T, Asked]]) -> None:
        """Take at most `BATCH_OPERATIONS` up; wait only where too many are on their way.

        Raises:
            Unavailable: nothing more can be recorded, or what `stalled` names.
        """
        self._post([_Candidate(ticket, asked) for ticket, asked in wanted])
        while len(self._posted) > BATCHES_IN_FLIGHT:
            self.settle()
        if len(self._again) + self._repeats >= BATCH_OPERATIONS:
            self.finish()

    def settle(self) -> None:
        """Wait for the batch that is longest on its way; if none is, post what waited for others. Raises as `take`."""
        if self._posted:
            outcomes = self._outcomes(self._posted[0].bulk)
            for candidate, outcome in zip(self._posted.popleft().candidates, outcomes, strict=True):
                self._settled(candidate, outcome)
        else:
            again, self._again = self._again, []
            self._waiting.clear()
            self._post(again)

    def finish(self) -> None:
        """Wait for all that was taken. Raises as `take`."""
        while not self.is_idle:
            self.settle()

    def abandon(self, error: CoalitionError) -> None:
        """Wait no longer: tell `error` for everything whose outcome is not known. What is recorded is sent all the same."""
        while self._posted:
            posted = self._posted.popleft()
            for candidate, outcome in zip(posted.candidates, posted.bulk.outcomes, strict=True):
                self._settled(candidate, error if outcome is None else outcome)
        again, self._again = self._again, []
        for candidate in again:
            self._tell(candidate, error)

    # ---- inside

    def _post(self, candidates: list[_Candidate[T]]) -> None:
        try:
            known = decided_before(self._queries, [candidate.asked for candidate in candidates])
        except CoalitionError as error:
            for candidate in candidates:
                self._tell(candidate, error)
            raise
        ready = self._proved(self._apart([one for one in candidates if not self._is_answered(one, known)]))
        if not ready:
            return
        try:
            self._texts.keep([(*one.key, one.asked.receipt) for one, _ in ready])
            bulk = self._submitter.post_many([_submission(one.asked, operation) for one, operation in ready])
        except CoalitionError as error:
            for candidate, _ in ready:
                self._settled(candidate, error)
            raise
        self._posted.append(_Posted([candidate for candidate, _ in ready], bulk))

    def _is_answered(self, candidate: _Candidate[T], known: Known) -> bool:
        """True if it was decided before, and its answer is told."""
        try:
            answer: Answer | CoalitionError | None = first_answer(known.get(candidate.key, ()), candidate.asked)
        except CoalitionError as error:
            answer = error
        if answer is not None:
            self._tell(candidate, answer)
        return answer is not None

    def _apart(self, candidates: list[_Candidate[T]]) -> list[_Candidate[T]]:
        """Return those to post now: one of each receipt, and none that depends on another."""
        fresh = []
        for candidate in candidates:
            first = self._underway.first.get(candidate.key)
            if first is not None and _is_same(first.asked, candidate.asked):
                first.repeats += [candidate.ticket, *candidate.repeats]
                self._repeats += 1
            elif self._underway.is_free(candidate) and self._waiting.isdisjoint(candidate.names):
                self._underway.add(candidate)
                fresh.append(candidate)
            else:
                self._again.append(candidate)
                self._waiting.update(candidate.names)
        return fresh

    def _proved(self, candidates: list[_Candidate[T]]) -> list[tuple[_Candidate[T], Operation]]:
        """Return them with what to post; those that cannot be proved have their answer."""
        ready = []
        for candidate in candidates:
            try:
                ready.append((candidate, prove(self._queries, candidate.asked)))
            except CoalitionError as error:
                self._settled(candidate, error)
        return ready

    def _outcomes(self, bulk: Bulk) -> list[OperationRecord | CoalitionError]:
        """Wait, but not for ever where something that is needed stays away."""
        quiet_since, open_ = time.monotonic(), bulk.open
        while True:
            try:
                return bulk.wait(min(LOOK_SECONDS, self._stalled_seconds))
            except OutcomePending:
                trouble = self._stalled()
                if trouble is None or bulk.open != open_:
                    quiet_since, open_ = time.monotonic(), bulk.open
                elif time.monotonic() - quiet_since >= self._stalled_seconds:
                    raise trouble from None

    def _settled(self, candidate: _Candidate[T], outcome: OperationRecord | CoalitionError) -> None:
        self._underway.remove(candidate)
        try:
            answer: Answer | CoalitionError = self._answer(candidate.asked, outcome)
        except CoalitionError as error:
            candidate.attempts += 1
            if error.code == Rejection.PROOF_INVALID.code and candidate.attempts < PROOF_ATTEMPTS:
                self._again.append(candidate)  # a neighbouring receipt was posted meanwhile: prove it anew
                return
            answer = error
        self._tell(candidate, answer)

    def _answer(self, asked: Asked, outcome: OperationRecord | CoalitionError) -> Answer:
        if isinstance(outcome, CoalitionError):
            raise outcome
        if outcome.code in DECIDED_BEFORE:
            first = first_answer(self._queries.operations_of(asked.partner, asked.number), asked)
            if first is not None:
                return first
        return answer_of(outcome, asked)

    def _tell(self, candidate: _Candidate[T], answer: Answer | CoalitionError) -> None:
        if isinstance(answer, CoalitionError):
            answer = in_words(answer, self._texts, candidate.asked.partner)
        self._told(candidate.ticket, answer)
        self._repeats -= len(candidate.repeats)
        again = replace(answer, replayed=True) if isinstance(answer, Answer) else answer
        for ticket in candidate.repeats:
            self._told(ticket, again)


def _submission(asked: Asked, operation: Operation) -> Submission:
    return Submission(asked.partner, operation, asked.receipt, asked.occurred_at, asked.trail)


def _is_same(one: Asked, other: Asked) -> bool:
    return (one.kind, one.content, one.operation) == (other.kind, other.content, other.operation)


def _word(key: Key) -> Key:
    return key[0], word_index(key[1])


def _change(counts: Counter[Key], key: Key, change: int) -> None:
    counts[key] += change
    if not counts[key]:
        del counts[key]
