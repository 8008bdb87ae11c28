"""The contracts and the twin do the same, whatever they are asked."""

from __future__ import annotations

import os

import pytest

from coalition.ledger.operations import Kind, Rejection
from tests.fuzz.runner import Report, run, run_parallel

OPERATIONS = int(os.environ.get("FUZZ_OPERATIONS", "16000"))
OPERATIONS_DEEP = int(os.environ.get("FUZZ_OPERATIONS_DEEP", "1000000"))
FIRST_SEED = int(os.environ.get("FUZZ_FIRST_SEED", "1"))
FIRST_SEED_DEEP = 100_000

MUST_BE_SEEN = [
    *(f"call {kind}" for kind in ("Post", "Enrol", "Permit", "TransferFrom", "TransferWithAuthorization", "Pause")),
    *(f"event {name}" for name in ("Captured", "DebtRepaid", "PointsExpired", "Released", "Reversed", "Refunded")),
    *(f"event {name}" for name in ("BonusIssued", "BonusTaken", "CampaignBookSet")),
    *(
        "call Award",
        "revert AwardsTooLarge",
        "revert CallerNotCampaignBook",
        "event Earned with awards",
        "event Reversed with awards",
    ),
    *(f"earn {code.code}" for code in (Rejection.RECEIPT_USED, Rejection.MEMBER_UNKNOWN, Rejection.AMOUNT_ZERO)),
    *(f"{Kind.REDEEM.name.lower()} {code}" for code in ("signature_invalid", "allowance_too_low", "balance_too_low")),
    *(f"{kind} {code}" for kind in ("reverse", "refund") for code in ("proof_invalid", "original_exceeded")),
    *(f"revert {name}" for name in ("LedgerPaused", "KeyUnknown", "PartnerNotActive", "SignatureNotValid")),
]


def test_contracts_and_twin_agree() -> None:
    report = run(FIRST_SEED, OPERATIONS)
    print(report)

    assert [what for what in MUST_BE_SEEN if not report.seen[what]] == []


@pytest.mark.deep
def test_contracts_and_twin_agree_for_long(capsys: pytest.CaptureFixture[str]) -> None:
    """`FUZZ_OPERATIONS_DEEP` says how many operations, `FUZZ_FIRST_SEED` where to begin."""
    first_seed = FIRST_SEED_DEEP + FIRST_SEED
    with capsys.disabled():
        print(f"\nseeds from {first_seed}")
        report = run_parallel(first_seed, OPERATIONS_DEEP, min(2, os.cpu_count() or 1))
        print(report)

    assert report.operations >= OPERATIONS_DEEP


def test_report_adds_up() -> None:
    first, second = Report(operations=2, steps=1), Report(operations=3, steps=1)
    first.add(second)

    assert (first.operations, first.steps) == (5, 2)
