"""The campaign contracts and their twin do the same, whatever they are asked; and the events alone tell it all."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("pyrevm")

from tests.fuzz.campaign_runner import run, run_parallel
from tests.fuzz.campaign_steps import Report
from tests.fuzz.campaign_terms import TERMS

STEPS = int(os.environ.get("FUZZ_CAMPAIGN_STEPS", "6000"))
STEPS_DEEP = int(os.environ.get("FUZZ_CAMPAIGN_STEPS_DEEP", "1000000"))
FIRST_SEED = int(os.environ.get("FUZZ_FIRST_SEED", "1"))
FIRST_SEED_DEEP = 100_000

EVENTS = (
    "AwardCut",
    "AwardOutdone",
    "AwardTakenBack",
    "Attested",
    "BadgeAwarded",
    "BadgeTakenBack",
    "CampaignClosed",
    "CampaignEnded",
    "CampaignPaused",
    "CampaignResumed",
    "CampaignTurnedOver",
    "CompanionAwarded",
    "MemberJoined",
    "MemberReferred",
    "Progressed",
    "RuleFailed",
    "SeedRevealed",
)
REVERTS = ("ApprovalMissing", "ApprovalExpired", "CampaignOver", "TermsUnknown", "NotSponsor", "StartTooLate")
MUST_BE_SEEN = [*(f"event {name}" for name in EVENTS), *(f"revert {name}" for name in REVERTS), "replays"]
PAID = ("purchase", "Attest", "Claim", "Draw")


def kinds_not_paid(report: Report) -> list[str]:
    return [kind for kind in TERMS if not any(report.seen[f"{kind} Awarded in {what}"] for what in PAID)]


def test_contracts_and_twin_agree() -> None:
    report = run(FIRST_SEED, STEPS)
    print(report)

    assert [what for what in MUST_BE_SEEN if not report.seen[what]] == []


@pytest.mark.deep
def test_contracts_and_twin_agree_for_long(capsys: pytest.CaptureFixture[str]) -> None:
    """`FUZZ_CAMPAIGN_STEPS_DEEP` says how many steps, `FUZZ_FIRST_SEED` where to begin; 100,000 take some three minutes on
    one core."""
    with capsys.disabled():
        report = run_parallel(FIRST_SEED_DEEP + FIRST_SEED, STEPS_DEEP, min(2, os.cpu_count() or 1))
        print(f"\n{report}")

    assert report.steps >= STEPS_DEEP
    assert kinds_not_paid(report) == []
