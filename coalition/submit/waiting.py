"""What waits to be signed, and in which order it goes: the queue between callers and lanes.

Operations wait by partner and kind. Whatever waits there goes into one transaction, up to what a transaction can carry; a lone
operation goes as soon as it is asked for. Partners take turns, and so do the kinds of one partner: a partner with a million
operations delays another's only by the transactions that are on their way. Between operations that wait at the same time no
order is promised; who needs one waits for the outcome of the first.

Where the chain's clock follows the data, operations also wait by the UTC day of their `not_before`, and only those of the
earliest day are given out. A day is precise enough: tiers, epochs and expiry look at days and longer. Whoever loads years may
make the "day" longer: each one has blocks of its own, so fewer of them are faster.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from coalition.ledger.operations import Kind, Refund, Reverse
from coalition.submit.submission import Entry, latest

__all__ = ["DAY_SECONDS", "Group", "Waiting", "award_count"]

DAY_SECONDS = 86_400
NO_DAY = -1
DATA_BYTES_MAX = 120_000
OPERATION_BYTES = {
    Kind.EARN: 98,
    Kind.REDEEM: 320,
    Kind.HOLD: 320,
    Kind.CAPTURE: 64,
    Kind.RELEASE: 32,
    Kind.REVERSE: 448,
    Kind.REFUND: 448,
}
"""Bytes of call data each. Nodes refuse transactions above 128 KiB (geth, reth) unless told otherwise."""


@dataclass(slots=True)
class Group:
    """Operations for one transaction, before it is signed. `kind` None: a filler, which only uses `nonce` of `key` up.

    `data` and `gas` are known of what was signed before. `replaces` is the hash of the transaction that this one stands in for.
    """

    partner: int
    kind: Kind | None
    entries: list[Entry] = field(default_factory=list)
    size: int = 0
    data: bytes | None = None
    replaces: str = ""
    key: str | None = None
    nonce: int | None = None
    gas: int | None = None

    @property
    def ids(self) -> array[int]:
        """Ids of the operations."""
        return array("q", [entry.id for entry in self.entries])


class _Partner:
    __slots__ = ("again", "kinds")

    def __init__(self) -> None:
        self.again: deque[Group] = deque()
        self.kinds: OrderedDict[Kind, deque[Entry]] = OrderedDict()


class Waiting:
    """See the module. Not safe for threads: its owner has a lock.

    `largest` says how many of a kind a transaction carries, by how many campaigns one deals with; `open_campaigns` has those
    open at a partner, as far as they are known.
    """

    def __init__(
        self,
        largest: Callable[[Kind, int], int],
        open_campaigns: Mapping[int, int],
        by_day: bool = False,
        day_seconds: int = DAY_SECONDS,
    ) -> None:
        self._largest = largest
        self._open_campaigns = open_campaigns
        self._by_day = by_day
        self._day_seconds = day_seconds
        self._days: dict[int, OrderedDict[int, _Partner]] = {}
        self._fillers: deque[Group] = deque()

    @property
    def day(self) -> int | None:
        """The day whose turn it is, None if nothing waits or days do not matter."""
        return min(self._days) if self._by_day and self._days else None

    def day_of(self, not_before: int | None) -> int:
        """The day of a Unix time in seconds; all are one where days do not matter."""
        if not self._by_day or not_before is None:
            return NO_DAY
        return not_before // self._day_seconds

    def add(self, entries: Iterable[Entry]) -> None:
        """Append operations."""
        for entry in entries:
            partner = self._partner(self.day_of(entry.submission.not_before), entry.submission.partner)
            kind = partner.kinds.get(entry.kind)
            if kind is None:
                kind = partner.kinds[entry.kind] = deque()
            kind.append(entry)

    def put_back(self, group: Group) -> None:
        """Have a group go before everything else of its partner, in a transaction of its own."""
        if group.kind is None:
            self._fillers.append(group)
        else:
            self._partner(self.day_of(latest(group.entries)), group.partner).again.append(group)

    def can_take(self, has_room: Callable[[int], bool]) -> bool:
        """True if `take` would return a group."""
        if self._fillers or not self._days:
            return bool(self._fillers)
        return any(has_room(number) for number in self._days[min(self._days)])

    def take(self, has_room: Callable[[int], bool]) -> Group | None:
        """The next group of a partner for which there is room, None if there is none. Fillers need no room."""
        if self._fillers:
            return self._fillers.popleft()
        if not self._days:
            return None
        day = min(self._days)
        partners = self._days[day]
        number = next((number for number in partners if has_room(number)), None)
        if number is None:
            return None
        partner = partners[number]
        group = partner.again.popleft() if partner.again else self._cut(number, partner)
        partners.move_to_end(number)
        if not partner.again and not partner.kinds:
            del partners[number]
            if not partners:
                del self._days[day]
        return group

    def _partner(self, day: int, number: int) -> _Partner:
        partners = self._days.get(day)
        if partners is None:
            partners = self._days[day] = OrderedDict()
        partner = partners.get(number)
        if partner is None:
            partner = partners[number] = _Partner()
        return partner

    def _cut(self, number: int, partner: _Partner) -> Group:
        kind, entries = partner.kinds.popitem(last=False)
        count = min(len(entries), DATA_BYTES_MAX // OPERATION_BYTES[kind])
        if kind is Kind.REVERSE or kind is Kind.REFUND:
            count = _fitting(entries, count)
        count = min(count, self._largest(kind, self._campaigns(number, kind, islice(entries, count))))
        taken = [entries.popleft() for _ in range(count)]
        if entries:
            partner.kinds[kind] = entries
        return Group(number, kind, taken, len(taken))

    def _campaigns(self, partner: int, kind: Kind, entries: Iterable[Entry]) -> int:
        """How many campaigns one operation deals with at most."""
        if kind is Kind.EARN:
            return self._open_campaigns.get(partner, 0)
        return max((award_count(entry) for entry in entries), default=0)


def award_count(entry: Entry) -> int:
    """How many campaigns awarded points for what an operation reverses."""
    operation = entry.submission.operation
    return len(operation.awards) if isinstance(operation, Reverse) else 0


def _fitting(entries: deque[Entry], count: int) -> int:
    """How many corrections fit, at least one: their proofs differ in length."""
    room = DATA_BYTES_MAX
    for place in range(count):
        operation = entries[place].submission.operation
        assert isinstance(operation, Reverse | Refund)
        room -= OPERATION_BYTES[Kind.REVERSE] + 32 * (len(operation.later) + award_count(entries[place]))
        if room < 0:
            return max(1, place)
    return count
