// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITierBook} from "../interfaces/ITierBook.sol";

/// @title A campaign book that only passes purchases on, and measures what each costs
contract TierCaller {
    ITierBook public immutable tierBook;

    constructor(ITierBook tierBook_) {
        tierBook = tierBook_;
    }

    /// @notice Tells one purchase of each member.
    /// @return used gas of each call, the call itself included.
    function qualifyAll(address[] calldata members, uint256 memberSince, uint256 spendMinor, uint256 points)
        external
        returns (uint256[] memory used)
    {
        used = new uint256[](members.length);
        for (uint256 i = 0; i < members.length; ++i) {
            uint256 before = gasleft();
            // slither-disable-next-line unused-return
            tierBook.qualify(members[i], memberSince, spendMinor, points);
            used[i] = before - gasleft();
        }
    }

    function listen() external {}
}
