"""Awards in the fold and in the deciding twin, with a campaign book that answers what it is told to."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from eth_hash.auto import keccak

from coalition.ledger import calls, views
from coalition.ledger.chain_word import awards_hash, chain_of, leaf_of, proof_for
from coalition.ledger.events import (
    BonusIssued,
    BonusTaken,
    CampaignBookSet,
    DebtRepaid,
    Earned,
    Event,
    MemberEnrolled,
    OperationRejected,
    Reversed,
    Transfer,
)
from coalition.ledger.invariants import violations
from coalition.ledger.lots import LOT_MAX, Lots
from coalition.ledger.machine import Machine, Revert, execute
from coalition.ledger.operations import AWARDS_MAX, Earn, Kind, Operation, Outcome, Rejection, Reverse
from coalition.ledger.run import Others, Purchase, Run
from coalition.ledger.signed_content import SignedContent
from coalition.ledger.state import NOBODY, Totals, apply
from tests.ledger.actors import EARNING_PARTNER, LEDGER, MEMBER, OPENED, OTHER_MEMBER, PARTNER_KEY, STRANGER, at, opened

BOOK = "0x" + "B0" * 20
GOVERNOR = "0x" + "60" * 20
P = EARNING_PARTNER


@dataclass
class ScriptedBook:
    """Gives, and takes back, what it was told to."""

    open: bool = True
    points: int = 0
    words: tuple[int, ...] = ()
    others: Others = ()
    heard: list[object] = field(default_factory=list)

    def is_open_at(self, run: Run, partner: int) -> bool:
        return self.open

    def earned(self, run: Run, purchase: Purchase) -> tuple[int, Others]:
        self.heard.append(purchase)
        run.state.pending_awards.extend(self.words)
        return self.points, self.others

    def taken_back(
        self, run: Run, purchase: Purchase, words: tuple[int, ...], spend_before: int, spend_after: int
    ) -> tuple[int, Others]:
        self.heard.append((purchase, words, spend_before, spend_after))
        return self.points, self.others


@pytest.fixture
def book() -> ScriptedBook:
    return ScriptedBook()


@pytest.fixture
def machine(book: ScriptedBook) -> Machine:
    permitted = {calls.SetCampaignBook: frozenset({GOVERNOR}), calls.Pause: frozenset({GOVERNOR})}
    made = Machine(opened(), SignedContent(1, LEDGER, keccak), lambda *_: False, permitted, book)
    assert execute(made, GOVERNOR, calls.SetCampaignBook(BOOK), at(0)) == [CampaignBookSet(BOOK)]
    return made


def post(machine: Machine, epoch: int, kind: Kind, *operations: Operation) -> list[Event] | Revert:
    return execute(machine, PARTNER_KEY, calls.Post(kind, operations), at(epoch))


def award(machine: Machine, sender: str, *others: tuple[str, int]) -> list[Event] | Revert:
    return execute(machine, sender, calls.Award(others), at(0))


def test_an_earn_with_awards_for_the_purchaser_and_others(machine: Machine, book: ScriptedBook) -> None:
    book.points, book.words = 7, (5, 6)
    book.others = [(OTHER_MEMBER, 3), (MEMBER, 4), (STRANGER, 5), (LEDGER, 6), (OTHER_MEMBER, 0)]
    told = post(machine, 0, Kind.EARN, Earn(MEMBER, 1, 1_000))

    assert told == [
        Transfer(NOBODY, MEMBER, 17),
        Earned(P, MEMBER, 1, 1_000, 10, 7),
        Transfer(NOBODY, OTHER_MEMBER, 3),
        BonusIssued(OTHER_MEMBER, 3),
    ]
    assert book.heard == [Purchase(P, MEMBER, 1, 1_000, 10, OPENED)]
    assert machine.state.awards == {(P, 1): (5, 6)}
    assert machine.state.pending_awards == []
    assert machine.state.totals == Totals(issued=10, awarded=10)
    assert violations(machine.state) == []
    outcome = Outcome(Kind.EARN, MEMBER, 1, 1_000, 10, Lots.single(0, 17), awards_hash((5, 6), keccak))
    assert views.receipt_word_of(machine.state, P, 1, keccak)[0] == chain_of([leaf_of(outcome, keccak)], keccak)


def test_words_belong_to_one_purchase_only(machine: Machine, book: ScriptedBook) -> None:
    book.words = (5,)
    post(machine, 0, Kind.EARN, Earn(MEMBER, 1, 1_000), Earn(MEMBER, 1, 1_000), Earn(MEMBER, 2, 1_000))
    book.words = ()
    post(machine, 0, Kind.EARN, Earn(MEMBER, 3, 1_000))

    assert machine.state.awards == {(P, 1): (5,), (P, 2): (5,)}


@pytest.mark.parametrize("why", ["closed", "none"])
def test_nobody_hears_where_no_book_is_open(machine: Machine, book: ScriptedBook, why: str) -> None:
    book.points, book.words = 7, (5,)
    book.open = why != "closed"
    if why == "none":
        execute(machine, GOVERNOR, calls.SetCampaignBook(NOBODY), at(0))
    post(machine, 0, Kind.EARN, Earn(MEMBER, 1, 1_000))

    assert views.balance_of(machine.state, MEMBER, at(0).timestamp) == 10
    assert book.heard == []


def test_room_for_awards_is_reckoned_with(machine: Machine, book: ScriptedBook) -> None:
    apply(machine.state, at(0), Earned(P, MEMBER, 9, 1, LOT_MAX - AWARDS_MAX - 10))
    told = post(machine, 0, Kind.EARN, Earn(MEMBER, 1, 1_100), Earn(MEMBER, 2, 1_000))

    assert isinstance(told, list)
    assert told[0] == OperationRejected(P, 1, Kind.EARN, Rejection.AMOUNT_TOO_LARGE)
    assert told[-1] == Earned(P, MEMBER, 2, 1_000, 10, 0)


def reversal(machine: Machine, receipt: int, spend_minor: int, words: tuple[int, ...]) -> Reverse:
    """Of the earn of 1,000 under receipt 40, that was awarded 7."""
    outcome = Outcome(Kind.EARN, MEMBER, 40, 1_000, 10, Lots.single(0, 17), awards_hash((5, 6), keccak))
    return Reverse(receipt, spend_minor, outcome, *proof_for([outcome], 0, keccak), words)


@pytest.fixture
def awarded(machine: Machine, book: ScriptedBook) -> None:
    book.points, book.words, book.others = 7, (5, 6), [(OTHER_MEMBER, 3)]
    post(machine, 0, Kind.EARN, Earn(MEMBER, 40, 1_000))
    book.heard.clear()


@pytest.mark.usefixtures("awarded")
def test_a_reversal_gives_back_what_the_book_says(machine: Machine, book: ScriptedBook) -> None:
    book.points = 2
    told = post(machine, 0, Kind.REVERSE, reversal(machine, 2, 500, (5, 6)))

    assert told == [
        Transfer(MEMBER, NOBODY, 7),
        Reversed(P, MEMBER, 2, 40, 500, 5, Lots.single(0, 7), 2),
        Transfer(OTHER_MEMBER, NOBODY, 3),
        BonusTaken(OTHER_MEMBER, 3, Lots.single(0, 3)),
    ]
    assert book.heard == [(Purchase(P, MEMBER, 40, 1_000, 10, OPENED), (5, 6), 1_000, 500)]
    totals = machine.state.partner_totals[P]
    assert (totals.points_reversed, totals.points_awarded_reversed) == (5, 2)
    assert violations(machine.state) == []


@pytest.mark.usefixtures("awarded")
def test_awards_that_are_gone_become_debts_that_awards_pay(machine: Machine, book: ScriptedBook) -> None:
    book.points, book.others = 30, [(OTHER_MEMBER, 10)]
    post(machine, 0, Kind.REVERSE, reversal(machine, 2, 1_000, (5, 6)))
    state = machine.state
    assert (views.debt_of(state, MEMBER), views.debt_of(state, OTHER_MEMBER)) == (23, 7)

    assert award(machine, BOOK, (OTHER_MEMBER, 9), (MEMBER, 20)) == [
        Transfer(NOBODY, OTHER_MEMBER, 9),
        BonusIssued(OTHER_MEMBER, 9),
        Transfer(OTHER_MEMBER, NOBODY, 7),
        DebtRepaid(OTHER_MEMBER, 7),
        Transfer(NOBODY, MEMBER, 20),
        BonusIssued(MEMBER, 20),
        Transfer(MEMBER, NOBODY, 20),
        DebtRepaid(MEMBER, 20),
    ]
    assert violations(state) == []


@pytest.mark.usefixtures("awarded")
@pytest.mark.parametrize("words", [(), (5,), (6, 5), (5, 6, 0)])
def test_wrong_words_prove_nothing(machine: Machine, book: ScriptedBook, words: tuple[int, ...]) -> None:
    told = post(machine, 0, Kind.REVERSE, reversal(machine, 2, 1_000, words))

    assert told == [OperationRejected(P, 2, Kind.REVERSE, Rejection.PROOF_INVALID)]
    assert book.heard == []


@pytest.mark.usefixtures("awarded")
def test_without_a_book_awards_stay(machine: Machine) -> None:
    execute(machine, GOVERNOR, calls.SetCampaignBook(NOBODY), at(0))
    told = post(machine, 0, Kind.REVERSE, reversal(machine, 2, 1_000, (5, 6)))

    assert isinstance(told, list)
    assert told[-1] == Reversed(P, MEMBER, 2, 40, 1_000, 10, Lots.single(0, 10), 0)


def test_only_the_book_awards_and_only_what_fits(machine: Machine) -> None:
    assert award(machine, GOVERNOR, (MEMBER, 1)) == Revert("CallerNotCampaignBook", (GOVERNOR,))
    too_much = award(machine, BOOK, (MEMBER, LOT_MAX), (STRANGER, 1))
    assert too_much == Revert("AwardsTooLarge", (LOT_MAX + 1, LOT_MAX))
    execute(machine, GOVERNOR, calls.Pause(), at(0))
    assert award(machine, BOOK, (MEMBER, 1)) == Revert("LedgerPaused")


def test_an_account_remembers_since_when(machine: Machine) -> None:
    later = at(3, 7)
    execute(machine, PARTNER_KEY, calls.Post(Kind.EARN, (Earn(STRANGER, 1, 100, True),)), later)
    apply(machine.state, at(4), Earned(P, STRANGER, 2, 1_000, 10))

    assert views.member_since_of(machine.state, STRANGER) == later.timestamp
    assert views.account_word(machine.state, STRANGER, at(4).timestamp) >> 216 == later.timestamp << 8 | 1
    assert views.member_since_of(machine.state, LEDGER) == 0


def test_an_unknown_book_is_nobody(machine: Machine) -> None:
    assert machine.state.campaign_book == BOOK
    assert opened().campaign_book == NOBODY
    assert execute(machine, PARTNER_KEY, calls.SetCampaignBook(NOBODY), at(0)) == Revert(
        "AccessManagedUnauthorized", (PARTNER_KEY,)
    )
    apply(machine.state, at(0), MemberEnrolled(STRANGER))
    assert machine.state.campaign_book == BOOK
