// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";

/// @title The words of a campaign's terms
library RuleTerms {
    /// @notice Word `index`.
    /// @dev Without looking whether there is one: `check` has seen to that before a campaign could start. Who asks a rule with
    /// fewer words gets an answer about 0.
    function word(uint256[] calldata terms, uint256 index) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := calldataload(add(terms.offset, shl(5, index)))
        }
    }

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
