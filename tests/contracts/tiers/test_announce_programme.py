"""`TierBook.announceProgramme`, `programmeOf`, `programmeNow`, `programmeCount`."""

import pytest
from support import DAY, next_block_at, now, plain, reverts, told, travel


def with_field(programme, place, value):
    return (*programme[:place], value, *programme[place + 1 :])


def test_only_the_governor_may(tier_book, programme, operator):
    with reverts("AccessManagedUnauthorized", operator):
        tier_book.announceProgramme(programme, now() + 2 * DAY, {"from": operator})


def test_the_first_may_not_count_before_now(bare_tier_book, programme, governor):
    time = next_block_at(now() + 100)
    with reverts("ProgrammeTooSoon", time - 1, time):
        bare_tier_book.announceProgramme(programme, time - 1, {"from": governor})


def test_a_changed_one_must_wait_out_the_notice_period(tier_book, programme, governor):
    time = next_block_at(now() + 100)
    with reverts("ProgrammeTooSoon", time + DAY - 1, time + DAY):
        tier_book.announceProgramme(programme, time + DAY - 1, {"from": governor})


def test_a_time_beyond_forty_bits_is_refused(tier_book, programme, governor):
    time = next_block_at(now() + 100)
    with reverts("ProgrammeTooSoon", 2**40, time + DAY):
        tier_book.announceProgramme(programme, 2**40, {"from": governor})


@pytest.mark.parametrize("count", [0, 17])
def test_there_is_a_tier_and_at_most_sixteen(tier_book, programme, governor, count):
    tiers = [(number, 10_000) for number in range(count)]
    with reverts("TierCountInvalid", count, 16):
        tier_book.announceProgramme(with_field(programme, 5, tiers), now() + 2 * DAY, {"from": governor})


def test_a_soft_landing_ends_within_its_year(tier_book, programme, governor):
    with reverts("SoftLandingTooLong", 365, 364):
        tier_book.announceProgramme(with_field(programme, 2, 365), now() + 2 * DAY, {"from": governor})


@pytest.mark.parametrize(("days", "tiers"), [(0, 1), (1, 0), (1, 16)])
def test_inactivity_has_both_parts_or_none(tier_book, programme, governor, days, tiers):
    spoiled = with_field(with_field(programme, 3, days), 4, tiers)
    with reverts("InactivityInvalid", days, tiers):
        tier_book.announceProgramme(spoiled, now() + 2 * DAY, {"from": governor})


@pytest.mark.parametrize(("thresholds", "tier"), [((1,), 0), ((0, 0), 1), ((0, 5, 5), 2), ((0, 5, 4), 2)])
def test_thresholds_ascend_from_zero(tier_book, programme, governor, thresholds, tier):
    spoiled = with_field(programme, 5, [(threshold, 10_000) for threshold in thresholds])
    with reverts("ThresholdNotAscending", tier, thresholds[tier]):
        tier_book.announceProgramme(spoiled, now() + 2 * DAY, {"from": governor})


@pytest.mark.parametrize("multiplier", [9_999, 70_001])
def test_a_multiplier_is_one_to_seven(tier_book, programme, governor, multiplier):
    spoiled = with_field(programme, 5, [(0, 10_000), (5, multiplier)])
    with reverts("MultiplierOutOfRange", 1, multiplier):
        tier_book.announceProgramme(spoiled, now() + 2 * DAY, {"from": governor})


def test_it_is_told_and_can_be_read(tier_book, programme, governor):
    tiers = [(number * 7, 10_000 + number) for number in range(16)]
    announced = (1, 1, 364, 65_535, 15, tiers)
    from_ = now() + 2 * DAY
    tx = tier_book.announceProgramme(announced, from_, {"from": governor})

    event = tx.events["ProgrammeAnnounced"]
    assert (event["version"], event["effectiveFrom"]) == (2, from_)
    assert plain(event["programme"]) == plain(announced)
    assert plain(tier_book.programmeOf(2)) == plain((announced, from_))
    assert plain(tier_book.programmeOf(1)[0]) == plain(programme)
    assert tier_book.programmeCount() == 2


def test_it_counts_from_the_announced_second(tier_book, programme, governor, enrolled, buy):
    buy(enrolled, 1, 500)
    effective = enrolled.day(10)
    cheaper = with_field(programme, 5, [(0, 10_000), (500, 20_000)])
    tier_book.announceProgramme(cheaper, effective, {"from": governor})

    travel(effective - 1)
    assert (tier_book.programmeNow(), tier_book.tierOf(enrolled.account, enrolled.since)) == (1, 0)
    travel(effective)
    assert (tier_book.programmeNow(), tier_book.tierOf(enrolled.account, enrolled.since)) == (2, 1)


def test_it_replaces_one_that_does_not_count_yet(tier_book, programme, governor):
    first, second = now() + 2 * DAY, now() + 3 * DAY
    tier_book.announceProgramme(with_field(programme, 2, 1), first, {"from": governor})
    tx = tier_book.announceProgramme(with_field(programme, 2, 2), second, {"from": governor})

    assert tx.return_value == tier_book.programmeCount() == 2
    assert tier_book.programmeOf(2)[0][2] == 2
    travel(first)
    assert tier_book.programmeNow() == 1
    travel(second)
    assert tier_book.programmeNow() == 2


def test_a_year_is_ended_by_the_programme_that_counted_then(tier_book, programme, governor, enrolled, buy, tier_on):
    buy(enrolled, 200, 20_000)
    harsh = with_field(with_field(with_field(programme, 1, 1), 3, 0), 4, 0)
    harsh = with_field(harsh, 2, 0)
    tier_book.announceProgramme(harsh, enrolled.day(366), {"from": governor})

    assert tier_on(enrolled, 365) == 3  # the soft landing of the programme before
    assert tier_on(enrolled, 366) == 3  # by one step, but that year deserved it
    assert tier_on(enrolled, 2 * 365) == 0  # by balance


def test_version_zero_is_one_tier_without_a_bonus(bare_tier_book):
    assert plain(bare_tier_book.programmeOf(0)) == ((0, 0, 0, 0, 0, ((0, 10_000),)), 0)
    assert (bare_tier_book.programmeNow(), bare_tier_book.programmeCount()) == (0, 0)


def test_opening_is_told(bare_tier_book):
    event = bare_tier_book.tx.events["TierBookOpened"]

    assert event["noticeSeconds"] == bare_tier_book.noticeSeconds() == DAY


def test_announcement_tells_one_event(tier_book, programme, governor):
    tx = tier_book.announceProgramme(programme, now() + 2 * DAY, {"from": governor})

    assert [event[0] for event in told(tx)] == ["ProgrammeAnnounced"]
