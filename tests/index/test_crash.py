"""Stopped between any two statements, the read model is right as of its cursor."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from coalition.index.database import open_database
from coalition.index.follower import Follower
from tests.index.support import Books, contents, followed, opened
from tests.index.witnesses import Stopped, busy, rebuilt, statements


def test_a_crash_between_any_two_statements_leaves_no_trace(books: Books, tmp_path: Path, read_model: Engine) -> None:
    expected = contents(read_model)
    engine = opened(tmp_path / "count.db")
    seen = statements(engine)
    Follower(engine, books.rpc, books.deployment).catch_up()
    total = len(seen)
    engine.dispose()
    assert total > 40

    for moment in range(total + 4):
        path = tmp_path / f"{moment}.db"
        engine = opened(path)
        left = [moment]

        def stop(*_given: Any, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Stopped

        event.listen(engine, "before_cursor_execute", stop)
        event.listen(engine, "commit", stop)
        follower = Follower(engine, books.rpc, books.deployment)
        follower._source._span = 24
        with contextlib.suppress(Stopped):
            follower.catch_up()
        engine.dispose()
        engine = open_database(f"sqlite:///{path}")
        followed(engine, books)
        assert contents(engine) == expected, f"stopped before statement {moment}"
        engine.dispose()
        path.unlink()


def test_a_crash_while_rolling_back_leaves_no_trace(fresh: Books, tmp_path: Path) -> None:
    busy(fresh)
    snapshot = fresh.rpc.call("evm_snapshot", [])
    fresh.post_end_of_holds()
    engines = [opened(tmp_path / f"{moment}.db") for moment in range(40)]
    for engine in engines:
        followed(engine, fresh)
    fresh.rpc.call("evm_revert", [snapshot])
    fresh.wait(9)
    fresh.earn(2, 2, 40)
    expected = rebuilt(fresh, tmp_path)
    for moment, engine in enumerate(engines):
        left = [moment]

        def stop(*_given: Any, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == -1:
                raise Stopped

        event.listen(engine, "before_cursor_execute", stop)
        follower = Follower(engine, fresh.rpc, fresh.deployment)
        try:
            follower.catch_up()
        except Stopped:
            follower.catch_up()
        assert contents(engine) == expected, f"stopped before statement {moment}"
        engine.dispose()
