"""The demo: published shopping data, day after day, into a ledger whose clock follows the data."""

from __future__ import annotations

import json
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeAlias

from coalition.bootstrap import LedgerParameters, OpenLedger, create_ledger, forget_ledger, make_private
from coalition.chain.deploy import Parameters
from coalition.demo import campaigns, journey
from coalition.demo.promotions import Promotion, promotions
from coalition.errors import CoalitionError, SetupError
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import Purpose, Redeem, Rejection
from coalition.service.files import PurchaseFile, PurchaseRow, RowError
from coalition.settings import Settings
from coalition.submit.submitter import Bulk, Submission

__all__ = ["CLOCK_STEP", "DemoProgress", "create_demo_ledger", "forget_demo_ledger", "on_board", "replay"]

DAY = 86_400
EPOCH_DAYS = 30
VALIDITY_EPOCHS = 4
AUTHORIZATION_SECONDS = 400 * DAY
CLOCK_STEP = DAY
"""How far the chain's clock moves at a time, in seconds: block times are right to within a day."""

Rows: TypeAlias = list[PurchaseRow | RowError]


@dataclass(slots=True)
class DemoProgress:
    """How far the demo has come, kept in the ledger's folder. Lost, it is found again by loading from the first day on."""

    days_done: int = 0
    purchases: int = 0
    rejected_by_partner: dict[str, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, settings: Settings) -> DemoProgress:
        """Return the progress of the ledger under `settings.home`, nothing if there is none."""
        file = _progress_file(settings)
        return cls(**json.loads(file.read_text())) if file.exists() else cls()

    def write(self, settings: Settings) -> None:
        """Write the progress, whole or not at all."""
        file = _progress_file(settings)
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self)))
        os.replace(draft, file)

    def rejected(self) -> dict[str, int]:
        """Rejected purchases and redemptions by code."""
        total: Counter[str] = Counter()
        for codes in self.rejected_by_partner.values():
            total.update(codes)
        return dict(total)

    def add_rejected(self, partner: str, codes: Counter[str]) -> None:
        """Count what was rejected at a partner."""
        self.rejected_by_partner[partner] = dict(Counter(self.rejected_by_partner.get(partner, {})) + codes)


def create_demo_ledger(settings: Settings) -> None:
    """Make a ledger whose clock starts on the day before the data.

    Raises:
        SetupError: `not_the_demo` if the folder holds another ledger.
    """
    _require_demo(settings)
    if settings.deployment_file.exists():
        return
    start = int(datetime.combine(journey.first_day(), datetime.min.time(), UTC).timestamp()) - DAY
    contracts = Parameters(
        epoch_origin=start, epoch_length=EPOCH_DAYS * DAY, validity_duration=VALIDITY_EPOCHS, notice_seconds=DAY
    )
    make_private(settings.home)
    DemoProgress().write(settings)
    create_ledger(settings, LedgerParameters(contracts, start_timestamp=start))


def forget_demo_ledger(settings: Settings) -> None:
    """Delete the demo's ledger.

    Raises:
        SetupError: `not_the_demo` if the folder holds another ledger, `ledger_in_use` while it is running.
    """
    _require_demo(settings)
    forget_ledger(settings)


def on_board(ledger: OpenLedger) -> None:
    """Register the partners of the data that are not registered yet."""
    known = {row.name for row in ledger.service.partners.all()}
    for partner in journey.PARTNERS:
        if partner.slug not in known:
            ledger.add_partner(partner.slug, "USD", partner.earn_rate_bps)


def replay(
    ledger: OpenLedger,
    days: int,
    tell: Callable[[int, int], None],
    *,
    wanted: Iterable[Promotion] | None = None,
    clock_step: int = CLOCK_STEP,
) -> tuple[int, float]:
    """Load the next `days` days (fewer if the data ends); return operations posted and the seconds from file to indexed.

    The days are cut where campaigns open: each is agreed on a day before, when all earlier purchases are in the book, and only
    those that open in these days or opened before. A redemption is posted a step of the clock later, when all purchases of its
    own time are in the book. Progress is written at the end: a run that was cut short is done again, and counts once. `tell`
    gets rows done and rows in all. `wanted` are the campaigns, by default all of the demo's; `clock_step` is what the ledger
    was opened with.
    """
    progress = DemoProgress.read(ledger.settings)
    days = min(days, journey.day_count() - progress.days_done)
    if days == 0:
        return 0, 0.0
    file = ledger.settings.home / "demo" / "purchases.parquet"
    rows = journey.write_purchases(file, progress.days_done, days)
    redemptions = _Redemptions(ledger, journey.redemptions(progress.days_done, days), clock_step)
    done, seconds = 0, 0.0
    chunks = _Chunks(PurchaseFile(file).chunks(), clock_step)
    stages = _stages(progress.days_done, days, promotions() if wanted is None else wanted)
    for opening, until in stages:
        campaigns.start(ledger, opening)
        begun = time.monotonic()
        woven = redemptions.woven_into(chunks.before(until))
        report = ledger.loader().load(woven, None, partial(_tell_more, tell, done, rows))
        if until == stages[-1][1]:
            redemptions.post_rest()
        rejected = redemptions.rejected()
        seconds += time.monotonic() - begun
        done += report.rows
        tell(done, rows)
        for partner, codes in (*report.refused_by_partner.items(), *rejected.items()):
            progress.add_rejected(partner, codes)
    progress.days_done += days
    progress.purchases += done
    progress.write(ledger.settings)
    file.unlink()
    return done + redemptions.count, seconds


def _tell_more(tell: Callable[[int, int], None], before: int, rows: int, done: int) -> None:
    tell(before + done, rows)


def _stages(first: int, days: int, wanted: Iterable[Promotion]) -> list[tuple[list[Promotion], int]]:
    """Cut some days of the data where campaigns open: the campaigns to start, then the Unix time up to which to load."""
    midnights = journey.midnights(journey.first_day() + timedelta(days=first + day) for day in range(days + 1))
    openings: dict[int, list[Promotion]] = {midnights[0]: []}
    for promotion in wanted:
        if promotion.opens_at < midnights[-1]:
            day_before = max(midnights[0], promotion.opens_at - DAY)
            openings.setdefault(day_before, []).append(promotion)
    begins = sorted(openings)
    return [(openings[begin], until) for begin, until in zip(begins, [*begins[1:], midnights[-1]], strict=True)]


class _Chunks:
    """Rows of a file, which come in the order of time, given out up to one time after another.

    What falls into one step of the clock is given out together: a step that is split takes two blocks.
    """

    def __init__(self, chunks: Iterator[Rows], clock_step: int) -> None:
        self._chunks = chunks
        self._clock_step = clock_step
        self._rest: Rows = []

    def before(self, until: int) -> Iterator[Rows]:
        """Yield what happened before a Unix time and was not given out yet."""
        while True:
            more = next(self._chunks, None)
            rows = self._rest + (more or [])
            steps_end = until if more is None else self._step_of(_latest(rows))
            end = min(until, steps_end)
            count = next((place for place, row in enumerate(rows) if _time(row) >= end), len(rows))
            self._rest = rows[count:]
            if count:
                yield rows[:count]
            if more is None or until <= steps_end:
                return

    def _step_of(self, timestamp: int) -> int:
        return timestamp - timestamp % self._clock_step


class _Redemptions:
    """Posts the redemptions of the data while the purchases are loaded. The demo holds the members' keys in custody."""

    def __init__(self, ledger: OpenLedger, redemptions: list[journey.JourneyRedemption], clock_step: int) -> None:
        self.count = len(redemptions)
        self._ledger = ledger
        self._clock_step = clock_step
        self._waiting = deque(redemptions)
        self._posted: list[tuple[list[str], Bulk]] = []

    def woven_into(self, chunks: Iterator[Rows]) -> Iterator[Rows]:
        """Yield `chunks`; post, once a chunk has been taken, the redemptions that are due."""
        for chunk in chunks:
            yield chunk
            self.post_due(_latest(chunk))

    def rejected(self) -> dict[str, Counter[str]]:
        """Wait for all outcomes, and return the rejected ones by partner and code."""
        rejected: dict[str, Counter[str]] = {}
        for names, bulk in self._posted:
            for name, result in zip(names, bulk.wait(), strict=True):
                if isinstance(result, CoalitionError):
                    raise result
                if result.code not in (None, Rejection.RECEIPT_USED):
                    rejected.setdefault(name, Counter())[result.code.code] += 1
        self._posted.clear()
        return rejected

    def post_due(self, until: int) -> None:
        """Post the redemptions that are due at a Unix time: a step of the clock after they happened."""
        due: list[journey.JourneyRedemption] = []
        while self._waiting and self._waiting[0].occurred_at + self._clock_step <= until:
            due.append(self._waiting.popleft())
        self._post([(one, one.occurred_at + self._clock_step) for one in due])

    def post_rest(self) -> None:
        """Post what is left, once all purchases are in the book, without moving the clock."""
        self._post([(one, None) for one in self._waiting])
        self._waiting.clear()

    def _post(self, due: list[tuple[journey.JourneyRedemption, int | None]]) -> None:
        submissions: list[Submission] = []
        names: list[str] = []
        for one, not_before in due:
            submission = self._submission(one, not_before)
            if not self._ledger.queries.operations(submission.partner, [submission.operation.receipt]):
                submissions.append(submission)
                names.append(one.partner)
        if submissions:
            texts = [(one.partner, one.operation.receipt, one.receipt_text) for one in submissions]
            self._ledger.texts.keep(texts)
            self._posted.append((names, self._ledger.submitter.post_many(submissions)))

    def _submission(self, one: journey.JourneyRedemption, not_before: int | None) -> Submission:
        ledger = self._ledger
        partner = ledger.service.partners.find(one.partner).partner
        deadline = one.occurred_at + AUTHORIZATION_SECONDS
        signature = ledger.sign_for(one.member, partner, one.receipt, one.points, deadline, Purpose.REDEEM)
        account = ledger.custody.account(one.member)
        operation = Redeem(account, receipt_number(one.receipt), one.points, deadline, signature)
        return Submission(partner, operation, one.receipt, not_before)


def _time(row: PurchaseRow | RowError) -> int:
    """Unix time of a row; 0 for one without."""
    return row.occurred_at or 0 if isinstance(row, PurchaseRow) else 0


def _latest(rows: Rows) -> int:
    return max(map(_time, rows), default=0)


def _require_demo(settings: Settings) -> None:
    if settings.deployment_file.exists() and not _progress_file(settings).exists():
        raise SetupError(
            f"{settings.home} holds a ledger that is not the demo's. Choose another folder with --home.",
            code="not_the_demo",
        )


def _progress_file(settings: Settings) -> Path:
    return settings.home / "demo" / "progress.json"
