// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";

/// @title Guards of the words of a campaign's terms
library Terms {
    /// @notice Reverts unless there are `wanted` words.
    function requireCount(uint256[] calldata terms, uint256 wanted) internal pure {
        require(terms.length == wanted, IRule.TermCountInvalid(terms.length, wanted));
    }

    /// @notice Reverts unless word `index` is from `lowest` to `highest`.
    function requireWithin(uint256[] calldata terms, uint256 index, uint256 lowest, uint256 highest) internal pure {
        uint256 value = terms[index];
        require(value >= lowest && value <= highest, IRule.TermInvalid(index, value));
    }
}
