"""The tiers' twin: years, upgrades, downgrades, soft landing, inactivity, paid tiers, reversals, programmes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coalition.ledger.tiers import (
    NO_PROGRAMME,
    Downgrade,
    Programme,
    Qualification,
    QualifyBy,
    Schedule,
    Tier,
    TierState,
    announced,
    bonus_points,
    disqualified,
    missing_to_next,
    programme_at,
    qualification_at,
    qualified,
    tier_at,
    with_floor,
)

DAY = 86_400
SINCE = 1_700_000_000
PROGRAMME = Programme(
    (Tier(0), Tier(1_000, 11_000), Tier(5_000, 12_500), Tier(20_000, 15_000)),
    soft_landing_days=30,
    inactivity_days=180,
    inactivity_tiers=1,
)
PLAIN = replace(PROGRAMME, soft_landing_days=0, inactivity_days=0, inactivity_tiers=0)


def always(programme: Programme) -> Schedule:
    return [(0, programme)]


def at(day: int, seconds: int = 0) -> int:
    return SINCE + day * DAY + seconds


def after(programme: Programme, *purchases: tuple[int, int]) -> TierState:
    """The state after purchases: day, points (and ten times the spend)."""
    state = TierState()
    for day, points in purchases:
        of = always(programme), state, SINCE, at(day)
        state = qualified(*of, points=points, spend_minor=10 * points)
    return state


def tiers_on(programme: Programme, state: TierState, *days: int) -> list[int]:
    return [tier_at(always(programme), state, SINCE, at(day)) for day in days]


def test_a_threshold_is_reached_by_its_last_point() -> None:
    assert tiers_on(PLAIN, after(PLAIN, (5, 999)), 5) == [0]
    assert tiers_on(PLAIN, after(PLAIN, (5, 999), (6, 1)), 6) == [1]


def test_spend_qualifies_where_the_programme_says_so() -> None:
    by_spend = replace(PLAIN, qualify_by=QualifyBy.SPEND)
    state = after(PLAIN, (5, 100))

    assert tiers_on(PLAIN, state, 5) == [0]
    assert tiers_on(by_spend, state, 5) == [1]
    assert qualification_at(always(by_spend), state, SINCE, at(5)) == 1_000


def test_a_year_ends_with_its_last_second() -> None:
    state = after(PLAIN, (0, 1_200))
    of = always(PLAIN), state, SINCE

    assert qualification_at(*of, at(365, -1)) == 1_200
    assert qualification_at(*of, at(365)) == 0


def test_one_step_a_year() -> None:
    assert tiers_on(PLAIN, after(PLAIN, (0, 20_000)), 364, 365, 730, 1_095, 1_460) == [3, 3, 2, 1, 0]


def test_by_balance() -> None:
    by_balance = replace(PLAIN, downgrade=Downgrade.BY_BALANCE)

    assert tiers_on(by_balance, after(by_balance, (0, 20_000), (400, 1_000)), 364, 365, 730, 1_095) == [3, 3, 1, 0]


def test_soft_landing() -> None:
    soft = replace(PLAIN, soft_landing_days=30)

    assert tiers_on(soft, after(soft, (0, 20_000)), 730, 759, 760, 1_095, 1_124, 1_125) == [3, 3, 2, 2, 2, 1]


def test_inactivity_takes_once_in_a_spell() -> None:
    state = after(PROGRAMME, (300, 20_000))

    assert tiers_on(PROGRAMME, state, 479, 480, 700, 730, 759, 760) == [3, 2, 2, 2, 2, 1]


def test_inactivity_stays_taken_from_what_was_carried_but_not_from_what_is_deserved() -> None:
    carried = after(PROGRAMME, (300, 5_000), (490, 1))
    deserved = after(PROGRAMME, (10, 5_000), (200, 1))

    assert tiers_on(PROGRAMME, carried, 490) == [1]
    assert tiers_on(PROGRAMME, deserved, 200) == [2]


def test_a_year_that_ends_in_inactivity_carries_less() -> None:
    assert tiers_on(PROGRAMME, after(PROGRAMME, (10, 5_000)), 189, 190, 365, 730, 760) == [2, 1, 1, 1, 0]


def test_paid_tier_lasts_to_its_hour() -> None:
    state = with_floor(after(PLAIN, (0, 1_000)), 2, at(3, 1))
    until = state.floor_until

    assert until % 3_600 == 0 and 0 <= until - at(3, 1) < 3_600
    assert [tier_at(always(PLAIN), state, SINCE, time) for time in (until - 1, until)] == [2, 1]
    assert with_floor(state, 0, at(9)) == after(PLAIN, (0, 1_000))


def test_missing_to_next() -> None:
    def missing(state: TierState, day: int) -> int:
        return missing_to_next(always(PROGRAMME), state, SINCE, at(day))

    assert missing(TierState(), 0) == 1_000
    assert missing(after(PROGRAMME, (0, 1_200)), 1) == 3_800
    assert missing(after(PROGRAMME, (300, 1_200)), 365) == 5_000
    assert missing(after(PROGRAMME, (0, 5_000)), 180) == 1
    assert missing(after(PROGRAMME, (0, 20_000)), 1) == 0
    assert missing(with_floor(TierState(), 3, at(9)), 1) == 0


def test_bonus_is_rounded_down() -> None:
    assert [bonus_points(always(PLAIN), tier, 99, at(0)) for tier in range(4)] == [0, 9, 24, 49]
    assert bonus_points([], 0, 10**9, at(0)) == 0


@pytest.mark.parametrize(
    ("purchases", "taken_back", "today", "tier"),
    [
        ([(300, 5_000)], (300, 4_001), 300, 0),
        ([(300, 5_000), (400, 10)], (300, 4_000), 400, 1),
        ([(300, 5_000), (400, 10)], (300, 5_000), 400, 0),
        ([(300, 20_000), (400, 20_000), (800, 10)], (300, 20_000), 800, 3),
        ([(300, 5_000)], (300, 5_000), 800, 0),
    ],
)
def test_reversal(purchases: list[tuple[int, int]], taken_back: tuple[int, int], today: int, tier: int) -> None:
    day, points = taken_back
    state = after(PLAIN, *purchases)
    state = disqualified(always(PLAIN), state, SINCE, at(day), points=points, spend_minor=10 * points)

    assert tiers_on(PLAIN, state, today) == [tier]


def test_reversal_never_goes_below_nothing() -> None:
    state = disqualified(always(PLAIN), after(PLAIN, (0, 5)), SINCE, at(0), points=6, spend_minor=10**6)

    assert state == TierState()


def test_counts_stop_at_48_bits() -> None:
    full = after(PLAIN, (0, 1 << 48), (1, 5))

    assert full.this_year == Qualification((1 << 48) - 1, (1 << 48) - 1)


def test_a_programme_replaces_one_that_does_not_count_yet() -> None:
    schedule = announced([], PLAIN, 100, 50)
    schedule = announced(schedule, PROGRAMME, 200, 99)
    assert schedule == [(200, PROGRAMME)]

    schedule = announced(schedule, PLAIN, 300, 200)
    found = [programme_at(schedule, time) for time in (199, 200, 299, 300)]
    assert found == [NO_PROGRAMME, PROGRAMME, PROGRAMME, PLAIN]


def test_each_years_end_is_judged_by_the_programme_that_counts_then() -> None:
    by_balance = replace(PLAIN, downgrade=Downgrade.BY_BALANCE)
    state = after(PLAIN, (0, 20_000))
    schedule = [(0, PLAIN), (at(731), by_balance)]

    assert [tier_at(schedule, state, SINCE, at(day)) for day in (730, 1_094, 1_095)] == [2, 2, 0]


def test_a_programme_with_fewer_tiers_caps() -> None:
    fewer = replace(PLAIN, tiers=PLAIN.tiers[:2])

    assert tier_at([(0, PLAIN), (at(3), fewer)], after(PLAIN, (0, 20_000)), SINCE, at(3)) == 1


def test_the_word_is_read_back() -> None:
    state = TierState(
        Qualification(1, 2), Qualification(3, 4), last_day=700, carried=5, former=6, carried_before=7, idle=8
    )
    state = with_floor(state, 9, at(800))

    assert TierState.from_word(state.to_word()) == state
    assert state.to_word() >> 192 & 0xFFFF == 700
    assert TierState.from_word(0) == TierState() and TierState().to_word() == 0
