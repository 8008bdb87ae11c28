"""`PartnerRegistry.addKey`."""

import pytest
from support import DAY, ZERO, plain, reverts, told, travel


@pytest.fixture
def spare_key(accounts):
    return accounts[8]


def test_only_the_operator_may(registry, earning_partner, spare_key, stranger):
    for sender in (stranger, earning_partner.key):
        with reverts("AccessManagedUnauthorized", sender):
            registry.addKey(earning_partner.id, spare_key, {"from": sender})


def test_the_partner_must_be_known(registry, spare_key, operator):
    for unknown in (0, 3):
        with reverts("PartnerUnknown", unknown):
            registry.addKey(unknown, spare_key, {"from": operator})


def test_the_key_must_not_be_zero(registry, earning_partner, operator):
    with reverts("KeyZero"):
        registry.addKey(earning_partner.id, ZERO, {"from": operator})


def test_the_key_must_not_be_known(registry, earning_partner, redeeming_partner, operator):
    with reverts("KeyKnown", redeeming_partner.key, redeeming_partner.id):
        registry.addKey(earning_partner.id, redeeming_partner.key, {"from": operator})


def test_the_key_may_post_after_the_notice_period(registry, ledger, earning_partner, spare_key, member, operator):
    tx = registry.addKey(earning_partner.id, spare_key, {"from": operator})

    active_from = tx.timestamp + DAY
    assert told(tx) == [("PartnerKeyAdded", earning_partner.id, spare_key, active_from)]
    assert plain(registry.keyOf(spare_key)) == (earning_partner.id, active_from, 0)
    travel(active_from - 2)
    with reverts("KeyNotYetActive", spare_key, active_from):
        registry.posting(spare_key)
    travel(active_from)
    assert plain(registry.posting(spare_key)) == (earning_partner.id, earning_partner.rate_bps)
    ledger.earn([(member, 1, 100)], [], {"from": spare_key})
    assert plain(registry.posting(earning_partner.key)) == (earning_partner.id, earning_partner.rate_bps)


def test_a_key_not_yet_active_cannot_post(registry, ledger, earning_partner, spare_key, member, operator):
    active_from = registry.addKey(earning_partner.id, spare_key, {"from": operator}).timestamp + DAY

    with reverts("KeyNotYetActive", spare_key, active_from):
        ledger.earn([(member, 1, 100)], [], {"from": spare_key})
