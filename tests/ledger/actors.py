"""Names for the tests of the pure core: who acts, and a state to act on."""

from __future__ import annotations

from coalition.ledger.events import Event, LedgerOpened, MemberEnrolled, PartnerAdded, PartnerKeyAdded, Position
from coalition.ledger.state import State, apply

LEDGER = "0x" + "1E" * 20
REGISTRY = "0x" + "2E" * 20
MEMBER = "0x" + "AA" * 20
OTHER_MEMBER = "0x" + "BB" * 20
STRANGER = "0x" + "CC" * 20
PARTNER_ACCOUNT = "0x" + "DD" * 20
PARTNER_KEY = "0x" + "EE" * 20
EARNING_PARTNER = 1

EPOCH_SECONDS = 1_000
VALIDITY = 3
OPENED = 10_000_000


def at(epoch: int, second: int = 0, log: int = 0) -> Position:
    """A position in an epoch of the tests' ledger."""
    return Position(epoch, log, OPENED + epoch * EPOCH_SECONDS + second)


def opened(*events: tuple[Position, Event]) -> State:
    """A ledger with one partner and two members, after `events`."""
    state = State(LEDGER)
    start: list[Event] = [
        LedgerOpened(REGISTRY, OPENED, EPOCH_SECONDS, VALIDITY, 100, 200),
        PartnerAdded(EARNING_PARTNER, PARTNER_ACCOUNT, "Grocery", "EUR", 100),
        PartnerKeyAdded(EARNING_PARTNER, PARTNER_KEY, OPENED),
        MemberEnrolled(MEMBER),
        MemberEnrolled(OTHER_MEMBER),
    ]
    for event in start:
        apply(state, at(0), event)
    for position, event in events:
        apply(state, position, event)
    return state
