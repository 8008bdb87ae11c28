// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MEMBERSHIP_YEAR_DAYS, QUALIFICATION_MAX} from "../libraries/Constants.sol";
import {TierProgramme} from "./TierProgramme.sol";

/// @notice How things stood for a member at the latest purchase, in one word. From the lowest bit up:
///
/// | bits    | what                                                                                  |
/// |---------|---------------------------------------------------------------------------------------|
/// | 0–47    | points earned in the membership year, by the base rate                                |
/// | 48–95   | spend of the year, in minor units                                                     |
/// | 96–143  | points earned in the year before                                                      |
/// | 144–191 | spend of the year before                                                              |
/// | 192–207 | day of the latest purchase, counted from the day of enrolment, which is 0             |
/// | 208–211 | tier carried into the year                                                            |
/// | 212–215 | tier at the end of the year before, which a soft landing keeps                        |
/// | 216–219 | tier carried into the year before                                                     |
/// | 220–223 | tiers that inactivity had taken at the end of the year before                         |
/// | 224–227 | paid tier                                                                             |
/// | 228–231 | unused, always 0                                                                      |
/// | 232–255 | end of the paid tier, in hours since 1970                                             |
///
/// Year `n` of a membership is its days `365 n` to `365 n + 364`. Everything after the latest purchase follows from the word,
/// the programmes and the time: nothing has to run for it.
type TierState is uint256;

using {
    lastDay,
    carried,
    former,
    floorTier,
    floorUntil,
    qualification,
    dayAt,
    earnedAt,
    tierAt,
    missingAt,
    yearEnded,
    isSettledFor,
    isSpent,
    purchased,
    purchasedPlainly,
    takenBackThisYear,
    takenBackLastYear,
    withFloor
} for TierState global;

uint256 constant SPEND_SHIFT = 48;
uint256 constant YEAR_SHIFT = 96;
uint256 constant YEAR_MASK = (1 << YEAR_SHIFT) - 1;
uint256 constant DAY_SHIFT = 192;
uint256 constant DAY_MAX = 0xFFFF;
uint256 constant CARRIED_SHIFT = 208;
uint256 constant FORMER_SHIFT = 212;
uint256 constant BASE_SHIFT = 216;
uint256 constant IDLE_SHIFT = 220;
uint256 constant FLOOR_SHIFT = 224;
uint256 constant FLOOR_UNTIL_SHIFT = 232;
uint256 constant TIERS_MASK = 0xFFFF << CARRIED_SHIFT;

/// @notice Day of the latest purchase, counted from enrolment.
function lastDay(TierState state) pure returns (uint256) {
    return (TierState.unwrap(state) >> DAY_SHIFT) & DAY_MAX;
}

/// @notice Tier carried into the year.
function carried(TierState state) pure returns (uint256) {
    return (TierState.unwrap(state) >> CARRIED_SHIFT) & 0xF;
}

/// @notice Tier at the end of the year before.
function former(TierState state) pure returns (uint256) {
    return (TierState.unwrap(state) >> FORMER_SHIFT) & 0xF;
}

/// @notice Paid tier, lapsed or not.
function floorTier(TierState state) pure returns (uint256) {
    return (TierState.unwrap(state) >> FLOOR_SHIFT) & 0xF;
}

/// @notice Unix time in seconds at which the paid tier lapses.
function floorUntil(TierState state) pure returns (uint256) {
    return (TierState.unwrap(state) >> FLOOR_UNTIL_SHIFT) * 1 hours;
}

/// @notice What the year counts towards a tier.
function qualification(TierState state, TierProgramme memory programme) pure returns (uint256) {
    return _counted(TierState.unwrap(state), programme);
}

/// @notice Day of the membership at `time`, in days of 86,400 seconds; never before the latest purchase.
function dayAt(TierState state, uint256 memberSince, uint256 time) pure returns (uint256 day) {
    unchecked {
        if (time > memberSince) day = (time - memberSince) / 1 days;
        if (day > DAY_MAX) day = DAY_MAX;
        uint256 last = state.lastDay();
        if (day < last) day = last;
    }
}

/// @notice True if no year has ended between the latest purchase and `day`.
function isSettledFor(TierState state, uint256 day) pure returns (bool) {
    return state.lastDay() / MEMBERSHIP_YEAR_DAYS == day / MEMBERSHIP_YEAR_DAYS;
}

/// @notice True if no further year's end changes anything.
function isSpent(TierState state) pure returns (bool) {
    return TierState.unwrap(state) & (TIERS_MASK | ((1 << DAY_SHIFT) - 1)) == 0;
}

/// @notice The tier on `day` without a paid one.
/// @dev Warning: years that ended before `day` are settled already.
function earnedAt(TierState state, TierProgramme memory programme, uint256 day) pure returns (uint256 tier) {
    unchecked {
        tier = state.carried();
        uint256 kept = state.former();
        if (kept > tier && day % MEMBERSHIP_YEAR_DAYS < programme.softLandingDays()) tier = kept;
        tier = programme.climbed(tier, state.qualification(programme));
        tier -= _idleTiers(state, programme, day / MEMBERSHIP_YEAR_DAYS, day, tier);
    }
}

/// @notice The tier at `time`, on `day` of the membership.
/// @dev Warning: years that ended before `day` are settled already.
function tierAt(TierState state, TierProgramme memory programme, uint256 day, uint256 time)
    pure
    returns (uint256 tier)
{
    tier = state.earnedAt(programme, day);
    uint256 floor_ = state.floorTier();
    if (floor_ > tier && time < state.floorUntil()) {
        uint256 top = programme.topTier();
        tier = floor_ < top ? floor_ : top;
    }
}

/// @notice Qualification that is missing at `time` to the tier above; 0 at the top, 1 where any purchase is enough.
function missingAt(TierState state, TierProgramme memory programme, uint256 day, uint256 time) pure returns (uint256) {
    uint256 tier = state.tierAt(programme, day, time);
    if (tier == programme.topTier()) return 0;

    uint256 wanted = programme.threshold(tier + 1);
    uint256 counted = state.qualification(programme);
    return counted < wanted ? wanted - counted : 1;
}

/// @notice The word as the next year begins, after `year` ended with no further purchase in it.
/// @dev The day of the latest purchase stays: inactivity goes on. `programme` is the one that counts as the next year begins.
function yearEnded(TierState state, TierProgramme memory programme, uint256 year) pure returns (TierState) {
    uint256 word = TierState.unwrap(state);
    uint256 counted = state.qualification(programme);
    uint256 reached = programme.climbed(state.carried(), counted);
    uint256 idle = _idleTiers(state, programme, year, type(uint256).max, reached);
    reached -= idle;

    return TierState.wrap(
        (word >> FLOOR_SHIFT << FLOOR_SHIFT) | (idle << IDLE_SHIFT) | (state.carried() << BASE_SHIFT)
            | (reached << FORMER_SHIFT) | (_kept(programme, reached, counted) << CARRIED_SHIFT)
            | (word & (DAY_MAX << DAY_SHIFT)) | ((word & YEAR_MASK) << YEAR_SHIFT)
    );
}

/// @notice A purchase as most are: no year has ended since the latest one, and neither inactivity nor a paid tier nor a soft
/// landing counts, nor a threshold beyond the fifth. It says the same as `tierAt` and `purchased`, for half their gas.
/// @param header the programme's.
/// @param thresholds the programme's `low`.
/// @return plain false if it is not such a purchase; the others then say nothing.
/// @return next the word after it.
/// @return tier the tier just before.
/// @return reached the tier just after.
function purchasedPlainly(
    TierState state,
    uint256 header,
    uint256 thresholds,
    uint256 memberSince,
    uint256 time,
    uint256 spendMinor,
    uint256 points
) pure returns (bool plain, TierState next, uint256 tier, uint256 reached) {
    unchecked {
        uint256 word = TierState.unwrap(state);
        uint256 day = (time - memberSince) / 1 days;
        uint256 passed = day - ((word >> DAY_SHIFT) & DAY_MAX);
        uint256 dayOfYear = day % MEMBERSHIP_YEAR_DAYS;
        uint256 wait = (header >> 64) & 0xFFFF;
        uint256 top = (header >> 40) & 0xF;
        tier = (word >> CARRIED_SHIFT) & 0xF;
        // A count below 2^47 has room for as much again. A difference below 0 is a huge number.
        if (passed > dayOfYear) return (false, state, 0, 0);
        if (passed >= wait && wait != 0) return (false, state, 0, 0);
        if (top > 5) return (false, state, 0, 0);
        if (tier > top) return (false, state, 0, 0);
        if ((word >> FLOOR_UNTIL_SHIFT) * 1 hours > time) return (false, state, 0, 0);
        if ((word >> FORMER_SHIFT) & 0xF > tier && dayOfYear < (header >> 48) & 0xFFFF) return (false, state, 0, 0);
        if ((((word | (word >> SPEND_SHIFT)) & QUALIFICATION_MAX) | points | spendMinor) >> 47 != 0) {
            return (false, state, 0, 0);
        }

        uint256 after_ = word + points + (spendMinor << SPEND_SHIFT) + (passed << DAY_SHIFT);
        uint256 shift = header & (1 << 44) == 0 ? 0 : SPEND_SHIFT;
        uint256 count = (word >> shift) & QUALIFICATION_MAX;
        while (tier < top && count >= (thresholds >> (48 * tier)) & QUALIFICATION_MAX) ++tier;
        count = (after_ >> shift) & QUALIFICATION_MAX;
        reached = tier;
        while (reached < top && count >= (thresholds >> (48 * reached)) & QUALIFICATION_MAX) ++reached;

        return (true, TierState.wrap(after_), tier, reached);
    }
}

/// @notice The word after a purchase on `day`, which ends inactivity: the tiers that it took stay taken from what was carried.
/// @dev Warning: years that ended before `day` are settled already.
function purchased(TierState state, TierProgramme memory programme, uint256 day, uint256 spendMinor, uint256 points)
    pure
    returns (TierState)
{
    uint256 word = TierState.unwrap(state);
    if (_isIdle(state, programme, day / MEMBERSHIP_YEAR_DAYS, day)) word = _lowered(word, state.earnedAt(programme, day));
    word = _more(word, 0, points);
    word = _more(word, SPEND_SHIFT, spendMinor);

    return TierState.wrap((word & ~(DAY_MAX << DAY_SHIFT)) | (day << DAY_SHIFT));
}

/// @notice The word after a purchase was taken back that was made in the year of the latest one.
function takenBackThisYear(TierState state, uint256 spendMinor, uint256 points) pure returns (TierState) {
    return TierState.wrap(_less(_less(TierState.unwrap(state), 0, points), SPEND_SHIFT, spendMinor));
}

/// @notice The word after a purchase was taken back that was made in the year before: that year's end is told anew.
/// @dev `programme` is the one that counted as that year ended. What is carried can only fall.
function takenBackLastYear(TierState state, TierProgramme memory programme, uint256 spendMinor, uint256 points)
    pure
    returns (TierState)
{
    uint256 word = TierState.unwrap(state);
    word = _less(_less(word, YEAR_SHIFT, points), YEAR_SHIFT + SPEND_SHIFT, spendMinor);
    uint256 counted = _counted(word >> YEAR_SHIFT, programme);
    uint256 reached = programme.climbed((word >> BASE_SHIFT) & 0xF, counted);
    uint256 idle = (word >> IDLE_SHIFT) & 0xF;
    reached = reached > idle ? reached - idle : 0;
    if (reached < state.former()) word = _with(word, FORMER_SHIFT, reached);
    uint256 kept = _kept(programme, reached, counted);
    if (kept < state.carried()) word = _with(word, CARRIED_SHIFT, kept);

    return TierState.wrap(word);
}

/// @notice The word with a paid tier that lapses so many hours after 1970.
function withFloor(TierState state, uint256 tier, uint256 untilHours) pure returns (TierState) {
    uint256 rest = TierState.unwrap(state) & ((1 << FLOOR_SHIFT) - 1);
    return TierState.wrap(rest | (tier << FLOOR_SHIFT) | (untilHours << FLOOR_UNTIL_SHIFT));
}

/// @dev What is carried out of a year that ended with tier `reached`. A year's end never lifts.
function _kept(TierProgramme memory programme, uint256 reached, uint256 counted) pure returns (uint256 kept) {
    uint256 deserved = programme.climbed(0, counted);
    kept = deserved < reached ? deserved : reached;
    if (!programme.isByBalance() && reached > kept) kept = reached - 1;
}

/// @dev True if inactivity began to count in `year`, on `day` or before.
function _isIdle(TierState state, TierProgramme memory programme, uint256 year, uint256 day) pure returns (bool) {
    unchecked {
        uint256 wait = programme.inactivityDays();
        uint256 from = state.lastDay() + wait;
        return from <= day && wait != 0 && from / MEMBERSHIP_YEAR_DAYS == year;
    }
}

/// @dev Tiers that inactivity takes from `tier` on `day` of `year`.
function _idleTiers(TierState state, TierProgramme memory programme, uint256 year, uint256 day, uint256 tier)
    pure
    returns (uint256 taken)
{
    if (_isIdle(state, programme, year, day)) {
        taken = programme.inactivityTiers();
        if (taken > tier) taken = tier;
    }
}

/// @dev What the lower 96 bits count towards a tier.
function _counted(uint256 word, TierProgramme memory programme) pure returns (uint256) {
    return (programme.isBySpend() ? word >> SPEND_SHIFT : word) & QUALIFICATION_MAX;
}

/// @dev `word` with neither the carried nor the former tier above `tier`.
function _lowered(uint256 word, uint256 tier) pure returns (uint256) {
    if ((word >> CARRIED_SHIFT) & 0xF > tier) word = _with(word, CARRIED_SHIFT, tier);
    if ((word >> FORMER_SHIFT) & 0xF > tier) word = _with(word, FORMER_SHIFT, tier);
    return word;
}

/// @dev `word` with other four bits at `shift`.
function _with(uint256 word, uint256 shift, uint256 value) pure returns (uint256) {
    return (word & ~(0xF << shift)) | (value << shift);
}

/// @dev `word` with the 48 bits at `shift` larger by `amount`, at most full.
function _more(uint256 word, uint256 shift, uint256 amount) pure returns (uint256) {
    unchecked {
        uint256 room = QUALIFICATION_MAX - ((word >> shift) & QUALIFICATION_MAX);
        return word + ((amount < room ? amount : room) << shift);
    }
}

/// @dev `word` with the 48 bits at `shift` smaller by `amount`, at least 0.
function _less(uint256 word, uint256 shift, uint256 amount) pure returns (uint256) {
    unchecked {
        uint256 counted = (word >> shift) & QUALIFICATION_MAX;
        return word - ((amount < counted ? amount : counted) << shift);
    }
}
