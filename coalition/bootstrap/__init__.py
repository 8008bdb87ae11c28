"""Puts the parts together: the only place that makes chains, databases, signers and threads."""

from coalition.bootstrap.home import (
    LedgerParameters,
    create_ledger,
    forget_ledger,
    make_private,
    open_access,
    set_up_tills,
)
from coalition.bootstrap.ledger import OpenLedger
from coalition.bootstrap.offline import Offline, offline
from coalition.bootstrap.opening import open_ledger

__all__ = [
    "LedgerParameters",
    "Offline",
    "OpenLedger",
    "create_ledger",
    "forget_ledger",
    "make_private",
    "offline",
    "open_access",
    "open_ledger",
    "set_up_tills",
]
