// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a rule gives, or takes back, in one word. From the lowest bit up:
///
/// | bits    | what                                                              |
/// |---------|-------------------------------------------------------------------|
/// | 0–47    | points for the member                                             |
/// | 48–95   | points for the account that referred the member                   |
/// | 96–127  | number of a badge for the member; 0 for none                      |
/// | 128–255 | always 0                                                          |
type Award is uint256;

using {points, companionPoints, badge, isNothing} for Award global;

Award constant NO_AWARD = Award.wrap(0);

/// @notice An award of points alone.
/// @dev Warning: the caller makes sure that `points_` has 48 bits.
function awardOf(uint256 points_) pure returns (Award) {
    return Award.wrap(points_);
}

/// @notice An award of points, points for who referred, and a badge.
/// @dev Warning: the caller makes sure that the parts fit.
function awardOf(uint256 points_, uint256 companionPoints_, uint256 badge_) pure returns (Award) {
    return Award.wrap(points_ | (companionPoints_ << 48) | (badge_ << 96));
}

/// @notice Points for the member.
function points(Award award) pure returns (uint256) {
    return Award.unwrap(award) & 0xFFFFFFFFFFFF;
}

/// @notice Points for the account that referred the member.
function companionPoints(Award award) pure returns (uint256) {
    return (Award.unwrap(award) >> 48) & 0xFFFFFFFFFFFF;
}

/// @notice Number of a badge for the member; 0 for none.
function badge(Award award) pure returns (uint256) {
    return (Award.unwrap(award) >> 96) & 0xFFFFFFFF;
}

/// @notice True if there is nothing in it.
function isNothing(Award award) pure returns (bool) {
    return Award.unwrap(award) == 0;
}
