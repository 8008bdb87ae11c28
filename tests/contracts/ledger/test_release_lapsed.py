"""`PointLedger.releaseLapsed`."""

import pytest
from support import DAY, ZERO, Purpose, next_block_at, now, plain, reverts, told, travel, word


@pytest.fixture
def deadline():
    return now() + 2 * DAY


@pytest.fixture(autouse=True)
def held(ledger, issue, spend, redeeming_partner, member, deadline):
    """Receipt 1 holds 300 of 1,000 points of epoch 0."""
    issue(member, 1_000)
    payment = spend(redeeming_partner, member, 1, 300, purpose=Purpose.HOLD, deadline=deadline)
    ledger.hold([payment], {"from": redeeming_partner.key})


def test_the_hold_must_be_open(ledger, redeeming_partner, earning_partner, stranger):
    with reverts("HoldNotOpen", redeeming_partner.id, 2):
        ledger.releaseLapsed(redeeming_partner.id, 2, {"from": stranger})
    with reverts("HoldNotOpen", earning_partner.id, 1):
        ledger.releaseLapsed(earning_partner.id, 1, {"from": stranger})


def test_the_deadline_must_have_passed(ledger, redeeming_partner, stranger, deadline):
    next_block_at(deadline)
    with reverts("HoldNotLapsed", redeeming_partner.id, 1, deadline):
        ledger.releaseLapsed(redeeming_partner.id, 1, {"from": stranger})


def test_a_paused_ledger_releases_nothing(ledger, redeeming_partner, operator, stranger, deadline):
    ledger.pause({"from": operator})
    travel(deadline + 1)
    with reverts("LedgerPaused"):
        ledger.releaseLapsed(redeeming_partner.id, 1, {"from": stranger})


def test_anyone_gives_the_points_back(ledger, redeeming_partner, stranger, member, deadline, lots, supply):
    next_block_at(deadline + 1)
    tx = ledger.releaseLapsed(redeeming_partner.id, 1, {"from": stranger})

    assert told(tx) == [
        ("Transfer", ledger, member, 300),
        ("Released", redeeming_partner.id, member, 1, 300, word(0, 300)),
    ]
    assert lots(member) == supply() == (1_000, 0, 0, 0)
    assert plain(ledger.holdOf(redeeming_partner.id, 1)) == (ZERO, 0, 0)
    with reverts("HoldNotOpen", redeeming_partner.id, 1):
        ledger.releaseLapsed(redeeming_partner.id, 1, {"from": stranger})


def test_works_while_the_partner_is_suspended(
    ledger, registry, redeeming_partner, operator, stranger, member, deadline, lots
):
    registry.suspendPartner(redeeming_partner.id, {"from": operator})
    travel(deadline + 1)
    ledger.releaseLapsed(redeeming_partner.id, 1, {"from": stranger})

    assert lots(member) == (1_000, 0, 0, 0)


def test_expired_points_come_back_for_a_while(ledger, redeeming_partner, stranger, member, lots, supply, go_to_epoch):
    go_to_epoch(9)
    tx = ledger.releaseLapsed(redeeming_partner.id, 1, {"from": stranger})

    assert told(tx)[-2:] == [
        ("Transfer", ZERO, member, 300),
        ("Released", redeeming_partner.id, member, 1, 300, word(9, 0, 0, 300)),
    ]
    assert lots(member) == supply() == (0, 0, 300, 0)
    go_to_epoch(10)
    assert lots(member) == (0, 0, 0, 300)
    go_to_epoch(11)
    assert lots(member) == (0, 0, 0, 0)


def test_the_points_still_there_are_not_touched(ledger, issue, redeeming_partner, stranger, member, lots, go_to_epoch):
    go_to_epoch(3)
    issue(member, 7)
    go_to_epoch(4)
    ledger.releaseLapsed(redeeming_partner.id, 1, {"from": stranger})

    assert lots(member) == (0, 7, 300, 0)
