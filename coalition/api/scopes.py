"""Which scope each route demands, and each kind of operation: the one table.

A route that asks needs `read` unless it is named here; one that changes something has to be named. None: whoever has a key, and
a bulk's lines, a signed batch and vouchers each by their kind; or, of the token's route, whoever knows a client's secret,
and of a till token's, whoever has the account's key.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from coalition.access import Scope

__all__ = ["SCOPE_BY_ROUTE", "demanded_scope", "is_logged", "scope_of_kind"]

SCOPE_BY_ROUTE: dict[str, Scope | None] = {
    "earn": Scope.EARN,
    "reverse": Scope.EARN,
    "redeem": Scope.REDEEM,
    "hold": Scope.REDEEM,
    "capture": Scope.REDEEM,
    "release": Scope.REDEEM,
    "refund": Scope.REDEEM,
    "bulk": None,
    "relay": None,
    "vouchers": None,
    "preview": Scope.READ,
    "check": Scope.READ,
    "simulate": Scope.READ,
    "propose": Scope.ADMIN,
    "approve": Scope.ADMIN,
    "start": Scope.ADMIN,
    "pause": Scope.ADMIN,
    "resume": Scope.ADMIN,
    "end": Scope.ADMIN,
    "close": Scope.ADMIN,
    "refer": Scope.EARN,
    "claim": Scope.EARN,
    "add_webhook": Scope.ADMIN,
    "remove_webhook": Scope.ADMIN,
    "rotate_webhook": Scope.ADMIN,
    "replay_webhook": Scope.ADMIN,
    "test_webhook": Scope.ADMIN,
    "redrive_webhook": Scope.ADMIN,
    "api_keys": Scope.ADMIN,
    "issue_api_key": Scope.ADMIN,
    "change_api_key": Scope.ADMIN,
    "rotate_api_key": Scope.ADMIN,
    "revoke_api_key": Scope.ADMIN,
    "admin_log": Scope.ADMIN,
    "token": None,
    "token_balance": Scope.READ,
    "till_token": None,
}
"""By the route's name, which is its `operationId`; those of single operations are also their kinds in a bulk."""


def demanded_scope(name: str, methods: AbstractSet[str]) -> Scope | None:
    """Return the scope that a route demands."""
    if methods <= {"GET", "HEAD"} and name not in SCOPE_BY_ROUTE:
        return Scope.READ
    return SCOPE_BY_ROUTE[name]


def scope_of_kind(kind: str) -> Scope:
    """Return the scope that a kind of operation demands, wherever it stands."""
    scope = SCOPE_BY_ROUTE[kind]
    assert scope is not None
    return scope


def is_logged(name: str, methods: AbstractSet[str]) -> bool:
    """True if calls of a route go into the log of administration: they change something, and need `admin`."""
    return not methods <= {"GET", "HEAD"} and demanded_scope(name, methods) is Scope.ADMIN
