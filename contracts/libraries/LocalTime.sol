// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Days, weeks and minutes where the customers are
/// @dev `offset` is how far local time is ahead of UTC, in minutes, plus 1,440, so that no word is below 0. A campaign that runs
/// over a change of the clock has one offset all the same; its sponsors choose which. Warning: `offset` is from 0 to 2,880;
/// the rules check it.
library LocalTime {
    uint256 internal constant OFFSET_LOWEST = 1_440 - 12 * 60;
    uint256 internal constant OFFSET_HIGHEST = 1_440 + 14 * 60;
    uint256 internal constant MINUTES_PER_DAY = 1_440;

    /// @notice Minutes since 31 December 1969, 00:00 local time.
    function minutes_(uint256 time, uint256 offset) internal pure returns (uint256) {
        unchecked {
            return time / 60 + offset;
        }
    }

    /// @notice Local day of `minutes_`; 1 January 1970 is 1.
    function day(uint256 minutesPassed) internal pure returns (uint256) {
        return minutesPassed / MINUTES_PER_DAY;
    }

    /// @notice Local week of `minutes_`, from Monday to Sunday; the one that begins on 5 January 1970 is 1.
    function week(uint256 minutesPassed) internal pure returns (uint256) {
        unchecked {
            return (minutesPassed / MINUTES_PER_DAY + 2) / 7;
        }
    }

    /// @notice Local weekday of `minutes_`: 0 Monday … 6 Sunday.
    function weekday(uint256 minutesPassed) internal pure returns (uint256) {
        unchecked {
            return (minutesPassed / MINUTES_PER_DAY + 2) % 7;
        }
    }
}
