"""`CampaignAgreements.commitSeed`."""

import pytest
from campaign import NO_HASH, commitment
from support import reverts, told


@pytest.fixture
def campaign(world):
    return world.propose(world.terms(draws=True))


def test_the_campaign_must_be_known(world, earning_partner):
    with reverts("CampaignUnknown", 1):
        world.agreements.commitSeed(1, b"\1" * 32, {"from": earning_partner.key})


def test_only_a_sponsor_may(world, campaign, stranger, third_partner):
    with reverts("KeyUnknown", stranger):
        world.agreements.commitSeed(campaign, b"\1" * 32, {"from": stranger})
    with reverts("NotSponsor", campaign, third_partner.id):
        world.agreements.commitSeed(campaign, b"\1" * 32, {"from": third_partner.key})


def test_zero_is_none(world, campaign, earning_partner):
    with reverts("SeedZero", campaign, earning_partner.id):
        world.agreements.commitSeed(campaign, NO_HASH, {"from": earning_partner.key})


def test_stands_for_good(world, campaign, earning_partner, redeeming_partner):
    committed = commitment(campaign, 1, b"\7" * 32)
    tx = world.agreements.commitSeed(campaign, committed, {"from": earning_partner.key})

    assert told(tx) == [("SeedCommitted", campaign, earning_partner.id, "0x" + committed.hex())]
    assert str(world.agreements.commitmentOf(campaign, 1)) == "0x" + committed.hex()
    assert str(world.agreements.commitmentOf(campaign, 2)) == "0x" + NO_HASH.hex()
    with reverts("SeedCommittedAlready", campaign, earning_partner.id):
        world.agreements.commitSeed(campaign, b"\1" * 32, {"from": earning_partner.key})
    world.agreements.commitSeed(campaign, b"\1" * 32, {"from": redeeming_partner.key})
