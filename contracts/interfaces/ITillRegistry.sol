// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PartnerId} from "../types/PartnerId.sol";

/// @title Register of tills
/// @notice Which key signs the vouchers of which till. A till signs vouchers while it has no line; whoever has one of them can
/// find here whether it is genuine, and of which partner.
/// @dev A key belongs to one till for ever, so that a signature names its till. The ledger does not ask here: vouchers are
/// checked by the nodes that post them, under a receipt made of the till and the voucher's number, which counts once.
interface ITillRegistry {
    /// @param partner partner of the till; 0 if the key is unknown.
    /// @param till the partner's number for it.
    /// @param activeFrom Unix time in seconds from which the key signs.
    /// @param revokedAt Unix time in seconds of its revocation; 0 if it was not revoked.
    struct TillKey {
        PartnerId partner;
        uint32 till;
        uint40 activeFrom;
        uint40 revokedAt;
    }

    /// @notice What a till signs (EIP-712, domain "Coalition Tills", version "1", this contract).
    /// @param partner partner of the till.
    /// @param till the till.
    /// @param number number of the voucher, given by the till one after another from 1.
    /// @param kind `OperationKind`: `Earn`, or `Redeem` within the member's allowance to the partner.
    /// @param member account concerned.
    /// @param amount of an earn, the amount paid in minor units; of a redemption, the points.
    /// @param currency ISO 4217 code of the amount of an earn; 0 for a redemption.
    /// @param issuedAt Unix time in seconds by the till's clock.
    struct Voucher {
        PartnerId partner;
        uint32 till;
        uint48 number;
        uint8 kind;
        address member;
        uint48 amount;
        bytes3 currency;
        uint40 issuedAt;
    }

    /// @notice The register came to be.
    event TillRegistryOpened(address indexed registry);

    /// @notice A key signs for a till from now on.
    event TillKeySet(PartnerId indexed partner, uint32 indexed till, address indexed key);

    /// @notice A key may no longer sign.
    event TillKeyRevoked(PartnerId indexed partner, uint32 indexed till, address indexed key);

    error TillZero();
    error TillKeyZero();
    error TillKeyKnown(address key, PartnerId partner, uint32 till);
    error TillKeyNone(PartnerId partner, uint32 till);

    /// @notice Lets `key` sign for a till of the caller's partner; a key that it had before is revoked.
    /// @dev Reverts as `IPartnerRegistry.posting`, or with `TillZero`, `TillKeyZero` or `TillKeyKnown`.
    function setKey(uint32 till, address key) external;

    /// @notice Stops the key of a till of the caller's partner at once and for ever.
    /// @dev Reverts as `IPartnerRegistry.posting`, or with `TillKeyNone`.
    function revokeKey(uint32 till) external;

    /// @notice The key that signs for a till now; 0 if there is none.
    function keyOf(PartnerId partner, uint32 till) external view returns (address key);

    /// @notice All that is known of a key; all zero for an unknown one.
    function tillOf(address key) external view returns (TillKey memory);

    /// @notice What the key of a till signs for a voucher.
    function hashOf(Voucher calldata voucher) external view returns (bytes32 digest);
}
