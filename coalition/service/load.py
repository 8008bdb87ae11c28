"""Loading a file of purchases: each counts once, however often the file is loaded and wherever a load was killed."""

from __future__ import annotations

import csv
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TextIO

from coalition.errors import CoalitionError, InputError, OutcomePending, SetupError, StorageFull, Unavailable
from coalition.index.queries import Queries
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import Earn, Kind, Rejection
from coalition.ledger.records import OperationRecord
from coalition.service.answers import REASONS
from coalition.service.custody import Custody
from coalition.service.files import CHUNK_ROWS, PurchaseRow, RowError
from coalition.service.partners import PartnerDirectory
from coalition.submit.receipt_texts import ReceiptTexts
from coalition.submit.submitter import Bulk, Submission, Submitter

__all__ = ["LoadReport", "Loader", "refused_path"]

CHUNKS_IN_FLIGHT = 6
PROGRESS_ROWS = 500
LOOK_SECONDS = 1.0
STALLED_SECONDS = 15.0
CONFLICT = "The receipt was used before with another member or spend."


def refused_path(path: Path) -> Path:
    """Return where the refused rows of a file are written: beside it."""
    return path.with_name(path.name + ".refused.csv")


@dataclass(slots=True)
class LoadReport:
    """What became of the rows: `rows` = `accepted` + `replayed` + `refused`. `points_issued` and
    `points_awarded` are those of accepted rows."""

    rows: int = 0
    accepted: int = 0
    replayed: int = 0
    refused: int = 0
    points_issued: int = 0
    points_awarded: int = 0
    refused_by_code: Counter[str] = field(default_factory=Counter)
    refused_by_partner: dict[str, Counter[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A row ready to be posted. `repeats` are rows of the same file that say the same: they share its outcome."""

    row: PurchaseRow
    partner: int
    earn: Earn
    repeats: list[PurchaseRow] = field(default_factory=list)

    @property
    def key(self) -> tuple[int, int]:
        return self.partner, self.earn.receipt


@dataclass(frozen=True, slots=True)
class _Posted:
    """A chunk on its way: its rows, in the order of the results to come."""

    candidates: list[_Candidate]
    bulk: Bulk


class Loader:
    """Loads purchases through the outbox.

    Args:
        enrol: make members of accounts that are nobody's yet; otherwise their purchases are refused (`member_unknown`).
        follows_clock: tell the submitter when each purchase happened, for a chain whose clock follows the data.
        trouble: tells what keeps operations from being decided just now; None if nothing does.
    """

    def __init__(
        self,
        submitter: Submitter,
        queries: Queries,
        partners: PartnerDirectory,
        texts: ReceiptTexts,
        custody: Custody,
        *,
        enrol: bool = True,
        follows_clock: bool = False,
        trouble: Callable[[], CoalitionError | None] = lambda: None,
    ) -> None:
        self.trouble = trouble
        self.submitter = submitter
        self.queries = queries
        self.texts = texts
        self._partners = partners
        self._custody = custody
        self._enrol = enrol
        self._follows_clock = follows_clock

    def load(
        self,
        chunks: Iterable[list[PurchaseRow | RowError]],
        refused: Path | None = None,
        progress: Callable[[int], None] = lambda rows: None,
    ) -> LoadReport:
        """Load chunks of rows; write refused ones to the file `refused`; call `progress` with rows done.

        Memory is bounded by the chunks in flight.

        Raises:
            SetupError: `refused` cannot be written.
            Unavailable: the disk is full, or the chain or a database has been gone for a while: the rest was not loaded;
                load the same file again.
        """
        with _RefusedRows(refused) as out:
            run = _Run(self, out, progress)
            for chunk in chunks:
                run.take(chunk)
            run.finish()
        return run.report

    def candidate(self, row: PurchaseRow) -> _Candidate:
        """Return what to post for a row.

        Raises:
            InputError: the partner, the member or the receipt is wrong.
        """
        partner = self._partners.find(row.partner).partner
        account = self._custody.account(row.member)
        earn = Earn(account, receipt_number(row.receipt), row.spend_minor, self._enrol)
        return _Candidate(row, partner, earn)

    def submission(self, candidate: _Candidate) -> Submission:
        """Return the submission of a candidate."""
        row = candidate.row
        return Submission(
            candidate.partner, candidate.earn, row.receipt, row.occurred_at if self._follows_clock else None
        )


class _Run:
    """One load: what is on its way, and what came of the rest."""

    def __init__(self, loader: Loader, out: _RefusedRows, progress: Callable[[int], None]) -> None:
        self.report = LoadReport()
        self._loader = loader
        self._out = out
        self._progress = progress
        self._posted: deque[_Posted] = deque()
        self._underway: dict[tuple[int, int], _Candidate] = {}
        self._again: list[PurchaseRow] = []
        self._repeats = 0

    def take(self, rows: Iterable[PurchaseRow | RowError]) -> None:
        """Take one chunk of rows up; wait only where too many are on their way."""
        self._post(rows)
        while len(self._posted) > CHUNKS_IN_FLIGHT:
            self._settle(self._posted.popleft())
        if len(self._again) + self._repeats >= CHUNK_ROWS:
            self.finish()

    def finish(self) -> None:
        """Wait for all that is on its way; then take up what has a receipt of it with other content."""
        while self._posted or self._again:
            while self._posted:
                self._settle(self._posted.popleft())
            again, self._again = self._again, []
            self._post(again)

    def _post(self, rows: Iterable[PurchaseRow | RowError]) -> None:
        candidates = self._apart(self._known_answered(self._sorted_out(rows)))
        if candidates:
            self._loader.texts.keep([(*one.key, one.row.receipt) for one in candidates])
            bulk = self._loader.submitter.post_many([self._loader.submission(one) for one in candidates])
            self._posted.append(_Posted(candidates, bulk))

    def _sorted_out(self, rows: Iterable[PurchaseRow | RowError]) -> list[_Candidate]:
        candidates = []
        for row in rows:
            if isinstance(row, RowError):
                self._refuse(row.line, row.partner, row.code, row.reason)
                continue
            try:
                candidates.append(self._loader.candidate(row))
            except InputError as error:
                self._refuse(row.line, row.partner, error.code, error.message)
        return candidates

    def _apart(self, candidates: list[_Candidate]) -> list[_Candidate]:
        """Return those to post now: one of each receipt."""
        fresh = []
        for candidate in candidates:
            first = self._underway.setdefault(candidate.key, candidate)
            if first is candidate:
                fresh.append(candidate)
            elif first.earn == candidate.earn:
                first.repeats.append(candidate.row)
                self._repeats += 1
            else:
                self._again.append(candidate.row)
        return fresh

    def _known_answered(self, candidates: list[_Candidate]) -> list[_Candidate]:
        """Answer what was counted before; return the rest."""
        numbers: dict[int, list[int]] = {}
        for candidate in candidates:
            numbers.setdefault(candidate.partner, []).append(candidate.earn.receipt)
        known = {
            (partner, number): record
            for partner, wanted in numbers.items()
            for number, record in self._loader.queries.operations(partner, wanted).items()
        }
        for candidate in candidates:
            if candidate.key in known:
                self._answer_known(candidate, known[candidate.key])
        return [candidate for candidate in candidates if candidate.key not in known]

    def _settle(self, posted: _Posted) -> None:
        for candidate, result in zip(posted.candidates, self._outcomes(posted.bulk), strict=True):
            del self._underway[candidate.key]
            self._repeats -= len(candidate.repeats)
            self._answer(candidate, result)

    def _outcomes(self, bulk: Bulk) -> list[OperationRecord | CoalitionError]:
        """Wait, but not for ever where something that is needed stays away."""
        quiet_since, open_ = time.monotonic(), bulk.open
        while True:
            try:
                return bulk.wait(LOOK_SECONDS)
            except OutcomePending:
                trouble = self._loader.trouble()
                if trouble is None or bulk.open != open_:
                    quiet_since, open_ = time.monotonic(), bulk.open
                elif time.monotonic() - quiet_since >= STALLED_SECONDS:
                    raise trouble from None

    def _answer(self, candidate: _Candidate, result: OperationRecord | CoalitionError) -> None:
        rows = (candidate.row, *candidate.repeats)
        if isinstance(result, Unavailable):
            raise result
        if isinstance(result, CoalitionError):
            for row in rows:
                self._refuse(row.line, row.partner, result.code, result.message)
        elif result.code == Rejection.RECEIPT_USED:
            record = self._loader.queries.operations(candidate.partner, [candidate.earn.receipt])
            self._answer_known(candidate, record[candidate.earn.receipt])
        elif result.code is not None:
            for row in rows:
                self._refuse(row.line, row.partner, result.code.code, REASONS[result.code])
        else:
            self.report.accepted += 1
            self.report.points_issued += result.points
            self.report.points_awarded += result.awarded
            self.report.replayed += len(candidate.repeats)
            self._done(len(rows))

    def _answer_known(self, candidate: _Candidate, record: OperationRecord) -> None:
        rows = (candidate.row, *candidate.repeats)
        earn = candidate.earn
        if (record.kind, record.member, record.spend_minor) == (Kind.EARN, earn.member, earn.spend_minor):
            self.report.replayed += len(rows)
            self._done(len(rows))
            return
        for row in rows:
            self._refuse(row.line, row.partner, "receipt_conflict", CONFLICT)

    def _refuse(self, line: int, partner: str, code: str, reason: str) -> None:
        self._out.write(line, code, reason)
        self.report.refused += 1
        self.report.refused_by_code[code] += 1
        self.report.refused_by_partner.setdefault(partner, Counter())[code] += 1
        self._done(1)

    def _done(self, rows: int) -> None:
        before = self.report.rows
        self.report.rows += rows
        if before // PROGRESS_ROWS != self.report.rows // PROGRESS_ROWS:
            self._progress(self.report.rows)


class _RefusedRows:
    """The file of refused rows: made anew by each load, absent where nothing was refused."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        if self._path is not None:
            try:
                self._path.unlink(missing_ok=True)
                self._path.touch()
                self._path.unlink()
            except OSError as error:
                raise SetupError(f"Refused rows go to {self._path}, which cannot be written: {error}") from None
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._file is None:
            return
        try:
            self._file.close()
        except OSError as error:
            if kind is None:
                raise self._full(error) from None

    def write(self, line: int, code: str, reason: str) -> None:
        """Write one refused row.

        Raises:
            StorageFull: there is no room for it.
        """
        if self._path is None:
            return
        try:
            if self._file is None:
                self._file = self._path.open("w", encoding="utf-8", newline="")
                csv.writer(self._file).writerow(["line", "code", "reason"])
            csv.writer(self._file).writerow([line, code, reason])
        except OSError as error:
            raise self._full(error) from None

    def _full(self, error: OSError) -> StorageFull:
        return StorageFull(f"{self._path} cannot be written: {error.strerror}. Make room, and load the file again.")
