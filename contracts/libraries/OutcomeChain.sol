// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RECEIPT_BITS} from "./Constants.sol";
import {Outcome} from "../types/Operation.sol";

/// @title Commitment to outcomes
/// @notice 32 neighbouring receipts of a partner share a word: a bit each says whether it was used, and the other 224
/// bits are a hash chain over their outcomes, in the order in which they were decided. A slot per purchase would cost
/// 22,100 gas; numbered receipts cost a thirty-second part of that, and each outcome can still be proved years later.
/// @dev The chain starts at 0; a link is the first 28 bytes of keccak256(chain ‖ leaf), a leaf is
/// keccak256(abi.encode(outcome)). Links hash 60 bytes and leaves 224, so that none can pass for the other. To find two
/// outcomes with one chain value takes some 2^112 hashes.
library OutcomeChain {
    /// @notice Leaf of one outcome.
    function leaf(Outcome memory outcome) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(outcome, 224)
        }
    }

    /// @notice Hash of an outcome's award words, one after another; 0 for none.
    function hashOf(uint256[] calldata words) internal pure returns (bytes32) {
        return words.length == 0 ? bytes32(0) : keccak256(abi.encodePacked(words));
    }

    /// @notice The chain after one more leaf.
    function link(bytes28 chain, bytes32 leaf_) internal pure returns (bytes28 next) {
        assembly ("memory-safe") {
            mstore(0, chain)
            mstore(28, leaf_)
            next := and(keccak256(0, 60), not(0xFFFFFFFF))
        }
    }

    /// @notice True if `outcome`, after `before` and followed by `later`, leads to the chain of `word`.
    function proves(uint256 word, Outcome memory outcome, bytes28 before, bytes32[] calldata later)
        internal
        pure
        returns (bool)
    {
        bytes28 chain = link(before, leaf(outcome));
        for (uint256 i = 0; i < later.length; ++i) {
            chain = link(chain, later[i]);
        }
        return chain == chainOf(word);
    }

    /// @notice `word` with one more outcome in its chain.
    /// @dev As `link`, whose leaf overwrites the used bits; they come back below.
    function extended(uint256 word, Outcome memory outcome) internal pure returns (uint256 next) {
        bytes32 leaf_ = leaf(outcome);
        assembly ("memory-safe") {
            mstore(0, word)
            mstore(28, leaf_)
            next := xor(word, keccak256(0, 60))
            next := xor(word, and(next, not(0xFFFFFFFF)))
        }
    }

    /// @notice `word` with the bit of `receipt` set.
    function marked(uint256 word, uint256 receipt) internal pure returns (uint256) {
        return word | (1 << (receipt & (RECEIPT_BITS - 1)));
    }

    /// @notice True if the bit of `receipt` is set in `word`.
    function isMarked(uint256 word, uint256 receipt) internal pure returns (bool) {
        return word & (1 << (receipt & (RECEIPT_BITS - 1))) != 0;
    }

    /// @notice The chain that `word` holds.
    function chainOf(uint256 word) internal pure returns (bytes28) {
        return bytes28(bytes32(word));
    }
}
