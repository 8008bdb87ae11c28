"""The audit finds agreement where there is agreement, and names the place where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from coalition.audit.run import AuditReport, audit
from coalition.chain import history, tester, views
from coalition.chain.logs import TOPICS
from coalition.chain.rpc import RpcError
from coalition.errors import ChainUnavailable, Unavailable
from coalition.index.database import reading, writing
from coalition.index.queries import Queries
from coalition.ledger.events import Captured, Earned, Redeemed, Transfer
from tests.index.support import START, Books, followed, opened

LOG_TOPICS = {name: topic for topic, name in TOPICS.items()}


class Altered:
    """A node that answers some questions otherwise: `change(method, params, answer)` gives the answer."""

    def __init__(self, books: Books, change: Callable[[str, list[Any], Any], Any]) -> None:
        self._rpc = books.rpc
        self._change = change

    def call(self, method: str, params: list[Any]) -> Any:
        return self._change(method, params, self._rpc.call(method, params))

    def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        answers = self._rpc.batch(calls)
        return [self._change(method, params, answer) for (method, params), answer in zip(calls, answers, strict=True)]


def audited(books: Books, engine: Engine | None, rpc: Any = None) -> AuditReport:
    return audit(rpc or books.rpc, books.deployment, None if engine is None else Queries(engine))


def tamper(engine: Engine, statement: str) -> None:
    with writing(engine) as connection:
        assert connection.exec_driver_sql(statement).rowcount > 0


# ---- agreement


def test_good_books_match(books: Books, engine: Engine) -> None:
    steps: list[tuple[int, int]] = []
    report = audit(books.rpc, books.deployment, Queries(engine), lambda done, total: steps.append((done, total)))
    assert report.verdict == "match"
    assert report.first_divergence is None
    assert report.operations == len(Queries(engine).history(limit=1_000).items)
    assert report.block == Queries(engine).head().number
    assert report.checked["balances"] == 5
    assert report.checked["operations of the read model"] == report.operations
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1]
    assert json.loads(json.dumps(report.to_json()))["verdict"] == "match"
    assert "MATCH" in report.to_text()


def test_every_kind_of_thing_that_views_tell_is_compared(books: Books, engine: Engine) -> None:
    report = audited(books, engine)
    of_accounts = ["balances", "debts", "members", "account keys", "allowances", "authorizations"]
    of_receipts = ["receipt words", "holds", "corrections"]
    of_partners = ["partners", "partner keys", "supply", "settings"]
    assert all(report.checked[kind] > 0 for kind in of_accounts + of_receipts + of_partners)


def test_without_a_read_model_the_fold_and_storage_are_compared(books: Books) -> None:
    report = audited(books, None)
    assert report.verdict == "match"
    assert report.notes == ("No read model was given.",)


# ---- the read model


@pytest.mark.parametrize("change", ["points = points + 1", "account = 2", "code = 1", "spend_minor = spend_minor - 1"])
def test_an_altered_operation_is_named(books: Books, engine: Engine, change: str) -> None:
    at, event = next((at, event) for at, event in books.events() if isinstance(event, Redeemed))
    tamper(engine, f"UPDATE operations SET {change} WHERE block = {at.block} AND log = {at.log}")
    found = audited(books, engine).first_divergence
    assert found is not None
    assert (found.block, found.log, found.transaction) == (at.block, at.log, at.transaction)
    assert found.operation == f"partner 2, receipt {event.receipt}, redeem"
    assert found.fold != found.read_model


def test_a_missing_operation_is_named(books: Books, engine: Engine) -> None:
    at, event = [(at, event) for at, event in books.events() if isinstance(event, Earned)][4]
    tamper(engine, f"DELETE FROM operations WHERE block = {at.block} AND log = {at.log}")
    found = audited(books, engine).first_divergence
    assert found is not None
    assert (found.block, found.log) == (at.block, at.log)
    assert found.operation == f"partner 1, receipt {event.receipt}, earn"
    assert found.read_model == "no such operation"


def test_an_operation_that_never_happened_is_named(books: Books, engine: Engine) -> None:
    last, _ = books.events()[-1]
    columns = "first_log, partner, receipt, kind, code, account, spend_minor, points, lots, deadline, original"
    tamper(
        engine,
        f"INSERT INTO operations (block, log, {columns}) SELECT block, 90, {columns.replace('receipt', 'zeroblob(32)')} "
        f"FROM operations WHERE block = {last.block}",
    )
    found = audited(books, engine).first_divergence
    assert found is not None
    assert (found.block, found.log, found.fold) == (last.block, 90, "no such operation")


def test_an_altered_balance_is_told_apart_from_its_entries(books: Books, engine: Engine) -> None:
    tamper(engine, "UPDATE lots SET points = points + 7 WHERE account = 2")
    report = audited(books, engine)
    assert report.verdict == "mismatch"
    assert report.first_divergence is not None
    assert books.members[1].address in report.first_divergence.what
    assert "its entries are right: the kept sum was changed" in report.first_divergence.what
    assert report.first_divergence.block is None


def test_an_altered_entry_is_named_with_its_block_and_operation(books: Books, engine: Engine) -> None:
    captured = next(at for at, event in books.events() if isinstance(event, Captured))
    with reading(engine) as connection:
        question = "SELECT id FROM accounts WHERE address = ?"
        (account,) = connection.exec_driver_sql(question, (books.members[1].address,)).one()
    tamper(engine, f"UPDATE entries SET points = points - 1 WHERE block = {captured.block} AND account = {account}")
    found = audited(books, engine).first_divergence
    assert found is not None
    assert (found.block, found.transaction) == (captured.block, captured.transaction)
    assert found.operation == "partner 1, receipt 200, capture"


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE tallies SET points = points + 1 WHERE partner = 1 AND kind = 1", "totals of partner 1"),
        ("UPDATE tallies SET operations = operations + 1 WHERE code = 1", "totals of partner 1"),
        ("UPDATE supply SET points = points + 1", "points of epoch"),
        ("INSERT INTO debts VALUES (3, 5)", "debt of"),
        ("UPDATE accounts SET enrolled_block = NULL WHERE id = 2", "membership of"),
        ("UPDATE holds SET closed_block = NULL WHERE receipt = (SELECT max(receipt) FROM holds)", "open hold"),
    ],
)
def test_every_altered_sum_is_a_mismatch(books: Books, engine: Engine, statement: str, what: str) -> None:
    if "INSERT INTO debts" in statement:
        tamper(engine, "DELETE FROM debts WHERE account = 3 OR account < 9")
    tamper(engine, statement)
    report = audited(books, engine)
    assert report.verdict == "mismatch"
    assert any(divergence.what.startswith(what) for divergence in report.divergences)


# ---- the fold


@pytest.mark.parametrize("kind", [Earned, Redeemed, Captured])
def test_a_dropped_event_is_named(books: Books, engine: Engine, kind: type) -> None:
    at, event = [(at, event) for at, event in books.events() if isinstance(event, kind)][-1]

    def drop(method: str, params: list[Any], answer: Any) -> Any:
        if method != "eth_getLogs":
            return answer
        return [log for log in answer if (log["blockNumber"], log["logIndex"]) != (hex(at.block), hex(at.log))]

    report = audited(books, engine, Altered(books, drop))
    found = report.first_divergence
    assert report.verdict == "mismatch"
    assert found is not None
    assert (found.block, found.log, found.fold) == (at.block, at.log, "no such operation")
    assert found.operation == f"partner {event.partner}, receipt {event.receipt}, {kind_name(kind)}"


def kind_name(kind: type) -> str:
    return {Earned: "earn", Redeemed: "redeem", Captured: "capture"}[kind]


def test_a_dropped_event_is_seen_without_a_read_model_too(books: Books) -> None:
    at = next(at for at, event in books.events() if isinstance(event, Redeemed))

    def drop(method: str, params: list[Any], answer: Any) -> Any:
        if method != "eth_getLogs":
            return answer
        return [log for log in answer if (log["blockNumber"], log["logIndex"]) != (hex(at.block), hex(at.log))]

    report = audited(books, None, Altered(books, drop))
    assert report.first_divergence is not None
    assert report.first_divergence.block == at.block
    assert any("receipts" in divergence.what for divergence in report.divergences)


def test_a_transfer_that_tells_another_amount_is_named(books: Books, engine: Engine) -> None:
    at, event = next((at, event) for at, event in books.events(domain_only=False) if isinstance(event, Transfer))

    def inflate(method: str, params: list[Any], answer: Any) -> Any:
        if method != "eth_getLogs":
            return answer
        return [
            {**log, "data": f"0x{event.value + 1:064x}"}
            if (log["blockNumber"], log["logIndex"]) == (hex(at.block), hex(at.log))
            else log
            for log in answer
        ]

    report = audited(books, engine, Altered(books, inflate))
    assert report.first_divergence is not None
    assert report.first_divergence.transaction == at.transaction
    assert "Transfer" in report.first_divergence.what


def test_an_event_of_an_unknown_partner_key_ends_the_replay_there(books: Books, engine: Engine) -> None:
    added = LOG_TOPICS["PartnerKeyAdded"]

    def drop(method: str, params: list[Any], answer: Any) -> Any:
        return [log for log in answer if log["topics"][0] != added] if method == "eth_getLogs" else answer

    report = audited(books, engine, Altered(books, drop))
    assert report.verdict == "mismatch"
    assert any("PartnerKeyRevoked cannot be folded" in divergence.what for divergence in report.divergences)
    assert report.notes


# ---- storage


def test_storage_that_differs_is_named_with_the_first_block_and_operation(books: Books, engine: Engine) -> None:
    member = books.members[1].address
    blocks = [at for at, event in books.events() if isinstance(event, Earned) and event.member == member]
    since = blocks[-2]
    question = views.lots_of(books.deployment, member).data

    def add(method: str, params: list[Any], answer: Any) -> Any:
        if method == "eth_call" and params[0]["data"] == question and int(params[1], 16) >= since.block:
            return hex(int(answer, 16) + 1)
        return answer

    report = audited(books, engine, Altered(books, padded(add)))
    found = report.first_divergence
    assert report.verdict == "mismatch"
    assert found is not None
    assert found.what == f"points of {member}"
    assert (found.block, found.transaction) == (since.block, since.transaction)
    assert found.operation is not None
    assert found.operation.endswith("earn")
    assert found.fold != found.storage


def padded(change: Callable[[str, list[Any], Any], Any]) -> Callable[[str, list[Any], Any], Any]:
    def padded_change(method: str, params: list[Any], answer: Any) -> Any:
        changed = change(method, params, answer)
        return changed if changed is answer else "0x" + changed[2:].rjust(64, "0")

    return padded_change


@pytest.mark.parametrize(
    ("view", "what"),
    [
        (lambda books: views.paused(books.deployment), "whether the ledger is paused"),
        (lambda books: views.supply_lots(books.deployment), "points outstanding"),
        (lambda books: views.corrected_of(books.deployment, 1, 4), "what was taken back of receipt 4 of partner 1"),
        (lambda books: views.receipt_word_of(books.deployment, 1, 0), "receipts 0 to 31 of partner 1"),
        (lambda books: views.debt_of(books.deployment, books.members[2].address), "debt of"),
    ],
)
def test_every_other_view_that_differs_is_named(
    books: Books, engine: Engine, view: Callable[[Books], views.View[Any]], what: str
) -> None:
    question = view(books).data

    def flip(method: str, params: list[Any], answer: Any) -> Any:
        if method == "eth_call" and params[0]["data"] == question:
            return f"{answer[:-1]}{int(answer[-1], 16) ^ 1:x}"
        return answer

    report = audited(books, engine, Altered(books, flip))
    assert report.first_divergence is not None
    assert report.first_divergence.what.startswith(what)


def test_a_node_without_past_states_names_the_account_and_says_so(books: Books, engine: Engine) -> None:
    member = books.members[1].address
    question = views.lots_of(books.deployment, member).data
    head = Queries(engine).head().number

    def forgetful(method: str, params: list[Any], answer: Any) -> Any:
        if method == "eth_call" and int(params[1], 16) < head:
            raise RpcError(-32_000, "missing trie node")
        if method == "eth_call" and params[0]["data"] == question:
            return f"0x{int(answer, 16) + 1:064x}"
        return answer

    found = audited(books, engine, Altered(books, forgetful)).first_divergence
    assert found is not None
    assert found.what.startswith(f"points of {member}; the node does not keep past states")
    assert found.block is None


# ---- what cannot be audited


def test_a_read_model_of_another_branch_is_not_compared(books: Books, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE book SET hash = zeroblob(32)")
    with pytest.raises(ChainUnavailable) as caught:
        audited(books, engine)
    assert caught.value.code == "chain_reorganised"


def test_a_node_that_forgot_the_read_models_block_is_asked_at_a_later_one(tmp_path: Path) -> None:
    moving = Books(tester.TesterRpc(START))
    moving.earn(1, 0, 1)
    read_model = opened(tmp_path / "moving.db")
    followed(read_model, moving)
    for receipt in (2, 3):
        moving.earn(2, 1, receipt)
    head = history.head(moving.rpc).number

    def forgetful(method: str, params: list[Any], answer: Any) -> Any:
        if method == "eth_call" and int(params[1], 16) < head:
            raise RpcError(-32_000, "BlockOutOfRangeError")
        return answer

    report = audited(moving, read_model, Altered(moving, forgetful))
    assert report.verdict == "match"
    assert report.operations == 1
    assert report.block == head - 2
    assert report.notes == (f"The node had forgotten block {head - 2}: storage was compared at block {head}.",)
    read_model.dispose()


def test_a_node_that_answers_no_call_is_an_error_not_a_verdict(books: Books, engine: Engine) -> None:
    def mute(method: str, params: list[Any], answer: Any) -> Any:
        if method == "eth_call":
            raise RpcError(-32_000, "missing trie node")
        return answer

    with pytest.raises(ChainUnavailable):
        audited(books, engine, Altered(books, mute))


def test_a_chain_that_runs_away_is_an_error_not_a_verdict(tmp_path: Path) -> None:
    moving = Books(tester.TesterRpc(START))
    read_model = opened(tmp_path / "moving.db")
    followed(read_model, moving)

    def run_away(method: str, params: list[Any], answer: Any) -> Any:
        if method == "eth_call":
            moving.rpc.call("evm_mine", [])
            raise RpcError(-32_000, "BlockOutOfRangeError")
        return answer

    with pytest.raises(Unavailable) as caught:
        audited(moving, read_model, Altered(moving, run_away))
    assert caught.value.code == "audit_block_unavailable"
    read_model.dispose()
