"""The audit: fold, storage and read model, compared at one block."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from coalition.audit.awards import PROGRESS, AwardReplay
from coalition.audit.compare import compare_read_model
from coalition.audit.narrow import narrow_read_model, narrow_storage
from coalition.audit.reader import ReadModel, ReadModelSnapshot
from coalition.audit.replay import Replay, event_ranges
from coalition.audit.report import MATCH, MISMATCH, AuditReport, Divergence
from coalition.audit.storage import compare_storage
from coalition.chain import history
from coalition.chain.deployment import Deployment
from coalition.chain.history import BlockHeader
from coalition.chain.keccak import keccak
from coalition.chain.rpc import Rpc
from coalition.errors import ChainUnavailable, Unavailable
from coalition.ledger import invariants
from coalition.ledger.campaigns.invariants import award_names_approved_terms, campaign_within_budget
from coalition.ledger.state import State
from coalition.ledger.violation import Violation

__all__ = ["AuditReport", "Divergence", "audit"]

STORAGE_TRIES = 5  # blocks at which storage is tried, where the node forgets them
NARROWED_MAX = 2  # divergences of each kind that are worth a replay of their own

INVARIANTS = (*invariants.INVARIANTS, "campaign_within_budget", "award_names_approved_terms", PROGRESS)

Progress = Callable[[int, int], None]


def audit(
    rpc: Rpc,
    deployment: Deployment,
    read_model: ReadModel | None = None,
    progress: Progress = lambda done, total: None,
) -> AuditReport:
    """Replay every event since the deployment, and compare the fold with the contracts' storage and the read model.

    All three are looked at as of one block: the read model's, or the head where there is no read model. A node that has
    forgotten that block's state is asked at a later one, to which the replay goes on; a note says so. `progress` is called
    with steps done and steps in all, which become more when the replay has shown how much storage there is to compare.

    Raises:
        ChainUnavailable: the node does not answer; `chain_reorganised` if its chain changed meanwhile.
        Unavailable: `audit_block_unavailable` if the node forgets states faster than they can be read.
    """
    started = time.monotonic()
    with ExitStack() as stack:
        snapshot: Any = None if read_model is None else stack.enter_context(read_model.snapshot())
        at = _block(rpc, snapshot)
        return _Audit(rpc, deployment, snapshot, at, progress).report(started)


class _Audit:
    """One audit as of block `at`."""

    def __init__(
        self,
        rpc: Rpc,
        deployment: Deployment,
        snapshot: ReadModelSnapshot | None,
        at: BlockHeader,
        progress: Progress,
    ) -> None:
        self._rpc = rpc
        self._deployment = deployment
        self._snapshot = snapshot
        self._at = at
        self._progress = progress
        self._checked: Counter[str] = Counter()
        self._found: list[Divergence] = []
        self._notes: list[str] = []

    def report(self, started: float) -> AuditReport:
        replay = self._replayed()
        operations, events = replay.operations, replay.events
        if replay.whole:
            self._compare_read_model(replay.state)
            self._check_invariants(replay.state)
            self._compare_storage(replay)
        else:
            self._notes.append("The replay broke off, so storage and read model were not compared.")
        if _header(self._rpc, self._at.number).hash != self._at.hash:
            raise ChainUnavailable("The chain changed during the audit. Audit again.", code="chain_reorganised")
        found = sorted(self._found, key=lambda divergence: divergence.order)
        return AuditReport(
            verdict=MISMATCH if found else MATCH,
            block=self._at.number,
            block_hash=self._at.hash,
            timestamp=self._at.timestamp,
            operations=operations,
            events=events,
            checked=dict(self._checked),
            invariants=INVARIANTS,
            seconds=round(time.monotonic() - started, 3),
            first_divergence=found[0] if found else None,
            divergences=tuple(found),
            notes=tuple(self._notes),
        )

    def _replayed(self) -> Replay:
        first, last = self._deployment.block, self._at.number
        awards = AwardReplay(self._rpc, self._deployment)
        replay = self._replay()
        for until, events in event_ranges(self._rpc, self._deployment, last):
            replay.take(events)
            awards.take(events)
            self._progress(until - first + 1, last - first + 1)
        replay.close()
        awards.close()
        self._found += replay.found
        self._found += [] if awards.found is None else [awards.found]
        self._checked["purchases and reversals weighed again"] = awards.counted
        if awards.is_foreign:
            self._notes.append("Another book awarded points for some time: what it gave was taken as it was told.")
        if self._snapshot is not None:
            self._checked["operations of the read model"] = replay.operations
            self._checked["awards of the read model"] = replay.awards
        return replay

    def _replay(self) -> Replay:
        if self._snapshot is None:
            return Replay(self._deployment, None)
        return Replay(self._deployment, self._snapshot.records(), self._snapshot.award_records())

    def _compare_storage(self, replay: Replay) -> None:
        """Compare storage at the audit's block; where the node has forgotten that one, at a later one."""
        at = self._at.number
        for _ in range(STORAGE_TRIES):
            try:
                asked, found = compare_storage(self._rpc, self._deployment, replay.state, at, self._storage_progress)
                break
            except ChainUnavailable:
                head = history.head(self._rpc).number
                if head == at:
                    raise
                for _until, events in event_ranges(self._rpc, self._deployment, head, at + 1):
                    replay.take(events)
                at = head
        else:
            raise Unavailable(
                "The chain went on faster than its storage could be read, and the node keeps too few past states. "
                "Audit while it rests, or use a node that keeps them.",
                code="audit_block_unavailable",
            )
        if at != self._at.number:
            self._notes.append(f"The node had forgotten block {self._at.number}: storage was compared at block {at}.")
        self._checked.update(asked)
        for place, one in enumerate(found):
            narrowed = narrow_storage(self._rpc, self._deployment, at, one) if place < NARROWED_MAX else None
            self._found.append(narrowed or one.divergence)

    def _storage_progress(self, done: int, total: int) -> None:
        blocks = self._at.number - self._deployment.block + 1
        self._progress(blocks + done, blocks + total)

    def _compare_read_model(self, state: State) -> None:
        if self._snapshot is None:
            self._notes.append("No read model was given.")
            return
        compared, found = compare_read_model(state, self._snapshot)
        self._checked.update(compared)
        narrowed: set[str] = set()
        for account, divergence in found:
            if account is not None and account not in narrowed and len(narrowed) < NARROWED_MAX:
                narrowed.add(account)
                divergence_ = narrow_read_model(
                    self._rpc, self._deployment, self._at.number, account, divergence, self._snapshot
                )
                self._found.append(divergence_)
            else:
                self._found.append(divergence)

    def _check_invariants(self, state: State) -> None:
        for violation in (*invariants.violations(state), *self._of_campaigns(state)):
            at = violation.position
            what = f"invariant {violation.invariant}: {violation.sentence}"
            if at is None:
                self._found.append(Divergence(what))
            else:
                self._found.append(Divergence(what, at.block, at.transaction, log=at.log))

    def _of_campaigns(self, state: State) -> list[Violation]:
        named = award_names_approved_terms(state.campaigns, self._deployment.chain_id, keccak)
        return [*campaign_within_budget(state.campaigns), *named]


def _block(rpc: Rpc, snapshot: ReadModelSnapshot | None) -> BlockHeader:
    """The block of the audit: the read model's."""
    head = history.head(rpc)
    if snapshot is None:
        return head
    at = _header(rpc, snapshot.block)
    if at.hash != snapshot.block_hash:
        raise ChainUnavailable(
            f"The read model's last block {snapshot.block} is not part of the chain. Let the follower catch up first.",
            code="chain_reorganised",
        )
    return at


def _header(rpc: Rpc, number: int) -> BlockHeader:
    header = history.headers(rpc, [number]).get(number)
    if header is None:
        raise ChainUnavailable(f"The chain has no block {number} any more. Audit again.", code="chain_reorganised")
    return header
