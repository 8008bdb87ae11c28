"""`PartnerRegistry.setTerms`."""

from support import plain, reverts, told

TERMS = (2**48 - 1, 900_000, 2**96 - 1)


def test_the_operator_may_not(registry, earning_partner, operator):
    with reverts("AccessManagedUnauthorized", operator):
        registry.setTerms(earning_partner.id, *TERMS, {"from": operator})


def test_the_governor_may_not_at_once(registry, earning_partner, governor, manager):
    call = registry.setTerms.encode_input(earning_partner.id, *TERMS)
    with reverts("AccessManagerNotScheduled", manager.hashOperation(governor, registry, call)):
        registry.setTerms(earning_partner.id, *TERMS, {"from": governor})


def test_the_partner_must_be_known(registry, as_governor):
    with reverts("PartnerUnknown", 3):
        as_governor(registry.setTerms, 3, *TERMS)


def test_sets_the_prices_and_nothing_else(registry, earning_partner, as_governor):
    before = plain(registry.partnerOf(earning_partner.id))
    tx = as_governor(registry.setTerms, earning_partner.id, *TERMS)

    assert told(tx)[-1] == ("PartnerTermsSet", earning_partner.id, *TERMS)
    issue_price, reimbursement, credit_limit = TERMS
    assert plain(registry.partnerOf(earning_partner.id)) == (
        *before[:4],
        issue_price,
        reimbursement,
        *before[6:8],
        credit_limit,
    )
