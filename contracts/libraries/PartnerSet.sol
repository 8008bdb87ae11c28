// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";
import {PartnerId} from "../types/PartnerId.sol";

/// @title Partners named at the end of a campaign's terms
/// @notice Each stands for one bit, in the order of the terms: at most 64 partners, rising, so that none is named twice.
library PartnerSet {
    /// @dev Most partners in a set.
    uint256 internal constant SIZE_MAX = 64;

    /// @notice Reverts unless the words from `first` on are a set of at least `least` partners.
    function requireSet(uint256[] calldata terms, uint256 first, uint256 least) internal pure {
        require(terms.length >= first + least, IRule.TermCountInvalid(terms.length, first + least));
        require(terms.length <= first + SIZE_MAX, IRule.TermCountInvalid(terms.length, first + SIZE_MAX));

        uint256 before = 0;
        for (uint256 i = first; i < terms.length; ++i) {
            require(terms[i] > before && terms[i] <= type(uint32).max, IRule.TermInvalid(i, terms[i]));
            before = terms[i];
        }
    }

    /// @notice The bit of a partner, 0 if it is not among the words from `first` on.
    /// @dev Every visit asks this, and checks of the array's bounds would double what it costs.
    function bitOf(uint256[] calldata terms, uint256 first, PartnerId partner) internal pure returns (uint256 bit) {
        assembly ("memory-safe") {
            let end := add(terms.offset, shl(5, terms.length))
            let next := 1
            for { let at := add(terms.offset, shl(5, first)) } lt(at, end) { at := add(at, 32) } {
                if eq(calldataload(at), partner) {
                    bit := next
                    break
                }
                next := shl(1, next)
            }
        }
    }

    /// @notice Number of bits that are set in a word of 64 bits.
    function countOf(uint256 bits) internal pure returns (uint256) {
        unchecked {
            bits -= (bits >> 1) & 0x5555555555555555;
            bits = (bits & 0x3333333333333333) + ((bits >> 2) & 0x3333333333333333);
            bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0F;
            return ((bits * 0x0101010101010101) >> 56) & 0xFF;
        }
    }
}
