// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";
import {RepeatedAwards} from "../libraries/RepeatedAwards.sol";
import {LOT_MAX, SPEND_MINOR_MAX} from "../libraries/Constants.sol";
import {LocalTime} from "../libraries/LocalTime.sol";
import {TakeBack} from "../libraries/TakeBack.sol";
import {RuleTerms} from "../libraries/RuleTerms.sol";
import {Award} from "../types/Award.sol";
import {Happening, Occasion, TakenBack} from "../types/Happening.sol";

/// @title Streak: an award for purchases in N consecutive days or weeks, of which a few may be missed
/// @dev Terms: seconds of a unit (86,400 local days, 604,800 weeks from Monday), units needed, units that may be missed, points,
/// least spend of a purchase in minor units, UTC offset in minutes plus 1,440, most awards (0 no limit), badge (0 none).
///
/// Progress, from the lowest bit up:
///
/// | bits    | what                                                                                   |
/// |---------|----------------------------------------------------------------------------------------|
/// | 0–127   | the record: 32 units of 4 bits, the newest lowest                                      |
/// | 128–151 | number of the newest unit                                                              |
/// | 152–199 | awards that stand                                                                      |
///
/// The lower three bits of a unit count its purchases, 7 for seven or more; its fourth bit says that an award was paid in it. An
/// award is due when, of the last N + grace units after the last award, N have a purchase.
contract StreakRule is IRule {
    using RuleTerms for uint256[];

    uint256 private constant UNIT_SECONDS = 0;
    uint256 private constant NEEDED = 1;
    uint256 private constant GRACE = 2;
    uint256 private constant POINTS = 3;
    uint256 private constant MIN_SPEND = 4;
    uint256 private constant UTC_OFFSET = 5;
    uint256 private constant MAX_AWARDS = 6;
    uint256 private constant BADGE = 7;
    uint256 private constant COUNT = 8;

    uint256 private constant RECORD_UNITS = 32;
    uint256 private constant RECORD_MASK = (1 << 128) - 1;
    uint256 private constant ONES = 0x11111111111111111111111111111111;
    uint256 private constant PAID_MARKS = 8 * ONES;
    uint256 private constant PURCHASES_MAX = 7;
    uint256 private constant PAID_MARK = 8;
    uint256 private constant NEWEST_SHIFT = 128;
    uint256 private constant NEWEST_MASK = 0xFFFFFF;
    uint256 private constant AWARDS_SHIFT = 152;

    /// @inheritdoc IRule
    function check(uint256[] calldata terms) external pure {
        terms.requireCount(COUNT);
        uint256 unit = terms.word(UNIT_SECONDS);
        require(unit == 1 days || unit == 1 weeks, TermInvalid(UNIT_SECONDS, unit));
        terms.requireWithin(NEEDED, 1, RECORD_UNITS);
        terms.requireWithin(GRACE, 0, RECORD_UNITS - terms.word(NEEDED));
        terms.requireWithin(BADGE, 0, type(uint32).max);
        terms.requireWithin(POINTS, terms.word(BADGE) == 0 ? 1 : 0, LOT_MAX);
        terms.requireWithin(MIN_SPEND, 0, SPEND_MINOR_MAX);
        terms.requireWithin(UTC_OFFSET, LocalTime.OFFSET_LOWEST, LocalTime.OFFSET_HIGHEST);
        terms.requireWithin(MAX_AWARDS, 0, type(uint32).max);
    }

    /// @inheritdoc IRule
    function weigh(uint256[] calldata terms, uint256 progress, Happening calldata happening)
        external
        pure
        returns (uint256 next, Award award)
    {
        if (happening.occasion != Occasion.Purchase || happening.spendMinor < terms.word(MIN_SPEND)) {
            return (progress, award);
        }

        unchecked {
            uint256 unit = _unitOf(terms, happening.time);
            uint256 record = (progress & RECORD_MASK) << (4 * (unit - _newest(progress))) & RECORD_MASK;
            uint256 awards = progress >> AWARDS_SHIFT;
            uint256 purchases = record & PURCHASES_MAX;
            if (purchases < PURCHASES_MAX) record += 1;

            if (purchases == 0 && _isAllowed(terms, awards) && _isRun(terms, record)) {
                award = RepeatedAwards.times(1, terms.word(POINTS), awards == 0 ? terms.word(BADGE) : 0);
                record |= PAID_MARK;
                awards += 1;
            }
            next = record | (unit << NEWEST_SHIFT) | (awards << AWARDS_SHIFT);
        }
    }

    /// @inheritdoc IRule
    function takeBack(
        uint256[] calldata terms,
        uint256 progress,
        Happening calldata happening,
        TakenBack calldata takenBack
    ) external pure returns (uint256 next, Award award) {
        next = progress;
        if (happening.spendMinor < terms.word(MIN_SPEND) || !TakeBack.losesCount(happening, takenBack)) return (next, award);

        unchecked {
            uint256 age = _newest(progress) - _unitOf(terms, happening.time);
            uint256 points;
            bool gone;
            if (age < RECORD_UNITS) {
                (next, gone) = _withoutPurchase(terms, progress, age);
                points = terms.word(POINTS);
            } else {
                points = takenBack.points;
                gone = points > 0;
            }

            uint256 awards = progress >> AWARDS_SHIFT;
            if (gone && awards > 0) {
                next -= 1 << AWARDS_SHIFT;
                award = RepeatedAwards.times(1, points, awards == 1 ? terms.word(BADGE) : 0);
            }
        }
    }

    /// @dev Progress with one purchase less in the unit that is `age` units old, and whether an award is without its run now.
    function _withoutPurchase(uint256[] calldata terms, uint256 progress, uint256 age)
        private
        pure
        returns (uint256 next, bool gone)
    {
        unchecked {
            next = progress;
            uint256 shift = 4 * age;
            uint256 purchases = (progress >> shift) & PURCHASES_MAX;
            // Of a unit with seven or more nobody knows how many are left: it stays.
            if (purchases == 0 || purchases == PURCHASES_MAX) return (next, gone);
            next -= 1 << shift;
            if (purchases > 1) return (next, gone);

            // The unit has no purchase any more. The award paid in it, or in the first unit after it, was for its run.
            while ((next >> shift) & PAID_MARK == 0) {
                if (shift == 0) return (next, gone);
                shift -= 4;
            }
            uint256 mark = PAID_MARK << shift;
            gone = !_isRun(terms, (next & RECORD_MASK & ~mark) >> shift);
            if (gone) next &= ~mark;
        }
    }

    /// @dev True if, of the last N + grace units of `record` after the last award, N have a purchase.
    function _isRun(uint256[] calldata terms, uint256 record) private pure returns (bool) {
        unchecked {
            uint256 needed = terms.word(NEEDED);
            uint256 marks = record & PAID_MARKS;
            // All bits below the newest mark's unit; all bits if there is no mark.
            uint256 afterAward = ((marks & (0 - marks)) >> 3) - 1;
            uint256 span = record & afterAward & ((1 << (4 * (needed + terms.word(GRACE)))) - 1);
            uint256 active = (span | (span >> 1) | (span >> 2)) & ONES;
            // Neighbours are added to bytes, then all bytes to the highest of sixteen.
            active = (active + (active >> 4)) & 0x0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F;
            return ((active * 0x01010101010101010101010101010101) >> 120) & 0xFF >= needed;
        }
    }

    /// @dev True if the terms allow one more award.
    function _isAllowed(uint256[] calldata terms, uint256 awards) private pure returns (bool) {
        uint256 most = terms.word(MAX_AWARDS);
        return most == 0 || awards < most;
    }

    /// @dev Number of the local day or week.
    function _unitOf(uint256[] calldata terms, uint256 time) private pure returns (uint256) {
        uint256 passed = LocalTime.minutes_(time, terms.word(UTC_OFFSET));
        return terms.word(UNIT_SECONDS) == 1 days ? LocalTime.day(passed) : LocalTime.week(passed);
    }

    /// @dev Number of the newest unit in the record.
    function _newest(uint256 progress) private pure returns (uint256) {
        return (progress >> NEWEST_SHIFT) & NEWEST_MASK;
    }
}
