"""Files of purchases as tills really write them: every row is read, or refused with its line, and never costs its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coalition.errors import InputError
from coalition.service.files import CHUNK_ROWS, PurchaseFile, PurchaseRow, RowError, parse_time

HEADER = "member,partner,receipt,spend_minor,occurred_at\n"
GOOD = "ann,Grocery,r-{0},{0},\n"
NOON = 1_767_268_800  # 2026-01-01T12:00:00Z


def rows_of(path: Path, columns: dict[str, str] | None = None) -> list[PurchaseRow | RowError]:
    return [row for chunk in PurchaseFile(path, columns).chunks() for row in chunk]


def csv_rows(folder: Path, content: str | bytes, columns: dict[str, str] | None = None) -> list[PurchaseRow | RowError]:
    path = folder / "purchases.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return rows_of(path, columns)


def parquet(folder: Path, **columns: Any) -> Path:
    path = folder / "purchases.parquet"
    size = max(len(values) for values in columns.values())
    base: dict[str, Any] = {
        "member": ["ann"] * size,
        "partner": ["Grocery"] * size,
        "receipt": [f"r-{number}" for number in range(size)],
        "spend_minor": [100] * size,
    }
    pq.write_table(pa.table(base | columns), path)
    return path


def codes(rows: Sequence[PurchaseRow | RowError]) -> list[str]:
    return [row.code if isinstance(row, RowError) else "read" for row in rows]


# ---- CSV


def test_a_plain_file(tmp_path: Path) -> None:
    content = HEADER + "ann,Grocery,r-1,100,2026-01-01T12:00:00Z\nbob,2,0042,7,\n"
    assert csv_rows(tmp_path, content) == [
        PurchaseRow(2, "ann", "Grocery", "r-1", 100, NOON),
        PurchaseRow(3, "bob", "2", "0042", 7, None),
    ]


def test_columns_in_any_order_with_others_between_and_no_time(tmp_path: Path) -> None:
    content = "till,spend_minor,receipt,note,partner,member\n7,100,r-1,cash,Grocery,ann\n"
    assert csv_rows(tmp_path, content) == [PurchaseRow(2, "ann", "Grocery", "r-1", 100, None)]


def test_columns_of_other_names_are_mapped(tmp_path: Path) -> None:
    content = "customer,partner,member,cents,when\nann,Grocery,r-1,100,1767268800\n"
    mapping = {"member": "customer", "receipt": "member", "spend_minor": "cents", "occurred_at": "when"}
    assert csv_rows(tmp_path, content, mapping) == [PurchaseRow(2, "ann", "Grocery", "r-1", 100, NOON)]


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("customer,partner,receipt,spend_minor\n", ["member"]),
        ("member;partner;receipt;spend_minor\n", ["member", "partner", "receipt", "spend_minor"]),
        ("Member,Partner,Receipt,Spend_minor\n", ["member", "partner", "receipt", "spend_minor"]),
        ("", ["member", "partner", "receipt", "spend_minor"]),
        ("\n\n", ["member", "partner", "receipt", "spend_minor"]),
    ],
)
def test_missing_columns_are_named_with_what_there_is_and_what_to_do(
    tmp_path: Path, header: str, missing: list[str]
) -> None:
    with pytest.raises(InputError, match="--map") as error:
        csv_rows(tmp_path, header + "ann,Grocery,r-1,100\n" if header.strip() else header)
    assert error.value.code == "columns_missing"
    assert error.value.details["missing"] == missing
    assert (header.strip() or "none").split(",")[0] in error.value.message


def test_a_mapped_column_that_is_missing_is_named_as_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cents"):
        csv_rows(tmp_path, HEADER, {"spend_minor": "cents"})


def test_a_column_twice_is_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        csv_rows(tmp_path, "member,partner,receipt,spend_minor,spend_minor\nann,Grocery,r-1,100,200\n")
    assert error.value.code == "columns_repeated"


def test_the_names_of_a_utf_16_file_can_be_printed(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        csv_rows(tmp_path, (HEADER + GOOD.format(1)).encode("utf-16"))
    assert error.value.message.encode().decode() == error.value.message


def test_a_header_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        csv_rows(tmp_path, '"member,partner\nann,Grocery,r-1,100\n')
    assert error.value.code == "file_unreadable"


@pytest.mark.parametrize("name", ["none.csv", "none.parquet", "."])
def test_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as error:
        PurchaseFile(tmp_path / name)
    assert error.value.code == "file_unreadable"


def test_only_a_header(tmp_path: Path) -> None:
    assert csv_rows(tmp_path, HEADER) == []
    assert csv_rows(tmp_path, HEADER.strip()) == []


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert codes(csv_rows(tmp_path, b"\xef\xbb\xbf" + (HEADER + GOOD.format(1)).encode())) == ["read"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_systems(tmp_path: Path, end: str) -> None:
    content = (HEADER + GOOD.format(1) + GOOD.format(2)).replace("\n", end)
    assert [row.line for row in csv_rows(tmp_path, content)] == [2, 3]
    assert codes(csv_rows(tmp_path, content)) == ["read", "read"]


def test_quotes(tmp_path: Path) -> None:
    content = HEADER + '"ann ""the boss""","Grocery, Main St","r-1","100",""\n'
    assert csv_rows(tmp_path, content) == [PurchaseRow(2, 'ann "the boss"', "Grocery, Main St", "r-1", 100, None)]


def test_blank_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    rows = csv_rows(tmp_path, HEADER + "\n" + GOOD.format(1) + "\n\n" + GOOD.format(2) + "\n")
    assert [(row.line, type(row)) for row in rows] == [(3, PurchaseRow), (6, PurchaseRow)]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ('ann,"Grocery,r-9,100,', "row_malformed"),  # a quote that is never closed
        ('ann,Grocery,"r-9"x,100,', "row_malformed"),
        ("ann,Grocery,r-9,100", "row_malformed"),
        ("ann,Grocery,r-9,100,,,", "row_malformed"),
        ("ann", "row_malformed"),
        (",Grocery,r-9,100,", "row_malformed"),
        ("ann,,r-9,100,", "row_malformed"),
        ("ann,Grocery,,100,", "row_malformed"),
        ("\udcff,Grocery,r-9,100,", "row_malformed"),
        ("ann,Groc\udce9ry,r-9,100,", "row_malformed"),
        ("ann,Grocery,\udc80,100,", "row_malformed"),
        ("ann,Grocery,r-9,1\udc80,", "amount_invalid"),
        ("ann,Grocery,r-9,,", "amount_invalid"),
        ("ann,Grocery,r-9,12.50,", "amount_invalid"),
        ('ann,Grocery,r-9,"1,250",', "amount_invalid"),
        ("ann,Grocery,r-9,100.0,", "amount_invalid"),
        ("ann,Grocery,r-9,1e3,", "amount_invalid"),
        ("ann,Grocery,r-9,NaN,", "amount_invalid"),
        ("ann,Grocery,r-9,0x10,", "amount_invalid"),
        ("ann,Grocery,r-9,1_000,", "amount_invalid"),
        ("ann,Grocery,r-9,--5,", "amount_invalid"),
        ("ann,Grocery,r-9,٣٠٠,", "amount_invalid"),
        ("ann,Grocery,r-9,1\x000,", "amount_invalid"),
        ("ann,Grocery,r-9," + "9" * 5_000 + ",", "amount_invalid"),
        ("ann,Grocery,r-9,0,", "amount_zero"),
        ("ann,Grocery,r-9,-0,", "amount_zero"),
        ("ann,Grocery,r-9,-5,", "amount_negative"),
        (f"ann,Grocery,r-9,{1 << 48},", "amount_too_large"),
        (f"ann,Grocery,r-9,{1 << 64},", "amount_too_large"),
        (f"ann,Grocery,r-9,{1 << 256},", "amount_too_large"),
        ("ann,Grocery,r-9,100,yesterday", "time_invalid"),
        ("ann,Grocery,r-9,100,2026-02-30", "time_invalid"),
        ("ann,Grocery,r-9,100,1899-12-31", "time_invalid"),
        ("ann,Grocery,r-9,100,2026-01-01T00:00:00+25:00", "time_invalid"),
        ("ann,Grocery,r-9,100," + "9" * 20, "time_invalid"),
        ("ann,Grocery,r-9,100," + "9" * 5_000, "time_invalid"),
        ("ann,Grocery,r-9,100,\udcff", "time_invalid"),
        ("x" * 200_000 + ",Grocery,r-9,100,", "row_malformed"),
    ],
    ids=lambda value: value[:40].encode(errors="replace").decode(),
)
def test_a_bad_line_is_refused_alone(tmp_path: Path, bad: str, code: str) -> None:
    content = HEADER + GOOD.format(1) + bad + "\n" + GOOD.format(2)
    rows = csv_rows(tmp_path, content.encode(errors="surrogateescape"))
    assert codes(rows) == ["read", code, "read"]
    assert [row.line for row in rows] == [2, 3, 4]
    refused = rows[1]
    assert isinstance(refused, RowError)
    assert refused.reason.encode() and len(refused.reason) < 300


def test_an_open_quote_on_many_lines_swallows_none(tmp_path: Path) -> None:
    lines = [f'ann,Grocery,"r-{number},100,\n' if number % 3 == 0 else GOOD.format(number) for number in range(1, 100)]
    rows = csv_rows(tmp_path, HEADER + "".join(lines))
    assert codes(rows) == ["row_malformed" if number % 3 == 0 else "read" for number in range(1, 100)]
    assert [row.line for row in rows] == list(range(2, 101))


def test_nul_bytes_stay_in_their_field(tmp_path: Path) -> None:
    rows = csv_rows(tmp_path, HEADER + "a\0n,Grocery,r-1,100,\n" + GOOD.format(2))
    assert codes(rows) == ["read", "read"]  # the reference is refused by the custody, see test_load
    assert isinstance(rows[0], PurchaseRow) and rows[0].member == "a\0n"


@pytest.mark.parametrize("spend", ["1", "+1", " 100 ", "007", str((1 << 48) - 1)])
def test_whole_spends(tmp_path: Path, spend: str) -> None:
    (row,) = csv_rows(tmp_path, HEADER + f"ann,Grocery,r-1,{spend},\n")
    assert isinstance(row, PurchaseRow) and row.spend_minor == int(spend)


def test_rows_come_in_chunks_and_only_as_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text(HEADER + "".join(GOOD.format(number) for number in range(1, 2 * CHUNK_ROWS + 2)))
    chunks = PurchaseFile(path).chunks()
    assert [len(chunk) for chunk in chunks] == [CHUNK_ROWS, CHUNK_ROWS, 1]


# ---- times


@pytest.mark.parametrize(
    ("text", "unix"),
    [
        ("2026-01-01T12:00:00Z", NOON),
        ("2026-01-01 12:00:00", NOON),
        ("2026-01-01T13:00:00+01:00", NOON),
        ("2026-01-01T12:00:00.999Z", NOON),
        (" 2026-01-01T12:00:00Z ", NOON),
        ("2026-01-01", NOON - 43_200),
        ("1767268800", NOON),
        (NOON, NOON),
        (date(2026, 1, 1), NOON - 43_200),
        (datetime(2026, 1, 1, 12), NOON),
        (datetime(2026, 1, 1, 12, tzinfo=UTC), NOON),
        ("", None),
        (None, None),
        (0, 0),
    ],
)
def test_times(text: Any, unix: int | None) -> None:
    assert parse_time(text) == unix


@pytest.mark.parametrize(
    "value", ["noon", -1, 1 << 40, True, 1.5, "1969-12-31T23:59:59Z", Decimal(NOON), b"2026-01-01"]
)
def test_what_is_no_time(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the caller says what is wrong
        parse_time(value)


# ---- Parquet


def test_a_plain_parquet_file(tmp_path: Path) -> None:
    path = parquet(tmp_path, spend_minor=pa.array([100, 200], pa.int32()))
    assert PurchaseFile(path).rows_total == 2
    assert rows_of(path) == [
        PurchaseRow(1, "ann", "Grocery", "r-0", 100, None),
        PurchaseRow(2, "ann", "Grocery", "r-1", 200, None),
    ]


@pytest.mark.parametrize(
    "kind",
    [
        pa.timestamp("s"),
        pa.timestamp("ms"),
        pa.timestamp("us", "UTC"),
        pa.timestamp("us", "America/New_York"),
        pa.timestamp("ns", "UTC"),
        pa.int64(),
        pa.string(),
    ],
)
def test_times_of_all_parquet_types(tmp_path: Path, kind: pa.DataType) -> None:
    unit = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}.get(getattr(kind, "unit", "s"))
    values = ["2026-01-01T12:00:00Z", None] if kind == pa.string() else [NOON * unit, None]
    rows = rows_of(parquet(tmp_path, occurred_at=pa.array(values, kind)))
    assert [row.occurred_at for row in rows if isinstance(row, PurchaseRow)] == [NOON, None]


def test_dates_and_times_before_1970(tmp_path: Path) -> None:
    values = pa.array([date(2026, 1, 1), date(1960, 1, 1)], pa.date32())
    rows = rows_of(parquet(tmp_path, occurred_at=values))
    assert codes(rows) == ["read", "time_invalid"]
    rows = rows_of(parquet(tmp_path, occurred_at=pa.array([NOON, -5], pa.timestamp("s"))))
    assert codes(rows) == ["read", "time_invalid"]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([100, 0, -5, None], pa.int64(), ["read", "amount_zero", "amount_negative", "amount_invalid"]),
        (
            [1, (1 << 48) - 1, 1 << 48, (1 << 64) - 1],
            pa.uint64(),
            ["read", "read", "amount_too_large", "amount_too_large"],
        ),
        (["100", "1.5", "", None], pa.string(), ["read", "amount_invalid", "amount_invalid", "amount_invalid"]),
        ([1.0, 1.5, float("nan"), float("inf")], pa.float64(), ["amount_invalid"] * 4),
        ([Decimal(100), Decimal(0), Decimal(-1), Decimal(1 << 64)], pa.decimal128(38, 0), None),
        ([Decimal("1.00"), Decimal("1.50"), Decimal(0), None], pa.decimal128(10, 2), ["amount_invalid"] * 4),
        ([True, False, True, None], pa.bool_(), ["amount_invalid"] * 4),
    ],
)
def test_spends_of_all_parquet_types(
    tmp_path: Path, values: list[Any], kind: pa.DataType, expected: list[str] | None
) -> None:
    expected = expected or ["read", "amount_zero", "amount_negative", "amount_too_large"]
    assert codes(rows_of(parquet(tmp_path, spend_minor=pa.array(values, kind)))) == expected


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["ann", None, ""], pa.large_string(), ["ann", "row_malformed", "row_malformed"]),
        ([b"ann", b"\xff", b""], pa.binary(), ["ann", "row_malformed", "row_malformed"]),
        ([12, None, 0], pa.int64(), ["12", "row_malformed", "0"]),
        ([12.0, None, 0.5], pa.float64(), ["row_malformed"] * 3),
        ([Decimal("1.0"), None, Decimal(2)], pa.decimal128(5, 1), ["row_malformed"] * 3),
        ([True, None, False], pa.bool_(), ["row_malformed"] * 3),
        ([["ann"], None, []], pa.list_(pa.string()), ["row_malformed"] * 3),
    ],
)
def test_references_of_all_parquet_types(
    tmp_path: Path, values: list[Any], kind: pa.DataType, expected: list[str]
) -> None:
    rows = rows_of(parquet(tmp_path, member=pa.array(values, kind)))
    assert [row.code if isinstance(row, RowError) else row.member for row in rows] == expected


def test_dictionaries_and_text_that_is_not_utf_8(tmp_path: Path) -> None:
    rows = rows_of(parquet(tmp_path, member=pa.array(["ann", "bob", "ann"]).dictionary_encode()))
    assert codes(rows) == ["read"] * 3
    broken = pa.Array.from_buffers(pa.string(), 3, pa.array([b"ann", b"\xff\xfe", b"bob"], pa.binary()).buffers())
    assert codes(rows_of(parquet(tmp_path, member=broken))) == ["read", "row_malformed", "read"]


def test_parquet_columns_are_mapped_and_missed(tmp_path: Path) -> None:
    path = parquet(tmp_path, cents=[7])
    assert isinstance(row := rows_of(path, {"spend_minor": "cents"})[0], PurchaseRow) and row.spend_minor == 7
    with pytest.raises(InputError, match="--map") as error:
        PurchaseFile(path, {"member": "customer"})
    assert error.value.details["missing"] == ["customer"]


def test_an_empty_and_a_false_parquet_file(tmp_path: Path) -> None:
    path = parquet(tmp_path, spend_minor=pa.array([], pa.int64()))
    assert rows_of(path) == []
    path.write_text(HEADER)
    with pytest.raises(InputError) as error:
        PurchaseFile(path)
    assert error.value.code == "file_unreadable"


def test_parquet_row_numbers_go_on_over_chunks(tmp_path: Path) -> None:
    rows = rows_of(parquet(tmp_path, spend_minor=list(range(CHUNK_ROWS + 500))))
    assert [row.line for row in rows] == list(range(1, CHUNK_ROWS + 501))
    assert codes(rows[:1]) == ["amount_zero"]


def test_a_damaged_parquet_file_is_said_to_be(tmp_path: Path) -> None:
    path = parquet(tmp_path, member=[f"member-{number * 7919}" for number in range(50_000)])
    content = bytearray(path.read_bytes())
    content[1000 : len(content) // 2] = b"\0" * (len(content) // 2 - 1000)
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        rows_of(path)
    assert error.value.code == "file_unreadable"
