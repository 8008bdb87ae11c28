// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PartnerId} from "../types/PartnerId.sol";

/// @title What the ledger asks when a purchase earns, or is taken back
/// @notice Implemented by the campaign book. Only the ledger may call.
interface IEarnHook {
    /// @notice True once purchases anywhere can mean anything. Until then the ledger does not ask, which saves a batch some
    /// 10,000 gas; the book calls `IPointLedger.listen` when that changes.
    function isListening() external view returns (bool);

    /// @notice What a batch of purchases brings along with each of them, so that the book need not look it up for every one; 0 if
    /// purchases at the partner mean nothing beyond their base points.
    /// @return briefing a number that means something only to the book, and only within the transaction.
    function briefingFor(PartnerId partner) external view returns (uint256 briefing);

    /// @notice A purchase was accepted. It is not in the balance yet, and nothing else of the ledger can be written meanwhile.
    /// @dev `awarded` and all of `others` together are at most `AWARDS_MAX`: the ledger kept room for that much, and reverts the batch
    /// for more. The order of the parameters makes this the lowest of the book's selectors, which is tried first.
    /// @param spendMinor amount paid, in minor units.
    /// @param memberSince Unix time in seconds at which the account was enrolled.
    /// @param points what it earned by the base rate.
    /// @param briefing what `briefingFor` said.
    /// @return awarded points for the member on top of `points`.
    /// @return awards hash of the words that tell what the purchase counted for, 0 if for nothing: keccak256 over the words
    /// one after another. A word is, from the lowest bit up: campaign 32 bits (0 for the member's tier), version 16,
    /// points 48, Unix time 40, tier 8, points for who referred 48, badge granted 32.
    /// @return others points for other accounts, each the account in the lower 160 bits and the points above.
    function earned(
        PartnerId partner,
        address member,
        uint256 receipt,
        uint256 spendMinor,
        uint40 memberSince,
        uint256 points,
        uint256 briefing
    ) external returns (uint256 awarded, bytes32 awards, uint256[] memory others);

    /// @notice A purchase was taken back, whole or in part.
    /// @param receipt the purchase's own.
    /// @param words what hashes to the `awards` that `earned` gave.
    /// @param spendBefore what was left of its spend before, in minor units.
    /// @param spendAfter what is left of it now.
    /// @return taken points of awards that the member gives back.
    /// @return others points that other accounts give back, packed as in `earned`.
    function takenBack(
        PartnerId partner,
        address member,
        uint256 receipt,
        uint256 spendMinor,
        uint256 points,
        uint256 memberSince,
        uint256[] calldata words,
        uint256 spendBefore,
        uint256 spendAfter
    ) external returns (uint256 taken, uint256[] memory others);
}
