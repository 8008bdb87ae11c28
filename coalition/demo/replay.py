"""The demo: published shopping data, day after day, into a ledger whose clock follows the data."""

from __future__ import annotations

import json
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from coalition.bootstrap import LedgerParameters, OpenLedger, create_ledger, forget_ledger
from coalition.chain.deploy import Parameters
from coalition.demo import journey
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
CLOCK_STEP = 7 * DAY
"""How far the chain's clock moves at a time, in seconds: block times are right to within a week."""


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


def replay(ledger: OpenLedger, days: int, tell: Callable[[int, int], None]) -> tuple[int, float]:
    """Load the next `days` days (fewer if the data ends); return operations posted and the seconds from file to indexed.

    A redemption is posted a step of the clock later, when all purchases of its own time are in the book. Progress is
    written at the end: a run that was cut short is done again, and counts once. `tell` gets rows done and rows in all.
    """
    progress = DemoProgress.read(ledger.settings)
    days = min(days, journey.day_count() - progress.days_done)
    if days == 0:
        return 0, 0.0
    file = ledger.settings.home / "demo" / "purchases.parquet"
    rows = journey.write_purchases(file, progress.days_done, days)
    redemptions = _Redemptions(ledger, journey.redemptions(progress.days_done, days))
    begun = time.monotonic()
    chunks = redemptions.woven_into(PurchaseFile(file).chunks())
    report = ledger.loader().load(chunks, None, lambda done: tell(done, rows))
    rejected = redemptions.rejected()
    seconds = time.monotonic() - begun
    tell(report.rows, rows)
    for partner, codes in (*report.refused_by_partner.items(), *rejected.items()):
        progress.add_rejected(partner, codes)
    progress.days_done += days
    progress.purchases += report.rows
    progress.write(ledger.settings)
    file.unlink()
    return report.rows + redemptions.count, seconds


class _Redemptions:
    """Posts the redemptions of the data while the purchases are loaded. The demo holds the members' keys in custody."""

    def __init__(self, ledger: OpenLedger, redemptions: list[journey.JourneyRedemption]) -> None:
        self.count = len(redemptions)
        self._ledger = ledger
        self._waiting = deque(redemptions)
        self._posted: list[tuple[list[str], Bulk]] = []

    def woven_into(self, chunks: Iterator[list[PurchaseRow | RowError]]) -> Iterator[list[PurchaseRow | RowError]]:
        """Yield `chunks`; post, once a chunk has been taken, the redemptions of its time."""
        for chunk in chunks:
            yield chunk
            times = [row.occurred_at for row in chunk if isinstance(row, PurchaseRow) and row.occurred_at]
            self._post(max(times, default=0))
        self._post(None)

    def rejected(self) -> dict[str, Counter[str]]:
        """Wait for all outcomes, and return the rejected ones by partner and code."""
        rejected: dict[str, Counter[str]] = {}
        for names, bulk in self._posted:
            for name, result in zip(names, bulk.wait(), strict=True):
                if isinstance(result, CoalitionError):
                    raise result
                if result.code not in (None, Rejection.RECEIPT_USED):
                    rejected.setdefault(name, Counter())[result.code.code] += 1
        return rejected

    def _post(self, until: int | None) -> None:
        submissions: list[Submission] = []
        names: list[str] = []
        while self._waiting and (until is None or self._waiting[0].occurred_at <= until):
            one = self._waiting.popleft()
            submission = self._submission(one)
            if not self._ledger.queries.operations(submission.partner, [submission.operation.receipt]):
                submissions.append(submission)
                names.append(one.partner)
        if submissions:
            texts = [(one.partner, one.operation.receipt, one.receipt_text) for one in submissions]
            self._ledger.texts.keep(texts)
            self._posted.append((names, self._ledger.submitter.post_many(submissions)))

    def _submission(self, one: journey.JourneyRedemption) -> Submission:
        ledger = self._ledger
        partner = ledger.service.partners.find(one.partner).partner
        deadline = one.occurred_at + AUTHORIZATION_SECONDS
        signature = ledger.sign_for(one.member, partner, one.receipt, one.points, deadline, Purpose.REDEEM)
        account = ledger.custody.account(one.member)
        operation = Redeem(account, receipt_number(one.receipt), one.points, deadline, signature)
        return Submission(partner, operation, one.receipt, one.occurred_at + CLOCK_STEP)


def _require_demo(settings: Settings) -> None:
    if settings.deployment_file.exists() and not _progress_file(settings).exists():
        raise SetupError(
            f"{settings.home} holds a ledger that is not the demo's. Choose another folder with --home.",
            code="not_the_demo",
        )


def _progress_file(settings: Settings) -> Path:
    return settings.home / "demo" / "progress.json"
