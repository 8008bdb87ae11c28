"""ERC-7818: epochs, what is left of each, and the supply of each, with every length of validity."""

import pytest
from support import (
    DAY,
    EPOCH_SECONDS,
    HOUR,
    Code,
    Kind,
    correction,
    lots_of_word,
    next_block_at,
    now,
    outcome,
    refused,
    told,
    travel,
    word,
)


@pytest.fixture(params=[1, 2, 3, 4])
def validity(request):
    return request.param


@pytest.fixture
def short(PointLedger, deployer, manager, registry, validity):
    """A ledger with epochs of one minute, the first one beginning now."""
    return deployer.deploy(PointLedger, manager, registry, next_block_at(now() + 60), HOUR, validity, DAY, DAY)


@pytest.fixture
def wait(short):
    """Travel to the beginning of an epoch of the short ledger."""
    return lambda epoch: travel(max(short.epochOrigin() + HOUR * epoch, now() + 1))


@pytest.fixture
def earn(short, earning_partner):
    """Earn exactly `points`, enrolling the account."""
    receipts = iter(range(100))
    return lambda account, points: short.earn(
        [(account, next(receipts), 10 * points)], [1], {"from": earning_partner.key}
    )


def test_an_epoch_begins_on_the_second(ledger, epoch_start, go_to_epoch):
    assert ledger.epochLength() == EPOCH_SECONDS
    assert ledger.validityDuration() == 4
    assert ledger.epochType() == 1
    travel(epoch_start(1) - 1)
    assert ledger.currentEpoch() == 0
    travel(epoch_start(1))
    assert ledger.currentEpoch() == 1
    go_to_epoch(1_000)
    assert ledger.currentEpoch() == 1_000


def test_an_epoch_expires_when_its_validity_is_over(ledger, epoch_start):
    travel(epoch_start(4) - 1)
    assert not ledger.isEpochExpired(0)
    travel(epoch_start(4))
    assert ledger.isEpochExpired(0)
    assert not ledger.isEpochExpired(1)
    assert not ledger.isEpochExpired(4)
    assert not ledger.isEpochExpired(5)


def test_no_epoch_is_too_far_to_ask_about(ledger):
    assert not ledger.isEpochExpired(2**256 - 1)


def test_points_expire_at_the_second(ledger, issue, member, epoch_start, supply):
    issue(member, 100)
    travel(epoch_start(4) - 1)
    assert ledger.balanceOf(member) == ledger.totalSupply() == 100
    travel(epoch_start(4))
    assert ledger.balanceOf(member) == ledger.totalSupply() == 0
    assert supply() == (0, 0, 0, 0)


def test_points_last_for_their_validity(short, earn, wait, validity, member):
    earn(member, 100)
    wait(validity - 1)
    assert short.balanceOf(member) == short.totalSupply() == 100
    wait(validity)
    assert short.balanceOf(member) == short.totalSupply() == 0


def test_supply_is_exact_by_epoch(short, earn, wait, validity, member, other_member):
    for epoch in range(6):
        wait(epoch)
        earn(member, 100 + epoch)
        earn(other_member, 10 * epoch)
        for past in range(8):
            alive = past <= epoch < past + validity
            mine, theirs = (100 + past, 10 * past) if alive else (0, 0)
            assert short.balanceOfAtEpoch(past, member) == mine
            assert short.balanceOfAtEpoch(past, other_member) == theirs
            assert short.supplyAtEpoch(past) == mine + theirs
            assert short.isEpochExpired(past) == (past + validity <= epoch)
        assert short.balanceOf(member) + short.balanceOf(other_member) == short.totalSupply()
        assert sum(lots_of_word(short.supplyLots())) == short.totalSupply()
    assert short.supplyAtEpoch(2**256 - 1) == 0
    assert short.balanceOfAtEpoch(2**256 - 1, member) == 0


def test_spends_the_oldest_lot_that_is_alive(short, earn, wait, validity, member, other_member):
    for epoch in range(validity):
        wait(epoch)
        earn(member, 10)
    earn(other_member, 1)
    tx = short.transfer(other_member, 15 if validity > 1 else 5, {"from": member})

    taken = lots_of_word(tx.events["LotsTransferred"]["lots"])
    oldest = validity - 1
    assert taken[oldest] == (10 if validity > 1 else 5)
    assert sum(taken) == (15 if validity > 1 else 5)


def test_the_grace_lot_lives_to_the_end_of_the_next_epoch(
    short, earn, wait, validity, member, registry, redeeming_partner
):
    earn(member, 100)
    short.approve(redeeming_partner.account, 100, {"from": member})
    short.redeem([(member, 1, 60, 2**40, b"")], {"from": redeeming_partner.key})
    redeemed = outcome(Kind.REDEEM, member, 1, 0, 60, word(0, 60))
    wait(20)
    tx = short.refund([correction(2, 60, redeemed)], {"from": redeeming_partner.key})

    grace = max(0, validity - 2)
    assert lots_of_word(tx.events["Refunded"]["lots"])[grace] == 60
    lasts = 2 if validity > 1 else 1
    wait(20 + lasts - 1)
    assert short.balanceOf(member) == short.totalSupply() == 60
    wait(20 + lasts)
    assert short.balanceOf(member) == short.totalSupply() == 0


def test_a_hold_never_outlives_its_points(short, earn, wait, validity, member, redeeming_partner):
    earn(member, 100)
    short.approve(redeeming_partner.account, 100, {"from": member})
    last = short.epochOrigin() + HOUR * validity - 1
    tx = short.hold([(member, 1, 60, last + 1, b""), (member, 2, 40, last, b"")], {"from": redeeming_partner.key})

    assert told(tx)[0] == refused(redeeming_partner, 1, Kind.HOLD, Code.BALANCE_TOO_LOW)
    travel(last - 1)
    next_block_at(last)
    captured = short.capture([(2, 40)], {"from": redeeming_partner.key})
    assert captured.events["Captured"]["points"] == 40
    assert short.balanceOf(short) == 0
    assert short.totalSupply() == 60
