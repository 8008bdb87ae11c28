"""`TierBook.tierOf`, `missingToNext`, `qualificationOf`, `stateOf`."""

from support import DAY, now


def test_a_member_without_a_purchase_has_the_lowest_tier(tier_book, enrolled):
    of = enrolled.account, enrolled.since

    assert (tier_book.tierOf(*of), tier_book.qualificationOf(*of), tier_book.missingToNext(*of)) == (0, 0, 1_000)
    assert tier_book.stateOf(enrolled.account) == 0


def test_missing_is_up_to_the_next_threshold_and_nothing_at_the_top(tier_book, enrolled, buy):
    of = enrolled.account, enrolled.since

    buy(enrolled, 1, 1_200)
    assert tier_book.missingToNext(*of) == 3_800
    buy(enrolled, 2, 18_799)
    assert tier_book.missingToNext(*of) == 1
    buy(enrolled, 3, 1)
    assert tier_book.missingToNext(*of) == 0


def test_missing_is_one_where_any_purchase_is_enough(tier_book, enrolled, buy, tier_on):
    buy(enrolled, 1, 5_000)

    assert tier_on(enrolled, 181) == 1
    assert tier_book.missingToNext(enrolled.account, enrolled.since) == 1


def test_a_new_year_begins_with_nothing(tier_book, enrolled, buy, tier_on):
    buy(enrolled, 364, 1_200)

    assert tier_on(enrolled, 365) == 1
    assert tier_book.qualificationOf(enrolled.account, enrolled.since) == 0
    assert tier_book.missingToNext(enrolled.account, enrolled.since) == 5_000


def test_the_word_has_points_spend_and_day(tier_book, enrolled, buy):
    buy(enrolled, 3, 70)

    assert tier_book.stateOf(enrolled.account) == 70 | 700 << 48 | 3 << 192


def test_an_enrolment_after_now_is_day_zero(tier_book, enrolled):
    assert tier_book.tierOf(enrolled.account, now() + 5 * DAY) == 0
