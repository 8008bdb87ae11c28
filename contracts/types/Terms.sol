// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PartnerId} from "./PartnerId.sol";

/// @notice Who pays for a campaign.
/// @param partner partner that pays.
/// @param shareBps its part of every award, in basis points; those of a campaign add up to 10,000.
struct Sponsor {
    PartnerId partner;
    uint16 shareBps;
}

/// @notice What the sponsors of a campaign agree on. The hash of exactly this is what they approve.
/// @param rule kind of the campaign, a listed `IRule`.
/// @param ruleTerms the kind's own terms, see its page.
/// @param sponsors who pays, by rising number.
/// @param partners where purchases count, by rising number.
/// @param budgetPoints most points that the campaign pays in all its life.
/// @param memberCapPoints most points that it pays one member; 0 for no cap of its own.
/// @param opensAt Unix time in seconds from which it counts.
/// @param closesAt Unix time in seconds from which it no longer counts.
/// @param tierMask tiers that may take part: bit 0 is the lowest tier.
/// @param segment root of the Merkle tree of the accounts that may take part; 0 for everybody.
/// @param group 0 adds to all other campaigns; of those with the same number, only the best award of a purchase is paid, and for
/// the others the purchase does not count.
/// @param optIn true if a member takes part only after joining with its own key.
/// @param takesBackWhole true if any part of a purchase taken back takes its whole award, false if pro rata.
/// @param draws true if the sponsors' seeds decide at the end.
/// @param pausable true if a sponsor alone may pause it.
/// @param endNoticeSeconds notice with which a sponsor alone may end it early; 2^32 − 1 if none may.
/// @param attestor account whose word counts for what is no purchase; 0 if nothing does.
/// @param document Keccak-256 of the file in which people read the campaign; 0 if there is none.
struct Terms {
    address rule;
    uint256[] ruleTerms;
    Sponsor[] sponsors;
    PartnerId[] partners;
    uint48 budgetPoints;
    uint48 memberCapPoints;
    uint40 opensAt;
    uint40 closesAt;
    uint16 tierMask;
    bytes32 segment;
    uint8 group;
    bool optIn;
    bool takesBackWhole;
    bool draws;
    bool pausable;
    uint32 endNoticeSeconds;
    address attestor;
    bytes32 document;
}
