// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Tokens that stay where they are (ERC-5192)
interface IERC5192 {
    /// @notice A token can no longer be transferred.
    event Locked(uint256 tokenId);

    /// @notice A token can be transferred again.
    event Unlocked(uint256 tokenId);

    /// @notice True if the token cannot be transferred. Reverts if there is no such token.
    function locked(uint256 tokenId) external view returns (bool);
}
