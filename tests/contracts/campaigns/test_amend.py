"""`CampaignAgreements.amend`."""

import pytest
from brownie import web3
from campaign import hash_of
from eth_abi import encode
from eth_utils import keccak
from support import DAY, asked, reverts

VERSIONS_MAX = 2**16 - 1
VERSION_COUNT_SLOT = 2


@pytest.fixture
def campaign(world):
    return world.propose(world.terms())


def amended(world, campaign, terms, key=None):
    return world.agreements.amend(campaign, terms.abi, {"from": key or world.sponsors[1].key})


def test_the_campaign_must_be_known(world):
    with reverts("CampaignUnknown", 1):
        amended(world, 1, world.terms())


@pytest.mark.parametrize(
    "change",
    [
        {"sponsors": ((1, 5_000), (2, 5_000))},
        {"sponsors": ((1, 10_000),)},
        {"partners": (1, 2)},
        {"opt_in": True},
        {"takes_whole": True},
        {"draws": True},
    ],
)
def test_what_members_and_sponsors_rely_on_stays(world, campaign, change):
    with reverts("TermsFixed", campaign):
        amended(world, campaign, world.terms(**change))


def test_the_rule_stays(world, campaign):
    with reverts("TermsFixed", campaign):
        amended(world, campaign, world.terms(rule=world.rules.StampRule, rule_terms=(1, 0, 1, 0, 0)))


def test_terms_are_checked_as_those_proposed(world, campaign, third_partner):
    with reverts("BudgetInvalid", 0, 1, 2**40 - 1):
        amended(world, campaign, world.terms(budget=0))
    with reverts("NotSponsor", campaign, third_partner.id):
        amended(world, campaign, world.terms(), third_partner.key)
    with reverts("TermCountInvalid", 0, 7):
        amended(world, campaign, world.terms(rule_terms=()))


def test_there_are_at_most_65535_versions(world, campaign):
    slot = keccak(encode(["uint32", "uint256"], [campaign, VERSION_COUNT_SLOT]))
    assert int.from_bytes(web3.eth.get_storage_at(world.agreements.address, slot)) == 1
    full = ["0x" + slot.hex(), "0x" + VERSIONS_MAX.to_bytes(32).hex()]
    asked("anvil_setStorageAt", [world.agreements.address, *full])
    with reverts("VersionsTooMany", campaign, VERSIONS_MAX):
        amended(world, campaign, world.terms())


def test_everything_else_may_change(world, campaign, chain_id, redeeming_partner, attestor):
    terms = world.terms(
        rule_terms=(1, 1, 127, 0, 1, 1_440, 5),
        budget=1,
        cap=2,
        opens_at=world.terms().opens_at + DAY,
        tier_mask=1,
        segment=b"\1" * 32,
        group=3,
        pausable=False,
        end_notice=7,
        attestor=attestor,
        document=b"\2" * 32,
    )
    first = world.agreements.termsHashOf(campaign, 1)
    tx = amended(world, campaign, terms, redeeming_partner.key)

    terms_hash = "0x" + hash_of(chain_id, world.agreements, campaign, 2, terms).hex()
    (event,) = tx.events["CampaignProposed"]
    assert tx.return_value == world.agreements.versionCount(campaign) == 2
    assert (event["version"], str(event["termsHash"]), event["by"]) == (2, terms_hash, redeeming_partner.id)
    assert str(world.agreements.termsHashOf(campaign, 2)) == terms_hash
    assert world.agreements.termsHashOf(campaign, 1) == first
