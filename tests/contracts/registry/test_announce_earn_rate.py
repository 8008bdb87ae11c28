"""`PartnerRegistry.announceEarnRate`."""

from support import DAY, ZERO, next_block_at, now, plain, reverts, told, travel

RATE_MAX = 1_000_000


def test_only_the_operator_may(registry, earning_partner, stranger):
    with reverts("AccessManagedUnauthorized", stranger):
        registry.announceEarnRate(earning_partner.id, 5, now() + 2 * DAY, {"from": stranger})


def test_the_partner_must_be_known(registry, operator):
    with reverts("PartnerUnknown", 3):
        registry.announceEarnRate(3, 5, now() + 2 * DAY, {"from": operator})


def test_the_rate_has_an_upper_bound(registry, earning_partner, operator):
    with reverts("EarnRateTooHigh", RATE_MAX + 1, RATE_MAX):
        registry.announceEarnRate(earning_partner.id, RATE_MAX + 1, now() + 2 * DAY, {"from": operator})


def test_the_rate_must_wait_out_the_notice_period(registry, earning_partner, operator):
    time = next_block_at(now() + 100)
    with reverts("EffectiveTooSoon", time + DAY - 1, time + DAY):
        registry.announceEarnRate(earning_partner.id, 5, time + DAY - 1, {"from": operator})


def test_a_time_beyond_forty_bits_is_refused(registry, earning_partner, operator):
    time = next_block_at(now() + 100)
    with reverts("EffectiveTooSoon", 2**40, time + DAY):
        registry.announceEarnRate(earning_partner.id, 5, 2**40, {"from": operator})


def test_the_rate_counts_from_the_announced_second(registry, ledger, earning_partner, member, operator):
    effective = next_block_at(now() + 100) + DAY
    tx = registry.announceEarnRate(earning_partner.id, 2_000, effective, {"from": operator})

    assert told(tx) == [("EarnRateAnnounced", earning_partner.id, 2_000, effective)]
    assert plain(registry.partnerOf(earning_partner.id)[1:4]) == (earning_partner.rate_bps, 2_000, effective)
    next_block_at(effective - 1)
    before = ledger.earn([(member, 1, 100)], [], {"from": earning_partner.key})
    assert told(before)[0] == ("Transfer", ZERO, member, 10)
    next_block_at(effective)
    after = ledger.earn([(member, 2, 100)], [], {"from": earning_partner.key})
    assert told(after)[0] == ("Transfer", ZERO, member, 20)
    assert registry.earnRateOf(earning_partner.id) == 2_000
    assert plain(registry.posting(earning_partner.key)) == (earning_partner.id, 2_000)


def test_replaces_a_rate_that_does_not_count_yet(registry, earning_partner, operator):
    first, second = now() + 2 * DAY, now() + 3 * DAY
    registry.announceEarnRate(earning_partner.id, 2_000, first, {"from": operator})
    registry.announceEarnRate(earning_partner.id, 3_000, second, {"from": operator})

    travel(first)
    assert registry.earnRateOf(earning_partner.id) == earning_partner.rate_bps
    travel(second)
    assert registry.earnRateOf(earning_partner.id) == 3_000


def test_keeps_a_rate_that_counts_already(registry, earning_partner, operator):
    first, second = now() + 2 * DAY, now() + 5 * DAY
    registry.announceEarnRate(earning_partner.id, 2_000, first, {"from": operator})
    travel(first)
    registry.announceEarnRate(earning_partner.id, 0, second, {"from": operator})

    assert registry.earnRateOf(earning_partner.id) == 2_000
    travel(second)
    assert registry.earnRateOf(earning_partner.id) == 0
