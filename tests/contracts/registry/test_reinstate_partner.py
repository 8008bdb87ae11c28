"""`PartnerRegistry.reinstatePartner`."""

import pytest
from support import DAY, plain, reverts, told


@pytest.fixture
def suspended(registry, earning_partner, operator):
    registry.suspendPartner(earning_partner.id, {"from": operator})
    return earning_partner


def test_the_operator_may_not(registry, suspended, operator):
    with reverts("AccessManagedUnauthorized", operator):
        registry.reinstatePartner(suspended.id, {"from": operator})


def test_the_governor_may_not_at_once(registry, suspended, governor, manager):
    operation = manager.hashOperation(governor, registry, registry.reinstatePartner.encode_input(suspended.id))
    with reverts("AccessManagerNotScheduled", operation):
        registry.reinstatePartner(suspended.id, {"from": governor})


def test_the_governor_may_not_before_the_notice_period_ends(registry, suspended, governor, manager):
    scheduled = registry.reinstatePartner.encode_input(suspended.id)
    manager.schedule(registry, scheduled, 0, {"from": governor})
    operation = manager.hashOperation(governor, registry, scheduled)
    with reverts("AccessManagerNotReady", operation):
        registry.reinstatePartner(suspended.id, {"from": governor})


def test_the_partner_must_be_suspended(registry, redeeming_partner, as_governor):
    for wrong in (0, 3, redeeming_partner.id):
        with reverts("PartnerNotSuspended", wrong):
            as_governor(registry.reinstatePartner, wrong)


def test_lets_the_partner_post_again(registry, suspended, as_governor):
    tx = as_governor(registry.reinstatePartner, suspended.id)

    assert told(tx)[-1] == ("PartnerReinstated", suspended.id)
    assert plain(registry.partnerOf(suspended.id)[0]) == 1
    assert plain(registry.posting(suspended.key)) == (suspended.id, suspended.rate_bps)
    assert registry.noticeSeconds() == DAY
