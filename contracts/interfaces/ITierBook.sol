// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Downgrade, QualifyBy} from "../types/TierProgramme.sol";
import {TierState} from "../types/TierState.sol";

/// @title Tiers of members
/// @notice A member's tier is the highest of three: what was carried into the membership year, what this year's
/// qualification deserves, and a paid tier while it lasts. It follows from the block's time whenever it is looked at.
/// @dev Membership years are 365 days long, counted from the second of enrolment, which the caller brings as `memberSince`.
/// Tiers are numbered from 0, the lowest. Programmes are announced; each moment and each year's end is judged by the
/// programme that counts then.
interface ITierBook {
    /// @param threshold qualification within a membership year that the tier asks for, in points or minor units; 0 for tier 0.
    /// @param multiplierBps what a purchase earns in this tier, in basis points of its base points; 10,000 is no bonus.
    struct Tier {
        uint48 threshold;
        uint32 multiplierBps;
    }

    /// @param qualifyBy what qualifies: points of the base rate, or spend.
    /// @param downgrade how far a year's end takes a tier down.
    /// @param softLandingDays days after a year's end in which the tier before it is still kept.
    /// @param inactivityDays after so many days without a purchase tiers are taken, once until the next purchase; 0 for never.
    /// @param inactivityTiers tiers that inactivity takes.
    /// @param tiers at least one and at most 16, lowest first.
    struct Programme {
        QualifyBy qualifyBy;
        Downgrade downgrade;
        uint16 softLandingDays;
        uint16 inactivityDays;
        uint8 inactivityTiers;
        Tier[] tiers;
    }

    /// @notice The book came to be, with this notice period in seconds.
    event TierBookOpened(uint256 noticeSeconds);

    /// @notice The contract whose purchases count changed.
    event TierKeeperSet(address indexed campaignBook);

    /// @notice A programme counts from then on. It replaces an earlier one of the same version.
    event ProgrammeAnnounced(uint256 indexed version, uint256 effectiveFrom, Programme programme);

    /// @notice A purchase, or a reversal, changed a member's tier. What time changes is not told.
    event TierChanged(address indexed member, uint256 from, uint256 to);

    /// @notice A member has at least this tier until that Unix time in seconds; 0 and 0 where it was ended.
    event FloorSet(address indexed member, uint256 tier, uint256 until);

    error NotTierKeeper(address caller);
    error ProgrammeTooSoon(uint256 effectiveFrom, uint256 earliest);
    error TierCountInvalid(uint256 count, uint256 highest);
    error ThresholdNotAscending(uint256 tier, uint256 threshold);
    error MultiplierOutOfRange(uint256 tier, uint256 multiplierBps);
    error SoftLandingTooLong(uint256 softLandingDays, uint256 longest);
    error InactivityInvalid(uint256 inactivityDays, uint256 inactivityTiers);
    error TierUnknown(uint256 tier, uint256 highest);
    error FloorUntilInvalid(uint256 until, uint256 latest);

    /// @notice Sets the contract that may tell purchases from now on; the zero address for none.
    function setCampaignBook(address campaignBook_) external;

    /// @notice Announces a programme. It replaces one announced earlier that does not count yet.
    /// @param effectiveFrom Unix time in seconds, at least the notice period from now; the first may count at once.
    /// @dev Reverts with `ProgrammeTooSoon`, `TierCountInvalid`, `ThresholdNotAscending`, `MultiplierOutOfRange`,
    /// `SoftLandingTooLong` or `InactivityInvalid`.
    /// @return version number of the programme, counted from 1.
    function announceProgramme(Programme calldata programme, uint256 effectiveFrom) external returns (uint256 version);

    /// @notice Gives a member at least this tier until a time, instead of any paid tier before; tier 0 ends it at once.
    /// @dev For the campaign book, and for whoever has the role. Reverts with `TierUnknown` or `FloorUntilInvalid`.
    /// @param until Unix time in seconds; counted in whole hours, rounded up.
    function setFloor(address member, uint256 tier, uint256 until) external;

    /// @notice A purchase was accepted: it counts towards the member's tier. Only for the campaign book.
    /// @param memberSince Unix time in seconds at which the account was enrolled: membership years are counted from it.
    /// @dev Reverts with `NotTierKeeper`.
    /// @return running false if there is no programme of tiers: nothing counts then, and the rest is 0.
    /// @return tier the member's tier just before, 0 for the lowest.
    /// @return awarded points on top of `points` by that tier's multiplier, rounded down.
    function qualify(address member, uint256 memberSince, uint256 spendMinor, uint256 points)
        external
        returns (bool running, uint256 tier, uint256 awarded);

    /// @notice A purchase of that time was taken back by so much. Only for the campaign book.
    /// @dev It counts if the purchase was made in the membership year of the member's latest purchase, or in the one before,
    /// whose end is then told anew. Years before those are final. Reverts with `NotTierKeeper`.
    function disqualify(address member, uint256 memberSince, uint256 time, uint256 spendMinor, uint256 points) external;

    /// @notice True if there is a programme of tiers.
    function isRunning() external view returns (bool);

    /// @notice The member's tier now.
    function tierOf(address member, uint256 memberSince) external view returns (uint256 tier);

    /// @notice What this membership year must still bring for the tier above, in the programme's unit.
    /// @return missing 0 at the top; 1 where any purchase is enough.
    function missingToNext(address member, uint256 memberSince) external view returns (uint256 missing);

    /// @notice What this membership year has brought so far, in the programme's unit.
    function qualificationOf(address member, uint256 memberSince) external view returns (uint256 qualification);

    /// @notice The member's paid tier and the Unix time in seconds at which it lapses; 0 and 0 if there is none now.
    function floorOf(address member) external view returns (uint256 tier, uint256 until);

    /// @notice The member's word, as the latest purchase left it.
    function stateOf(address member) external view returns (TierState);

    /// @notice A programme and the Unix time in seconds from which it counts. Version 0, which counts before the first, is
    /// one tier without a bonus; so is a version that does not exist.
    function programmeOf(uint256 version) external view returns (Programme memory programme, uint256 effectiveFrom);

    /// @notice Version of the programme that counts now.
    function programmeNow() external view returns (uint256 version);

    /// @notice Programmes announced so far, without those that were replaced; their versions are 1 to this.
    function programmeCount() external view returns (uint256);

    /// @notice The contract that may tell purchases.
    function campaignBook() external view returns (address);

    /// @notice Notice period in seconds.
    function noticeSeconds() external view returns (uint256);
}
