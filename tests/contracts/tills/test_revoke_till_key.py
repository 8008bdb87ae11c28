"""`TillRegistry.revokeKey`."""

from support import plain, reverts, told

ZERO = "0x" + "00" * 20


def test_only_a_partners_active_key_may(till_registry, registry, earning_partner, stranger, operator, till_key):
    till_registry.setKey(7, till_key, {"from": earning_partner.key})
    for sender in (stranger, operator, till_key):
        with reverts("KeyUnknown", sender):
            till_registry.revokeKey(7, {"from": sender})


def test_only_what_signs_is_revoked(till_registry, earning_partner, redeeming_partner, till_key):
    till_registry.setKey(7, till_key, {"from": earning_partner.key})
    with reverts("TillKeyNone", redeeming_partner.id, 7):
        till_registry.revokeKey(7, {"from": redeeming_partner.key})
    till_registry.revokeKey(7, {"from": earning_partner.key})
    with reverts("TillKeyNone", earning_partner.id, 7):
        till_registry.revokeKey(7, {"from": earning_partner.key})


def test_stops_the_key_for_ever(till_registry, earning_partner, till_key, other_till_key):
    first = till_registry.setKey(7, till_key, {"from": earning_partner.key}).timestamp
    tx = till_registry.revokeKey(7, {"from": earning_partner.key})

    assert told(tx) == [("TillKeyRevoked", earning_partner.id, 7, till_key)]
    assert till_registry.keyOf(earning_partner.id, 7) == ZERO
    assert plain(till_registry.tillOf(till_key)) == (earning_partner.id, 7, first, tx.timestamp)

    assert told(till_registry.setKey(7, other_till_key, {"from": earning_partner.key})) == [
        ("TillKeySet", earning_partner.id, 7, other_till_key)
    ]
