"""Does the fuzz find a mistake? Contracts with one change each, and how soon it was found.

    python -m tests.fuzz.mutants

Each mutant is compiled in a folder of its own (some 30 seconds) and fuzzed until contracts and twin differ.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
OPERATIONS = "60000"


@dataclass(frozen=True)
class Mutant:
    """One change of one contract."""

    name: str
    file: str
    old: str
    new: str


MUTANTS = (
    Mutant(
        "held points may expire before the deadline",
        "types/Lots.sol",
        "uint256 left = validity - skipped;",
        "uint256 left = validity + 0 * skipped;",
    ),
    Mutant("expired points come back as they were", "types/Lots.sol", "aged < validity ?", "aged <= validity ?"),
    Mutant(
        "parts of a reversal are rounded one by one",
        "Corrections.sol",
        "original.points * left / original.spendMinor\n"
        "            - original.points * (left - reversal.amount) / original.spendMinor;",
        "original.points * reversal.amount / original.spendMinor + 0 * left;",
    ),
    Mutant(
        "a second refund forgets the first",
        "Corrections.sol",
        "= before + correction.amount;",
        "= correction.amount;",
    ),
    Mutant(
        "a key takes over a second late",
        "AccountKeys.sol",
        "known.effectiveFrom <= block.timestamp",
        "known.effectiveFrom < block.timestamp",
    ),
    Mutant("a paid debt keeps its flag", "Awards.sol", "paid == debt ? lots.unflagged(FLAG_INDEBTED) : lots", "lots"),
    Mutant(
        "a hold ends a second early",
        "PointLedger.sol",
        "if (open.deadline < block.timestamp) return",
        "if (open.deadline <= block.timestamp) return",
    ),
    Mutant(
        "two receipts share a bit",
        "libraries/OutcomeChain.sol",
        "return word | (1 << (receipt & (RECEIPT_BITS - 1)));",
        "return word | (1 << (receipt % (RECEIPT_BITS - 1)));",
    ),
    Mutant("an endless allowance shrinks", "PointToken.sol", "if (allowed != type(uint256).max) _approve", "_approve"),
    Mutant(
        "a new announcement undoes a rate that counts",
        "PartnerRegistry.sol",
        "known.earnRateBps = uint32(_earnRate(known));",
        "",
    ),
    Mutant("what expired is told but not taken out", "AccountBook.sol", "_accounts[account].lots = lots;\n", ""),
    Mutant(
        "a permit can be used twice",
        "PointToken.sol",
        "value, _useNonce(owner), deadline",
        "value, nonces(owner), deadline",
    ),
    Mutant(
        "a capture is not proved by its own receipt's word",
        "PointLedger.sol",
        "_turnTo(batch, captured.receipt / RECEIPT_BITS);\n",
        "",
    ),
    Mutant("a reversal spares the lot of the earn", "Awards.sol", "if (own > points) own = points;", "own = 0;"),
    Mutant("the purchaser is one of the others", "Awards.sol", "account != member && ", ""),
    Mutant(
        "awards pay no debts",
        "PointLedger.sol",
        "_repay(batch, member, lots, whole)",
        "_repay(batch, member, lots, points)",
    ),
    Mutant("no room is kept for awards", "Awards.sol", "LOT_MAX - AWARDS_MAX", "LOT_MAX - 1"),
    Mutant(
        "outcomes leave the awards out",
        "libraries/OutcomeChain.sol",
        "keccak256(outcome, 224)",
        "keccak256(outcome, 192)",
    ),
    Mutant(
        "an epoch's end forgets since when",
        "types/Lots.sol",
        "(word >> FLAGS_SHIFT << FLAGS_SHIFT)",
        "(word & (0xFF << FLAGS_SHIFT))",
    ),
)


def found(mutant: Mutant) -> tuple[Mutant, str]:
    """Compile and fuzz one mutant; return the first lines of what the fuzz says."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("contracts", "scripts"):
            shutil.copytree(ROOT / part, folder / part)
        shutil.copy(ROOT / "brownie-config.yaml", folder)
        for part in ("node_modules", ".toolchain"):
            if (ROOT / part).exists():
                (folder / part).symlink_to(ROOT / part)
        source = folder / "contracts" / mutant.file
        text = source.read_text()
        if text.count(mutant.old) != 1:
            return mutant, "NOT APPLIED"
        source.write_text(text.replace(mutant.old, mutant.new))
        made = subprocess.run(
            [sys.executable, "scripts/compile.py"], cwd=folder, capture_output=True, text=True, check=False
        )
        if made.returncode:
            return mutant, "NOT COMPILED\n" + made.stdout + made.stderr
        return mutant, _fuzz(folder)


def _fuzz(folder: Path) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.runner", "--operations", OPERATIONS, "--brief"],
        cwd=ROOT,
        env=os.environ | {"FUZZ_ARTIFACTS": str(folder / "coalition" / "chain" / "artifacts")},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode == 0:
        return "SURVIVED"
    _, _, story = ran.stderr.rpartition("Failure: ")
    return "\n    ".join(line[:160] for line in story.splitlines()[:4])


def main() -> int:
    """Try all mutants, two at a time."""
    survivors = 0
    with ThreadPoolExecutor(2) as pool:
        for mutant, story in pool.map(found, MUTANTS):
            survivors += story.startswith(("SURVIVED", "NOT"))
            print(f"{mutant.name} ({mutant.file}):\n    {story}", flush=True)
    print(f"{len(MUTANTS) - survivors} of {len(MUTANTS)} mutants found")
    return survivors


if __name__ == "__main__":
    sys.exit(main())
