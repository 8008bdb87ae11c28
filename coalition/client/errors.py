"""What goes wrong, in one class and a special case of it; and one for those who receive webhooks.

```
ApiError            the service refused, or could not be reached: nothing of this request counted
└── OutcomeUnknown  it may have counted or not; with a receipt, asking again is safe and tells

WebhookInvalid      a webhook is not the service's
```

`docs/errors.md` says for each code why it happens and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

__all__ = ["ApiError", "OutcomeUnknown", "Word"]

STANDARD_MEMBERS = frozenset({"type", "title", "status", "detail", "code", "instance"})


class Word(NamedTuple):
    """What an error says, by the names of `ApiError`."""

    detail: str
    code: str
    status: int | None = None
    why: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, problem: Mapping[str, Any]) -> Self:
        """Return what a problem document tells (RFC 9457)."""
        why = {name: value for name, value in problem.items() if name not in STANDARD_MEMBERS}
        return cls(str(problem.get("detail", "")).rstrip("."), problem["code"], problem.get("status"), why)


class ApiError(Exception):
    """The service refused a request, or could not be reached.

    `code` is stable and in snake case. `status` is that of HTTP, `None` where there was no answer. `detail` is a sentence for
    people. `why` holds what else the answer tells, such as `differences` of a receipt that was used before.
    """

    def __init__(
        self, detail: str, *, code: str, status: int | None = None, why: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.status = status
        self.why: Mapping[str, Any] = why or {}

    def __str__(self) -> str:
        return f"{self.detail} ({self.code})"


class OutcomeUnknown(ApiError):
    """A change was asked for, and whether it counted is not known. `receipt` is the one to ask again with, if it had one."""

    def __init__(
        self,
        detail: str,
        *,
        code: str,
        status: int | None = None,
        why: Mapping[str, Any] | None = None,
        receipt: str | None = None,
    ) -> None:
        super().__init__(detail, code=code, status=status, why=why)
        self.receipt = receipt

    def __str__(self) -> str:
        if self.receipt is None:
            return f"{super().__str__()}. The outcome is unknown: look before asking again."
        return (
            f"{super().__str__()}. The outcome is unknown. Asking again with the same receipt, {self.receipt!r}, and the same "
            "content is safe: it counts once."
        )


class WebhookInvalid(Exception):
    """A webhook was not signed by the service, or is too old."""
