"""The log of administration: only added to, and whatever is done to it otherwise is seen."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from coalition.access import Access, AdminRow
from coalition.access.admin_log import AdminLog, Head
from coalition.errors import IntegrityError
from tests.access.conftest import START, Clock

Make = Callable[[], Access]


@pytest.fixture
def log(access: Access, clock: Clock) -> Access:
    for number in range(1, 6):
        access.log.add("key", number % 2, "POST /v1/x", str(number), "done", "192.0.2.1")
        clock.now += 10
    return access


def broken(access: Access, known: Head | None = None) -> int:
    with pytest.raises(IntegrityError) as caught:
        access.log.verify(known)
    assert caught.value.code == "admin_log_broken"
    return int(caught.value.details["number"])


def tampered(engine: Engine, statement: str) -> None:
    """As somebody does who owns the database."""
    with engine.begin() as connection:
        for change in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS access_log_no_{change}"))
        connection.execute(text(statement))


def test_what_is_kept_of_a_call(log: Access) -> None:
    assert log.log.page(limit=1) == [AdminRow(5, START + 40, "key", 1, "POST /v1/x", "5", "done", "192.0.2.1")]
    assert [row.number for row in log.log.page(partner=1)] == [5, 3, 1]
    assert [row.number for row in log.log.page(partner=1, before=5, limit=1)] == [3]


def test_the_chain_holds(log: Access, node: Make) -> None:
    head = log.log.verify()
    assert head.number == 5
    node().log.add("cli", None, "rule add", "0x1", "done", "")
    assert log.log.verify(head).number == 6


def test_a_call_is_shown_once_with_what_came_of_it(access: Access, clock: Clock) -> None:
    first = access.log.begin("cli:0", None, "partner add", "florist", "")
    other = access.log.begin("key", 1, "POST /v1/x", "", "192.0.2.1")
    begun = [(row.number, row.target, row.partner, row.outcome) for row in access.log.page()]
    assert begun == [(other, "", 1, "begun"), (first, "florist", None, "begun")]
    clock.now += 5
    access.log.end(other, "done", "new")
    access.log.end(first, "partner_known", partner=3)
    shown = [(row.number, row.at, row.target, row.partner, row.outcome) for row in access.log.page()]
    assert shown == [(other, START, "new", 1, "done"), (first, START, "florist", 3, "partner_known")]
    assert [row.number for row in access.log.page(partner=3)] == [first]
    assert [row.number for row in access.log.page(before=other)] == [first]
    assert access.log.verify().number == 4


def test_a_row_without_a_beginning_is_hashed_as_ever() -> None:
    row = AdminRow(5, START, "key", 1, "POST /v1/x", "5", "done", "192.0.2.1")
    content = b'[5, 1772366400, "key", 1, "POST /v1/x", "5", "done", "192.0.2.1"]'
    assert row.chained(bytes(32)) == hashlib.sha256(bytes(32) + content).digest()
    assert replace(row, begun=4).chained(bytes(32)) != row.chained(bytes(32))


def test_no_other_beginning_can_be_made_of_an_end(access: Access, engine: Engine) -> None:
    for _ in range(2):
        access.log.begin("key", 1, "POST /v1/x", "", "")
    access.log.end(1, "done")
    tampered(engine, "UPDATE access_log SET begun = 2 WHERE number = 3")
    assert broken(access) == 3


def test_an_empty_log_holds(access: Access) -> None:
    assert access.log.verify() == Head(0, bytes(32))


@pytest.mark.parametrize("statement", ["DELETE FROM access_log", "UPDATE access_log SET actor = 'nobody'"])
def test_the_database_refuses_changes(log: Access, engine: Engine, statement: str) -> None:
    with pytest.raises(DBAPIError, match="only added to"), engine.begin() as connection:
        connection.execute(text(statement))
    assert log.log.verify().number == 5


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("DELETE FROM access_log WHERE number = 3", 3),
        ("DELETE FROM access_log WHERE number = 1", 1),
        ("DELETE FROM access_log WHERE number = 5", 5),
        ("DELETE FROM access_log", 1),
        ("UPDATE access_log SET outcome = 'done', target = 'other' WHERE number = 4", 4),
        ("UPDATE access_log SET partner = NULL WHERE number = 2", 2),
        ("UPDATE access_log SET at = at + 1 WHERE number = 5", 5),
        ("UPDATE access_log SET hash = zeroblob(32) WHERE number = 2", 2),
    ],
)
def test_what_was_done_to_it_is_seen(log: Access, engine: Engine, statement: str, number: int) -> None:
    tampered(engine, statement)
    assert broken(log) == number


def test_a_row_that_is_written_anew_with_its_hash_breaks_the_next(log: Access, engine: Engine) -> None:
    """As somebody does who knows how hashes are made."""
    rows = {row.number: row for row in log.log.page()}
    forged = replace(rows[3], actor="nobody")
    with engine.connect() as connection:
        before = bytes(connection.execute(text("SELECT hash FROM access_log WHERE number = 2")).scalar_one())
    hashed = forged.chained(before).hex()
    tampered(engine, f"UPDATE access_log SET actor = 'nobody', hash = x'{hashed}' WHERE number = 3")
    assert broken(log) == 4


def test_rows_taken_off_the_end_are_seen_by_who_noted_the_head(log: Access, engine: Engine) -> None:
    noted = log.log.verify()
    tampered(engine, "DELETE FROM access_log WHERE number = 5")
    tampered(
        engine,
        "UPDATE access_heads SET number = 4, hash = (SELECT hash FROM access_log WHERE number = 4) WHERE name = 'log'",
    )
    assert log.log.verify().number == 4, "without the note nothing shows it"
    assert broken(log, noted) == 5
    log.log.add("key", 1, "POST /v1/x", "another", "done", "")
    assert broken(log, noted) == 5


def test_nodes_write_one_chain(node: Make) -> None:
    nodes = [node(), node()]

    def write(log: AdminLog) -> None:
        for _ in range(20):
            log.end(log.begin("key", 1, "a", "", ""), "done")

    writers = [threading.Thread(target=write, args=(one.log,)) for one in nodes]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert nodes[0].log.verify().number == 80
    assert [row.outcome for row in nodes[1].log.page()] == ["done"] * 40
