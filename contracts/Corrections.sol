// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Awards} from "./Awards.sol";
import {IPointLedger} from "./interfaces/IPointLedger.sol";
import {RECEIPT_BITS} from "./libraries/Constants.sol";
import {OutcomeChain} from "./libraries/OutcomeChain.sol";
import {Lots} from "./types/Lots.sol";
import {Correction, OperationKind, Outcome, RejectionCode} from "./types/Operation.sol";
import {PartnerId} from "./types/PartnerId.sol";

/// @title Reversals and refunds
/// @notice A correction brings the original outcome with its proof; only what was corrected gets a slot of its own.
abstract contract Corrections is Awards {
    using OutcomeChain for uint256;

    mapping(PartnerId => mapping(uint256 receipt => uint256)) private _corrected;

    /// @inheritdoc IPointLedger
    function reverse(Correction[] calldata reversals) external {
        Batch memory batch = _begin(reversals.length);

        for (uint256 i = 0; i < reversals.length; ++i) {
            Correction calldata reversal = reversals[i];
            RejectionCode code = _reverse(batch, reversal);
            if (code != RejectionCode.None) {
                _reject(batch, reversal.receipt, OperationKind.Reverse, code);
            }
        }

        _finish(batch);
    }

    /// @inheritdoc IPointLedger
    function refund(Correction[] calldata refunds) external {
        Batch memory batch = _begin(refunds.length);

        for (uint256 i = 0; i < refunds.length; ++i) {
            Correction calldata correction = refunds[i];
            RejectionCode code = _refund(batch, correction);
            if (code != RejectionCode.None) {
                _reject(batch, correction.receipt, OperationKind.Refund, code);
            }
        }

        _finish(batch);
    }

    /// @inheritdoc IPointLedger
    function correctedOf(PartnerId partner, uint256 receipt) external view returns (uint256) {
        return _corrected[partner][receipt];
    }

    function _reverse(Batch memory batch, Correction calldata reversal) private returns (RejectionCode code) {
        Outcome memory original = reversal.original;
        bool fits = original.kind == OperationKind.Earn && OutcomeChain.hashOf(reversal.awards) == original.awards;
        code = _checkCorrection(batch, reversal, original.spendMinor, fits);
        if (code != RejectionCode.None) return code;

        uint256 left = original.spendMinor - _corrected[batch.partner][original.receipt];
        uint256 points = original.points * left / original.spendMinor
            - original.points * (left - reversal.amount) / original.spendMinor;
        _use(batch, reversal.receipt);
        _corrected[batch.partner][original.receipt] += reversal.amount;
        (uint256 awarded, uint256[] memory others) =
            _askForTaken(batch, original, reversal.awards, left, left - reversal.amount);
        uint256 epoch = original.lots.head();
        Lots taken = _takeBack(batch, original.member, epoch, points + awarded);

        emit Transfer(original.member, address(0), taken.total());
        emit Reversed(
            batch.partner, original.member, reversal.receipt, original.receipt, reversal.amount, points, taken, awarded
        );

        _takeFromOthers(batch, original.member, epoch, others);
    }

    function _refund(Batch memory batch, Correction calldata correction) private returns (RejectionCode code) {
        Outcome memory original = correction.original;
        bool redeemed = original.kind == OperationKind.Redeem || original.kind == OperationKind.Capture;
        code = _checkCorrection(batch, correction, original.points, redeemed);
        if (code != RejectionCode.None) return code;
        uint256 before = _corrected[batch.partner][original.receipt];
        Lots back = original.lots.tail(before, correction.amount).restored(batch.epoch, _validity);
        if (!_hasRoom(batch.supply, back)) return RejectionCode.AmountTooLarge;

        _use(batch, correction.receipt);
        _corrected[batch.partner][original.receipt] = before + correction.amount;
        _accounts[original.member].lots = _opened(original.member, batch.epoch).plus(back);
        batch.supply = batch.supply.plus(back);

        emit Transfer(address(0), original.member, correction.amount);
        emit Refunded(
            batch.partner, original.member, correction.receipt, original.receipt, correction.amount, back
        );
    }

    /// @dev Leaves the word of the correction's own receipt in hand, for `_use`.
    function _checkCorrection(Batch memory batch, Correction calldata correction, uint256 whole, bool fits)
        private
        returns (RejectionCode)
    {
        if (correction.amount == 0) return RejectionCode.AmountZero;
        uint256 original = correction.original.receipt;
        _turnTo(batch, original / RECEIPT_BITS);
        bool proved = fits && batch.word.proves(correction.original, correction.before, correction.later);
        if (_isUsed(batch, correction.receipt)) return RejectionCode.ReceiptUsed;
        if (!proved) return RejectionCode.ProofInvalid;
        uint256 before = _corrected[batch.partner][original];
        return correction.amount > whole - before ? RejectionCode.OriginalExceeded : RejectionCode.None;
    }
}
