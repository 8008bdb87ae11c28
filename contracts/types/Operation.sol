// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Lots} from "./Lots.sol";

/// @notice What a partner asks of the ledger. The numbers are stable: they stand in events and in leaves.
enum OperationKind {
    None,
    Earn,
    Redeem,
    Hold,
    Capture,
    Release,
    Reverse,
    Refund
}

/// @notice Why one operation of a batch was refused. The numbers are stable: they stand in `OperationRejected`.
enum RejectionCode {
    None,
    ReceiptUsed,
    MemberUnknown,
    AmountZero,
    AmountTooLarge,
    BalanceTooLow,
    SignatureInvalid,
    DeadlinePassed,
    DeadlineTooFar,
    AllowanceTooLow,
    HoldUnknown,
    HoldExceeded,
    ProofInvalid,
    OriginalExceeded
}

/// @notice What an authorization of a member allows: the spending at once, or the holding of points.
enum Purpose {
    None,
    Redeem,
    Hold
}

/// @notice One purchase that earns.
/// @param member account that earns.
/// @param receipt the partner's number for this purchase, used once for ever.
/// @param spendMinor amount paid, in minor units of the partner's currency.
struct Earn {
    address member;
    uint256 receipt;
    uint256 spendMinor;
}

/// @notice Points to redeem or to hold.
/// @param member account that pays.
/// @param receipt the partner's number for this operation, used once for ever.
/// @param points points to redeem or to hold.
/// @param deadline Unix time in seconds: of a redemption, until when the signature counts; of a hold, also until when
/// it can be captured.
/// @param signature the member's EIP-712 signature over `Authorization`, or empty to use the member's allowance to the
/// partner's account.
struct Spend {
    address member;
    uint256 receipt;
    uint256 points;
    uint256 deadline;
    bytes signature;
}

/// @notice How much of an open hold is redeemed; the rest goes back to the member.
/// @param receipt receipt of the hold.
/// @param points points to redeem, at least 1 and at most what is held.
struct Capture {
    uint256 receipt;
    uint256 points;
}

/// @notice What the ledger decided for one accepted earn, redemption or capture. Its hash is a leaf of the receipt
/// word's chain, see `OutcomeChain`.
/// @param kind `Earn`, `Redeem` or `Capture`.
/// @param member account concerned.
/// @param receipt the partner's receipt.
/// @param spendMinor amount paid, in minor units; 0 unless `kind` is `Earn`.
/// @param points points earned by the base rate, or redeemed.
/// @param lots lots into which, or from which, the points went; of an earn, with what campaigns awarded.
/// @param awards hash of the words that tell what a purchase counted for, see `IEarnHook`; 0 for none.
struct Outcome {
    OperationKind kind;
    address member;
    uint256 receipt;
    uint256 spendMinor;
    uint256 points;
    Lots lots;
    bytes32 awards;
}

/// @notice A reversal (of an earn) or a refund (of a redemption or capture).
/// @param receipt the partner's number for this correction, used once for ever.
/// @param amount of a reversal, the part of the spend taken back, in minor units; of a refund, the points given back.
/// @param original the outcome to correct, as it was decided.
/// @param before chain of the original's receipt word just before the original. See `OutcomeChain`.
/// @param later leaves that followed it in the same word, in order.
/// @param awards of a reversal, the words whose hash `original.awards` is; of a refund, not looked at.
struct Correction {
    uint256 receipt;
    uint256 amount;
    Outcome original;
    bytes28 before;
    bytes32[] later;
    uint256[] awards;
}
