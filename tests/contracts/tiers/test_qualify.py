"""`TierBook.qualify`."""

from support import DAY, now, plain, reverts, told, travel

MEMBERS = 50
GAS_MAX = 8_300  # the call itself included


def test_only_the_campaign_book_may(tier_book, enrolled, operator, governor):
    for somebody in (operator, governor):
        with reverts("NotTierKeeper", somebody):
            tier_book.qualify(enrolled.account, enrolled.since, 1, 1, {"from": somebody})


def test_nobody_may_before_there_is_a_campaign_book(TierBook, manager, deployer, member):
    book = deployer.deploy(TierBook, manager, DAY)

    with reverts("NotTierKeeper", deployer):
        book.qualify(member, now(), 1, 1, {"from": deployer})


def test_a_purchase_below_the_threshold_counts_and_tells_nothing(tier_book, enrolled, buy):
    tx = buy(enrolled, 3, 999)

    assert plain(tx.return_value) == (True, 0, 0)
    assert told(tx) == []
    assert tier_book.qualificationOf(enrolled.account, enrolled.since) == 999
    assert tier_book.tierOf(enrolled.account, enrolled.since) == 0


def test_an_upgrade_counts_at_once_and_for_the_next_purchase(tier_book, enrolled, buy):
    buy(enrolled, 3, 999)
    tx = buy(enrolled, 3, 1, 61)

    assert plain(tx.return_value) == (True, 0, 0)
    assert told(tx) == [("TierChanged", enrolled.account, 0, 1)]
    assert tier_book.tierOf(enrolled.account, enrolled.since) == 1
    assert plain(buy(enrolled, 4, 99).return_value) == (True, 1, 9)


def test_one_purchase_can_climb_several_tiers(enrolled, buy):
    assert told(buy(enrolled, 3, 20_000)) == [("TierChanged", enrolled.account, 0, 3)]


def test_before_the_first_programme_there_is_one_tier(bare_tier_book, campaign_book, member):
    tx = bare_tier_book.qualify(member, now(), 10, 10**9, {"from": campaign_book})

    assert plain(tx.return_value) == (False, 0, 0)
    assert told(tx) == []
    assert bare_tier_book.tierOf(member, now()) == 0


def test_what_was_bought_before_the_first_programme_does_not_count(
    bare_tier_book, campaign_book, governor, member, programme
):
    since = now()
    bare_tier_book.qualify(member, since, 10, 5_000, {"from": campaign_book})
    bare_tier_book.announceProgramme(programme, now() + 100, {"from": governor})

    travel(now() + 100)
    assert bare_tier_book.tierOf(member, since) == 0
    assert bare_tier_book.stateOf(member) == 0


def test_a_year_carries_its_tier_one_step_down_after_the_soft_landing(enrolled, buy, tier_on):
    buy(enrolled, 300, 20_000)

    assert tier_on(enrolled, 364, DAY - 1) == 3
    assert tier_on(enrolled, 365) == 3
    assert tier_on(enrolled, 394, DAY - 1) == 3
    tx = buy(enrolled, 395, 10)
    assert plain(tx.return_value) == (True, 3, 5)
    assert tier_on(enrolled, 729) == 2  # 180 days after the purchase, one of the tiers is gone


def test_the_year_deserved_is_kept_whole(enrolled, buy, tier_on):
    buy(enrolled, 10, 5_000)
    buy(enrolled, 300, 10)

    assert tier_on(enrolled, 364) == 2
    assert tier_on(enrolled, 365 + 60) == 2


def test_inactivity_takes_a_tier_and_what_was_carried_stays_lower(enrolled, buy, tier_on):
    buy(enrolled, 340, 5_000)
    buy(enrolled, 380, 10)

    assert tier_on(enrolled, 380 + 179, DAY - 1) == 2
    assert tier_on(enrolled, 380 + 180) == 1
    tx = buy(enrolled, 380 + 181, 10)
    assert plain(tx.return_value) == (True, 1, 1)
    assert told(tx) == []
    assert tier_on(enrolled, 700) == 1


def test_inactivity_does_not_take_what_the_same_year_deserves_again(enrolled, buy, tier_on):
    buy(enrolled, 10, 5_000)

    assert tier_on(enrolled, 190) == 1
    tx = buy(enrolled, 200, 10)
    assert plain(tx.return_value) == (True, 1, 1)
    assert told(tx) == [("TierChanged", enrolled.account, 1, 2)]


def test_years_that_were_missed_go_down_one_by_one(enrolled, buy, tier_on):
    buy(enrolled, 364, 20_000)

    assert tier_on(enrolled, 365 + 40) == 3
    assert tier_on(enrolled, 364 + 180) == 2  # inactivity
    assert tier_on(enrolled, 2 * 365 + 29) == 2  # soft landing
    assert tier_on(enrolled, 2 * 365 + 30) == 1
    assert tier_on(enrolled, 3 * 365 + 30) == 0
    assert told(buy(enrolled, 5 * 365, 1_000)) == [("TierChanged", enrolled.account, 0, 1)]


def test_a_purchase_in_a_warm_batch_is_cheap(TierCaller, tier_book, deployer, relayer):
    since = now() - 100 * DAY
    caller = relayer.deploy(TierCaller, tier_book)
    tier_book.setCampaignBook(caller, {"from": deployer})
    members = ["0x" + f"{number:040x}" for number in range(1_000, 1_000 + MEMBERS)]
    caller.qualifyAll(members, since, 10_000, 1_100, {"from": relayer})

    used = caller.qualifyAll.call(members, since, 10_000, 1_100, {"from": relayer})

    print(f"qualify in a warm batch: {used[1]:,} to {max(used[1:]):,} gas, the first of a batch {used[0]:,}")
    assert max(used[1:]) <= GAS_MAX
