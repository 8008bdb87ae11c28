"""The constructor of `PointLedger`."""

import pytest
from support import DAY, HOUR, next_block_at, now, reverts, told


@pytest.fixture
def open_ledger(PointLedger, deployer, manager, registry):
    def opened(origin=0, length=30 * DAY, validity=4):
        return deployer.deploy(PointLedger, manager, registry, origin, length, validity, 1, 2)

    return opened


def test_an_epoch_lasts_an_hour_at_least(open_ledger):
    with reverts("EpochLengthTooShort", 3_599, 3_600):
        open_ledger(origin=now(), length=3_599)


def test_the_first_epoch_has_begun(open_ledger):
    time = next_block_at(now() + 50)
    with reverts("EpochOriginInFuture", time + 1, time):
        open_ledger(origin=time + 1)
    next_block_at(time + 1)
    assert open_ledger(origin=time + 1).currentEpoch() == 0


@pytest.mark.parametrize("validity", [0, 5, 2**256 - 1])
def test_points_are_valid_for_one_to_four_epochs(open_ledger, validity):
    with reverts("ValidityInvalid", validity, 4):
        open_ledger(validity=validity)


def test_tells_what_it_was_opened_with(open_ledger, registry):
    tx = open_ledger(origin=1_000, validity=3).tx

    opened = [event for event in told(tx) if event[0] == "LedgerOpened"]
    assert opened == [("LedgerOpened", registry, 1_000, 30 * DAY, 3, 1, 2)]


def test_an_epoch_long_past_is_a_good_origin(open_ledger):
    ledger = open_ledger(origin=0)

    assert ledger.currentEpoch() == now() // (30 * DAY)
    assert not ledger.paused()


def test_an_epoch_fits_into_its_24_bits_for_centuries(open_ledger):
    ledger = open_ledger(origin=0, length=HOUR)

    assert not ledger.paused()
    assert ledger.currentEpoch() + 1_000 * 366 * 24 < 1 << 24
