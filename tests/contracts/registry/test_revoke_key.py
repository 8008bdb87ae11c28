"""`PartnerRegistry.revokeKey`."""

from support import DAY, plain, reverts, told, travel


def test_only_the_operator_may(registry, earning_partner, stranger):
    for sender in (stranger, earning_partner.key):
        with reverts("AccessManagedUnauthorized", sender):
            registry.revokeKey(earning_partner.key, {"from": sender})


def test_the_key_must_be_known(registry, stranger, operator):
    with reverts("KeyUnknown", stranger):
        registry.revokeKey(stranger, {"from": operator})


def test_a_key_is_revoked_once(registry, earning_partner, operator):
    tx = registry.revokeKey(earning_partner.key, {"from": operator})
    with reverts("KeyRevoked", earning_partner.key, tx.timestamp):
        registry.revokeKey(earning_partner.key, {"from": operator})


def test_stops_the_key_at_once(registry, ledger, earning_partner, member, operator):
    tx = registry.revokeKey(earning_partner.key, {"from": operator})

    assert told(tx) == [("PartnerKeyRevoked", earning_partner.id, earning_partner.key)]
    assert plain(registry.keyOf(earning_partner.key)[2]) == tx.timestamp
    with reverts("KeyRevoked", earning_partner.key, tx.timestamp):
        registry.posting(earning_partner.key)
    with reverts("KeyRevoked", earning_partner.key, tx.timestamp):
        ledger.earn([(member, 1, 100)], [], {"from": earning_partner.key})


def test_stops_a_key_before_it_becomes_active(registry, earning_partner, accounts, operator):
    active_from = registry.addKey(earning_partner.id, accounts[8], {"from": operator}).timestamp + DAY
    revoked_at = registry.revokeKey(accounts[8], {"from": operator}).timestamp
    travel(active_from)

    with reverts("KeyRevoked", accounts[8], revoked_at):
        registry.posting(accounts[8])
    assert plain(registry.posting(earning_partner.key)) == (earning_partner.id, earning_partner.rate_bps)
