"""The tier book and its twin say the same of every member, over many years."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.fuzz.tiers import run, run_parallel

STEPS = int(os.environ.get("FUZZ_TIER_STEPS", "8000"))
STEPS_DEEP = int(os.environ.get("FUZZ_TIER_STEPS_DEEP", "1000000"))
FIRST_SEED_DEEP = 100_001
MUST_BE_SEEN = [
    *("up", "down", "bonus", "floor", "inactivity", "years missed", "carried anew", "at the top"),
    *("reversal of same year", "reversal of year before", "reversal of final", "programme", "programme replaced"),
]


def unseen(seen: Counter[str]) -> list[str]:
    """What a run should have come across and did not."""
    return [what for what in MUST_BE_SEEN if not seen[what]]


def test_tier_book_and_twin_agree() -> None:
    seen = run(1, STEPS)
    print(seen)

    assert unseen(seen) == []


@pytest.mark.deep
def test_tier_book_and_twin_agree_for_long(capsys: pytest.CaptureFixture[str]) -> None:
    """`FUZZ_TIER_STEPS_DEEP` says how many steps."""
    seen = run_parallel(FIRST_SEED_DEEP, STEPS_DEEP, min(2, os.cpu_count() or 1))
    with capsys.disabled():
        print(f"\n{seen}")

    assert seen["steps"] >= STEPS_DEEP
    assert unseen(seen) == []
