// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IPartnerRegistry} from "./interfaces/IPartnerRegistry.sol";
import {EARN_RATE_BPS_MAX} from "./libraries/Constants.sol";
import {PartnerId} from "./types/PartnerId.sol";

/// @title Register of partners
/// @dev Assumes that the block time is right to within seconds, and that holders of the operator's role on-board only
/// partners that signed. Warning: an operator can add partners, and so issue points; the coalition stops that by
/// revoking the role through the `AccessManager`, and stops everything by pausing the ledger.
contract PartnerRegistry is IPartnerRegistry, AccessManaged {
    /// @inheritdoc IPartnerRegistry
    uint256 public immutable noticeSeconds;

    /// @inheritdoc IPartnerRegistry
    uint256 public partnerCount;

    mapping(PartnerId => Partner) private _partners;
    mapping(address key => Key) private _keys;
    mapping(address account => bool) private _accountTaken;

    /// @param manager the `AccessManager` that knows the roles.
    /// @param noticeSeconds_ time in seconds between announcement and effect of rates and further keys.
    constructor(address manager, uint256 noticeSeconds_) AccessManaged(manager) {
        noticeSeconds = noticeSeconds_;

        emit RegistryOpened(noticeSeconds_);
    }

    /// @inheritdoc IPartnerRegistry
    function addPartner(string calldata name, address account, address key, bytes3 currency, uint256 earnRateBps)
        external
        restricted
        returns (PartnerId partner)
    {
        require(account != address(0), AccountZero());
        require(!_accountTaken[account], AccountTaken(account));
        require(earnRateBps <= EARN_RATE_BPS_MAX, EarnRateTooHigh(earnRateBps, EARN_RATE_BPS_MAX));

        partner = PartnerId.wrap(uint32(++partnerCount));
        _accountTaken[account] = true;
        Partner storage added = _partners[partner];
        added.status = PartnerStatus.Active;
        added.earnRateBps = uint32(earnRateBps);
        added.currency = currency;
        added.account = account;

        emit PartnerAdded(partner, account, name, currency, earnRateBps);

        _addKey(partner, key, block.timestamp);
    }

    /// @inheritdoc IPartnerRegistry
    function suspendPartner(PartnerId partner) external restricted {
        require(_partners[partner].status == PartnerStatus.Active, PartnerNotActive(partner));

        _partners[partner].status = PartnerStatus.Suspended;

        emit PartnerSuspended(partner);
    }

    /// @inheritdoc IPartnerRegistry
    function reinstatePartner(PartnerId partner) external restricted {
        require(_partners[partner].status == PartnerStatus.Suspended, PartnerNotSuspended(partner));

        _partners[partner].status = PartnerStatus.Active;

        emit PartnerReinstated(partner);
    }

    /// @inheritdoc IPartnerRegistry
    function addKey(PartnerId partner, address key) external restricted {
        _requireKnown(partner);

        _addKey(partner, key, block.timestamp + noticeSeconds);
    }

    /// @inheritdoc IPartnerRegistry
    function revokeKey(address key) external restricted {
        Key storage known = _keys[key];
        require(known.activeFrom != 0, KeyUnknown(key));
        require(known.revokedAt == 0, KeyRevoked(key, known.revokedAt));

        known.revokedAt = uint40(block.timestamp);

        emit PartnerKeyRevoked(known.partner, key);
    }

    /// @inheritdoc IPartnerRegistry
    function announceEarnRate(PartnerId partner, uint256 earnRateBps, uint256 effectiveFrom) external restricted {
        _requireKnown(partner);
        require(earnRateBps <= EARN_RATE_BPS_MAX, EarnRateTooHigh(earnRateBps, EARN_RATE_BPS_MAX));
        uint256 earliest = block.timestamp + noticeSeconds;
        require(effectiveFrom >= earliest && effectiveFrom <= type(uint40).max, EffectiveTooSoon(effectiveFrom, earliest));

        Partner storage known = _partners[partner];
        known.earnRateBps = uint32(_earnRate(known));
        known.nextEarnRateBps = uint32(earnRateBps);
        known.nextEarnRateFrom = uint40(effectiveFrom);

        emit EarnRateAnnounced(partner, earnRateBps, effectiveFrom);
    }

    /// @inheritdoc IPartnerRegistry
    function setTerms(
        PartnerId partner,
        uint48 issuePriceMicros,
        uint48 reimbursementMicros,
        uint96 creditLimitPoints
    ) external restricted {
        _requireKnown(partner);

        Partner storage known = _partners[partner];
        known.issuePriceMicros = issuePriceMicros;
        known.reimbursementMicros = reimbursementMicros;
        known.creditLimitPoints = creditLimitPoints;

        emit PartnerTermsSet(partner, issuePriceMicros, reimbursementMicros, creditLimitPoints);
    }

    /// @inheritdoc IPartnerRegistry
    function posting(address key) external view returns (PartnerId partner, uint256 earnRateBps) {
        Key memory known = _keys[key];
        require(known.activeFrom != 0, KeyUnknown(key));
        require(known.activeFrom <= block.timestamp, KeyNotYetActive(key, known.activeFrom));
        require(known.revokedAt == 0, KeyRevoked(key, known.revokedAt));
        partner = known.partner;
        Partner storage poster = _partners[partner];
        require(poster.status == PartnerStatus.Active, PartnerNotActive(partner));

        earnRateBps = _earnRate(poster);
    }

    /// @inheritdoc IPartnerRegistry
    function earnRateOf(PartnerId partner) external view returns (uint256) {
        _requireKnown(partner);

        return _earnRate(_partners[partner]);
    }

    /// @inheritdoc IPartnerRegistry
    function accountOf(PartnerId partner) external view returns (address) {
        _requireKnown(partner);

        return _partners[partner].account;
    }

    /// @inheritdoc IPartnerRegistry
    function partnerOf(PartnerId partner) external view returns (Partner memory) {
        return _partners[partner];
    }

    /// @inheritdoc IPartnerRegistry
    function keyOf(address key) external view returns (Key memory) {
        return _keys[key];
    }

    function _addKey(PartnerId partner, address key, uint256 activeFrom) private {
        require(key != address(0), KeyZero());
        require(_keys[key].activeFrom == 0, KeyKnown(key, _keys[key].partner));

        _keys[key] = Key({partner: partner, activeFrom: uint40(activeFrom), revokedAt: 0});

        emit PartnerKeyAdded(partner, key, activeFrom);
    }

    function _requireKnown(PartnerId partner) private view {
        require(_partners[partner].status != PartnerStatus.None, PartnerUnknown(partner));
    }

    function _earnRate(Partner storage partner) private view returns (uint256) {
        bool changed = partner.nextEarnRateFrom != 0 && partner.nextEarnRateFrom <= block.timestamp;
        return changed ? partner.nextEarnRateBps : partner.earnRateBps;
    }
}
