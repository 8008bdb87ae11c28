// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Award} from "../types/Award.sol";
import {LOT_MAX} from "./Constants.sol";

/// @title Awards that a campaign can give several times
library RepeatedAwards {
    /// @notice `count` awards of `points` each, at most 2^48 − 1 in all, and `badge` once.
    /// @dev Warning: `count` has at most 200 bits, `points` 48 and `badge` 32; the caller makes sure of it.
    function times(uint256 count, uint256 points, uint256 badge) internal pure returns (Award) {
        unchecked {
            return Award.wrap(atMost48Bits(count * points) | (badge << 96));
        }
    }

    /// @notice `points`, or 2^48 − 1 if that is less: what fits into an award.
    function atMost48Bits(uint256 points) internal pure returns (uint256) {
        return points > LOT_MAX ? LOT_MAX : points;
    }
}
