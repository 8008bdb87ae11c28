// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Transfer with authorization (ERC-3009)
/// @dev The signature is one `bytes`, so that contract accounts (ERC-1271) can sign too; the signed types are the
/// standard's.
interface IERC3009 {
    event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce);
    event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce);

    error AuthorizationNotYetValid(uint256 validAfter);
    error AuthorizationExpired(uint256 validBefore);
    error AuthorizationUsedOrCanceled(address authorizer, bytes32 nonce);

    /// @notice Transfers `value` points from `from` to `to` on the signature of the key of `from`, once.
    /// @param validAfter Unix time in seconds after which it counts.
    /// @param validBefore Unix time in seconds before which it counts.
    /// @param nonce any 32 bytes that `from` has not used.
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;

    /// @notice Makes an authorization useless, on the signature of the key of `authorizer`.
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes calldata signature) external;

    /// @notice True if the authorization was used or cancelled.
    function authorizationState(address authorizer, bytes32 nonce) external view returns (bool);
}
