"""`TierBook.disqualify`."""

from support import now, reverts, told


def test_only_the_campaign_book_may(tier_book, enrolled, operator):
    with reverts("NotTierKeeper", operator):
        tier_book.disqualify(enrolled.account, enrolled.since, now(), 1, 1, {"from": operator})


def test_a_purchase_of_this_year_no_longer_counts(tier_book, enrolled, buy, take_back):
    buy(enrolled, 10, 1_500)
    tx = take_back(enrolled, 20, 10, 600)

    assert told(tx) == [("TierChanged", enrolled.account, 1, 0)]
    assert tier_book.qualificationOf(enrolled.account, enrolled.since) == 900
    assert tier_book.missingToNext(enrolled.account, enrolled.since) == 100


def test_more_than_ever_counted_leaves_nothing(tier_book, enrolled, buy, take_back):
    buy(enrolled, 10, 500)
    tx = take_back(enrolled, 20, 10, 501)

    assert told(tx) == []
    assert tier_book.qualificationOf(enrolled.account, enrolled.since) == 0


def test_a_purchase_of_the_year_before_tells_its_end_anew(tier_book, enrolled, buy, take_back, tier_on):
    buy(enrolled, 300, 5_000)
    buy(enrolled, 400, 10)
    assert tier_on(enrolled, 401) == 2

    assert told(take_back(enrolled, 402, 300, 4_500)) == [("TierChanged", enrolled.account, 2, 0)]
    assert tier_book.qualificationOf(enrolled.account, enrolled.since) == 10


def test_a_year_that_ended_since_without_a_purchase_is_told_anew_too(enrolled, buy, take_back, tier_on):
    buy(enrolled, 364, 5_000)
    assert tier_on(enrolled, 366) == 2

    assert told(take_back(enrolled, 740, 364, 5_000)) == [("TierChanged", enrolled.account, 1, 0)]


def test_older_years_are_final(tier_book, enrolled, buy, take_back, tier_on):
    buy(enrolled, 300, 20_000)
    buy(enrolled, 400, 10_000)
    buy(enrolled, 800, 10)
    before = tier_book.stateOf(enrolled.account)

    assert told(take_back(enrolled, 801, 300, 20_000)) == []
    assert tier_book.stateOf(enrolled.account) == before
