"""Files of attestations and referrals: read whole, or refused with every finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coalition.errors import InputError
from coalition.ledger.campaigns.calls import Attestation
from coalition.service.custody import Custody
from coalition.service.occasions import ID_MAX, AttestedRow, ReferredRow, read_attestations, read_referrals
from coalition.service.past import actions_of, invitations_of

ACCOUNT = Custody(b"\7" * 32).account


def file_in(folder: Path, *lines: str) -> Path:
    path = folder / "said.csv"
    path.write_text("\n".join(lines))
    return path


def error_of(work: Any) -> InputError:
    with pytest.raises(InputError) as refused:
        work()
    return refused.value


def test_attestations_are_read(tmp_path: Path) -> None:
    path = file_in(
        tmp_path,
        "\ufeffid,note,member,action,occurred_at",
        '1,"well, done",ann,7,2026-03-01',
        "",
        f"{ID_MAX},,ben,0,",
    )

    assert read_attestations(path, ACCOUNT) == [
        AttestedRow(Attestation(ACCOUNT("ann"), 7, 1), 1_772_323_200),
        AttestedRow(Attestation(ACCOUNT("ben"), 0, ID_MAX), None),
    ]
    assert error_of(lambda: actions_of(read_attestations(path, ACCOUNT))).code == "time_missing"


def test_referrals_are_read(tmp_path: Path) -> None:
    path = file_in(tmp_path, "member,referrer,occurred_at", "ben,ann,1772323200")

    rows = read_referrals(path, ACCOUNT)

    assert rows == [ReferredRow(ACCOUNT("ben"), ACCOUNT("ann"), 1_772_323_200)]
    (came,) = invitations_of(rows)
    assert (came.time, came.member, came.referrer) == (1_772_323_200, ACCOUNT("ben"), ACCOUNT("ann"))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"ann,7,{ID_MAX + 1},", "id is"),
        ("ann,-7,2,", "action is '-7'"),
        ("ann,4294967296,2,", "action is"),
        ("ann,٧,2,", "action is"),
        ("ann,7,,", "id is ''"),
        (",7,2,", "A member's reference"),
        ("0x1234567890,7,2,", "an address is 0x"),
        ("ann,7,1,", "id 1 stands in line 2 already"),
        ("ann,7,2,soon", "occurred_at is 'soon'"),
        ("ann,7,2", "3 fields, the header has 4"),
        ('ann,7,2,"', "cannot be read"),
    ],
)
def test_a_row_that_is_wrong_is_told_and_nothing_is_taken(tmp_path: Path, line: str, reason: str) -> None:
    path = file_in(tmp_path, "member,action,id,occurred_at", "ann,7,1,", line, "ben,7,x,")

    error = error_of(lambda: read_attestations(path, ACCOUNT))

    assert error.code == "rows_invalid" and [one["line"] for one in error.details["findings"]] == [3, 4]
    assert reason in error.details["findings"][0]["reason"] and "said.csv:3: " in error.message


def test_many_findings_are_cut_short_in_the_sentence(tmp_path: Path) -> None:
    path = file_in(tmp_path, "member,action,id", *(["ann,7,x"] * 30))

    error = error_of(lambda: read_attestations(path, ACCOUNT))

    assert len(error.details["findings"]) == 30 and error.message.endswith("and 10 more")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert error_of(lambda: read_attestations(tmp_path / "none.csv", ACCOUNT)).code == "file_unreadable"
    assert error_of(lambda: read_attestations(tmp_path, ACCOUNT)).code == "file_unreadable"
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"member,action,id\n\xff,7,1\n")
    assert error_of(lambda: read_attestations(broken, ACCOUNT)).code == "file_unreadable"
    for lines in ((), ("member,action",), ('"member,action,id',)):
        path = file_in(tmp_path, *lines)
        assert error_of(lambda path=path: read_attestations(path, ACCOUNT)).code == "columns_missing"
