// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the campaign book asks of the ledger
interface ICampaignLedger {
    /// @notice Credits points outside of a purchase; each entry is an account in the lower 160 bits and points above.
    function award(uint256[] calldata others) external;

    /// @notice Lets the ledger tell of purchases from now on.
    function listen() external;

    /// @notice Unix time in seconds at which an account was enrolled; 0 if it is no member's.
    function memberSinceOf(address account) external view returns (uint256);

    /// @notice Key that signs for an account now.
    function signerOf(address account) external view returns (address);
}
