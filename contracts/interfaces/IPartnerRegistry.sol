// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PartnerId} from "../types/PartnerId.sol";

/// @title Register of partners
/// @notice Who may post to the ledger, under which keys and on which terms.
/// @dev Roles are those of the OpenZeppelin `AccessManager` that deploys with it. What can hurt a partner is announced:
/// a new rate and a further key count only after the notice period; terms and reinstatement wait out the delay of the
/// governor's role. What protects (suspending, revoking) counts at once.
interface IPartnerRegistry {
    /// @dev `None` is no partner at all.
    enum PartnerStatus {
        None,
        Active,
        Suspended
    }

    /// @param status whether the partner may post.
    /// @param earnRateBps base earn rate, in basis points of a point per minor unit of spend.
    /// @param nextEarnRateBps announced rate, in the same unit.
    /// @param nextEarnRateFrom Unix time in seconds from which the announced rate counts; 0 if none was ever announced.
    /// @param issuePriceMicros what the partner owes for a point that it issued, in millionths of a minor unit.
    /// @param reimbursementMicros what the partner is owed for a point redeemed with it, in millionths of a minor unit.
    /// @param currency ISO 4217 code of the partner's currency.
    /// @param account address that stands for the partner in allowances of members.
    /// @param creditLimitPoints most points that the partner may have outstanding before it must settle.
    struct Partner {
        PartnerStatus status;
        uint32 earnRateBps;
        uint32 nextEarnRateBps;
        uint40 nextEarnRateFrom;
        uint48 issuePriceMicros;
        uint48 reimbursementMicros;
        bytes3 currency;
        address account;
        uint96 creditLimitPoints;
    }

    /// @param partner partner that the key signs for; 0 if the key is unknown.
    /// @param activeFrom Unix time in seconds from which the key may post.
    /// @param revokedAt Unix time in seconds of its revocation; 0 if it was not revoked.
    struct Key {
        PartnerId partner;
        uint40 activeFrom;
        uint40 revokedAt;
    }

    /// @notice The registry came to be, with this notice period in seconds.
    event RegistryOpened(uint256 noticeSeconds);

    /// @notice A partner joined.
    event PartnerAdded(
        PartnerId indexed partner, address indexed account, string name, bytes3 currency, uint256 earnRateBps
    );

    /// @notice A partner may no longer post.
    event PartnerSuspended(PartnerId indexed partner);

    /// @notice A partner may post again.
    event PartnerReinstated(PartnerId indexed partner);

    /// @notice A key may post for a partner from then on.
    event PartnerKeyAdded(PartnerId indexed partner, address indexed key, uint256 activeFrom);

    /// @notice A key may no longer post.
    event PartnerKeyRevoked(PartnerId indexed partner, address indexed key);

    /// @notice A partner's base rate changes at that time.
    event EarnRateAnnounced(PartnerId indexed partner, uint256 earnRateBps, uint256 effectiveFrom);

    /// @notice A partner's prices and credit limit changed.
    event PartnerTermsSet(
        PartnerId indexed partner, uint256 issuePriceMicros, uint256 reimbursementMicros, uint256 creditLimitPoints
    );

    error PartnerUnknown(PartnerId partner);
    error PartnerNotActive(PartnerId partner);
    error PartnerNotSuspended(PartnerId partner);
    error KeyZero();
    error KeyUnknown(address key);
    error KeyKnown(address key, PartnerId partner);
    error KeyNotYetActive(address key, uint256 activeFrom);
    error KeyRevoked(address key, uint256 revokedAt);
    error AccountZero();
    error AccountTaken(address account);
    error EarnRateTooHigh(uint256 earnRateBps, uint256 highest);
    error EffectiveTooSoon(uint256 effectiveFrom, uint256 earliest);

    /// @notice Adds a partner with its first key, which may post at once.
    /// @dev Reverts with `AccountZero`, `AccountTaken`, `EarnRateTooHigh`, `KeyZero` or `KeyKnown`.
    /// @return partner number of the new partner.
    function addPartner(string calldata name, address account, address key, bytes3 currency, uint256 earnRateBps)
        external
        returns (PartnerId partner);

    /// @notice Stops all keys of a partner at once. Reverts with `PartnerNotActive`.
    function suspendPartner(PartnerId partner) external;

    /// @notice Lets a suspended partner post again. Reverts with `PartnerNotSuspended`.
    function reinstatePartner(PartnerId partner) external;

    /// @notice Adds a key that may post after the notice period. Reverts with `PartnerUnknown`, `KeyZero` or `KeyKnown`.
    function addKey(PartnerId partner, address key) external;

    /// @notice Stops a key at once and for ever. Reverts with `KeyUnknown` or `KeyRevoked`.
    function revokeKey(address key) external;

    /// @notice Announces a base rate. It replaces a rate announced earlier that does not count yet.
    /// @param effectiveFrom Unix time in seconds, at least the notice period from now.
    /// @dev Reverts with `PartnerUnknown`, `EarnRateTooHigh` or `EffectiveTooSoon`.
    function announceEarnRate(PartnerId partner, uint256 earnRateBps, uint256 effectiveFrom) external;

    /// @notice Sets what points cost, for settlement. Reverts with `PartnerUnknown`.
    function setTerms(
        PartnerId partner,
        uint48 issuePriceMicros,
        uint48 reimbursementMicros,
        uint96 creditLimitPoints
    ) external;

    /// @notice The partner for which `key` may post now, and its base rate now.
    /// @dev Reverts with `KeyUnknown`, `KeyNotYetActive`, `KeyRevoked` or `PartnerNotActive`.
    function posting(address key) external view returns (PartnerId partner, uint256 earnRateBps);

    /// @notice Base rate that counts now, in basis points of a point per minor unit. Reverts with `PartnerUnknown`.
    function earnRateOf(PartnerId partner) external view returns (uint256 earnRateBps);

    /// @notice Address that stands for a partner in allowances. Reverts with `PartnerUnknown`.
    function accountOf(PartnerId partner) external view returns (address account);

    /// @notice All that is known of a partner; all zero for an unknown one.
    function partnerOf(PartnerId partner) external view returns (Partner memory);

    /// @notice All that is known of a key; all zero for an unknown one.
    function keyOf(address key) external view returns (Key memory);

    /// @notice Partners so far; their numbers are 1 to this.
    function partnerCount() external view returns (uint256);

    /// @notice Notice period in seconds.
    function noticeSeconds() external view returns (uint256);
}
