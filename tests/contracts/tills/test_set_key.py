"""`TillRegistry.setKey`."""

from support import plain, reverts, told

ZERO = "0x" + "00" * 20


def test_only_a_partners_active_key_may(till_registry, registry, earning_partner, stranger, operator, till_key):
    for sender in (stranger, operator, earning_partner.account):
        with reverts("KeyUnknown", sender):
            till_registry.setKey(1, till_key, {"from": sender})
    registry.suspendPartner(earning_partner.id, {"from": operator})
    with reverts("PartnerNotActive", earning_partner.id):
        till_registry.setKey(1, till_key, {"from": earning_partner.key})


def test_tills_are_numbered_from_one(till_registry, earning_partner, till_key):
    with reverts("TillZero"):
        till_registry.setKey(0, till_key, {"from": earning_partner.key})


def test_the_zero_address_is_no_key(till_registry, earning_partner):
    with reverts("TillKeyZero"):
        till_registry.setKey(1, ZERO, {"from": earning_partner.key})


def test_a_key_belongs_to_one_till_for_ever(till_registry, earning_partner, redeeming_partner, till_key):
    till_registry.setKey(7, till_key, {"from": earning_partner.key})
    for sender in (earning_partner.key, redeeming_partner.key):
        with reverts("TillKeyKnown", till_key, earning_partner.id, 7):
            till_registry.setKey(7, till_key, {"from": sender})
    till_registry.revokeKey(7, {"from": earning_partner.key})
    with reverts("TillKeyKnown", till_key, earning_partner.id, 7):
        till_registry.setKey(7, till_key, {"from": earning_partner.key})


def test_signs_from_now_on(till_registry, earning_partner, redeeming_partner, till_key, other_till_key):
    tx = till_registry.setKey(7, till_key, {"from": earning_partner.key})

    assert told(tx) == [("TillKeySet", earning_partner.id, 7, till_key)]
    assert till_registry.keyOf(earning_partner.id, 7) == till_key
    assert till_registry.keyOf(redeeming_partner.id, 7) == ZERO
    assert plain(till_registry.tillOf(till_key)) == (earning_partner.id, 7, tx.timestamp, 0)

    till_registry.setKey(7, other_till_key, {"from": redeeming_partner.key})
    assert till_registry.keyOf(earning_partner.id, 7) == till_key
    assert till_registry.keyOf(redeeming_partner.id, 7) == other_till_key


def test_the_key_before_is_revoked(till_registry, earning_partner, till_key, other_till_key):
    first = till_registry.setKey(7, till_key, {"from": earning_partner.key}).timestamp
    tx = till_registry.setKey(7, other_till_key, {"from": earning_partner.key})

    assert told(tx) == [
        ("TillKeyRevoked", earning_partner.id, 7, till_key),
        ("TillKeySet", earning_partner.id, 7, other_till_key),
    ]
    assert plain(till_registry.tillOf(till_key)) == (earning_partner.id, 7, first, tx.timestamp)
    assert plain(till_registry.tillOf(other_till_key)) == (earning_partner.id, 7, tx.timestamp, 0)
