"""Loading a file of purchases: each counts once, however often the file is loaded and wherever a load was killed."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TextIO

from coalition.errors import CoalitionError, InputError, SetupError, StorageFull, Unavailable
from coalition.index.queries import Queries
from coalition.ledger.operations import Earn, Kind
from coalition.service.answers import Answer
from coalition.service.asked import Asked
from coalition.service.bulk import BulkRun
from coalition.service.checks import check_new_receipt
from coalition.service.custody import Custody
from coalition.service.files import PurchaseRow, RowError
from coalition.service.partners import PartnerDirectory
from coalition.submit.receipt_texts import ReceiptTexts
from coalition.submit.submitter import Submitter

__all__ = ["LoadReport", "Loader", "refused_path"]

PROGRESS_ROWS = 500
STALLED_SECONDS = 15.0


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
            accounts = _Accounts(out, progress)
            run = BulkRun(self.submitter, self.queries, self.texts, accounts.told, self.trouble, STALLED_SECONDS)
            for chunk in chunks:
                run.take(self._wanted(chunk, accounts))
            run.finish()
        return accounts.report

    def _wanted(
        self, rows: Iterable[PurchaseRow | RowError], accounts: _Accounts
    ) -> Iterator[tuple[PurchaseRow, Asked]]:
        for row in rows:
            if isinstance(row, RowError):
                accounts.refuse(row.line, row.partner, row.code, row.reason)
                continue
            try:
                asked = self._asked(row)
            except InputError as error:
                accounts.refuse(row.line, row.partner, error.code, error.message)
            else:
                yield row, asked

    def _asked(self, row: PurchaseRow) -> Asked:
        partner = self._partners.find(row.partner).partner
        earn = Earn(self._custody.account(row.member), check_new_receipt(row.receipt), row.spend_minor, self._enrol)
        content = {"member": earn.member, "spend_minor": earn.spend_minor}
        occurred_at = row.occurred_at if self._follows_clock else None
        return Asked(partner, Kind.EARN, row.receipt, earn.receipt, content, earn, occurred_at=occurred_at)


class _Accounts:
    """What came of the rows of one load."""

    def __init__(self, out: _RefusedRows, progress: Callable[[int], None]) -> None:
        self.report = LoadReport()
        self._out = out
        self._progress = progress

    def told(self, row: PurchaseRow, answer: Answer | CoalitionError) -> None:
        """Count the outcome of a row.

        Raises:
            Unavailable: it has none, so the load ends here.
        """
        if isinstance(answer, Unavailable):
            raise answer
        if isinstance(answer, CoalitionError):
            self.refuse(row.line, row.partner, answer.code, answer.message)
            return
        if answer.replayed:
            self.report.replayed += 1
        else:
            self.report.accepted += 1
            self.report.points_issued += answer.record.points
            self.report.points_awarded += answer.record.awarded
        self._done()

    def refuse(self, line: int, partner: str, code: str, reason: str) -> None:
        """Count and write down a refused row."""
        self._out.write(line, code, reason)
        self.report.refused += 1
        self.report.refused_by_code[code] += 1
        self.report.refused_by_partner.setdefault(partner, Counter())[code] += 1
        self._done()

    def _done(self) -> None:
        self.report.rows += 1
        if self.report.rows % PROGRESS_ROWS == 0:
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
