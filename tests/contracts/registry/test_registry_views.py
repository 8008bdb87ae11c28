"""What `PartnerRegistry` answers about partners and keys that it does not know, and its opening."""

from support import DAY, ZERO, plain, reverts


def test_tells_its_opening(registry):
    event = registry.tx.events["RegistryOpened"]

    assert event["noticeSeconds"] == registry.noticeSeconds() == DAY


def test_an_unknown_partner_is_all_zero(registry):
    for unknown in (0, 3):
        assert plain(registry.partnerOf(unknown)) == (0, 0, 0, 0, 0, 0, "0x000000", ZERO, 0)
        with reverts("PartnerUnknown", unknown):
            registry.earnRateOf(unknown)
        with reverts("PartnerUnknown", unknown):
            registry.accountOf(unknown)


def test_an_unknown_key_is_all_zero(registry, stranger):
    assert plain(registry.keyOf(stranger)) == (0, 0, 0)
    with reverts("KeyUnknown", stranger):
        registry.posting(stranger)
