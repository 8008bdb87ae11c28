// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {ICampaignBook} from "./interfaces/ICampaignBook.sol";
import {ITierBook} from "./interfaces/ITierBook.sol";
import {
    BPS,
    FLOOR_HOURS_MAX,
    MEMBERSHIP_YEAR_DAYS,
    SOFT_LANDING_DAYS_MAX,
    TIER_COUNT_MAX,
    TIER_MULTIPLIER_BPS_MAX
} from "./libraries/Constants.sol";
import {
    Downgrade,
    EXTRA_BITS,
    QualifyBy,
    THRESHOLDS_PER_WORD,
    THRESHOLD_BITS,
    TierProgramme
} from "./types/TierProgramme.sol";
import {TierState} from "./types/TierState.sol";

uint256 constant VERSION_SHIFT = 160;
uint256 constant FROM_SHIFT = 192;

/// @title Tiers of members
/// @dev Assumes that the block time is right to within seconds, and that the campaign book tells each purchase once, at its
/// time, with the member's own `memberSince`. Warning: programmes are searched from the newest back, so hundreds of them
/// announced within one year make that year's end dear for its members' first purchase.
contract TierBook is ITierBook, AccessManaged {
    /// @inheritdoc ITierBook
    uint256 public immutable noticeSeconds;

    /// @dev What every purchase needs, in one word: the campaign book in 160 bits, the newest version in 32 bits, and the Unix
    /// time from which that one counts above.
    uint256 private _head;

    mapping(uint256 version => TierProgramme) private _programmes;
    mapping(address member => TierState) private _states;

    /// @param manager the `AccessManager` that knows the roles.
    /// @param noticeSeconds_ time in seconds between announcement and effect of a changed programme.
    constructor(address manager, uint256 noticeSeconds_) AccessManaged(manager) {
        noticeSeconds = noticeSeconds_;

        emit TierBookOpened(noticeSeconds_);
    }

    /// @inheritdoc ITierBook
    function setCampaignBook(address campaignBook_) external restricted {
        _head = (_head >> VERSION_SHIFT << VERSION_SHIFT) | uint160(campaignBook_);

        emit TierKeeperSet(campaignBook_);
    }

    /// @inheritdoc ITierBook
    function announceProgramme(Programme calldata programme, uint256 effectiveFrom)
        external
        restricted
        returns (uint256 version)
    {
        version = programmeCount();
        uint256 earliest = block.timestamp + (version == 0 ? 0 : noticeSeconds);
        require(effectiveFrom >= earliest && effectiveFrom <= type(uint40).max, ProgrammeTooSoon(effectiveFrom, earliest));
        TierProgramme memory packed = _packed(programme, effectiveFrom);

        if (version == 0 || _head >> FROM_SHIFT <= block.timestamp) ++version;
        _head = uint160(campaignBook()) | (version << VERSION_SHIFT) | (effectiveFrom << FROM_SHIFT);
        _programmes[version] = packed;

        emit ProgrammeAnnounced(version, effectiveFrom, programme);

        address keeper = campaignBook();
        if (keeper.code.length > 0) ICampaignBook(keeper).listen();
    }

    /// @inheritdoc ITierBook
    function setFloor(address member, uint256 tier, uint256 until) external {
        if (msg.sender != campaignBook()) _checkCanCall(msg.sender, msg.data);
        uint256 top = _programme(programmeNow()).topTier();
        require(tier <= top, TierUnknown(tier, top));
        uint256 latest = FLOOR_HOURS_MAX * 1 hours;
        require(tier == 0 || (until > block.timestamp && until <= latest), FloorUntilInvalid(until, latest));

        uint256 untilHours = tier == 0 ? 0 : (until + 1 hours - 1) / 1 hours;
        TierState next = _states[member].withFloor(tier, untilHours);
        _states[member] = next;

        emit FloorSet(member, tier, next.floorUntil());
    }

    /// @inheritdoc ITierBook
    function qualify(address member, uint256 memberSince, uint256 spendMinor, uint256 points)
        external
        returns (bool running, uint256 tier, uint256 awarded)
    {
        uint256 head = _head;
        require(msg.sender == address(uint160(head)), NotTierKeeper(msg.sender));
        uint256 version = _versionAt(block.timestamp, head);
        if (version == 0) return (false, 0, 0);

        running = true;
        TierProgramme storage programme = _programmes[version];
        TierState state = _states[member];
        (bool plain, TierState next, uint256 before, uint256 reached) = state.purchasedPlainly(
            programme.header, programme.low, memberSince, block.timestamp, spendMinor, points
        );
        if (!plain) (next, before, reached) = _purchased(state, version, memberSince, spendMinor, points);
        _states[member] = next;
        tier = before;
        uint256 extra = (programme.extras >> (EXTRA_BITS * tier)) & 0xFFFF;
        if (extra != 0) awarded = points * extra / BPS;

        _tell(member, tier, reached);
    }

    /// @inheritdoc ITierBook
    function disqualify(address member, uint256 memberSince, uint256 time, uint256 spendMinor, uint256 points) external {
        require(msg.sender == campaignBook(), NotTierKeeper(msg.sender));
        TierState state = _states[member];
        uint256 year = state.lastDay() / MEMBERSHIP_YEAR_DAYS;
        uint256 purchaseYear = time > memberSince ? (time - memberSince) / (MEMBERSHIP_YEAR_DAYS * 1 days) : 0;
        if (purchaseYear > year || purchaseYear + 1 < year) return;

        TierProgramme memory programme = _programme(programmeNow());
        uint256 tier = _tierNow(state, programme, memberSince);
        if (purchaseYear == year) {
            state = state.takenBackThisYear(spendMinor, points);
        } else {
            state = state.takenBackLastYear(_programmeAtEnd(memberSince, purchaseYear), spendMinor, points);
        }
        _states[member] = state;

        _tell(member, tier, _tierNow(state, programme, memberSince));
    }

    /// @inheritdoc ITierBook
    function isRunning() external view returns (bool) {
        return programmeNow() != 0;
    }

    /// @inheritdoc ITierBook
    function tierOf(address member, uint256 memberSince) external view returns (uint256) {
        return _tierNow(_states[member], _programme(programmeNow()), memberSince);
    }

    /// @inheritdoc ITierBook
    function missingToNext(address member, uint256 memberSince) external view returns (uint256) {
        (TierState state, uint256 day) = _settled(_states[member], memberSince);
        return state.missingAt(_programme(programmeNow()), day, block.timestamp);
    }

    /// @inheritdoc ITierBook
    function qualificationOf(address member, uint256 memberSince) external view returns (uint256) {
        (TierState state,) = _settled(_states[member], memberSince);
        return state.qualification(_programme(programmeNow()));
    }

    /// @inheritdoc ITierBook
    function floorOf(address member) external view returns (uint256 tier, uint256 until) {
        TierState state = _states[member];
        if (block.timestamp < state.floorUntil()) (tier, until) = (state.floorTier(), state.floorUntil());
    }

    /// @inheritdoc ITierBook
    function stateOf(address member) external view returns (TierState) {
        return _states[member];
    }

    /// @inheritdoc ITierBook
    function programmeOf(uint256 version) external view returns (Programme memory programme, uint256 effectiveFrom) {
        TierProgramme memory packed = _programmes[version];
        Tier[] memory tiers = new Tier[](packed.topTier() + 1);
        for (uint256 tier = 0; tier < tiers.length; ++tier) {
            tiers[tier].threshold = tier == 0 ? 0 : uint48(packed.threshold(tier));
            tiers[tier].multiplierBps = uint32(BPS + packed.extraBps(tier));
        }
        programme = Programme({
            qualifyBy: packed.isBySpend() ? QualifyBy.Spend : QualifyBy.Points,
            downgrade: packed.isByBalance() ? Downgrade.ByBalance : Downgrade.OneStep,
            softLandingDays: uint16(packed.softLandingDays()),
            inactivityDays: uint16(packed.inactivityDays()),
            inactivityTiers: uint8(packed.inactivityTiers()),
            tiers: tiers
        });
        effectiveFrom = packed.countsFrom();
    }

    /// @inheritdoc ITierBook
    function programmeNow() public view returns (uint256) {
        return _versionAt(block.timestamp, _head);
    }

    /// @inheritdoc ITierBook
    function campaignBook() public view returns (address) {
        return address(uint160(_head));
    }

    /// @inheritdoc ITierBook
    function programmeCount() public view returns (uint256) {
        return uint32(_head >> VERSION_SHIFT);
    }

    /// @dev The word as of now, with every year that has ended since the latest purchase, and the day of the membership.
    function _settled(TierState state, uint256 memberSince) private view returns (TierState, uint256 day) {
        day = state.dayAt(memberSince, block.timestamp);
        if (state.isSettledFor(day)) return (state, day);

        uint256 now_ = day / MEMBERSHIP_YEAR_DAYS;
        for (uint256 year = state.lastDay() / MEMBERSHIP_YEAR_DAYS; year < now_ && !state.isSpent(); ++year) {
            state = state.yearEnded(_programmeAtEnd(memberSince, year), year);
        }
        return (state, day);
    }

    /// @dev The word after a purchase now, and the tiers just before and just after.
    function _purchased(
        TierState state,
        uint256 version,
        uint256 memberSince,
        uint256 spendMinor,
        uint256 points
    ) private view returns (TierState next, uint256 tier, uint256 reached) {
        TierProgramme memory programme = _programme(version);
        (TierState settled, uint256 day) = _settled(state, memberSince);
        tier = settled.tierAt(programme, day, block.timestamp);
        next = settled.purchased(programme, day, spendMinor, points);
        reached = next.tierAt(programme, day, block.timestamp);
    }

    function _tierNow(TierState state, TierProgramme memory programme, uint256 memberSince)
        private
        view
        returns (uint256)
    {
        (TierState settled, uint256 day) = _settled(state, memberSince);
        return settled.tierAt(programme, day, block.timestamp);
    }

    function _tell(address member, uint256 from, uint256 to) private {
        if (from != to) emit TierChanged(member, from, to);
    }

    /// @dev The programme that counts as a membership year ends and the next begins.
    function _programmeAtEnd(uint256 memberSince, uint256 year) private view returns (TierProgramme memory) {
        return _programme(_versionAt(memberSince + (year + 1) * MEMBERSHIP_YEAR_DAYS * 1 days, _head));
    }

    function _versionAt(uint256 time, uint256 head) private view returns (uint256 version) {
        version = uint32(head >> VERSION_SHIFT);
        if (head >> FROM_SHIFT <= time) return version;

        do --version;
        while (version != 0 && _programmes[version].header & type(uint40).max > time);
    }

    function _programme(uint256 version) private view returns (TierProgramme memory programme) {
        TierProgramme storage stored = _programmes[version];
        programme.header = stored.header;
        programme.extras = stored.extras;
        uint256 top = programme.topTier();
        programme.low = stored.low;
        if (top > THRESHOLDS_PER_WORD) programme.middle = stored.middle;
        if (top > 2 * THRESHOLDS_PER_WORD) programme.high = stored.high;
    }

    function _packed(Programme calldata programme, uint256 effectiveFrom)
        private
        pure
        returns (TierProgramme memory packed)
    {
        uint256 count = programme.tiers.length;
        require(count > 0 && count <= TIER_COUNT_MAX, TierCountInvalid(count, TIER_COUNT_MAX));
        require(
            programme.softLandingDays <= SOFT_LANDING_DAYS_MAX,
            SoftLandingTooLong(programme.softLandingDays, SOFT_LANDING_DAYS_MAX)
        );
        require(
            (programme.inactivityDays == 0) == (programme.inactivityTiers == 0)
                && programme.inactivityTiers < TIER_COUNT_MAX,
            InactivityInvalid(programme.inactivityDays, programme.inactivityTiers)
        );

        packed.header = effectiveFrom | ((count - 1) << 40) | (uint256(programme.qualifyBy) << 44)
            | (uint256(programme.downgrade) << 45) | (uint256(programme.softLandingDays) << 48)
            | (uint256(programme.inactivityDays) << 64) | (uint256(programme.inactivityTiers) << 80);
        uint256 before = 0;
        for (uint256 tier = 0; tier < count; ++tier) {
            uint256 threshold = programme.tiers[tier].threshold;
            uint256 multiplierBps = programme.tiers[tier].multiplierBps;
            require(tier == 0 ? threshold == 0 : threshold > before, ThresholdNotAscending(tier, threshold));
            require(
                multiplierBps >= BPS && multiplierBps <= TIER_MULTIPLIER_BPS_MAX,
                MultiplierOutOfRange(tier, multiplierBps)
            );
            before = threshold;
            packed.extras |= (multiplierBps - BPS) << (EXTRA_BITS * tier);
            if (tier > 0) _place(packed, tier - 1, threshold);
        }
    }

    function _place(TierProgramme memory packed, uint256 index, uint256 threshold) private pure {
        uint256 placed = threshold << (THRESHOLD_BITS * (index % THRESHOLDS_PER_WORD));
        if (index < THRESHOLDS_PER_WORD) packed.low |= placed;
        else if (index < 2 * THRESHOLDS_PER_WORD) packed.middle |= placed;
        else packed.high |= placed;
    }
}
