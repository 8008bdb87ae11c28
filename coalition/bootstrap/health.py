"""What is in order and what is not, in words that say where to look."""

from __future__ import annotations

import time
from dataclasses import dataclass

from coalition.api.health import Check, Readiness
from coalition.bootstrap.ledger import OpenLedger
from coalition.chain.deployment import verify
from coalition.errors import ChainUnavailable, IntegrityError, SetupError
from coalition.index.follower import FollowerStatus
from coalition.submit.submitter import Status

__all__ = ["Look", "judged", "readiness"]

BLOCKS_BEHIND_MAX = 20
SECONDS_BEHIND_MAX = 30.0
SECONDS_UNDECIDED_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the parts. `chain` is the fault of the node, "" if it has none; `now` on the monotonic clock."""

    chain: str
    following: FollowerStatus
    posting: Status
    now: float


def readiness(ledger: OpenLedger) -> Readiness:
    """Return what is in order: the node and its contracts, the read model, the outbox, the queue."""
    try:
        verify(ledger.rpc, ledger.deployment)
        chain = ""
    except ChainUnavailable:
        chain = "the node does not answer"
    except SetupError as error:
        chain = error.code.replace("_", " ")
    return judged(Look(chain, ledger.follower.status(), ledger.submitter.status, time.monotonic()))


def judged(look: Look) -> Readiness:
    """Return the checks of a look. Their details go to anyone: codes and numbers, no words of nodes and databases."""
    return Readiness(
        (
            Check("chain", not look.chain, look.chain),
            _index(look.following, look.now),
            _outbox(look.posting),
            _queue(look.posting),
        )
    )


def _index(status: FollowerStatus, now: float) -> Check:
    behind = status.blocks_behind
    detail = f"{behind} blocks behind"
    if not status.running:
        return Check("index", False, f"{detail}; the follower does not run")
    if status.error is not None:
        return Check("index", False, f"{detail}; following fails with {_code(status.error)}")
    if status.current_at is not None and now - status.current_at > SECONDS_BEHIND_MAX:
        return Check("index", False, f"{detail}; not at the head for {now - status.current_at:.0f} s")
    if isinstance(status.listener_error, IntegrityError):
        return Check("index", False, f"{detail}; outcomes contradict what was sent: stop and audit")
    return Check("index", behind <= BLOCKS_BEHIND_MAX, detail)


def _outbox(status: Status) -> Check:
    faults = [f"trouble with the {part}" for part in sorted(status.trouble)]
    if status.waits_seconds > SECONDS_UNDECIDED_MAX:
        faults.append(f"the oldest operation has no outcome for {status.waits_seconds:.0f} s")
        if status.nonce_gaps:
            faults.append(f"{status.nonce_gaps} nonces are missing")
    return Check("outbox", not faults, "; ".join(faults))


def _queue(status: Status) -> Check:
    return Check("queue", not status.is_full, f"{status.pending} of {status.pending_max} operations are waiting")


def _code(error: Exception) -> str:
    code = getattr(error, "code", None)
    return code if isinstance(code, str) else "a fault of the program"
