"""The files of the well-known programmes in `examples/programmes/`, checked against the partners of their pages."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from coalition.campaigns.check import check
from coalition.campaigns.document import Campaign, Context
from coalition.campaigns.tier_file import TierFile, check_tiers
from coalition.chain.keccak import keccak

PROGRAMMES = Path(__file__).resolve().parents[2] / "examples" / "programmes"
FOLDERS = sorted(folder for folder in PROGRAMMES.iterdir() if folder.is_dir())
FILES = sorted(file for file in PROGRAMMES.rglob("*.yaml") if file.name != "tiers.yaml")
PARTNERS = {
    "dining-levels": "airline bao bistro curry dumpling grill noodle",
    "miles-and-fuel": "airline fuel grocery pharmacy",
    "stars": "coffee",
    "three-tiers": "beauty",
    "paid-membership": "market",
    "early-access": "shoes outdoor",
    "yearly-dividend": "coop",
    "daily-cash": "store cafe grocery",
    "invitation": "rides",
    "reviewers": "travel",
    "spend-at-once": "flights hotels",
    "lessons-and-workouts": "lender gym",
}
WITHOUT_BASE_POINTS = {"coffee", "flights", "hotels"}
"""Partners whose points all come from campaigns. The others give a point for each 1.00."""

ATTESTOR = "0x00000000000000000000000000000000000a77e5"
"""Stands in the files for the account of whoever attests."""


def at(when: str) -> int:
    """The Unix time in seconds of a text in UTC."""
    return int(datetime.fromisoformat(when).replace(tzinfo=UTC).timestamp())


WRITTEN_ON = at("2029-05-01")


def tiers_of(folder: Path) -> TierFile | None:
    path = folder / "tiers.yaml"
    if not path.exists():
        return None
    checked = check_tiers(path, now=WRITTEN_ON)
    assert [str(finding) for finding in checked.findings] == []
    return checked.tiers


def context_of(folder: Path) -> Context:
    numbers = {name: number for number, name in enumerate(PARTNERS[folder.name].split(), 1)}
    tiers = tiers_of(folder)
    return Context(numbers, keccak, tiers.tier_names if tiers else (), WRITTEN_ON)


def campaign_of(file: Path) -> Campaign:
    checked = check(file, context_of(file.parent))
    assert [str(finding) for finding in checked.findings] == []
    assert checked.campaign is not None
    return checked.campaign
