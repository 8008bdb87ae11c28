"""`PointLedger.release`."""

import pytest
from support import (
    BATCH_MAX,
    DAY,
    HOUR,
    LOT_MAX,
    ZERO,
    Code,
    Kind,
    Purpose,
    lots_of_word,
    now,
    plain,
    refused,
    reverts,
    told,
    travel,
    word,
)


@pytest.fixture(autouse=True)
def held(ledger, issue, spend, redeeming_partner, member, other_member):
    """Receipts 1 and 2 hold 300 and 100 of 1,000 points of epoch 0; the other member has points too."""
    issue(other_member, 5)
    issue(member, 1_000)
    holds = [
        spend(redeeming_partner, member, receipt, points, purpose=Purpose.HOLD)
        for receipt, points in ((1, 300), (2, 100))
    ]
    ledger.hold(holds, {"from": redeeming_partner.key})


@pytest.fixture
def release(ledger, redeeming_partner):
    return lambda *receipts: ledger.release(receipts, {"from": redeeming_partner.key})


@pytest.mark.parametrize("size", [0, BATCH_MAX + 1])
def test_a_batch_has_1_to_500_operations(release, size):
    with reverts("BatchSizeInvalid", size, BATCH_MAX):
        release(*range(size))


def test_a_paused_ledger_takes_nothing(ledger, operator, release):
    ledger.pause({"from": operator})
    with reverts("LedgerPaused"):
        release(1)


def test_the_sender_must_be_a_partners_key(ledger, member):
    with reverts("KeyUnknown", member):
        ledger.release([1], {"from": member})


def test_an_unknown_hold_harms_only_itself(release, redeeming_partner, lots, ledger):
    tx = release(1, 7, 2)

    assert told(tx)[2] == refused(redeeming_partner, 7, Kind.RELEASE, Code.HOLD_UNKNOWN)
    assert lots(ledger) == (0, 0, 0, 0)


def test_a_hold_is_released_once(release, redeeming_partner, member, lots):
    tx = release(1, 1)

    assert told(tx)[-1] == refused(redeeming_partner, 1, Kind.RELEASE, Code.HOLD_UNKNOWN)
    assert lots(member) == (900, 0, 0, 0)


def test_a_captured_hold_is_not_released(release, ledger, redeeming_partner, member, lots):
    ledger.capture([(1, 300)], {"from": redeeming_partner.key})
    tx = release(1)

    assert told(tx) == [refused(redeeming_partner, 1, Kind.RELEASE, Code.HOLD_UNKNOWN)]
    assert lots(member) == (600, 0, 0, 0)


def test_a_hold_of_another_partner_is_unknown(ledger, earning_partner, lots):
    tx = ledger.release([1], {"from": earning_partner.key})

    assert told(tx) == [refused(earning_partner, 1, Kind.RELEASE, Code.HOLD_UNKNOWN)]
    assert lots(ledger) == (400, 0, 0, 0)


def test_gives_the_points_back(release, ledger, redeeming_partner, member, lots, supply):
    tx = release(1)

    assert told(tx) == [
        ("Transfer", ledger, member, 300),
        ("Released", redeeming_partner.id, member, 1, 300, word(0, 300)),
    ]
    assert lots(member) == (900, 0, 0, 0)
    assert lots(ledger) == (100, 0, 0, 0)
    assert supply() == (1_005, 0, 0, 0)
    assert plain(ledger.holdOf(redeeming_partner.id, 1)) == (ZERO, 0, 0)


def test_the_receipt_stays_used(release, ledger, spend, redeeming_partner, member):
    release(1)
    again = spend(redeeming_partner, member, 1, 300, purpose=Purpose.HOLD)
    tx = ledger.hold([again], {"from": redeeming_partner.key})

    assert told(tx) == [refused(redeeming_partner, 1, Kind.HOLD, Code.RECEIPT_USED)]


def test_the_points_keep_their_epoch(release, member, lots, go_to_epoch):
    go_to_epoch(3)
    tx = release(1)

    assert told(tx)[-1][-1] == word(3, 0, 0, 0, 300)
    assert lots(member) == (0, 0, 0, 900)


def test_points_that_expired_while_held_come_back_for_a_while(
    release, ledger, redeeming_partner, member, lots, supply, go_to_epoch
):
    go_to_epoch(4)
    tx = release(1)

    assert told(tx) == [
        ("PointsExpired", ledger, word(0, 400)),
        ("Transfer", ledger, ZERO, 400),
        ("PointsExpired", member, word(0, 600)),
        ("Transfer", member, ZERO, 600),
        ("Transfer", ZERO, member, 300),
        ("Released", redeeming_partner.id, member, 1, 300, word(4, 0, 0, 300)),
    ]
    assert lots(ledger) == (0, 0, 0, 0)
    assert lots(member) == supply() == (0, 0, 300, 0)
    go_to_epoch(5)
    assert lots(member) == supply() == (0, 0, 0, 300)
    go_to_epoch(6)
    assert lots(member) == supply() == (0, 0, 0, 0)


def test_a_hold_of_several_lots_comes_back_partly_expired(
    release, ledger, spend, issue, redeeming_partner, member, lots, supply, go_to_epoch
):
    go_to_epoch(3)
    issue(member, 50)
    payment = spend(redeeming_partner, member, 9, 620, purpose=Purpose.HOLD)
    ledger.hold([payment], {"from": redeeming_partner.key})
    go_to_epoch(4)
    tx = release(9)

    assert told(tx)[-3:] == [
        ("Transfer", ledger, member, 20),
        ("Transfer", ZERO, member, 600),
        ("Released", redeeming_partner.id, member, 9, 620, word(4, 0, 20, 600)),
    ]
    assert lots(member) == supply() == (0, 50, 600, 0)
    assert lots(ledger) == (0, 0, 0, 0)


def test_a_lot_of_the_coalition_never_overflows(
    PointLedger, deployer, manager, registry, operator, accounts, member, other_member
):
    mint = accounts[8]
    post = {"from": mint}
    registry.addPartner("Mint", mint, mint, b"EUR", 10_000, {"from": operator})
    ledger = deployer.deploy(PointLedger, manager, registry, now(), HOUR, 4, DAY, DAY)
    ledger.earn([(member, 1, 300)], [1], post)
    ledger.approve(mint, 300, {"from": member})
    ledger.hold([(member, 2, 300, now() + 30, b"")], post)
    travel(ledger.epochOrigin() + 2 * HOUR)
    ledger.earn([(other_member, 3, LOT_MAX)], [1], post)
    travel(ledger.epochOrigin() + 4 * HOUR)
    tx = ledger.release([2], post)

    assert tx.events["OperationRejected"]["code"] == 4
    held = [lots_of_word(ledger.lotsOf(account)) for account in (member, other_member, ledger)]
    assert lots_of_word(ledger.supplyLots()) == tuple(map(sum, zip(*held, strict=True)))
