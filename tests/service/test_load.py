"""Loading files through the real parts: each purchase once, every row accounted for, bounded memory."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from coalition.errors import ChainUnavailable, OutcomePending, SetupError, StorageFull
from coalition.ledger.ids import receipt_number
from coalition.service import bulk as bulk_module
from coalition.service import load as load_module
from coalition.service.bulk import BATCHES_IN_FLIGHT
from coalition.service.files import PurchaseFile, PurchaseRow, RowError
from coalition.service.load import LoadReport, refused_path
from tests.service.conftest import Chain, Stack, stack_on

numbers = count(1)


def receipt() -> str:
    return f"load-{next(numbers)}"


def row(line: int, receipt_: str, **changes: Any) -> PurchaseRow:
    fields = {"member": "ann", "partner": "Market", "spend_minor": 100, "occurred_at": None} | changes
    return PurchaseRow(line=line, receipt=receipt_, **fields)


def summed(report: LoadReport) -> tuple[int, int, int]:
    assert report.rows == report.accepted + report.replayed + report.refused
    assert report.refused == report.refused_by_code.total()
    assert report.refused == sum(codes.total() for codes in report.refused_by_partner.values())
    return report.accepted, report.replayed, report.refused


def reasons(path: Path) -> list[tuple[int, str]]:
    with path.open(newline="") as lines:
        return sorted((int(one["line"]), one["code"]) for one in csv.DictReader(lines))


def test_every_row_is_accounted_for(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "purchases.csv"
    one, two, three = receipt(), receipt(), receipt()
    file.write_text(
        "member,partner,receipt,spend_minor\n"
        f"ann,Market,{one},150\n"  # 2
        f"ann,Market,{one},150\n"  # 3: the same again
        f"ann,Market,{one},151\n"  # 4: other content
        f"bob,Market,{one},150\n"  # 5: another member
        f"bob,Grocery,{one},150\n"  # 6: another partner's receipt
        f"bob,2,{two},0\n"  # 7
        f"bob,Nobody,{two},1\n"  # 8
        f" bob,Market,{two},1\n"  # 9: a space before the reference
        f"b\0b,Market,{two},1\n"  # 10
        f"bob,Market,{two} ,1\n"  # 11: a space after the receipt
        f"0x12345678901234567890,Market,{two},1\n"  # 12: an address that is cut off
        f"bob,Market,{'x' * 300},1\n"  # 13
        f"bob,2,{three},250\n"  # 14: a partner by number
        "bob,Market\n"  # 15
    )
    before = stack.queries.totals(stack.queries.head().timestamp).points_issued
    report = stack.loader().load(PurchaseFile(file).chunks(), refused_path(file))

    assert summed(report) == (3, 1, 10)
    assert report.points_issued == 150 + 1 + 250
    assert stack.queries.totals(stack.queries.head().timestamp).points_issued - before == report.points_issued
    assert reasons(refused_path(file)) == [
        (4, "receipt_conflict"),
        (5, "receipt_conflict"),
        (7, "amount_zero"),
        (8, "partner_unknown"),
        (9, "member_invalid"),
        (10, "member_invalid"),
        (11, "receipt_invalid"),
        (12, "address_invalid"),
        (13, "receipt_invalid"),
        (15, "row_malformed"),
    ]


def test_loading_again_replays_all_and_leaves_no_file_of_refused_rows(stack: Stack, tmp_path: Path) -> None:
    names = [receipt() for _ in range(20)]
    rows = [row(at, name) for at, name in enumerate(names, 2)]
    refused = tmp_path / "refused.csv"
    assert summed(stack.loader().load([[*rows, row(30, names[0], spend_minor=7)]], refused)) == (20, 0, 1)
    assert reasons(refused) == [(30, "receipt_conflict")]
    report = stack.loader().load([rows], refused)
    assert summed(report) == (0, 20, 0)
    assert report.points_issued == 0
    assert not refused.exists()


def test_the_same_file_in_a_process_with_new_databases(fresh: Chain, tmp_path: Path) -> None:
    rows = [row(at, f"r-{at}") for at in range(50)]
    for name, expected in (("one", (50, 0, 0)), ("two", (0, 50, 0))):
        (tmp_path / name).mkdir()
        with stack_on(fresh, tmp_path / name) as stack:
            assert summed(stack.loader().load([rows])) == expected


def test_thousands_of_rows_under_one_receipt(stack: Stack) -> None:
    """As where a column is mapped to the wrong name: quick, and nothing is posted twice."""
    same, other = receipt(), receipt()
    equal = [row(at, same) for at in range(9_000)]
    different = [row(at, other, spend_minor=at + 1) for at in range(9_000)]
    assert summed(stack.loader().load([equal[:4_000], equal[4_000:8_000], equal[8_000:]])) == (1, 8_999, 0)
    assert summed(stack.loader().load([different[:4_000], different[4_000:]])) == (1, 0, 8_999)


def test_rows_that_repeat_a_refused_one_are_refused_as_it_was(stack: Stack) -> None:
    name = receipt()
    rows = [row(at, name, member="nobody yet") for at in range(5_000)]
    report = stack.loader(enrol=False).load([rows])
    assert summed(report) == (0, 0, 5_000)
    assert report.refused_by_code == {"member_unknown": 5_000}
    # The receipt is not used up: the next load counts it.
    assert summed(stack.loader().load([rows[:3]])) == (1, 2, 0)


def test_a_repeat_with_other_content_is_tried_on_its_own_where_the_first_was_refused(stack: Stack) -> None:
    name = receipt()
    member = stack.account("enrolled")
    rows = [row(1, name, member="a stranger"), row(2, name, member=member), row(3, name, member="a stranger")]
    report = stack.loader(enrol=False).load([rows])
    assert summed(report) == (1, 0, 2)


def test_without_enrolment_strangers_are_refused_and_members_are_not(stack: Stack) -> None:
    stack.account("carol")
    report = stack.loader(enrol=False).load([[row(1, receipt(), member="carol"), row(2, receipt(), member="dave")]])
    assert summed(report) == (1, 0, 1)
    assert report.refused_by_code == {"member_unknown": 1}


def test_a_partner_that_is_suspended_in_the_middle_does_not_stop_its_neighbours(fresh: Chain, tmp_path: Path) -> None:
    def chunks(stack: Stack) -> Iterator[list[PurchaseRow]]:
        yield [row(at, f"r-{at}", partner=("Grocery", "Market")[at % 2]) for at in range(20)]
        while stack.submitter.pending_count:
            pass
        fresh.admin.suspend_partner(1)
        yield [row(at, f"r-{at}", partner=("Grocery", "Market")[at % 2]) for at in range(20, 40)]

    with stack_on(fresh, tmp_path) as stack:
        report = stack.loader().load(chunks(stack))
        assert summed(report) == (30, 0, 10)
        assert report.refused_by_partner == {"Grocery": {"partner_not_active": 10}}
        # The rows that counted before the suspension are still known.
        again = stack.loader().load([[row(at, f"r-{at}", partner="Grocery") for at in (0, 2, 20)]])
        assert summed(again) == (0, 2, 1)


def test_a_receipt_of_another_kind_is_a_conflict(stack: Stack) -> None:
    name = receipt()
    first = stack.service.earn("Market", stack.account("ann"), receipt(), 500).record
    assert first.points == 500
    stack.service.reverse("Market", name, f"load-{next(numbers) - 1}", 100)
    report = stack.loader().load([[row(1, name)]])
    assert report.refused_by_code == {"receipt_conflict": 1}


def test_chunks_are_taken_only_as_earlier_ones_are_decided(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_module, "PROGRESS_ROWS", 1)
    taken, decided = 0, 0
    most = 0

    def chunks() -> Iterator[list[PurchaseRow]]:
        nonlocal taken, most
        for _ in range(20):
            taken += 1
            most = max(most, taken - decided // 50)
            yield [row(at, receipt()) for at in range(50)]

    def progress(rows: int) -> None:
        nonlocal decided
        decided = rows

    report = stack.loader().load(chunks(), progress=progress)
    assert summed(report) == (1_000, 0, 0)
    assert most <= BATCHES_IN_FLIGHT + 2
    assert decided == 1_000


def test_progress_is_told_now_and_then(stack: Stack) -> None:
    told: list[int] = []
    stack.loader().load([[RowError(1, "row_malformed", "")] * 1_700], progress=told.append)
    assert told == [500, 1_000, 1_500]


def test_an_empty_file(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "refused.csv").write_text("of a former load")
    assert summed(stack.loader().load([], tmp_path / "refused.csv")) == (0, 0, 0)
    assert not (tmp_path / "refused.csv").exists()


def test_refused_rows_that_cannot_be_written_are_told_before_anything_is_posted(stack: Stack, tmp_path: Path) -> None:
    name = receipt()
    with pytest.raises(SetupError):
        stack.loader().load([[row(1, name)]], tmp_path / "no folder" / "refused.csv")
    assert stack.queries.operations(2, [receipt_number(name)]) == {}


@pytest.mark.parametrize("length", [10, 100_000])
def test_no_room_for_refused_rows(stack: Stack, tmp_path: Path, length: int) -> None:
    def chunks() -> Iterator[list[PurchaseRow | RowError]]:
        (tmp_path / "full.csv").symlink_to("/dev/full")
        yield [RowError(1, "row_malformed", "y" * length)]

    with pytest.raises(StorageFull):
        stack.loader().load(chunks(), tmp_path / "full.csv")


def test_a_load_waits_out_a_short_trouble_and_gives_up_on_a_long_one(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(load_module, "STALLED_SECONDS", 0.3)
    gone = ChainUnavailable("The node is gone.")

    class Bulk:
        open = 1

        def __init__(self, looks: int) -> None:
            self.looks = looks

        def wait(self, timeout: float) -> list[Any]:
            self.looks -= 1
            if self.looks > 0:
                raise OutcomePending("not yet")
            return [stack.queries.history().items[0]]

    def posted(looks: int, trouble: Callable[[], Any]) -> LoadReport:
        loader = stack.loader(trouble=trouble)

        class Posting:
            def post_many(self, _: object) -> Bulk:
                return Bulk(looks)

        loader.submitter = Posting()  # type: ignore[assignment]
        return loader.load([[row(1, receipt())]])

    assert posted(100, lambda: None).rows == 1
    assert posted(5, lambda: gone).rows == 1
    with pytest.raises(ChainUnavailable):
        posted(1 << 30, lambda: gone)
