"""How the demo's purchases are handed on: in their order, whole steps of the clock together, none too early."""

from __future__ import annotations

from itertools import pairwise

import pytest

from coalition.demo.replay import DAY, _Chunks
from coalition.service.files import PurchaseRow, RowError

Rows = list[PurchaseRow | RowError]
FIRST = 20_000 * DAY
HOUR = 3_600
BETWEEN = 5 * HOUR


def purchases(count: int) -> Rows:
    """A purchase every five hours, and a line in seven that cannot be read."""
    return [
        RowError(at, "amount_zero", "…", "bakery") if at % 7 == 3 else purchase(at, FIRST + BETWEEN * at)
        for at in range(count)
    ]


def purchase(line: int, occurred_at: int) -> PurchaseRow:
    return PurchaseRow(line, "household-1", "bakery", str(line), 100, occurred_at)


def handed_on(rows: Rows, size: int, step: int, until: list[int]) -> list[list[Rows]]:
    """What is handed on up to each time, of a file read in chunks of `size`."""
    chunks = _Chunks(iter([rows[start : start + size] for start in range(0, len(rows), size)]), step)
    return [list(chunks.before(time)) for time in until]


def times(rows: Rows) -> list[int]:
    return [row.occurred_at or 0 for row in rows if isinstance(row, PurchaseRow)]


@pytest.mark.parametrize("size", [1, 4, 10, 1_000])
@pytest.mark.parametrize("step", [DAY, 7 * DAY])
def test_rows_keep_their_order_and_steps_of_the_clock_stay_whole(size: int, step: int) -> None:
    rows = purchases(200)
    (parts,) = handed_on(rows, size, step, [FIRST + 1_000 * DAY])
    assert [row for part in parts for row in part] == rows
    assert len(parts) > 1
    for one, next_one in pairwise(parts):
        assert max(times(one)) // step < min(times(next_one)) // step


@pytest.mark.parametrize("size", [1, 4, 10, 1_000])
def test_nothing_is_handed_on_before_its_time(size: int) -> None:
    rows = purchases(200)
    cuts = [FIRST + 3 * DAY, FIRST + 3 * DAY, FIRST + 4 * DAY + 11 * HOUR, FIRST + 1_000 * DAY]
    stages = handed_on(rows, size, DAY, cuts)
    assert [row for parts in stages for part in parts for row in part] == rows
    begin = 0
    for cut, parts in zip(cuts, stages, strict=True):
        found = [time for part in parts for time in times(part)]
        assert all(begin <= time < cut for time in found)
        assert bool(found) == (begin < cut)
        begin = cut
