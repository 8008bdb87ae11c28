"""The chain as the follower reads it: ranges of blocks whose events and headers belong together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from coalition.chain import history
from coalition.chain.deployment import Deployment
from coalition.chain.history import BlockHeader
from coalition.chain.rpc import Rpc
from coalition.errors import ChainUnavailable, IntegrityError, SetupError
from coalition.index.book import BLOCKS_KEPT, Cursor
from coalition.ledger.events import Event, LedgerOpened, Position

__all__ = ["Mark", "Range", "Source"]

EVENTS_WANTED = 8_000  # events of a range: large enough for set-based writing, small for node and memory
SPAN_FIRST = 32
SPAN_MAX = 4_096

Events = list[tuple[Position, Event]]


@dataclass(frozen=True, slots=True)
class Mark:
    """A block of one branch; `hash` is "" for the one before the first."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Range:
    """Blocks `first` to `last.number`: all their events, and the headers that the read model may keep."""

    first: int
    last: BlockHeader
    events: Events
    headers: list[BlockHeader]


class Source:
    """Reads the blocks of one deployment, more at once where they hold little."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self._rpc = rpc
        self._deployment = deployment
        self._span = SPAN_FIRST

    def head(self) -> BlockHeader:
        """Return the last block.

        Raises:
            SetupError: `deployment_not_on_chain` if the chain ends before the contracts were deployed.
        """
        head = history.head(self._rpc)
        if head.number < self._deployment.block:
            raise SetupError(
                f"The chain ends at block {head.number}, before the ledger was deployed in block "
                f"{self._deployment.block}. Is this the right node?",
                code="deployment_not_on_chain",
            )
        return head

    def check_deployment(self) -> None:
        """Make sure that this is the chain on which the ledger was deployed.

        Raises:
            SetupError: `deployment_not_on_chain`.
        """
        at = self._deployment.block
        if self.hashes([at])[at] != self._deployment.block_hash:
            raise SetupError(
                f"Block {at} of this chain is not the one in which the ledger was deployed. Is this the right node?",
                code="deployment_not_on_chain",
            )

    def hashes(self, numbers: Iterable[int]) -> dict[int, str]:
        """Return hashes by number of blocks that are not after the head."""
        return {number: header.hash for number, header in self._headers(numbers).items()}

    def holds(self, cursor: Cursor, head: BlockHeader) -> bool:
        """True if the block of `cursor` is part of the chain that ends in `head`."""
        if cursor.hash == "":
            return True
        if head.number <= cursor.number:
            return (head.number, head.hash) == (cursor.number, cursor.hash)
        if head.number == cursor.number + 1:
            return head.parent_hash == cursor.hash
        return self.hashes([cursor.number])[cursor.number] == cursor.hash

    def read(self, cursor: Cursor, head: BlockHeader) -> Range:
        """Return the range after `cursor`.

        Raises:
            ChainUnavailable: `chain_reorganised` if the chain was reorganised meanwhile: begin again.
        """
        found = self._range(cursor.number, cursor.hash, head.number, head.hash, head.number - BLOCKS_KEPT + 1)
        for _, event in found.events:
            if isinstance(event, LedgerOpened):
                self._check_epochs(event)
        return found

    def ranges_between(self, after: Mark, until: Mark) -> Iterator[Range]:
        """Yield the ranges after a block, up to another. Raises as `read`."""
        while after.number < until.number:
            found = self._range(after.number, after.hash, until.number, until.hash, until.number + 1)
            yield found
            after = Mark(found.last.number, found.last.hash)

    def _range(self, number: int, hash_: str, until: int, until_hash: str, keep_from: int) -> Range:
        """The range after a block, at most up to another, with its first and last headers and those from `keep_from` on."""
        first, last = number + 1, min(until, number + self._span)
        before = until_hash if last == until else self.hashes([last])[last]
        newest = range(max(first, keep_from), last + 1)
        events, headers = self._events(first, last, {first, *newest})
        headers |= self._headers(
            [last]
        )  # again, after the logs: what was asked for together may be answered in any order
        if not {first, *newest} <= headers.keys():
            raise _changed()
        if headers[last].hash != before or hash_ not in ("", headers[first].parent_hash):
            raise _changed()
        return Range(first, headers[last], events, [headers[number] for number in sorted(headers)])

    def _headers(self, numbers: Iterable[int]) -> dict[int, BlockHeader]:
        wanted = sorted(set(numbers))
        found = history.headers(self._rpc, wanted)
        if len(found) < len(wanted):
            raise _changed()
        return found

    def _events(self, first: int, last: int, also: Iterable[int]) -> tuple[Events, dict[int, BlockHeader]]:
        try:
            events, headers = history.events_and_headers(
                self._rpc, self._deployment, first, last, domain_only=True, also=also
            )
        except ChainUnavailable:  # the node may have had too much to do
            self._span = max(1, self._span // 4)
            raise
        if len(events) > 2 * EVENTS_WANTED:
            self._span = max(1, self._span // 2)
        elif len(events) < EVENTS_WANTED // 2 and last - first + 1 >= self._span:
            self._span = min(SPAN_MAX, self._span * 2)
        return events, headers

    def _check_epochs(self, event: LedgerOpened) -> None:
        told = (event.epoch_origin, event.epoch_length, event.validity_duration)
        known = self._deployment
        if told != (known.epoch_origin, known.epoch_length, known.validity_duration):
            raise IntegrityError(
                f"The ledger counts epochs by {told}, the deployment's file says otherwise.",
                code="deployment_contradicts",
            )


def _changed() -> ChainUnavailable:
    return ChainUnavailable("The chain changed while it was read. It is read again.", code="chain_reorganised")
