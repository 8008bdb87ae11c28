// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEarnHook} from "./interfaces/IEarnHook.sol";
import {IPartnerRegistry} from "./interfaces/IPartnerRegistry.sol";
import {IPointLedger} from "./interfaces/IPointLedger.sol";
import {BATCH_MAX, LOT_MAX, RECEIPT_BITS} from "./libraries/Constants.sol";
import {OutcomeChain} from "./libraries/OutcomeChain.sol";
import {PointToken} from "./PointToken.sol";
import {Lots} from "./types/Lots.sol";
import {OperationKind, Outcome, RejectionCode} from "./types/Operation.sol";
import {PartnerId} from "./types/PartnerId.sol";

/// @title Receipts and batches
/// @notice Each receipt of a partner counts once; the outcomes of those that can be corrected are committed to.
abstract contract ReceiptBook is PointToken {
    using OutcomeChain for uint256;

    /// @dev What the operations of one transaction share. `room` is what an epoch's supply may come to by base
    /// rates; `book` is the campaign book if it is to hear of purchases, else zero.
    struct Batch {
        PartnerId partner;
        uint256 earnRateBps;
        uint256 epoch;
        Lots supply;
        uint256 wordIndex;
        uint256 word;
        Outcome outcome;
        uint256 room;
        IEarnHook book;
        uint256 briefing;
    }

    /// @dev No word of receipts is in hand.
    uint256 private constant NO_WORD = type(uint256).max;

    /// @notice Register of the partners that may post here.
    IPartnerRegistry public immutable registry;

    mapping(PartnerId => mapping(uint256 index => uint256)) private _receiptWords;

    constructor(IPartnerRegistry registry_) {
        registry = registry_;
    }

    /// @inheritdoc IPointLedger
    function isReceiptUsed(PartnerId partner, uint256 receipt) external view returns (bool) {
        return _receiptWords[partner][receipt / RECEIPT_BITS].isMarked(receipt);
    }

    /// @inheritdoc IPointLedger
    function receiptWordOf(PartnerId partner, uint256 receipt) external view returns (bytes28 chain, uint32 used) {
        uint256 word = _receiptWords[partner][receipt / RECEIPT_BITS];
        return (word.chainOf(), uint32(word));
    }

    // ---- one transaction

    function _begin(uint256 size) internal view returns (Batch memory batch) {
        require(size > 0 && size <= BATCH_MAX, BatchSizeInvalid(size, BATCH_MAX));

        _take(batch);
        (batch.partner, batch.earnRateBps) = registry.posting(msg.sender);
    }

    /// @dev Takes up what is the coalition's own.
    function _take(Batch memory batch) internal view {
        Lots supply = _coalition;
        _requireFree(supply);

        batch.epoch = _epochNow();
        batch.supply = supply.rolled(batch.epoch, _validity);
        batch.wordIndex = NO_WORD;
        batch.room = LOT_MAX;
    }

    function _finish(Batch memory batch) internal {
        _turnTo(batch, NO_WORD);
        _coalition = batch.supply;
    }

    function _reject(Batch memory batch, uint256 receipt, OperationKind kind, RejectionCode code) internal {
        emit OperationRejected(batch.partner, receipt, kind, code);
    }

    /// @dev Commits to an outcome of the kind that `batch.outcome` has.
    function _commit(
        Batch memory batch,
        address member,
        uint256 receipt,
        uint256 spendMinor,
        uint256 points,
        Lots lots
    ) internal pure {
        Outcome memory outcome = batch.outcome;
        outcome.member = member;
        outcome.receipt = receipt;
        outcome.spendMinor = spendMinor;
        outcome.points = points;
        outcome.lots = lots;
        batch.word = batch.word.extended(outcome);
    }

    function _isUsed(Batch memory batch, uint256 receipt) internal returns (bool) {
        uint256 index = receipt / RECEIPT_BITS;
        if (index != batch.wordIndex) _turnTo(batch, index);
        return batch.word.isMarked(receipt);
    }

    /// @dev Counts a receipt that `_isUsed` was just asked about.
    function _use(Batch memory batch, uint256 receipt) internal pure {
        batch.word = batch.word.marked(receipt);
    }

    /// @dev Puts down the word of receipts in hand and takes up another: neighbours in a batch share a word.
    function _turnTo(Batch memory batch, uint256 index) internal {
        if (index == batch.wordIndex) return;

        mapping(uint256 => uint256) storage words = _receiptWords[batch.partner];
        if (batch.wordIndex != NO_WORD) words[batch.wordIndex] = batch.word;
        batch.wordIndex = index;
        if (index != NO_WORD) batch.word = words[index];
    }
}
