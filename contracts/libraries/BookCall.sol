// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEarnHook} from "../interfaces/IEarnHook.sol";
import {PartnerId} from "../types/PartnerId.sol";
import {Earn} from "../types/Operation.sol";

/// @title Telling the campaign book of a purchase
/// @notice `IEarnHook.earned`, called by hand: most purchases lead to no points for others, and the compiler's way of reading a
/// list costs each of them some 900 gas.
library BookCall {
    uint256 private constant LIST_MAX = 0xFFFF;

    /// @notice The campaign book answered something that `IEarnHook` does not allow.
    error BookAnswerInvalid();

    /// @notice What `book` answers to a purchase, as `IEarnHook.earned` describes it. What it reverts with is passed on.
    /// @param since Unix time in seconds at which the account was enrolled.
    /// @param points what the purchase earned by the base rate.
    /// @param briefing what `IEarnHook.briefingFor` said.
    function earned(
        IEarnHook book,
        PartnerId partner,
        Earn calldata purchase,
        uint256 since,
        uint256 points,
        uint256 briefing
    ) internal returns (uint256 awarded, bytes32 awards, uint256[] memory others) {
        bytes32 selector = IEarnHook.earned.selector;
        bool answered;
        uint256 list;
        assembly ("memory-safe") {
            let start := mload(64)
            mstore(start, selector)
            mstore(add(start, 4), partner)
            calldatacopy(add(start, 36), purchase, 96)
            mstore(add(start, 132), since)
            mstore(add(start, 164), points)
            mstore(add(start, 196), briefing)
            answered := call(gas(), book, 0, start, 228, start, 128)
            if iszero(answered) {
                returndatacopy(start, 0, returndatasize())
                revert(start, returndatasize())
            }
            awarded := mload(start)
            awards := mload(add(start, 32))
            list := mload(add(start, 96))
            answered := and(eq(mload(add(start, 64)), 96), eq(returndatasize(), add(128, shl(5, list))))
        }
        require(answered, BookAnswerInvalid());
        if (list == 0) return (awarded, awards, others);
        require(list <= LIST_MAX, BookAnswerInvalid());

        assembly ("memory-safe") {
            others := mload(64)
            mstore(64, add(others, shl(5, add(list, 1))))
            returndatacopy(others, 96, shl(5, add(list, 1)))
        }
    }
}
