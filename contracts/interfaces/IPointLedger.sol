// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEarnHook} from "./IEarnHook.sol";
import {Lots} from "../types/Lots.sol";
import {Capture, Correction, Earn, OperationKind, RejectionCode, Spend} from "../types/Operation.sol";
import {PartnerId} from "../types/PartnerId.sol";

/// @title The coalition's book of points
/// @notice Partners post operations in batches; each operation of a batch is accepted or rejected on its own, and either
/// outcome is an event. A whole transaction reverts only for its sender's faults: no active key, a suspended partner, a
/// paused ledger, a batch that is empty or too large.
/// Data that does not decode (a kind beyond the last, an address with dirty bits) reverts it too.
/// @dev Folding the events from the first block rebuilds every balance, lot, hold, debt and receipt without reading storage.
interface IPointLedger {
    /// @param member account that owns the held points.
    /// @param deadline Unix time in seconds until which the hold can be captured.
    /// @param lots what is held; no points if the hold is closed.
    struct Hold {
        address member;
        uint40 deadline;
        Lots lots;
    }

    /// @notice The ledger came to be.
    // slither-disable-next-line unindexed-event-address
    event LedgerOpened(
        address registry,
        uint256 epochOrigin,
        uint256 epochLength,
        uint256 validityDuration,
        uint256 rotationDelay,
        uint256 recoveryDelay
    );

    /// @notice An account became a member's.
    event MemberEnrolled(address indexed member);

    /// @notice A purchase earned `points` by the base rate, and `awarded` by campaigns; both went into the lot of the current epoch.
    event Earned(
        PartnerId indexed partner,
        address indexed member,
        uint256 receipt,
        uint256 spendMinor,
        uint256 points,
        uint256 awarded
    );

    /// @notice Campaigns gave points beyond a member's own purchase; they went into the lot of the current epoch.
    event BonusIssued(address indexed member, uint256 points);

    /// @notice Points that campaigns had given with another member's purchase were taken back; these lots paid, the rest became
    /// a debt.
    event BonusTaken(address indexed member, uint256 points, Lots lots);

    /// @notice That part of the points just earned paid a debt from an earlier reversal.
    event DebtRepaid(address indexed member, uint256 points);

    /// @notice Points were redeemed from these lots.
    event Redeemed(
        PartnerId indexed partner, address indexed member, uint256 receipt, uint256 points, Lots lots
    );

    /// @notice Points of these lots are held until `deadline`.
    event Held(
        PartnerId indexed partner, address indexed member, uint256 receipt, uint256 points, Lots lots, uint256 deadline
    );

    /// @notice Points of these lots of a hold were redeemed; its rest went back to the member.
    event Captured(
        PartnerId indexed partner, address indexed member, uint256 receipt, uint256 points, Lots lots
    );

    /// @notice A hold ended and its points went back to the member, into these lots.
    event Released(
        PartnerId indexed partner, address indexed member, uint256 receipt, uint256 points, Lots lots
    );

    /// @notice An earn was taken back by `spendMinor`, worth `points` by the base rate and `awarded` of awards; these lots paid, the
    /// rest became a debt.
    event Reversed(
        PartnerId indexed partner,
        address indexed member,
        uint256 receipt,
        uint256 originalReceipt,
        uint256 spendMinor,
        uint256 points,
        Lots lots,
        uint256 awarded
    );

    /// @notice Redeemed points came back, into these lots.
    event Refunded(
        PartnerId indexed partner,
        address indexed member,
        uint256 receipt,
        uint256 originalReceipt,
        uint256 points,
        Lots lots
    );

    /// @notice Points of these lots went from one account to another (ERC-20 `Transfer` has no lots).
    event LotsTransferred(address indexed from, address indexed to, Lots lots);

    /// @notice Lots that had expired were taken out of an account, when it was next written.
    event PointsExpired(address indexed account, Lots lots);

    /// @notice One operation of a batch was refused; nothing of it happened. (Points of the account that had expired may have
    /// been taken out on the way, which `PointsExpired` tells.)
    event OperationRejected(
        PartnerId indexed partner, uint256 receipt, OperationKind kind, RejectionCode code
    );

    /// @notice From now on this book hears of purchases; zero is none.
    event CampaignBookSet(address indexed book);

    event Paused(address indexed by);
    event Unpaused(address indexed by);

    error LedgerPaused();
    error LedgerNotPaused();
    error LedgerBusy();
    error CallerNotCampaignBook(address caller);
    error AwardsTooLarge(uint256 points, uint256 largest);
    error BatchSizeInvalid(uint256 size, uint256 largest);
    error MemberInvalid(address member);
    error HoldNotOpen(PartnerId partner, uint256 receipt);
    error HoldNotLapsed(PartnerId partner, uint256 receipt, uint256 deadline);
    error GraceLotFull(PartnerId partner, uint256 receipt);
    error EpochLengthTooShort(uint256 length, uint256 shortest);
    error EpochOriginInFuture(uint256 origin, uint256 time);
    error ValidityInvalid(uint256 validity, uint256 longest);

    /// @notice Makes accounts members'. Those that are already stay as they are. For partners' keys and the operator.
    /// @dev Reverts with `BatchSizeInvalid`, `MemberInvalid` (zero, or the ledger), `LedgerPaused` or a key's error.
    function enrol(address[] calldata members) external;

    /// @notice Posts purchases. Points are floor(spendMinor × rate / 10,000), in the current epoch's lot.
    /// @param earns up to 500 purchases. Codes: `ReceiptUsed`, `AmountZero`, `AmountTooLarge`, `MemberUnknown`.
    /// @param enrolling a bit for each purchase, the first in the lowest bit of the first word: 1 enrols the member if
    /// the account is nobody's yet. Words that are missing count as 0.
    /// @dev Where the campaign book is open at the partner, it is asked for each accepted purchase, and what it awards goes into the
    /// same lot. Such a purchase is `AmountTooLarge` also where the epoch's supply has no room for `AWARDS_MAX` points more.
    /// Warning: the book is the coalition's own code. If it reverts, or awards more than that (`AwardsTooLarge`), so does the batch;
    /// `setCampaignBook` takes it out.
    function earn(Earn[] calldata earns, uint256[] calldata enrolling) external;

    /// @notice Redeems points, nearest to expiry first, on the member's signature or allowance.
    /// @dev EIP-712 `Authorization(address member,uint32 partner,uint256 points,uint256 receipt,uint8 purpose,uint256
    /// deadline)`. Codes: `ReceiptUsed`, `AmountZero`, `AmountTooLarge`, `MemberUnknown`, `DeadlinePassed`,
    /// `BalanceTooLow`, `SignatureInvalid`, `AllowanceTooLow`.
    function redeem(Spend[] calldata redemptions) external;

    /// @notice Puts points aside for a later redemption, from lots that outlive the deadline. Codes as `redeem`, and
    /// `DeadlineTooFar`.
    function hold(Spend[] calldata holds) external;

    /// @notice Redeems open holds, whole or in part. Codes: `HoldUnknown`, `DeadlinePassed`, `AmountZero`, `HoldExceeded`.
    function capture(Capture[] calldata captures) external;

    /// @notice Ends open holds of the calling partner. Codes: `HoldUnknown`, and `AmountTooLarge` where the points have expired
    /// and the grace lot cannot take them.
    function release(uint256[] calldata receipts) external;

    /// @notice Ends a hold whose deadline has passed. For anyone. Reverts with `HoldNotOpen`,
    /// `HoldNotLapsed` or `GraceLotFull`.
    function releaseLapsed(PartnerId partner, uint256 receipt) external;

    /// @notice Takes earns back, whole or in part. What the account lacks becomes a debt that later earns pay. Codes:
    /// `ReceiptUsed`, `AmountZero`, `ProofInvalid`, `OriginalExceeded`.
    /// @dev Of a purchase that campaigns had awarded, the book says what goes back of the awards. Without a book, awards stay.
    /// Warning: how much goes back is the book's word; a wrong book can leave members with debts, but takes nothing without a
    /// reversal.
    function reverse(Correction[] calldata reversals) external;

    /// @notice Gives redeemed points back, whole or in part, into the lots they came from, or into the grace lot. Codes as
    /// `reverse`, and `AmountTooLarge`.
    function refund(Correction[] calldata refunds) external;

    /// @notice Credits points to members outside of a purchase, in the current epoch's lot. Only for the campaign book.
    /// @dev An account that is nobody's, and 0 points, are passed over. Reverts with `CallerNotCampaignBook`, `LedgerPaused`,
    /// `LedgerBusy` inside a batch, or `AwardsTooLarge` where the epoch's supply has no room.
    /// @param others each the account in the lower 160 bits and the points above.
    function award(uint256[] calldata others) external;

    /// @notice Lets the campaign book hear of purchases from now on. Only for the book; reverts with `CallerNotCampaignBook`.
    /// @dev No event of its own: it comes with the first campaign that starts, or the first programme of tiers.
    function listen() external;

    /// @notice Lets `book` hear of purchases from now on; zero for none. For the governor.
    /// @dev Warning: a purchase's awards are known to the book that gave them. Another one is told of their reversal, so it has to
    /// know them too.
    function setCampaignBook(IEarnHook book) external;

    /// @notice The campaign book; zero for none.
    function campaignBook() external view returns (IEarnHook);

    /// @notice Stops every operation and transfer.
    function pause() external;

    /// @notice Lets operations happen again.
    function unpause() external;

    /// @notice True while nothing can be posted.
    function paused() external view returns (bool);

    /// @notice True if the account was enrolled.
    function isMember(address account) external view returns (bool);

    /// @notice Unix time in seconds at which the account was enrolled; 0 for nobody's.
    function memberSinceOf(address account) external view returns (uint256);

    /// @notice An account's points by epoch, as of now.
    function lotsOf(address account) external view returns (Lots);

    /// @notice Points outstanding by epoch, held ones included, as of now. To the campaign book, while it is asked: as before the
    /// batch.
    function supplyLots() external view returns (Lots);

    /// @notice Points outstanding that were earned in `epoch`; 0 if it has expired.
    function supplyAtEpoch(uint256 epoch) external view returns (uint256);

    /// @notice Points that later earns of the account will pay.
    function debtOf(address account) external view returns (uint256);

    /// @notice True if the partner's receipt has been counted.
    function isReceiptUsed(PartnerId partner, uint256 receipt) external view returns (bool);

    /// @notice The open hold under a partner's receipt; all zero if there is none.
    function holdOf(PartnerId partner, uint256 receipt) external view returns (Hold memory);

    /// @notice How much of an original was taken back: minor units of an earn, points of a redemption or capture.
    function correctedOf(PartnerId partner, uint256 receipt) external view returns (uint256);

    /// @notice The word of 32 receipts that holds a partner's `receipt`: see `OutcomeChain`.
    function receiptWordOf(PartnerId partner, uint256 receipt) external view returns (bytes28 chain, uint32 used);
}
