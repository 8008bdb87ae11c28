"""What listeners of a follower were told, and so what they have to be told next.

Several followers may share a read model: each tells its own listeners what any of them wrote. Where blocks were replaced, whoever
sees it first takes them out of the read model and goes on; the others come to a read model that may be far beyond again. So a
follower does not compare numbers of blocks: it remembers by their hashes which blocks it told, and asks the chain for those.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from coalition.index.source import Mark, Range, Source
from coalition.ledger.events import Event, Position

__all__ = ["Listener", "Telling"]

MARKS_MAX = 512
DISTANCE_PARTS = 16  # how much further than needed listeners go back at most: a part of the way


class Listener(Protocol):
    """Told after the read model has committed. What it raises is reported by `Follower.status`, and nothing more."""

    def applied(self, events: Sequence[tuple[Position, Event]], head_block: int) -> None:
        """Blocks up to `head_block` are in the read model, and these are the events of those not told before."""
        ...

    def rolled_back(self, from_block: int) -> None:
        """Blocks from `from_block` on count as not told. Some of them may have stayed on the chain; those are told again."""
        ...


class Telling:
    """Keeps listeners at the branch, and at the block, that the read model has reached."""

    def __init__(
        self, source: Source, listeners: Iterable[Listener], first_block: int, failed: Callable[[Exception], None]
    ) -> None:
        """`failed` is called with what a listener raised."""
        self.listeners = list(listeners)
        self._source = source
        self._before_all = Mark(first_block - 1, "")
        self._failed = failed
        self._marks: list[Mark] = []  # of blocks that were told, oldest first

    @property
    def has_begun(self) -> bool:
        """True if it is known where the listeners are."""
        return bool(self._marks)

    def begin(self, known: Iterable[Mark]) -> None:
        """Listeners know all that there was before: the last block of `known` is where they are, the others lead there."""
        self._marks = [self._before_all, *known]

    def catch_up(self, to: Mark) -> None:
        """Tell what is not told yet up to a block of the read model, after taking back what is not of its branch.

        Raises:
            ChainUnavailable: the node does not answer, or its chain changed meanwhile. The next call goes on from there.
        """
        if self._marks[-1] == to:
            return
        if not self._is_of_branch(self._marks[-1], to):
            del self._marks[bisect_left(self._marks, True, key=lambda mark: not self._is_of_branch(mark, to)) :]
            self._roll_back()
        for found in self._source.ranges_between(self._marks[-1], to):
            self.tell(found)

    def tell(self, found: Range) -> None:
        """Tell the range after the last that was told."""
        for listener in self.listeners:
            try:
                listener.applied(found.events, found.last.number)
            except Exception as error:
                self._failed(error)
        self._marks.append(Mark(found.last.number, found.last.hash))
        if len(self._marks) > MARKS_MAX:
            self._thin()

    def go_back(self, before: Mark, ancestor: Mark) -> None:
        """The read model was at `before`, and went back to an ancestor of that."""
        if self._marks[-1] != before:
            return  # on another branch, perhaps: `catch_up` finds out
        while self._marks[-1].number > ancestor.number:
            self._marks.pop()
        if self._marks[-1] != ancestor:
            self._marks.append(ancestor)
        self._roll_back()

    # ---- inside

    def _is_of_branch(self, mark: Mark, to: Mark) -> bool:
        """True if a block that was told leads to the block of the read model. Where one does, all before it do."""
        if mark.number > to.number:
            return False
        return mark is self._before_all or self._source.hashes([mark.number])[mark.number] == mark.hash

    def _roll_back(self) -> None:
        for listener in self.listeners:
            try:
                listener.rolled_back(self._marks[-1].number + 1)
            except Exception as error:
                self._failed(error)

    def _thin(self) -> None:
        """Keep marks ever further apart, so that there is one a little before whatever block the chain goes back to."""
        newest, wanted, kept = self._marks[-1].number, 0, []
        for mark in reversed(self._marks[1:]):
            distance = newest - mark.number
            if distance >= wanted:
                kept.append(mark)
                wanted = distance + 1 + distance // DISTANCE_PARTS
        self._marks = [self._before_all, *reversed(kept)]
