"""`CampaignAgreements.propose`."""

import pytest
from campaign import SAME_AGAIN, hash_of
from support import now, plain, reverts

BUDGET_MAX = 2**40 - 1


def proposed(world, key, **changes):
    return world.agreements.propose(world.terms(**changes).abi, {"from": key})


@pytest.mark.parametrize("count", [0, 65])
def test_there_are_1_to_64_sponsors(world, earning_partner, count):
    with reverts("SponsorsInvalid", count):
        proposed(world, earning_partner.key, sponsors=tuple((n + 1, 1) for n in range(count)))


@pytest.mark.parametrize("sponsors", [((0, 10_000),), ((2, 5_000), (1, 5_000)), ((1, 5_000), (1, 5_000))])
def test_sponsors_rise(world, earning_partner, sponsors):
    with reverts("SponsorsNotRising", sponsors[-1][0]):
        proposed(world, earning_partner.key, sponsors=sponsors)


@pytest.mark.parametrize("shares", [(5_000, 4_999), (5_000, 5_001), (0, 0)])
def test_shares_add_up(world, earning_partner, shares):
    with reverts("SharesInvalid", sum(shares)):
        proposed(world, earning_partner.key, sponsors=((1, shares[0]), (2, shares[1])))


def test_sponsors_are_known(world, earning_partner):
    with reverts("PartnerNotKnown", 4):
        proposed(world, earning_partner.key, sponsors=((1, 5_000), (4, 5_000)))


def test_the_rule_is_listed(world, earning_partner, stranger):
    with reverts("RuleNotListed", stranger):
        proposed(world, earning_partner.key, rule=stranger)


def test_the_rule_has_at_most_128_words(world, earning_partner):
    with reverts("RuleTermsTooMany", 129, 128):
        proposed(world, earning_partner.key, rule_terms=(0,) * 129)


@pytest.mark.parametrize("count", [0, 65])
def test_there_are_1_to_64_partners(world, earning_partner, count):
    with reverts("PartnersInvalid", count):
        proposed(world, earning_partner.key, partners=tuple(range(1, count + 1)))


@pytest.mark.parametrize("partners", [(0,), (2, 1), (1, 1)])
def test_partners_rise(world, earning_partner, partners):
    with reverts("PartnersNotRising", partners[-1]):
        proposed(world, earning_partner.key, partners=partners)


def test_partners_are_known(world, earning_partner):
    with reverts("PartnerNotKnown", 4):
        proposed(world, earning_partner.key, partners=(1, 4))


def test_it_opens_before_it_closes(world, earning_partner):
    opens_at = now() + 100
    for closes_at in (opens_at, opens_at - 1):
        with reverts("WindowInvalid", opens_at, closes_at):
            proposed(world, earning_partner.key, opens_at=opens_at, closes_at=closes_at)


def test_it_opens_in_the_future(world, earning_partner):
    with pytest.raises(Exception, match="WindowTooSoon"):
        proposed(world, earning_partner.key, opens_at=now() - 1)


@pytest.mark.parametrize("budget", [0, BUDGET_MAX + 1])
def test_the_budget_has_40_bits(world, earning_partner, budget):
    with reverts("BudgetInvalid", budget, 1, BUDGET_MAX):
        proposed(world, earning_partner.key, budget=budget)


def test_some_tier_takes_part(world, earning_partner):
    with reverts("TiersNone"):
        proposed(world, earning_partner.key, tier_mask=0)


def test_the_key_is_a_partners(world, stranger):
    with reverts("KeyUnknown", stranger):
        proposed(world, stranger)


def test_the_key_is_a_sponsors(world, third_partner):
    with reverts("NotSponsor", 1, third_partner.id):
        proposed(world, third_partner.key)


def test_the_rule_takes_its_terms(world, earning_partner):
    with reverts("TermInvalid", 0, 2):
        proposed(world, earning_partner.key, rule_terms=(2, *SAME_AGAIN[1:]))
    with reverts("TermCountInvalid", 6, 7):
        proposed(world, earning_partner.key, rule_terms=SAME_AGAIN[1:])


@pytest.mark.parametrize("sender", ["earning_partner", "redeeming_partner"])
def test_any_sponsor_puts_terms_to_all(world, request, chain_id, sender):
    by = request.getfixturevalue(sender)
    terms = world.terms(partners=(1, 3), budget=BUDGET_MAX, segment=b"\1" * 32, document=b"\2" * 32)
    tx = world.agreements.propose(terms.abi, {"from": by.key})

    campaign, terms_hash = tx.return_value, hash_of(chain_id, world.agreements, 1, 1, terms)
    (event,) = tx.events["CampaignProposed"]
    assert campaign == world.agreements.campaignCount() == world.agreements.versionCount(1) == 1
    assert (event["campaign"], event["version"], event["by"]) == (1, 1, by.id)
    assert str(event["termsHash"]) == "0x" + terms_hash.hex() == str(world.agreements.termsHashOf(1, 1))
    assert plain(event["terms"])[4:8] == (terms.budget, 0, terms.opens_at, terms.closes_at)
    assert plain(world.agreements.sponsorsOf(1)) == terms.sponsors
    assert str(world.agreements.hashOf(1, 1, terms.abi)) == "0x" + terms_hash.hex()
    assert world.agreements.approvedUntil(terms_hash, by.id) == 0
