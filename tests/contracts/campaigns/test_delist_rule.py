"""`CampaignAgreements.delistRule`."""

from campaign import NO_HASH
from support import reverts, told


def test_only_the_operator_may(world, stranger):
    with reverts("AccessManagedUnauthorized", stranger):
        world.agreements.delistRule(world.rules.StampRule, {"from": stranger})


def test_it_must_be_listed(world, operator, stranger):
    with reverts("RuleNotListed", stranger):
        world.agreements.delistRule(stranger, {"from": operator})


def test_no_campaign_can_begin_with_it_and_those_that_run_go_on(world, operator, member):
    campaign, _ = world.opened()
    terms = world.terms()
    waiting = world.propose(terms)
    world.approve(waiting, 1, terms)
    tx = world.agreements.delistRule(world.rules.MultiplierRule, {"from": operator})

    assert told(tx) == [("RuleDelisted", world.rules.MultiplierRule)]
    assert world.agreements.ruleCodeHashOf(world.rules.MultiplierRule) == "0x" + NO_HASH.hex()
    with reverts("RuleNotListed", world.rules.MultiplierRule):
        world.propose(terms)
    with reverts("RuleNotListed", world.rules.MultiplierRule):
        world.book.start(waiting, 1, terms.abi)
    assert world.buy(member, 70).awarded == 70
    assert world.paid(campaign) == 70
