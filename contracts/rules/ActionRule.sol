// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";
import {LOT_MAX} from "../libraries/Constants.sol";
import {RuleTerms} from "../libraries/RuleTerms.sol";
import {Award, NO_AWARD, awardOf} from "../types/Award.sol";
import {Happening, Occasion, TakenBack} from "../types/Happening.sol";

/// @title Action: points for what an attestor says the member did
/// @notice Reviews, surveys, lessons, workouts. What exceeds a period's limit does not count at all.
/// @dev Terms: action code (0: any), points, most actions in a period (0: no limit), period in seconds (0: the campaign), badge,
/// number of actions after which it comes. Periods are counted from the beginning of Unix time. Progress, from the lowest
/// bit up: actions of the period 32 bits, actions in all 48, period 40.
contract ActionRule is IRule {
    using RuleTerms for uint256[];

    uint256 private constant ACTION = 0;
    uint256 private constant POINTS = 1;
    uint256 private constant MOST = 2;
    uint256 private constant PERIOD = 3;
    uint256 private constant BADGE = 4;
    uint256 private constant BADGE_AFTER = 5;
    uint256 private constant TERMS = 6;

    uint256 private constant TOTAL_SHIFT = 32;
    uint256 private constant PERIOD_SHIFT = 80;

    /// @inheritdoc IRule
    function check(uint256[] calldata terms) external pure {
        terms.requireCount(TERMS);
        terms.requireWithin(ACTION, 0, type(uint32).max);
        terms.requireWithin(BADGE, 0, type(uint32).max);
        terms.requireWithin(POINTS, terms.word(BADGE) == 0 ? 1 : 0, LOT_MAX);
        terms.requireWithin(MOST, 0, type(uint32).max);
        terms.requireWithin(PERIOD, 0, terms.word(MOST) == 0 ? 0 : type(uint32).max);
        bool badge = terms.word(BADGE) != 0;
        terms.requireWithin(BADGE_AFTER, badge ? 1 : 0, badge ? type(uint32).max : 0);
    }

    /// @inheritdoc IRule
    function weigh(uint256[] calldata terms, uint256 progress, Happening calldata happening)
        external
        pure
        returns (uint256 next, Award award)
    {
        if (happening.occasion != Occasion.Attestation) return (progress, NO_AWARD);
        if (terms.word(ACTION) != 0 && terms.word(ACTION) != happening.subject) return (progress, NO_AWARD);

        unchecked {
            uint256 period = terms.word(PERIOD) == 0 ? 0 : uint40(happening.time / terms.word(PERIOD));
            uint256 count = progress >> PERIOD_SHIFT == period ? uint32(progress) : 0;
            uint256 most = terms.word(MOST);
            if (most != 0 && count >= most) return (progress, NO_AWARD);

            uint256 total = uint48(progress >> TOTAL_SHIFT) + 1;
            next = uint32(count + 1) | (uint256(uint48(total)) << TOTAL_SHIFT) | (period << PERIOD_SHIFT);
            award = awardOf(terms.word(POINTS), 0, total == terms.word(BADGE_AFTER) ? terms.word(BADGE) : 0);
        }
    }

    /// @inheritdoc IRule
    /// @dev Purchases mean nothing here.
    function takeBack(uint256[] calldata, uint256 progress, Happening calldata, TakenBack calldata)
        external
        pure
        returns (uint256 next, Award award)
    {
        return (progress, NO_AWARD);
    }
}
