"""`TierBook.setFloor` and `floorOf`."""

from support import DAY, HOUR, next_block_at, now, plain, reverts, told, travel

LATEST = (2**24 - 1) * HOUR


def test_only_the_operator_and_the_campaign_book_may(tier_book, enrolled, governor):
    with reverts("AccessManagedUnauthorized", governor):
        tier_book.setFloor(enrolled.account, 1, now() + DAY, {"from": governor})


def test_the_tier_must_be_one_of_the_programme(tier_book, enrolled, operator):
    with reverts("TierUnknown", 4, 3):
        tier_book.setFloor(enrolled.account, 4, now() + DAY, {"from": operator})


def test_it_must_end_later_than_now_and_fit(tier_book, enrolled, operator):
    time = next_block_at(now() + 100)
    with reverts("FloorUntilInvalid", time, LATEST):
        tier_book.setFloor(enrolled.account, 1, time, {"from": operator})
    with reverts("FloorUntilInvalid", LATEST + 1, LATEST):
        tier_book.setFloor(enrolled.account, 1, LATEST + 1, {"from": operator})


def test_it_lasts_to_the_full_hour_and_lapses_by_itself(tier_book, enrolled, operator, buy):
    until = (now() // HOUR + 50) * HOUR
    tx = tier_book.setFloor(enrolled.account, 2, until - HOUR + 1, {"from": operator})

    assert told(tx) == [("FloorSet", enrolled.account, 2, until)]
    assert plain(tier_book.floorOf(enrolled.account)) == (2, until)
    assert plain(buy(enrolled, 1, 100).return_value) == (True, 2, 25)
    travel(until - 1)
    assert tier_book.tierOf(enrolled.account, enrolled.since) == 2
    travel(until)
    assert tier_book.tierOf(enrolled.account, enrolled.since) == 0
    assert plain(tier_book.floorOf(enrolled.account)) == (0, 0)


def test_a_higher_tier_that_was_earned_stays(tier_book, enrolled, operator, buy):
    buy(enrolled, 1, 5_000)
    tier_book.setFloor(enrolled.account, 1, now() + DAY, {"from": operator})

    assert tier_book.tierOf(enrolled.account, enrolled.since) == 2


def test_the_campaign_book_may_and_a_second_one_replaces_the_first(tier_book, enrolled, campaign_book, operator):
    until = (now() // HOUR + 50) * HOUR
    tier_book.setFloor(enrolled.account, 3, until, {"from": operator})
    tier_book.setFloor(enrolled.account, 1, until, {"from": campaign_book})

    assert plain(tier_book.floorOf(enrolled.account)) == (1, until)


def test_tier_zero_ends_it_at_once_and_keeps_what_was_earned(tier_book, enrolled, operator, buy):
    buy(enrolled, 1, 1_000)
    tier_book.setFloor(enrolled.account, 3, now() + DAY, {"from": operator})
    tx = tier_book.setFloor(enrolled.account, 0, 0, {"from": operator})

    assert told(tx) == [("FloorSet", enrolled.account, 0, 0)]
    assert tier_book.tierOf(enrolled.account, enrolled.since) == 1
