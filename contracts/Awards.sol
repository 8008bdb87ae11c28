// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEarnHook} from "./interfaces/IEarnHook.sol";
import {IPointLedger} from "./interfaces/IPointLedger.sol";
import {BookCall} from "./libraries/BookCall.sol";
import {AWARDS_MAX, FLAG_BUSY, FLAG_ENROLLED, FLAG_INDEBTED, FLAG_LISTENED, LOT_MAX} from "./libraries/Constants.sol";
import {ReceiptBook} from "./ReceiptBook.sol";
import {Lots, emptyLots, singleLot} from "./types/Lots.sol";
import {Earn, Outcome} from "./types/Operation.sol";

/// @title Awards and debts
/// @notice What the campaign book adds to purchases and takes back with them, and what accounts owe.
/// @dev While the book runs, the supply and the receipts of a batch are in memory and an account may be half decided. So the
/// coalition's word is marked busy before the book is first called, which costs next to nothing because the end of the batch
/// writes that word anyway; whatever else could write an account or the supply then reverts with `LedgerBusy`.
abstract contract Awards is ReceiptBook {
    /// @inheritdoc IPointLedger
    mapping(address account => uint256) public debtOf;

    /// @inheritdoc IPointLedger
    IEarnHook public campaignBook;

    /// @inheritdoc IPointLedger
    function award(uint256[] calldata others) external {
        require(msg.sender == address(campaignBook), CallerNotCampaignBook(msg.sender));

        Batch memory batch;
        _take(batch);
        _checkAwards(0, others, LOT_MAX - batch.supply.lotAt(0));
        _awardOthers(batch, address(0), others);
        _finish(batch);
    }

    /// @inheritdoc IPointLedger
    function listen() external {
        require(msg.sender == address(campaignBook), CallerNotCampaignBook(msg.sender));

        _coalition = _coalition.flagged(FLAG_LISTENED);
    }

    /// @dev Asks, once for a batch of purchases, whether the book is to hear of them.
    function _turnToBook(Batch memory batch) internal {
        if (!batch.supply.isFlagged(FLAG_LISTENED)) return;
        IEarnHook book = campaignBook;
        uint256 briefing = book.briefingFor(batch.partner);
        if (briefing == 0) return;

        batch.book = book;
        batch.briefing = briefing;
        batch.room = LOT_MAX - AWARDS_MAX;
        _markBusy();
    }

    function _markBusy() private {
        _coalition = _coalition.flagged(FLAG_BUSY);
    }

    /// @dev Tells the book of an accepted purchase. Its promise to stay within `AWARDS_MAX` was reckoned with when the purchase
    /// was accepted, so that nothing can overflow.
    /// @return whole `points` and what the member is awarded.
    function _askForAwards(Batch memory batch, Earn calldata purchase, uint256 points, uint256 since)
        internal
        returns (uint256 whole, uint256[] memory others)
    {
        uint256 awarded;
        (awarded, batch.outcome.awards, others) = BookCall.earned(batch.book, batch.partner, purchase, since, points, batch.briefing);
        _checkAwards(awarded, others, AWARDS_MAX);
        unchecked {
            return (points + awarded, others);
        }
    }

    function _checkAwards(uint256 sum, uint256[] memory others, uint256 largest) private pure {
        uint256 count = others.length;
        for (uint256 i = 0; i < count; ++i) {
            sum += others[i] >> 160;
        }
        require(sum <= largest, AwardsTooLarge(sum, largest));
    }

    /// @dev Credits `others` but for `member`, each packed as account | points << 160.
    function _awardOthers(Batch memory batch, address member, uint256[] memory others) internal {
        for (uint256 i = 0; i < others.length; ++i) {
            (address account, uint256 points) = (address(uint160(others[i])), others[i] >> 160);
            if (!_counts(account, member, points)) continue;

            Lots lots = _opened(account, batch.epoch).added(points);
            batch.supply = batch.supply.added(points);
            _accounts[account].lots = lots;

            emit Transfer(address(0), account, points);
            emit BonusIssued(account, points);

            if (lots.isFlagged(FLAG_INDEBTED)) _repay(batch, account, lots, points);
        }
    }

    function _counts(address account, address member, uint256 points) private view returns (bool) {
        return points > 0 && account != member && _accounts[account].lots.isFlagged(FLAG_ENROLLED);
    }

    function _repay(Batch memory batch, address member, Lots lots, uint256 earned) internal {
        uint256 debt = debtOf[member];
        uint256 paid = debt < earned ? debt : earned;
        if (paid == 0) return;

        debtOf[member] = debt - paid;
        Lots payment = singleLot(batch.epoch, paid);
        batch.supply = batch.supply.removed(payment);
        lots = lots.removed(payment);
        _accounts[member].lots = paid == debt ? lots.unflagged(FLAG_INDEBTED) : lots;

        emit Transfer(member, address(0), paid);
        emit DebtRepaid(member, paid);
    }

    /// @dev Tells the book that a purchase with awards was taken back; without a book, awards stay.
    function _askForTaken(
        Batch memory batch,
        Outcome memory original,
        uint256[] calldata words,
        uint256 spendBefore,
        uint256 spendAfter
    ) internal returns (uint256 taken, uint256[] memory others) {
        IEarnHook book = campaignBook;
        if (original.awards == 0 || address(book) == address(0)) return (taken, others);

        _markBusy();
        (taken, others) = book.takenBack(
            batch.partner,
            original.member,
            original.receipt,
            original.spendMinor,
            original.points,
            _accounts[original.member].lots.memberSince(),
            words,
            spendBefore,
            spendAfter
        );
        _checkAwards(taken, others, LOT_MAX);
    }

    /// @dev Takes from accounts other than `member` what was credited with a purchase of `epoch`.
    function _takeFromOthers(Batch memory batch, address member, uint256 epoch, uint256[] memory others) internal {
        for (uint256 i = 0; i < others.length; ++i) {
            (address account, uint256 points) = (address(uint160(others[i])), others[i] >> 160);
            if (!_counts(account, member, points)) continue;

            Lots taken = _takeBack(batch, account, epoch, points);

            emit Transfer(account, address(0), taken.total());
            emit BonusTaken(account, points, taken);
        }
    }

    /// @dev Takes from the lot of the earn first, then nearest to expiry first; what is missing becomes a debt.
    function _takeBack(Batch memory batch, address member, uint256 epoch, uint256 points) internal returns (Lots taken) {
        Lots lots = _opened(member, batch.epoch);
        uint256 own = _atEpoch(lots, epoch);
        if (own > points) own = points;
        taken = emptyLots(batch.epoch);
        if (own > 0) taken = taken.withLot(batch.epoch - epoch, own);
        (Lots others, uint256 missing) = lots.removed(taken).spent(points - own, _validity, 0);
        taken = taken.plus(others);

        lots = lots.removed(taken);
        batch.supply = batch.supply.removed(taken);
        if (missing > 0) {
            debtOf[member] += missing;
            lots = lots.flagged(FLAG_INDEBTED);
        }
        _accounts[member].lots = lots;
    }
}
