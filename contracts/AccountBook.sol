// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IPointLedger} from "./interfaces/IPointLedger.sol";
import {EPOCH_SECONDS_MIN, FLAG_BUSY, FLAG_LISTENED, FLAG_PAUSED, LOT_COUNT, LOT_MAX} from "./libraries/Constants.sol";
import {Lots, emptyLots} from "./types/Lots.sol";

/// @title Accounts by epoch
/// @notice One word an account, one for the coalition's supply. What has expired is taken out when a word is next read
/// for writing, so that nothing has to run when an epoch ends.
abstract contract AccountBook is IPointLedger {
    /// @dev One word; a struct, so that a place found once can be read and written.
    struct Account {
        Lots lots;
    }

    /// @notice Unix time in seconds at which epoch 0 began.
    uint256 public immutable epochOrigin;

    uint256 internal immutable _epochLength;
    uint256 internal immutable _validity;

    mapping(address account => Account) internal _accounts;

    /// @dev Points outstanding by epoch, `FLAG_PAUSED`, `FLAG_BUSY` and `FLAG_LISTENED`.
    Lots internal _coalition;

    constructor(uint256 epochOrigin_, uint256 epochLength_, uint256 validityDuration_) {
        require(epochLength_ >= EPOCH_SECONDS_MIN, EpochLengthTooShort(epochLength_, EPOCH_SECONDS_MIN));
        require(epochOrigin_ <= block.timestamp, EpochOriginInFuture(epochOrigin_, block.timestamp));
        require(validityDuration_ > 0 && validityDuration_ <= LOT_COUNT, ValidityInvalid(validityDuration_, LOT_COUNT));

        epochOrigin = epochOrigin_;
        _epochLength = epochLength_;
        _validity = validityDuration_;
        _coalition = emptyLots(_epochNow());
    }

    /// @inheritdoc IPointLedger
    function paused() external view returns (bool) {
        return _coalition.isFlagged(FLAG_PAUSED);
    }

    /// @inheritdoc IPointLedger
    function lotsOf(address account) external view returns (Lots) {
        return _accounts[account].lots.rolled(_epochNow(), _validity);
    }

    /// @inheritdoc IPointLedger
    function supplyLots() external view returns (Lots) {
        return _supplyNow().unflagged(FLAG_PAUSED | FLAG_BUSY | FLAG_LISTENED);
    }

    /// @inheritdoc IPointLedger
    function supplyAtEpoch(uint256 epoch) external view returns (uint256) {
        return _atEpoch(_supplyNow(), epoch);
    }

    function _epochAt(uint256 time) internal view returns (uint256) {
        return (time - epochOrigin) / _epochLength;
    }

    function _epochNow() internal view returns (uint256) {
        return _epochAt(block.timestamp);
    }

    function _supplyNow() internal view returns (Lots) {
        return _coalition.rolled(_epochNow(), _validity);
    }

    function _requireNotPaused() internal view {
        _requireFree(_coalition);
    }

    /// @dev Reverts while the ledger is paused, or the campaign book is asked in the middle of a batch.
    function _requireFree(Lots coalition) internal pure {
        require(!coalition.isFlagged(FLAG_PAUSED), LedgerPaused());
        require(!coalition.isFlagged(FLAG_BUSY), LedgerBusy());
    }

    function _expiredAt(uint256 epoch, uint256 now_) internal view returns (bool) {
        return now_ >= _validity && epoch <= now_ - _validity;
    }

    /// @dev Points that rolled `lots` hold of `epoch`; 0 for an epoch that has expired or has not begun.
    function _atEpoch(Lots lots, uint256 epoch) internal view returns (uint256) {
        uint256 newest = lots.head();
        return epoch > newest || _expiredAt(epoch, newest) ? 0 : lots.lotAt(newest - epoch);
    }

    /// @dev True if no lot of `supply` overflows when `back` is given back.
    function _hasRoom(Lots supply, Lots back) internal view returns (bool) {
        for (uint256 age = 0; age < _validity; ++age) {
            if (supply.lotAt(age) + back.lotAt(age) > LOT_MAX) return false;
        }
        return true;
    }

    /// @dev An account as of `epoch`; what expired since it was stored is taken out, and told.
    function _opened(address account, uint256 epoch) internal returns (Lots) {
        return _opened(account, _accounts[account].lots, epoch);
    }

    /// @dev As above, for a caller who has just read `stored`.
    function _opened(address account, Lots stored, uint256 epoch) internal returns (Lots lots) {
        if (stored.head() == epoch) return stored;

        lots = stored.rolled(epoch, _validity);
        uint256 points = stored.total() - lots.total();
        if (points == 0) return lots;

        _accounts[account].lots = lots;

        emit PointsExpired(account, stored.expired(epoch, _validity));
        emit IERC20.Transfer(account, address(0), points);
    }
}
