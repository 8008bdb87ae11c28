"""Every exception that this package raises on purpose, in one tree.

```
CoalitionError                  has a stable `code`, a sentence for people, and typed fields
├── InputError                  the request is wrong; sending it again unchanged will not help
│   ├── ReceiptConflict         the receipt was used before, with other content
│   └── NotFound                there is no such partner, member, operation or hold
├── Refused                     the ledger decided against it; `code` is that of the rejection
├── AccessDenied                the key or the credential may not do this
├── Unavailable                 try again later: node, database or disk
│   ├── ChainUnavailable
│   ├── StorageFull
│   └── OutcomePending          sent, but the outcome is not known yet
├── SetupError                  the ledger's folder, deployment, keystore or an optional extra is missing or wrong
└── IntegrityError              what was read contradicts itself: stop and audit
```

`docs/errors.md` says for each code why it happens and what to do.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AccessDenied",
    "ChainUnavailable",
    "CoalitionError",
    "InputError",
    "IntegrityError",
    "NotFound",
    "OutcomePending",
    "ReceiptConflict",
    "Refused",
    "SetupError",
    "StorageFull",
    "Unavailable",
]


class CoalitionError(Exception):
    """Base of all expected errors.

    `code` is stable and in snake case; classes that stand for several cases have none of their own, and are raised with one.
    `message` says what was wrong and what to do; `details` holds typed fields for machines (no secrets, no personal data).
    """

    code: str

    def __init__(self, message: str, *, code: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        if code is not None:
            self.code = code


class InputError(CoalitionError):
    """The request is wrong; sending it again unchanged will not help."""

    code = "input_invalid"


class ReceiptConflict(InputError):
    """The receipt was used before, with other content."""

    code = "receipt_conflict"


class NotFound(InputError):
    """There is no such partner, member, operation or hold."""


class Refused(CoalitionError):
    """The ledger decided against the operation; `code` is that of the rejection (`ledger.operations.Rejection`)."""


class AccessDenied(CoalitionError):
    """The key or the credential may not do this."""


class Unavailable(CoalitionError):
    """A part is missing for now; the same request may be sent again later."""


class ChainUnavailable(Unavailable):
    """The node does not answer, or answers with a fault of its own."""

    code = "chain_unavailable"


class StorageFull(Unavailable):
    """Nothing could be written down, so nothing was signed."""

    code = "storage_full"


class OutcomePending(Unavailable):
    """The operation is recorded and will be sent, but its outcome is not known yet."""

    code = "outcome_pending"


class SetupError(CoalitionError):
    """The ledger's folder, deployment, keystore or an optional extra is missing or wrong."""

    code = "setup_invalid"


class IntegrityError(CoalitionError):
    """What was read contradicts itself: stop and audit."""

    code = "integrity_broken"
