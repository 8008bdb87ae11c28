"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Check", "Readiness"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be in order. `detail` is for the operator, and is shown to anyone: no secrets in it."""

    name: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """All checks of a moment."""

    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        """True if every check is in order."""
        return all(check.ok for check in self.checks)
