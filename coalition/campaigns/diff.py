"""What changed between two campaigns, field by field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from coalition.campaigns.document import Campaign, Context
from coalition.campaigns.written import written

__all__ = ["Change", "changes", "is_amendable"]

FIXED = frozenset({"kind", "opt in", "partners", "sponsors", "take back"})
"""Fields that no version of a campaign can change: for others, another campaign is proposed."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that changed. `before` or `after` is empty where only one of the campaigns has the field.

    `is_fixed` if the change cannot be a new version of the same campaign.
    """

    field: str
    before: str
    after: str

    @property
    def is_fixed(self) -> bool:
        """True if only another campaign can have it."""
        return self.field in FIXED

    def __str__(self) -> str:
        if not self.before:
            text = f"{self.field}: {self.after} (new)"
        elif not self.after:
            text = f"{self.field}: {self.before} (gone)"
        else:
            text = f"{self.field}: {self.before} → {self.after}"
        return f"{text}; this needs another campaign" if self.is_fixed else text


def changes(before: Campaign, after: Campaign, context: Context) -> tuple[Change, ...]:
    """Return what `after` says otherwise than `before`, in the order of the fields of a file."""
    old, new = written(before, context), written(after, context)
    names = list(dict.fromkeys([*old, *new]))
    return tuple(Change(name, old.get(name, ""), new.get(name, "")) for name in names if old.get(name) != new.get(name))


def is_amendable(changed: Iterable[Change]) -> bool:
    """True if the changes can be a new version of the same campaign."""
    return not any(change.is_fixed for change in changed)
