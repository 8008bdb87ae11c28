"""`CampaignBook.start`."""

import brownie
import pytest
from campaign import NEEDS_JOINING, NO_HASH, OPT_IN, PAUSABLE, PAUSED, hash_of
from support import DAY, now, plain, reverts, told, travel

CAMPAIGNS_MAX = 32


def agreed(world, **changes):
    terms = world.terms(**changes)
    campaign = world.propose(terms)
    world.approve(campaign, 1, terms)
    return campaign, terms


def second(world, campaign, terms):
    """A second version, agreed but not started."""
    world.amend(campaign, terms)
    world.approve(campaign, 2, terms)
    return terms


def test_the_terms_must_be_those_that_were_approved(world):
    campaign, terms = agreed(world)
    with pytest.raises(Exception, match="TermsUnknown"):
        world.book.start(campaign, 1, terms.but(budget=terms.budget + 1).abi)
    with pytest.raises(Exception, match="TermsUnknown"):
        world.book.start(campaign, 2, terms.abi)


def test_terms_in_any_other_encoding_are_not_those(world, deployer):
    campaign, terms = agreed(world)
    data = world.book.start.encode_input(campaign, 1, terms.abi)
    with pytest.raises(Exception, match="TermsUnknown"):
        deployer.transfer(world.book, data=data + 32 * "00")
    deployer.transfer(world.book, data=data)
    assert world.reserved() == (6_000, 4_000)


def test_half_of_the_sponsors_are_not_enough(world, earning_partner, redeeming_partner):
    terms = world.terms()
    campaign = world.propose(terms)
    with reverts("ApprovalMissing", earning_partner.id):
        world.book.start(campaign, 1, terms.abi)
    terms_hash = world.agreements.termsHashOf(campaign, 1)
    world.agreements.approve(campaign, 1, terms_hash, now() + DAY, {"from": earning_partner.key})
    with reverts("ApprovalMissing", redeeming_partner.id):
        world.book.start(campaign, 1, terms.abi)

    assert plain(world.book.campaignOf(campaign)[1]) == (0,) * 7
    assert world.reserved() == (0, 0)


def test_it_starts_before_it_opens(world):
    campaign, terms = agreed(world)
    travel(terms.opens_at + 1)
    with pytest.raises(Exception, match="StartTooLate"):
        world.book.start(campaign, 1, terms.abi)


def test_every_sponsor_has_credit(world, own_registry, deployer, redeeming_partner):
    own_registry.setTerms(redeeming_partner.id, 0, 0, 4_000, {"from": deployer})
    world.started()
    campaign, terms = agreed(world, budget=1)
    with reverts("CreditExceeded", redeeming_partner.id, 4_001, 4_000):
        world.book.start(campaign, 1, terms.abi)


def test_a_partner_has_room_for_32_and_those_that_are_over_make_room(world, member):
    alone = {"sponsors": ((1, 10_000),), "budget": 100}
    first, terms = world.started(**alone)
    for _ in range(CAMPAIGNS_MAX - 1):
        world.started(opens_at=terms.opens_at, closes_at=terms.closes_at + 50 * DAY, **alone)
    campaign, late = agreed(world, opens_at=terms.closes_at + 100, closes_at=terms.closes_at + DAY, **alone)
    with reverts("PartnerFull", 1, CAMPAIGNS_MAX):
        world.book.start(campaign, 1, late.abi)

    travel(terms.opens_at)
    assert world.buy(member, 3).awarded == 32 * 3
    travel(terms.closes_at)
    world.approve(campaign, 1, late)
    world.book.start(campaign, 1, late.abi)
    assert plain(world.book.openAt(1)) == (campaign, *range(first + 1, CAMPAIGNS_MAX + 1))
    travel(late.opens_at)
    assert world.buy(member, 3).awarded == 32 * 3


def test_the_first_version(world, chain_id, attestor, third_partner, stranger):
    changes = {"partners": (1, 3), "budget": 9_999, "cap": 50, "tier_mask": 5, "segment": b"\1" * 32, "group": 9}
    campaign, terms = agreed(world, opt_in=True, attestor=attestor, **changes)
    tx = world.book.start(campaign, 1, terms.abi, {"from": stranger})

    terms_hash = "0x" + hash_of(chain_id, world.agreements, campaign, 1, terms).hex()
    assert told(tx) == [("CampaignStarted", campaign, 1, terms_hash, terms.opens_at)]
    window, purse, found_hash, code_hash, place, segment, found_attestor, notice = world.book.campaignOf(campaign)
    flags = NEEDS_JOINING | OPT_IN | PAUSABLE
    assert plain(window) == (str(terms.rule), terms.opens_at, terms.closes_at, 9, flags)
    assert plain(purse) == (9_999, 0, 50, 5, 1, terms.closes_at, 0)
    assert (str(found_hash), code_hash) == (terms_hash, world.agreements.ruleCodeHashOf(terms.rule))
    assert (bytes(segment), found_attestor, notice) == (terms.segment, attestor, DAY)
    stored = brownie.web3.eth.get_code(brownie.convert.to_address("0x" + f"{place % 2**160:040x}"))
    assert stored == b"\0" + bytes(code_hash) + b"".join(one.to_bytes(32) for one in terms.rule_terms)
    assert place >> 160 == len(terms.rule_terms)
    assert world.reserved() == (6_000, 4_000)
    assert [plain(world.book.openAt(partner)) for partner in (1, 2, 3)] == [(campaign,), (), (campaign,)]
    assert plain(world.book.nextOf(campaign)[1]) == (0,) * 7


def test_it_does_not_start_twice(world):
    campaign, terms = world.started()
    with reverts("VersionNotNext", campaign, 1):
        world.book.start(campaign, 1, terms.abi)


def test_one_version_waits_at_a_time(world):
    campaign, terms = world.started()
    later = terms.but(opens_at=terms.opens_at + 5 * DAY)
    world.changed(campaign, later)
    assert world.amend(campaign, later) == 3
    world.approve(campaign, 3, later)
    with reverts("VersionPending", campaign, 2):
        world.book.start(campaign, 3, later.abi)


def test_a_later_version_takes_over_before_the_one_that_runs_closes(world):
    campaign, terms = world.started()
    for opens_at in (terms.closes_at, terms.closes_at + DAY):
        later = terms.but(opens_at=opens_at, closes_at=opens_at + DAY)
        version = world.amend(campaign, later)
        world.approve(campaign, version, later)
        with reverts("CampaignOver", campaign, terms.closes_at):
            world.book.start(campaign, version, later.abi)


def test_a_later_version_is_announced(world, own_registry):
    campaign, terms = world.started()
    later = second(world, campaign, terms.but(opens_at=now() + DAY - 100))
    with pytest.raises(Exception, match="StartTooLate"):
        world.book.start(campaign, 2, later.abi)


def test_a_later_version_has_no_smaller_budget(world):
    campaign, terms = world.started()
    later = second(world, campaign, terms.but(opens_at=terms.opens_at + 2 * DAY, budget=terms.budget - 1))
    with reverts("BudgetTooSmall", terms.budget - 1, terms.budget):
        world.book.start(campaign, 2, later.abi)


def test_a_later_version_waits_and_takes_over_with_what_was_paid_and_the_pause(world, member, earning_partner):
    campaign, terms = world.opened(cap=500)
    before = world.buy(member, 70)
    later = terms.but(
        opens_at=now() + 2 * DAY,
        closes_at=terms.closes_at + DAY,
        budget=10_001,
        rule_terms=(0, 20_000, *terms.rule_terms[2:]),
    )
    world.changed(campaign, later)

    waiting = world.book.nextOf(campaign)
    assert plain(waiting[1]) == (10_001, 0, 500, 0xFFFF, 2, later.closes_at, 0)
    assert world.book.campaignOf(campaign)[1][6] == later.opens_at
    assert world.reserved() == (6_001, 4_001)
    assert world.buy(member, 30).awarded == 30
    world.book.pauseCampaign(campaign, {"from": earning_partner.key})

    travel(later.opens_at)
    tx = world.book.resumeCampaign(campaign, {"from": earning_partner.key})
    terms_hash = str(waiting[2])
    assert told(tx) == [("CampaignTurnedOver", campaign, 2, terms_hash), ("CampaignResumed", campaign, 1)]
    window, purse, *_ = world.book.campaignOf(campaign)
    assert plain(purse) == (10_001, 100, 500, 0xFFFF, 2, later.closes_at, 0)
    assert window[4] & PAUSED == 0
    assert plain(world.book.nextOf(campaign)[1]) == (0,) * 7
    assert str(world.book.nextOf(campaign)[2]) == "0x" + NO_HASH.hex()
    bought = world.buy(member, 10)
    assert bought.awarded == 20
    assert str(bought.tx.events["Awarded"]["termsHash"]) == terms_hash
    assert world.standing(campaign, member) == (0, 120, 0)
    assert before.awarded == 70


def test_a_purchase_alone_lets_it_take_over(world, member):
    campaign, terms = world.opened()
    later = terms.but(opens_at=now() + 2 * DAY, rule_terms=(0, 20_000, *terms.rule_terms[2:]))
    world.changed(campaign, later)

    assert world.buy(member, 10, time=later.opens_at - 1).awarded == 10
    bought = world.buy(member, 10, time=later.opens_at)
    assert (bought.awarded, told(bought.tx)[0][0]) == (20, "CampaignTurnedOver")
