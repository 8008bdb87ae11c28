// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TIER_COUNT_MAX} from "../libraries/Constants.sol";

/// @notice What qualifies for a tier: points earned by the base rate, or spend in minor units.
enum QualifyBy {
    Points,
    Spend
}

/// @notice How far a membership year's end takes a tier down: at most one, or to what the year's qualification deserves.
enum Downgrade {
    OneStep,
    ByBalance
}

/// @notice A programme in five words. `header` has, from the lowest bit up:
///
/// | bits   | what                                                         |
/// |--------|--------------------------------------------------------------|
/// | 0–39   | Unix time in seconds from which the programme counts         |
/// | 40–43  | highest tier                                                 |
/// | 44     | `QualifyBy`                                                  |
/// | 45     | `Downgrade`                                                  |
/// | 48–63  | soft landing, in days                                        |
/// | 64–79  | days without a purchase that count as inactivity; 0 for none |
/// | 80–83  | tiers that inactivity takes                                  |
///
/// `extras` has 16 bits a tier: what its multiplier is above 10,000 basis points. `low`, `middle` and `high` have 48 bits a
/// threshold, five each: of tiers 1 to 5, 6 to 10 and 11 to 15. All zero is a programme with one tier and no bonus.
struct TierProgramme {
    uint256 header;
    uint256 extras;
    uint256 low;
    uint256 middle;
    uint256 high;
}

using {
    countsFrom,
    topTier,
    isBySpend,
    isByBalance,
    softLandingDays,
    inactivityDays,
    inactivityTiers,
    extraBps,
    threshold,
    climbed
} for TierProgramme global;

uint256 constant THRESHOLDS_PER_WORD = 5;
uint256 constant THRESHOLD_BITS = 48;
uint256 constant EXTRA_BITS = 16;

/// @notice Unix time in seconds from which the programme counts.
function countsFrom(TierProgramme memory programme) pure returns (uint256) {
    return programme.header & 0xFFFFFFFFFF;
}

/// @notice The highest tier.
function topTier(TierProgramme memory programme) pure returns (uint256) {
    return (programme.header >> 40) & (TIER_COUNT_MAX - 1);
}

/// @notice True if spend qualifies for a tier, false if points do.
function isBySpend(TierProgramme memory programme) pure returns (bool) {
    return programme.header & (1 << 44) != 0;
}

/// @notice True if a year's end takes a tier down by balance, false if by one step.
function isByBalance(TierProgramme memory programme) pure returns (bool) {
    return programme.header & (1 << 45) != 0;
}

/// @notice Days after a year's end in which the tier before it is still kept.
function softLandingDays(TierProgramme memory programme) pure returns (uint256) {
    return (programme.header >> 48) & 0xFFFF;
}

/// @notice Days without a purchase that count as inactivity; 0 for none.
function inactivityDays(TierProgramme memory programme) pure returns (uint256) {
    return (programme.header >> 64) & 0xFFFF;
}

/// @notice Tiers that inactivity takes.
function inactivityTiers(TierProgramme memory programme) pure returns (uint256) {
    return (programme.header >> 80) & 0xF;
}

/// @notice What a tier's multiplier is above 10,000 basis points.
function extraBps(TierProgramme memory programme, uint256 tier) pure returns (uint256) {
    return (programme.extras >> (EXTRA_BITS * tier)) & 0xFFFF;
}

/// @notice Qualification that a tier from 1 up asks for.
function threshold(TierProgramme memory programme, uint256 tier) pure returns (uint256) {
    unchecked {
        uint256 index = tier - 1;
        uint256 word = programme.low;
        if (index >= THRESHOLDS_PER_WORD) {
            word = index < 2 * THRESHOLDS_PER_WORD ? programme.middle : programme.high;
            index %= THRESHOLDS_PER_WORD;
        }
        return (word >> (THRESHOLD_BITS * index)) & 0xFFFFFFFFFFFF;
    }
}

/// @notice The tier that `qualification` deserves, if that is higher than `tier`; `tier` otherwise, at most the highest.
function climbed(TierProgramme memory programme, uint256 tier, uint256 qualification) pure returns (uint256) {
    uint256 top = programme.topTier();
    if (tier >= top) return top;

    unchecked {
        while (tier < top && qualification >= programme.threshold(tier + 1)) ++tier;
    }
    return tier;
}
