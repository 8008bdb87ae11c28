"""Epochs and expiry: when points were earned, and until when they count."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Epochs"]


@dataclass(frozen=True, slots=True)
class Epochs:
    """How a ledger counts time.

    `origin` in Unix seconds, `length` in seconds, `validity` in epochs.
    """

    origin: int
    length: int
    validity: int

    def at(self, timestamp: int) -> int:
        """Return the epoch of a Unix time in seconds."""
        return (timestamp - self.origin) // self.length

    def expired_until(self, timestamp: int) -> int:
        """Return the last epoch whose points have expired at a Unix time in seconds."""
        return self.at(timestamp) - self.validity

    def expires_at(self, epoch: int) -> int:
        """Return the Unix time in seconds from which points of `epoch` no longer count."""
        return self.origin + (epoch + self.validity) * self.length
