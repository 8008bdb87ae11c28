"""Lone operations that arrive together: recorded together, decided alone, and nobody's fault is another's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from coalition.api import posting_queue
from coalition.api.posting_queue import PostingQueue
from coalition.errors import ChainUnavailable, CoalitionError, InputError, OutcomePending, Refused
from coalition.ledger.operations import Earn, Kind, Rejection
from coalition.ledger.records import OperationRecord
from coalition.service import Answer
from coalition.service.asked import PROOF_ATTEMPTS, Asked
from coalition.service.ledger import Started
from tests.api.conftest import MEMBER

WAIT = 60.0


class FakeService:
    """Records, and lets the test decide."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open: dict[int, Future[OperationRecord]] = {}
        self.fault: Exception | None = None
        self.poisoned = -1
        self.gate = threading.Event()
        self.gate.set()

    def start(self, wanted: Sequence[Asked]) -> list[Started]:
        self.gate.wait(WAIT)
        numbers = [asked.number for asked in wanted]
        self.batches.append(numbers)
        if self.fault is not None:
            raise self.fault
        if self.poisoned in numbers:
            raise UnicodeError("poison")
        return [self.open.setdefault(number, Future()) for number in numbers]

    def conclude(self, asked: Asked, outcome: OperationRecord | CoalitionError) -> Answer:
        if isinstance(outcome, CoalitionError):
            raise outcome
        if outcome.code is not None:
            raise Refused("No.", code=outcome.code.code)
        return Answer(outcome, asked.receipt)

    def decide(self, number: int, code: Rejection | None = None) -> None:
        record = OperationRecord(
            1, number, Kind.EARN, MEMBER, 100, 1, None, 0, None, code, 1, 0, 1_000, "0x" + "ab" * 32
        )
        self.open.pop(number).set_result(record)


def asked(number: int) -> Asked:
    return Asked(1, Kind.EARN, str(number), number, {}, Earn(MEMBER, number, 100))


def posting(queue: PostingQueue, number: int, seconds: float = WAIT) -> asyncio.Task[tuple[Asked, Answer]]:
    return asyncio.ensure_future(queue.post(lambda: asked(number), seconds))


async def in_a_row(queue: PostingQueue, service: FakeService, count: int) -> list[asyncio.Task[tuple[Asked, Answer]]]:
    """Purchases, one in each round of the event loop, once all of them are recorded."""
    calls = []
    for number in range(count):
        calls.append(posting(queue, number))
        await asyncio.sleep(0)
    await until(lambda: len(service.open) == count)
    return calls


async def until(condition: Any) -> None:
    async with asyncio.timeout(WAIT):
        while not condition():
            await asyncio.sleep(0.001)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def queue(service: FakeService) -> PostingQueue:
    return PostingQueue(service)  # type: ignore[arg-type]


def test_what_arrives_while_others_are_recorded_shares_the_next_record(
    queue: PostingQueue, service: FakeService
) -> None:
    async def work() -> None:
        service.gate.clear()
        first = [posting(queue, 1), posting(queue, 2)]
        await asyncio.sleep(0.05)
        later = [posting(queue, number) for number in range(3, 50)]
        await asyncio.sleep(0.05)
        service.gate.set()
        await until(lambda: len(service.open) == 49)
        for number in range(1, 50):
            service.decide(number)
        answers = await asyncio.gather(*first, *later)
        assert [answer.record.receipt for _, answer in answers] == list(range(1, 50))
        assert sorted(number for batch in service.batches for number in batch) == list(range(1, 50))
        assert len(service.batches) <= 4

    run(work())


def test_who_comes_in_a_row_is_recorded_together(
    queue: PostingQueue, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting_queue, "GATHER_SECONDS", 1_000.0)

    async def work() -> None:
        calls = await in_a_row(queue, service, 20)
        calls.append(posting(queue, 20))  # nobody follows: it does not wait
        await until(lambda: len(service.open) == 21)
        for number in range(21):
            service.decide(number)
        await asyncio.gather(*calls)
        assert service.batches == [list(range(20)), [20]]

    run(work())


def test_nobody_waits_longer_for_those_who_follow(
    queue: PostingQueue, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting_queue, "GATHER_SECONDS", 0.0)

    async def work() -> None:
        calls = await in_a_row(queue, service, 20)
        for number in range(20):
            service.decide(number)
        await asyncio.gather(*calls)
        assert len(service.batches[0]) <= 2

    run(work())


def test_outcomes_are_told_from_other_threads(queue: PostingQueue, service: FakeService) -> None:
    async def work() -> None:
        calls = [posting(queue, number) for number in range(200)]
        await until(lambda: len(service.open) == 200)
        halves = (range(0, 200, 2), range(1, 200, 2))
        threads = [threading.Thread(target=lambda part=part: [service.decide(one) for one in part]) for part in halves]
        for thread in threads:
            thread.start()
        answers = await asyncio.wait_for(asyncio.gather(*calls), WAIT)
        assert [answer.record.receipt for _, answer in answers] == list(range(200))
        for thread in threads:
            thread.join()

    run(work())


def test_a_fault_with_one_is_nobody_elses(queue: PostingQueue, service: FakeService) -> None:
    async def work() -> None:
        service.gate.clear()
        service.poisoned = 5
        held_up = [posting(queue, 100), posting(queue, 101)]
        await asyncio.sleep(0.05)
        calls = [posting(queue, number) for number in range(10)]
        wrong = asyncio.ensure_future(queue.post(_wrong, WAIT))
        await asyncio.sleep(0.05)
        service.gate.set()
        await until(lambda: len(service.open) == 11)
        for number in list(service.open):
            service.decide(number)
        answers = await asyncio.gather(*calls, wrong, *held_up, return_exceptions=True)
        assert isinstance(answers[5], UnicodeError)
        assert isinstance(answers[10], InputError)
        assert sum(isinstance(one, BaseException) for one in answers) == 2

    run(work())


def _wrong() -> Asked:
    raise InputError("Wrong.", code="amount_invalid")


def test_nothing_recorded_is_told_to_each(queue: PostingQueue, service: FakeService) -> None:
    async def work() -> None:
        service.fault = ChainUnavailable("Gone.")
        answers = await asyncio.gather(*(posting(queue, number) for number in range(3)), return_exceptions=True)
        assert all(isinstance(one, ChainUnavailable) for one in answers)
        service.fault = None
        call = posting(queue, 7)
        await until(lambda: 7 in service.open)
        service.decide(7)
        assert (await call)[1].record.receipt == 7

    run(work())


def test_a_late_outcome_is_pending_and_does_no_harm_later(queue: PostingQueue, service: FakeService) -> None:
    async def work() -> None:
        with pytest.raises(OutcomePending, match=r"0\.01 s"):
            await posting(queue, 1, 0.01)
        left = posting(queue, 2)
        await until(lambda: len(service.open) == 2)
        left.cancel()
        again = posting(queue, 1)
        await until(lambda: len(service.batches) == 3)
        for number in (1, 2):
            service.decide(number)
        assert (await again)[1].record.receipt == 1

    run(work())


def test_nobody_is_left_when_the_loop_is_closed(queue: PostingQueue, service: FakeService) -> None:
    async def work() -> None:
        call = posting(queue, 1)
        await until(lambda: 1 in service.open)
        call.cancel()

    run(work())
    service.decide(1)  # says nothing, raises nothing


@pytest.mark.parametrize(("outdated", "refused"), [(PROOF_ATTEMPTS - 1, False), (PROOF_ATTEMPTS, True)])
def test_an_outdated_proof_is_made_anew(
    queue: PostingQueue, service: FakeService, outdated: int, refused: bool
) -> None:
    async def work() -> None:
        call = posting(queue, 1)
        for _ in range(outdated):
            await until(lambda: 1 in service.open)
            service.decide(1, Rejection.PROOF_INVALID)
        if refused:
            with pytest.raises(Refused) as error:
                await call
            assert error.value.code == "proof_invalid"
        else:
            await until(lambda: 1 in service.open)
            service.decide(1)
            assert (await call)[1].record.receipt == 1
        assert len(service.batches) == PROOF_ATTEMPTS

    run(work())
