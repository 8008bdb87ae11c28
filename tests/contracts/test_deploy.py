"""`scripts/deploy.py`: who may do what, and how soon, after a deployment."""

import pytest
from support import DAY, EPOCH_SECONDS, next_block_at, now, reverts


@pytest.fixture(scope="session")
def table():
    """The role that each restricted function needs, written down once more."""
    operator, governor, recovery = 1, 2, 3
    return {
        "PartnerRegistry": {
            "addPartner": operator,
            "suspendPartner": operator,
            "addKey": operator,
            "revokeKey": operator,
            "announceEarnRate": operator,
            "reinstatePartner": governor,
            "setTerms": governor,
        },
        "PointLedger": {
            "enrol": operator,
            "pause": operator,
            "unpause": governor,
            "setCampaignBook": governor,
            "announceKeyRecovery": recovery,
        },
        "CampaignAgreements": {"listRule": operator, "delistRule": operator},
        "CampaignBook": {},
        "TierBook": {"announceProgramme": operator, "setFloor": operator, "setCampaignBook": governor},
        "BadgeBook": {"defineBadge": operator, "setCampaignBook": governor},
    }


def test_the_contracts_know_each_other(deployment):
    book = deployment.book
    assert (book.ledger(), book.agreements()) == (deployment.ledger, deployment.agreements)
    assert (book.tiers(), book.badges(), book.registry()) == (deployment.tiers, deployment.badges, deployment.registry)
    for contract in (deployment.ledger, deployment.tiers, deployment.badges):
        assert contract.campaignBook() == book


def test_every_kind_of_campaign_is_listed(deployment):
    for rule in deployment.rules.values():
        assert deployment.agreements.ruleCodeHashOf(rule) != "0x" + "00" * 32


def test_the_deployer_keeps_nothing(deployment, manager, deployer):
    for role in range(4):
        assert not manager.hasRole(role, deployer)[0]
    for contract in deployment.targets.values():
        for selector in contract.selectors:
            assert not any(manager.canCall(deployer, contract, selector))


def test_the_deployer_cannot_administer(manager, deployer, stranger):
    with reverts("AccessManagerUnauthorizedAccount", deployer, 0):
        manager.grantRole(0, stranger, 0, {"from": deployer})


def test_the_deployer_must_not_hold_a_role(deployer, operator, governor, recovery):
    from scripts.deploy import deploy

    for holders in ([deployer, governor, recovery], [operator, deployer, recovery], [operator, governor, deployer]):
        with pytest.raises(ValueError, match="the deployer keeps nothing"):
            deploy(deployer, *holders)


def test_each_restricted_function_needs_its_role(deployment, manager, table):
    for name, contract in deployment.targets.items():
        for function, selector in contract.signatures.items():
            assert manager.getTargetFunctionRole(contract, selector) == table[name].get(function, 0)


def test_the_script_and_this_table_agree(table):
    from scripts.deploy import ROLE_TABLE

    listed = {
        (contract, function): role
        for role, contracts in ROLE_TABLE.items()
        for contract, functions in contracts.items()
        for function in functions
    }
    assert listed == {(name, function): role for name, rows in table.items() for function, role in rows.items()}


def test_every_role_has_one_holder_with_its_delay(manager, operator, governor, recovery):
    for role, holder, delay in ((0, governor, DAY), (1, operator, 0), (2, governor, DAY), (3, recovery, 0)):
        assert tuple(manager.hasRole(role, holder)) == (True, delay)
    for role in range(4):
        for nobody in (operator, governor, recovery):
            expected = (role, nobody) in {(0, governor), (1, operator), (2, governor), (3, recovery)}
            assert manager.hasRole(role, nobody)[0] == expected


def test_the_governors_delay_is_in_force(registry, manager, governor, earning_partner):
    terms = (1, 2, 3)
    call = registry.setTerms.encode_input(earning_partner.id, *terms)
    operation = manager.hashOperation(governor, registry, call)
    with reverts("AccessManagerNotScheduled", operation):
        registry.setTerms(earning_partner.id, *terms, {"from": governor})

    ready = manager.schedule(registry, call, 0, {"from": governor}).timestamp + DAY
    next_block_at(ready - 1)
    with reverts("AccessManagerNotReady", operation):
        registry.setTerms(earning_partner.id, *terms, {"from": governor})
    next_block_at(ready)
    registry.setTerms(earning_partner.id, *terms, {"from": governor})
    with reverts("AccessManagerNotScheduled", operation):
        registry.setTerms(earning_partner.id, *terms, {"from": governor})


def test_the_governor_administers_after_the_delay_only(manager, governor, stranger, as_governor):
    call = manager.grantRole.encode_input(1, stranger, 0)
    operation = manager.hashOperation(governor, manager, call)
    with reverts("AccessManagerNotScheduled", operation):
        manager.grantRole(1, stranger, 0, {"from": governor})

    as_governor(manager.grantRole, 1, stranger, 0)
    assert tuple(manager.hasRole(1, stranger)) == (True, 0)


def test_opens_with_the_usual_parameters(registry, ledger):
    assert registry.noticeSeconds() == DAY
    assert ledger.epochLength() == EPOCH_SECONDS
    assert ledger.validityDuration() == 4
    assert ledger.rotationDelay() == DAY
    assert ledger.recoveryDelay() == 7 * DAY
    assert ledger.epochOrigin() % DAY == 0
    assert 0 <= now() - ledger.epochOrigin() < DAY


def test_parameters_can_be_chosen(deployer, operator, governor, recovery):
    from scripts.deploy import deploy

    origin = now() - 100
    chosen = deploy(
        deployer,
        operator,
        governor,
        recovery,
        notice=60,
        epoch_length=3_600,
        validity=2,
        epoch_origin=origin,
        rotation_delay=5,
        recovery_delay=6,
    )
    assert chosen.registry.noticeSeconds() == 60
    assert tuple(chosen.manager.hasRole(2, governor)) == (True, 60)
    assert chosen.ledger.epochLength() == 3_600
    assert chosen.ledger.validityDuration() == 2
    assert chosen.ledger.epochOrigin() == origin
    assert (chosen.ledger.rotationDelay(), chosen.ledger.recoveryDelay()) == (5, 6)


def test_prints_addresses_roles_and_delays(deployment, capsys):
    from scripts.deploy import main, table

    main()
    printed = capsys.readouterr().out
    for text in ("AccessManager", "PartnerRegistry", "PointLedger", "OPERATOR", "GOVERNOR", "RECOVERY", "ADMIN"):
        assert text in printed
    lines = table(deployment)
    for part in (deployment.manager, deployment.registry, deployment.ledger, *deployment.holders.values()):
        assert str(part) in lines
    assert "86400 s" in lines


def test_other_networks_need_their_accounts(monkeypatch):
    from scripts import deploy as script

    monkeypatch.setattr(script.network, "show_active", lambda: "elsewhere")
    with pytest.raises(ValueError, match="give the deployer's account name"):
        script.main()
    with pytest.raises(ValueError, match="not an address"):
        script.main("someone", "0x12", "", "")
