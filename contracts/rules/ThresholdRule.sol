// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";
import {RepeatedAwards} from "../libraries/RepeatedAwards.sol";
import {LOT_MAX, SPEND_MINOR_MAX} from "../libraries/Constants.sol";
import {TakeBack} from "../libraries/TakeBack.sol";
import {RuleTerms} from "../libraries/RuleTerms.sol";
import {Award} from "../types/Award.sol";
import {Happening, Occasion, TakenBack} from "../types/Happening.sol";

/// @title Spend threshold: an award when the purchases of a member add up to an amount, once or every time
/// @dev Terms: threshold in minor units, points, mode (0 once, 1 every time), badge (0 none). Progress, from the lowest bit
/// up: spend in minor units 96 bits, awards that stand 96 bits. Awards are what the spend proves, so it does not matter
/// through which purchase one was paid.
contract ThresholdRule is IRule {
    using RuleTerms for uint256[];

    uint256 private constant THRESHOLD = 0;
    uint256 private constant POINTS = 1;
    uint256 private constant MODE = 2;
    uint256 private constant BADGE = 3;
    uint256 private constant COUNT = 4;

    uint256 private constant SPEND_BITS = 96;
    uint256 private constant SPEND_MASK = (1 << SPEND_BITS) - 1;

    /// @inheritdoc IRule
    function check(uint256[] calldata terms) external pure {
        terms.requireCount(COUNT);
        terms.requireWithin(THRESHOLD, 1, SPEND_MINOR_MAX);
        terms.requireWithin(BADGE, 0, type(uint32).max);
        terms.requireWithin(POINTS, terms.word(BADGE) == 0 ? 1 : 0, LOT_MAX);
        terms.requireWithin(MODE, 0, 1);
    }

    /// @inheritdoc IRule
    function weigh(uint256[] calldata terms, uint256 progress, Happening calldata happening)
        external
        pure
        returns (uint256 next, Award award)
    {
        if (happening.occasion != Occasion.Purchase) return (progress, award);

        unchecked {
            uint256 spend = (progress & SPEND_MASK) + happening.spendMinor;
            uint256 paid = progress >> SPEND_BITS;
            uint256 due = _due(terms, spend);
            if (due > paid) {
                award = RepeatedAwards.times(due - paid, terms.word(POINTS), paid == 0 ? terms.word(BADGE) : 0);
                paid = due;
            }
            next = spend | (paid << SPEND_BITS);
        }
    }

    /// @inheritdoc IRule
    function takeBack(
        uint256[] calldata terms,
        uint256 progress,
        Happening calldata happening,
        TakenBack calldata takenBack
    ) external pure returns (uint256 next, Award award) {
        unchecked {
            uint256 spend = TakeBack.less(progress & SPEND_MASK, TakeBack.spendLost(happening, takenBack));
            uint256 paid = progress >> SPEND_BITS;
            uint256 due = _due(terms, spend);
            if (due < paid) {
                award = RepeatedAwards.times(paid - due, terms.word(POINTS), due == 0 ? terms.word(BADGE) : 0);
                paid = due;
            }
            next = spend | (paid << SPEND_BITS);
        }
    }

    /// @dev Awards that so much spend is worth.
    function _due(uint256[] calldata terms, uint256 spend) private pure returns (uint256 due) {
        due = spend / terms.word(THRESHOLD);
        if (due > 1 && terms.word(MODE) == 0) due = 1;
    }
}
