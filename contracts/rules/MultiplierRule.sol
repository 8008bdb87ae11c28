// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";
import {RepeatedAwards} from "../libraries/RepeatedAwards.sol";
import {BPS, EARN_RATE_BPS_MAX, SPEND_MINOR_MAX} from "../libraries/Constants.sol";
import {LocalTime} from "../libraries/LocalTime.sol";
import {TakeBack} from "../libraries/TakeBack.sol";
import {RuleTerms} from "../libraries/RuleTerms.sol";
import {Award, awardOf} from "../types/Award.sol";
import {Happening, Occasion, TakenBack} from "../types/Happening.sol";

/// @title Multiplier: more points on each purchase, on chosen days and hours
/// @dev Terms: what the award is a part of (0 base points, 1 spend in minor units), basis points of it, weekdays (bit 0
/// Monday … 6 Sunday), first minute of the day, minute of the day that is too late, UTC offset in minutes plus 1,440, least spend
/// in minor units. Progress is unused.
contract MultiplierRule is IRule {
    using RuleTerms for uint256[];

    uint256 private constant BASIS = 0;
    uint256 private constant RATE_BPS = 1;
    uint256 private constant WEEKDAYS = 2;
    uint256 private constant FROM_MINUTE = 3;
    uint256 private constant TO_MINUTE = 4;
    uint256 private constant UTC_OFFSET = 5;
    uint256 private constant MIN_SPEND = 6;
    uint256 private constant COUNT = 7;

    /// @inheritdoc IRule
    function check(uint256[] calldata terms) external pure {
        terms.requireCount(COUNT);
        terms.requireWithin(BASIS, 0, 1);
        terms.requireWithin(RATE_BPS, 1, EARN_RATE_BPS_MAX);
        terms.requireWithin(WEEKDAYS, 1, 127);
        terms.requireWithin(FROM_MINUTE, 0, LocalTime.MINUTES_PER_DAY - 1);
        terms.requireWithin(TO_MINUTE, terms.word(FROM_MINUTE) + 1, LocalTime.MINUTES_PER_DAY);
        terms.requireWithin(UTC_OFFSET, LocalTime.OFFSET_LOWEST, LocalTime.OFFSET_HIGHEST);
        terms.requireWithin(MIN_SPEND, 0, SPEND_MINOR_MAX);
    }

    /// @inheritdoc IRule
    function weigh(uint256[] calldata terms, uint256 progress, Happening calldata happening)
        external
        pure
        returns (uint256 next, Award award)
    {
        next = progress;
        uint256[COUNT] calldata words = _words(terms);
        if (happening.occasion != Occasion.Purchase || happening.spendMinor < words[MIN_SPEND]) return (next, award);
        if (!_isOpen(words, happening.time)) return (next, award);

        unchecked {
            uint256 basis = words[BASIS] == 0 ? happening.points : happening.spendMinor;
            award = awardOf(RepeatedAwards.atMost48Bits(basis * words[RATE_BPS] / BPS));
        }
    }

    /// @inheritdoc IRule
    function takeBack(
        uint256[] calldata,
        uint256 progress,
        Happening calldata happening,
        TakenBack calldata takenBack
    ) external pure returns (uint256 next, Award award) {
        return (progress, awardOf(TakeBack.pointsBack(happening, takenBack)));
    }

    /// @dev True on the days and in the hours of the terms.
    function _isOpen(uint256[COUNT] calldata words, uint256 time) private pure returns (bool) {
        uint256 passed = LocalTime.minutes_(time, words[UTC_OFFSET]);
        uint256 minute = passed % LocalTime.MINUTES_PER_DAY;
        return (words[WEEKDAYS] >> LocalTime.weekday(passed)) & 1 == 1 && minute >= words[FROM_MINUTE]
            && minute < words[TO_MINUTE];
    }

    /// @dev The terms with their number known to the compiler, so that it is checked once and not at each word.
    function _words(uint256[] calldata terms) private pure returns (uint256[COUNT] calldata words) {
        terms.requireCount(COUNT);
        assembly ("memory-safe") {
            words := terms.offset
        }
    }
}
