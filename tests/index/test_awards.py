"""Awards in the read model and the audit: a scripted campaign book on a real chain.

The book has no event of its own that tells its words, so the tests tell them before each purchase that has any.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from sqlalchemy import Engine

from coalition.audit.run import audit
from coalition.chain import history, views
from coalition.chain.admin import Admin, set_campaign_book
from coalition.chain.keccak import keccak
from coalition.chain.transactions import send
from coalition.errors import InputError
from coalition.index import rows
from coalition.index.database import writing
from coalition.index.follower import Follower
from coalition.index.projection import roll_back
from coalition.index.queries import Queries
from coalition.ledger import state as fold
from coalition.ledger.chain_word import proof_for
from coalition.ledger.events import Earned, Event
from coalition.ledger.operations import Earn, Reverse
from tests.index.support import NOTICE, Books, contents, followed, signer

ARTIFACT = Path(__file__).parents[1] / "artifacts" / "ScriptedHook.json"
WORDS = (1 | 70 << 48, 2**256 - 1)


@dataclass(frozen=True, slots=True)
class Counted(Event):
    """What a campaign book's event tells of one word."""

    word: int


class Campaigns:
    """A ledger with a campaign book that is open at partner 1."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.words: dict[int, tuple[int, ...]] = {}
        self.key = signer("campaigns")
        code = bytes.fromhex(json.loads(ARTIFACT.read_text())["bytecode"].removeprefix("0x"))
        self.book = str(send(books.rpc, self.key, "", code, gas=3_000_000)["contractAddress"])
        self.ask("open(uint32,bool)", ["uint32", "bool"], [1, True])
        governor = Admin(books.rpc, books.deployment, books.governor)
        action = set_campaign_book(views.from_word(f"{int(self.book, 16):064x}"))
        governor.schedule(action)
        books.wait(NOTICE + 1)
        governor.execute(action)

    def ask(self, signature: str, types: list[str], arguments: list[Any]) -> None:
        send(self.books.rpc, self.key, self.book, keccak(signature.encode())[:4] + encode(types, arguments))

    def script(self, points: int, words: tuple[int, ...] = (), others: tuple[tuple[str, int], ...] = ()) -> None:
        packed = [int(account, 16) | count << 160 for account, count in others]
        types = ["uint256", "uint256[]", "uint256[]"]
        self.ask("script(uint256,uint256[],uint256[])", types, [points, list(words), packed])

    def earn(self, member: int, receipt: int, points: int, words: tuple[int, ...], *others: tuple[int, int]) -> None:
        self.script(points, words, tuple((self.books.members[one].address, count) for one, count in others))
        self.words[receipt] = words
        self.books.post(1, Earn(self.books.members[member].address, receipt, 10_000, enrols=True))

    def reverse(self, queries: Queries, receipt: int, spend_minor: int, original: int) -> None:
        found = queries.original(1, original)
        assert found is not None
        before, later = proof_for(found.outcomes, found.position, keccak)
        self.books.post(1, Reverse(receipt, spend_minor, found.outcome, before, later, found.awards))


@pytest.fixture
def campaigns(fresh: Books, monkeypatch: pytest.MonkeyPatch) -> Campaigns:
    made = Campaigns(fresh)
    read = history.events_and_headers

    def with_words(*arguments: Any, **options: Any) -> Any:
        events, headers = read(*arguments, **options)
        found = []
        for at, event in events:
            if isinstance(event, Earned):
                found += [(at, Counted(word)) for word in made.words.get(event.receipt, ())]
            found.append((at, event))
        return found, headers

    def folded(state: fold.State, position: Any, event: Counted) -> None:
        state.pending_awards.append(event.word)

    monkeypatch.setattr(history, "events_and_headers", with_words)
    monkeypatch.setitem(fold.HANDLERS, Counted, folded)
    monkeypatch.setitem(rows.HANDLERS, Counted, lambda made, at, event: made.campaigns.pending.append(event.word))
    return made


@pytest.fixture
def queries(campaigns: Campaigns, engine: Engine) -> Queries:
    """Three purchases, one reversed in part and one whole, one without words."""
    campaigns.earn(0, 1, 0, ())
    campaigns.earn(1, 2, 70, WORDS, (0, 30), (2, 5))
    campaigns.earn(1, 3, 5, (9,))
    followed(engine, campaigns.books)
    queries = Queries(engine)
    campaigns.script(20, (), ((campaigns.books.members[0].address, 8),))
    campaigns.reverse(queries, 50, 4_000, 2)
    campaigns.reverse(queries, 51, 10_000, 1)
    campaigns.script(3_000)
    campaigns.reverse(queries, 52, 10_000, 3)
    campaigns.script(1, (4,))
    campaigns.words[4] = (4,)
    campaigns.books.earn(1, 1, 4)
    followed(engine, campaigns.books)
    return queries


def test_operations_tell_what_was_awarded_and_what_went_back(queries: Queries) -> None:
    told = [(one.receipt, one.points, one.awarded) for one in queries.history(limit=10).items if one.accepted]

    assert told[::-1] == [
        (1, 1_000, 0), (2, 1_000, 70), (3, 1_000, 5), (50, 400, 20), (51, 1_000, 0), (52, 1_000, 3_000), (4, 1_000, 1),
    ]  # fmt: skip


def test_totals_add_up(queries: Queries) -> None:
    (of_partner, _), totals = queries.partner_totals(), queries.totals()

    assert (of_partner.points_issued, of_partner.points_awarded) == (4_000, 76)
    assert (of_partner.points_reversed, of_partner.points_awarded_reversed) == (2_400, 3_020)
    assert of_partner.points_outstanding == 4_000 + 76 - 2_400 - 3_020
    assert (totals.points_issued, totals.points_awarded) == (4_000, 76 + 30)
    assert (totals.points_reversed, totals.points_awarded_reversed) == (2_400, 3_020 + 8)
    came = totals.points_issued + totals.points_awarded
    assert totals.points_outstanding == came - (totals.points_reversed + totals.points_awarded_reversed - totals.debts)


def test_balances_are_the_contracts(campaigns: Campaigns, queries: Queries) -> None:
    books = campaigns.books
    for member in books.members[:2]:
        told = queries.balance(member.address, books.now)
        assert told.points == views.read(books.rpc, views.balance_of(books.deployment, member.address))
        assert told.debt == views.read(books.rpc, views.debt_of(books.deployment, member.address))


def test_the_audit_finds_all_the_same(campaigns: Campaigns, queries: Queries) -> None:
    report = audit(campaigns.books.rpc, campaigns.books.deployment, queries)

    assert report.divergences == ()
    assert report.checked["award words of the read model"] == 3
    assert report.checked["members since"] >= 3
    assert report.checked["settings"] == 5
    assert report.notes == ("Another book awarded points for some time: what it gave was taken as it was told.",)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE operations SET awards = zeroblob(32) WHERE awards IS NOT NULL",
        "UPDATE operations SET awarded = 71 WHERE awarded = 70",
        "UPDATE tallies SET awarded = awarded + 1 WHERE awarded > 0",
    ],
)
def test_the_audit_finds_awards_that_were_tampered_with(
    campaigns: Campaigns, queries: Queries, engine: Engine, statement: str
) -> None:
    with writing(engine) as connection:
        assert connection.exec_driver_sql(statement).rowcount > 0

    assert audit(campaigns.books.rpc, campaigns.books.deployment, queries).verdict == "mismatch"


def test_a_rebuild_gives_the_same_rows_however_it_is_cut(
    campaigns: Campaigns, queries: Queries, engine: Engine
) -> None:
    before = contents(engine)
    assert len(before["bonuses"]) == 2
    with writing(engine) as connection:
        roll_back(connection, campaigns.books.deployment.block - 1, queries.head().number)
        connection.exec_driver_sql("DELETE FROM book")
        connection.exec_driver_sql("DELETE FROM blocks")
        connection.exec_driver_sql("DELETE FROM accounts")
    follower = Follower(engine, campaigns.books.rpc, campaigns.books.deployment)
    while True:
        follower._source._span = 2
        if not follower.poll():
            break

    assert contents(engine) == before


def test_without_the_words_the_chain_is_not_that_of_the_contract(
    campaigns: Campaigns, queries: Queries, tmp_path: Path
) -> None:
    campaigns.words[2] = ()
    report = audit(campaigns.books.rpc, campaigns.books.deployment, None)

    assert report.first_divergence is not None
    assert "receipts 0 to 31 of partner 1" in report.first_divergence.what


def test_an_address_that_is_none_is_no_book() -> None:
    with pytest.raises(InputError):
        set_campaign_book("0x12")
