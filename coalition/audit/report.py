"""What an audit found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["MATCH", "MISMATCH", "AuditReport", "Divergence"]

MATCH = "match"
MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class Divergence:
    """Something on which the fold, the contract's storage and the read model do not agree.

    `block` and `transaction` say where it shows first, None where that cannot be told; `operation` is partner, receipt
    and kind of the operation there, if there is one. Of `fold`, `storage` and `read_model` those that were compared.
    """

    what: str
    block: int | None = None
    transaction: str | None = None
    operation: str | None = None
    fold: str | None = None
    storage: str | None = None
    read_model: str | None = None
    log: int | None = None

    @property
    def order(self) -> tuple[int, int]:
        """Earliest first; what has no block comes last, and what has no log last in its block."""
        last = 1 << 62
        return (last if self.block is None else self.block, last if self.log is None else self.log)

    def to_text(self) -> str:
        """The divergence in a few lines."""
        where = "block unknown" if self.block is None else f"block {self.block}"
        lines = [f"{self.what} ({where})"]
        for name in ("transaction", "operation", "fold", "storage", "read_model"):
            value = getattr(self, name)
            if value is not None:
                lines.append(f"    {name.replace('_', ' ')}: {value}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The result of an audit as of `block`.

    `verdict` is "match" if the fold of all events, the contract's storage and the read model agree everywhere and every
    invariant holds, else "mismatch". `checked` counts what was compared, by its kind. `divergences` are the first few
    found; `notes` say what could not be checked, and why.
    """

    verdict: str
    block: int
    block_hash: str
    timestamp: int
    operations: int
    events: int
    checked: dict[str, int]
    invariants: tuple[str, ...]
    seconds: float
    first_divergence: Divergence | None = None
    divergences: tuple[Divergence, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return asdict(self)

    def to_text(self) -> str:
        """The report for people."""
        lines = [
            f"Audit: {self.verdict.upper()} as of block {self.block} ({self.block_hash[:18]}…)",
            f"  {self.operations:,} operations, {self.events:,} events replayed in {self.seconds:.1f} s",
            "  compared: " + ", ".join(f"{count:,} {name}" for name, count in self.checked.items()),
            f"  invariants: {', '.join(self.invariants)}",
        ]
        lines += [f"  note: {note}" for note in self.notes]
        if self.first_divergence is not None:
            lines.append("  first divergence: " + self.first_divergence.to_text().replace("\n", "\n  "))
        if len(self.divergences) > 1:
            lines.append(f"  {len(self.divergences) - 1} more, among them:")
            lines += [
                "  - " + one.to_text().replace("\n", "\n  ")
                for one in self.divergences[:6]
                if one != self.first_divergence
            ]
        return "\n".join(lines)
