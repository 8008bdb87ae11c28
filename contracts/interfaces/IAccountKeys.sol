// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Keys of members' accounts
/// @notice An account is an address for ever; the key that signs for it is the address itself until another takes over.
/// Every change is announced by an event and counts after a delay, in which the present key can cancel it.
/// @dev Warning: who holds the present key can also cancel a recovery. A stolen key is stopped by spending or moving the
/// points; recovery is for lost keys.
interface IAccountKeys {
    /// @param current key that signs until `effectiveFrom`; 0 is the account itself.
    /// @param effectiveFrom Unix time in seconds at which `next` takes over; 0 if nothing is announced.
    /// @param next key that takes over.
    struct AccountKey {
        address current;
        uint40 effectiveFrom;
        address next;
    }

    /// @notice `next` signs for `account` from `effectiveFrom` on, if nobody cancels.
    event KeyChangeAnnounced(address indexed account, address indexed next, uint256 effectiveFrom, bool recovery);

    /// @notice An announced change will not happen.
    event KeyChangeCancelled(address indexed account);

    error MemberNotEnrolled(address member);
    error SignerZero();
    error SignerNotCurrent(address account);
    error SignatureExpired(uint256 deadline);
    error SignatureNotValid(address account);
    error KeyChangeNone(address account);

    /// @notice Announces another key, signed by the present one: EIP-712
    /// `KeyRotation(address account,address next,uint256 nonce,uint256 deadline)`, nonce by `nonces` (ERC-2612).
    /// @dev Reverts with `MemberNotEnrolled`, `SignerZero`, `SignatureExpired` or `SignatureNotValid`.
    function announceKeyRotation(address account, address next, uint256 deadline, bytes calldata signature) external;

    /// @notice Announces another key for an account whose key is lost. Only for the recovery role.
    /// @dev Reverts with `MemberNotEnrolled` or `SignerZero`.
    function announceKeyRecovery(address account, address next) external;

    /// @notice Cancels an announced change, signed by the present key: EIP-712
    /// `KeyCancellation(address account,uint256 nonce,uint256 deadline)`.
    /// @dev Reverts with `KeyChangeNone`, `SignatureExpired` or `SignatureNotValid`.
    function cancelKeyChange(address account, uint256 deadline, bytes calldata signature) external;

    /// @notice Key that signs for `account` now.
    function signerOf(address account) external view returns (address);

    /// @notice What is known of an account's keys; all zero if they never changed.
    function accountKeyOf(address account) external view returns (AccountKey memory);

    /// @notice Seconds between announcement and effect of a rotation.
    function rotationDelay() external view returns (uint256);

    /// @notice Seconds between announcement and effect of a recovery.
    function recoveryDelay() external view returns (uint256);
}
