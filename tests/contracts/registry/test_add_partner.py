"""`PartnerRegistry.addPartner`."""

import pytest
from support import ZERO, now, plain, reverts, told

EUR = "0x455552"
RATE_MAX = 1_000_000


@pytest.fixture
def add(registry, operator, accounts):
    """Add a partner; what a test does not name is right."""

    def added(account=accounts[8], key=accounts[9], rate=250, sender=operator):
        return registry.addPartner("Florist", account, key, b"EUR", rate, {"from": sender})

    return added


def test_only_the_operator_may(add, stranger, governor):
    for sender in (stranger, governor):
        with reverts("AccessManagedUnauthorized", sender):
            add(sender=sender)


def test_the_account_must_not_be_zero(add):
    with reverts("AccountZero"):
        add(account=ZERO)


def test_the_account_must_not_be_another_partners(add, earning_partner):
    with reverts("AccountTaken", earning_partner.account):
        add(account=earning_partner.account)


def test_the_rate_has_an_upper_bound(add, registry):
    with reverts("EarnRateTooHigh", RATE_MAX + 1, RATE_MAX):
        add(rate=RATE_MAX + 1)
    with reverts("EarnRateTooHigh", 2**256 - 1, RATE_MAX):
        add(rate=2**256 - 1)

    add(rate=RATE_MAX)
    assert registry.earnRateOf(3) == RATE_MAX


def test_the_key_must_not_be_zero(add):
    with reverts("KeyZero"):
        add(key=ZERO)


def test_the_key_must_not_be_known(add, registry, earning_partner, operator):
    with reverts("KeyKnown", earning_partner.key, earning_partner.id):
        add(key=earning_partner.key)
    registry.revokeKey(earning_partner.key, {"from": operator})
    with reverts("KeyKnown", earning_partner.key, earning_partner.id):
        add(key=earning_partner.key)


def test_adds_the_partner_and_its_first_key(add, registry, accounts):
    tx = add()

    assert tx.return_value == 3
    assert told(tx) == [
        ("PartnerAdded", 3, accounts[8], "Florist", EUR, 250),
        ("PartnerKeyAdded", 3, accounts[9], tx.timestamp),
    ]
    assert registry.partnerCount() == 3
    assert plain(registry.partnerOf(3)) == (1, 250, 0, 0, 0, 0, EUR, accounts[8], 0)
    assert plain(registry.keyOf(accounts[9])) == (3, tx.timestamp, 0)
    assert registry.accountOf(3) == accounts[8]
    assert registry.earnRateOf(3) == 250
    assert plain(registry.posting(accounts[9])) == (3, 250)
    assert now() == tx.timestamp


def test_the_account_may_also_be_the_key(add, registry, accounts):
    add(account=accounts[8], key=accounts[8])

    assert plain(registry.posting(accounts[8])) == (3, 250)
