"""`PartnerRegistry.suspendPartner`."""

from support import plain, reverts, told


def test_only_the_operator_may(registry, earning_partner, stranger):
    with reverts("AccessManagedUnauthorized", stranger):
        registry.suspendPartner(earning_partner.id, {"from": stranger})


def test_the_partner_must_be_active(registry, earning_partner, operator):
    for unknown in (0, 3):
        with reverts("PartnerNotActive", unknown):
            registry.suspendPartner(unknown, {"from": operator})
    registry.suspendPartner(earning_partner.id, {"from": operator})
    with reverts("PartnerNotActive", earning_partner.id):
        registry.suspendPartner(earning_partner.id, {"from": operator})


def test_stops_all_keys_of_that_partner_at_once(registry, ledger, earning_partner, redeeming_partner, member, operator):
    tx = registry.suspendPartner(earning_partner.id, {"from": operator})

    assert told(tx) == [("PartnerSuspended", earning_partner.id)]
    assert plain(registry.partnerOf(earning_partner.id)[0]) == 2
    with reverts("PartnerNotActive", earning_partner.id):
        registry.posting(earning_partner.key)
    with reverts("PartnerNotActive", earning_partner.id):
        ledger.earn([(member, 1, 100)], [], {"from": earning_partner.key})
    assert plain(registry.posting(redeeming_partner.key)) == (redeeming_partner.id, redeeming_partner.rate_bps)
