"""`CampaignAgreements.listRule`."""

from support import reverts, told


def test_only_the_operator_may(world, stranger, earning_partner):
    for caller in (stranger, earning_partner.key):
        with reverts("AccessManagedUnauthorized", caller):
            world.agreements.listRule(world.rules.StampRule, {"from": caller})


def test_it_must_have_code(world, operator, stranger):
    with reverts("RuleWithoutCode", stranger):
        world.agreements.listRule(stranger, {"from": operator})


def test_remembers_the_code(world, operator, deployer, StampRule):
    rule = deployer.deploy(StampRule)
    tx = world.agreements.listRule(rule, {"from": operator})

    code_hash = world.agreements.ruleCodeHashOf(world.rules.StampRule)
    assert told(tx) == [("RuleListed", rule, code_hash)]
    assert world.agreements.ruleCodeHashOf(rule) == code_hash
