"""A whole transaction is refused: its operations get the reason, its nonce is used, the next ones go on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, func, select

from coalition.errors import AccessDenied, Refused
from coalition.submit import outcome, sequencer
from coalition.submit.tables import operations
from tests.submit.world import Desk, World, earn

Make = Callable[..., Desk]


def test_a_suspended_partner_is_told_so_and_succeeds_later(
    desk: Make, world: World, engine: Engine, eventually: Callable
) -> None:
    one = desk()
    assert outcome(one.post(earn(1))[0], 10).accepted
    world.operator.suspend_partner(1)

    refused = one.post(earn(2), earn(3))
    (other,) = one.post(earn(2, partner=2))

    assert outcome(other, 60).accepted
    for future in refused:
        with pytest.raises(AccessDenied) as caught:
            outcome(future, 60)
        assert caught.value.code == "partner_not_active"
    eventually(lambda: one.submitter.status.is_idle)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(operations)).scalar() == 0

    world.reinstate(1)
    assert outcome(one.post(earn(2))[0], 20).accepted
    assert world.counted() == {(1, 1): 1, (1, 2): 1, (2, 2): 1}


def test_a_large_refused_group_is_told_so(desk: Make, world: World) -> None:
    world.operator.suspend_partner(1)
    bulk = desk().submitter.post_many([earn(receipt) for receipt in range(40)])

    assert {error.code for error in bulk.wait(30)} == {"partner_not_active"}


def test_a_paused_ledger_is_a_reason(desk: Make, world: World) -> None:
    world.operator.pause()

    with pytest.raises(Refused) as caught:
        outcome(desk().post(earn(1))[0], 20)
    assert caught.value.code == "ledger_paused"


def test_a_group_that_runs_out_of_gas_is_cut_up(
    desk: Make, world: World, monkeypatch: pytest.MonkeyPatch, eventually: Callable
) -> None:
    monkeypatch.setattr(sequencer, "gas_limit", lambda kind, count, campaigns: 400_000)
    one = desk(starts=False)
    bulk = one.submitter.post_many([earn(receipt, of=receipt) for receipt in range(40)])
    one.start()

    assert all(record.accepted for record in bulk.wait(60))
    assert world.counted() == {(1, receipt): 1 for receipt in range(40)}
    eventually(lambda: one.submitter.status.is_idle)


def test_a_revoked_key_without_another_is_a_reason(desk: Make, world: World) -> None:
    world.operator.revoke_key(world.keys[1][0].address)

    with pytest.raises(AccessDenied) as caught:
        outcome(desk().post(earn(1))[0], 20)
    assert caught.value.code == "key_revoked"
