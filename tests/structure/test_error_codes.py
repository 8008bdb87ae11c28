"""The record of error codes: what counts as produced, and what the comparison says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from coalition.chain import reverts
from coalition.chain.keccak import keccak
from coalition.errors import CoalitionError, InputError
from coalition.service.checks import check_address
from tests import error_codes


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], bool]:
    """Tells whether an error that some work makes counts."""
    seen: list[bool] = []

    def look(frame: FrameType, error: CoalitionError, *_: object) -> None:
        seen.append(error_codes.made_by_product(frame, error))

    monkeypatch.setattr(CoalitionError, "__init__", CoalitionError.__init__)  # as it is now, when the test is over
    error_codes.watch(CoalitionError, "__init__", look)

    def counts(work: Callable[[], Any]) -> bool:
        seen.clear()
        with suppress(CoalitionError):
            work()
        (one,) = seen
        return one

    return counts


def test_what_the_product_makes_counts(counted: Callable[[Callable[[], Any]], bool]) -> None:
    assert counted(lambda: check_address("nonsense"))


def test_what_a_test_makes_does_not(counted: Callable[[Callable[[], Any]], bool]) -> None:
    assert not counted(lambda: InputError("No.", code="address_invalid"))
    assert not counted(lambda: reverts.decoded("0x" + keccak(b"LedgerPaused()")[:4].hex()))


def test_the_comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(error_codes, "NOTES", tmp_path)
    first, second, *others = error_codes.documented()
    (tmp_path / "1.txt").write_text(f"{first} tests/a.py\n")
    (tmp_path / "2.txt").write_text("".join(f"{code} tests/b.py\n" for code in others))
    assert error_codes.main() == 1
    assert f"{second}: docs/errors.md has it, and no test produced it" in capsys.readouterr().out

    (tmp_path / "3.txt").write_text(f"{second} tests/a.py\n{second} tests/b.py\n")
    assert error_codes.main() == 0

    (tmp_path / "4.txt").write_text("never_heard_of tests/c.py\n")
    assert error_codes.main() == 1
    assert "never_heard_of: a test produced it, and docs/errors.md has no row of it" in capsys.readouterr().out
