// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Happening, TakenBack} from "../types/Happening.sol";

/// @title What a reversal takes back, in every kind of campaign
/// @dev Warning: amounts and points have at most 48 bits, and a purchase that can be taken back has a spend; the campaign book
/// makes sure of both.
library TakeBack {
    /// @notice Points that go back of an award that was the purchase's alone: all of it with the first part, or pro rata, rounded
    /// so that the parts add up to the award.
    function pointsBack(Happening calldata happening, TakenBack calldata taken) internal pure returns (uint256) {
        uint256 spend = happening.spendMinor;
        uint256 before = taken.spendBefore;
        uint256 given = taken.points;
        if (taken.whole) return before == spend ? given : 0;

        unchecked {
            return given * before / spend - given * taken.spendAfter / spend;
        }
    }

    /// @notice True if the purchase does not count as a visit any more from this part on: the first, or, pro rata, the last.
    function losesCount(Happening calldata happening, TakenBack calldata taken) internal pure returns (bool) {
        return taken.whole ? taken.spendBefore == happening.spendMinor : taken.spendAfter == 0;
    }

    /// @notice Spend that does not count any more from this part on, in minor units: all of it with the first part, or, pro
    /// rata, the part.
    function spendLost(Happening calldata happening, TakenBack calldata taken) internal pure returns (uint256) {
        uint256 before = taken.spendBefore;
        if (taken.whole) return before == happening.spendMinor ? before : 0;

        unchecked {
            return before - taken.spendAfter;
        }
    }

    /// @notice `amount` less `lost`, never below 0.
    function less(uint256 amount, uint256 lost) internal pure returns (uint256) {
        unchecked {
            return amount > lost ? amount - lost : 0;
        }
    }
}
