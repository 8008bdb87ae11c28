// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PartnerId} from "./PartnerId.sol";

/// @notice Why a rule is asked. The numbers are stable: they stand in events.
/// `Purchase`: an earn. `Attestation`: the campaign's attestor says that something happened. `Claim`: somebody asks whether the
/// time has come. `Draw`: the sponsors' seeds are known.
enum Occasion {
    None,
    Purchase,
    Attestation,
    Claim,
    Draw
}

/// @notice What a rule looks at.
/// @param occasion why it is asked.
/// @param partner partner that posted a purchase; 0 otherwise.
/// @param time Unix time in seconds: of a purchase, that of its block.
/// @param spendMinor amount paid, in minor units of the partner's currency; 0 unless a purchase.
/// @param points points that the purchase earned by the partner's base rate; 0 unless a purchase.
/// @param tier member's tier just before, 0 for the lowest.
/// @param memberSince Unix time in seconds at which the account was enrolled.
/// @param subject of an attestation, its action code; of a draw, a random word, 0 if a seed was withheld; of a purchase or a
/// claim, the account that referred the member in this campaign, as a number, 0 for none.
struct Happening {
    Occasion occasion;
    PartnerId partner;
    uint256 time;
    uint256 spendMinor;
    uint256 points;
    uint256 tier;
    uint256 memberSince;
    uint256 subject;
}

/// @notice How much of a purchase is taken back, and what it had been given.
/// @param spendBefore what was left of its spend before this reversal, in minor units.
/// @param spendAfter what is left after it; 0 if the whole purchase is gone.
/// @param points points that the campaign had paid for this purchase.
/// @param whole true if the terms take back the whole award with any part of the purchase, false if pro rata.
struct TakenBack {
    uint256 spendBefore;
    uint256 spendAfter;
    uint256 points;
    bool whole;
}
