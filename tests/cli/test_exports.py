"""`coalition export`: a file that is whole, or none."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from coalition.cli import main
from coalition.service import LedgerService
from coalition.service.custody import Custody
from tests.api.fakes import FakeBook, FakeTexts

CUSTODY = Custody(b"\7" * 32)


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> FakeBook:
    """A book with two purchases of zoe and one of ben, which the command opens."""
    book = FakeBook(points={CUSTODY.account(name): 0 for name in ("zoe", "ben")})
    service = LedgerService(book, book, FakeTexts())  # type: ignore[arg-type]
    for receipt, member, spend in (("z-1", "zoe", 40_000), ("z-2", "zoe", 25_000), ("b-1", "ben", 100)):
        service.earn(1, CUSTODY.account(member), receipt, spend)

    @contextmanager
    def opened(settings: Any) -> Iterator[Any]:
        yield SimpleNamespace(service=service, custody=CUSTODY)

    monkeypatch.setattr("coalition.cli.exports.open_ledger", opened)
    return book


def run(*words: object, status: int = 0) -> Any:
    ended = CliRunner().invoke(main, ["export", *map(str, words), "--partner", "Corner Grocery", "--json"])
    assert ended.exit_code == status, ended.output
    return json.loads(next(line for line in ended.output.splitlines() if line.startswith("{")))


def test_a_partners_operations_as_a_file(book: FakeBook, tmp_path: Path) -> None:
    told = run(tmp_path / "zoe.csv", "--member", "zoe")
    with (tmp_path / "zoe.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["receipt"], row["points"]) for row in rows] == [("z-1", "400"), ("z-2", "250")]
    assert told == {"file": str(tmp_path / "zoe.csv"), "format": "csv", "bytes": (tmp_path / "zoe.csv").stat().st_size}

    run(tmp_path / "late.parquet", "--since", rows[1]["confirmed_at"])
    assert pq.read_table(tmp_path / "late.parquet").column("receipt").to_pylist() == ["z-2", "b-1"]
    assert run(tmp_path / "none.pq", "--until", "2020-01-01T00:00:00Z")["format"] == "parquet"
    assert pq.read_table(tmp_path / "none.pq").num_rows == 0
    assert run(tmp_path / "forced.csv", "--format", "parquet")["format"] == "parquet"
    assert run(tmp_path / "all.xlsx", status=1)["error"]["code"] == "format_unsupported"
    assert run(tmp_path / "all.xlsx", "--format", "csv")["format"] == "csv"


def test_what_cannot_be_written_leaves_nothing(book: FakeBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = run(tmp_path / "no folder" / "all.csv", status=1)
    assert failed["error"]["code"] == "file_unwritable"
    (tmp_path / "all.csv").write_text("before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("coalition.cli.exports.os.replace", full)
    assert run(tmp_path / "all.csv", status=1)["error"]["code"] == "file_unwritable"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("all.csv", "before")]
