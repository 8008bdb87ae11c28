// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";
import {RepeatedAwards} from "../libraries/RepeatedAwards.sol";
import {LOT_MAX, SPEND_MINOR_MAX} from "../libraries/Constants.sol";
import {TakeBack} from "../libraries/TakeBack.sol";
import {RuleTerms} from "../libraries/RuleTerms.sol";
import {Award} from "../types/Award.sol";
import {Happening, Occasion, TakenBack} from "../types/Happening.sol";

/// @title Stamp card: an award for every N-th purchase
/// @dev Terms: stamps on a full card, least spend of a purchase in minor units, points, most cards (0 no limit), badge (0
/// none). Progress, from the lowest bit up: stamps 48 bits, full cards that stand 48 bits. Stamps are alike: taking a purchase
/// back takes one of them, whichever it was.
contract StampRule is IRule {
    using RuleTerms for uint256[];

    uint256 private constant STAMPS = 0;
    uint256 private constant MIN_SPEND = 1;
    uint256 private constant POINTS = 2;
    uint256 private constant MAX_CARDS = 3;
    uint256 private constant BADGE = 4;
    uint256 private constant COUNT = 5;

    uint256 private constant STAMP_BITS = 48;
    uint256 private constant STAMP_MASK = (1 << STAMP_BITS) - 1;

    /// @inheritdoc IRule
    function check(uint256[] calldata terms) external pure {
        terms.requireCount(COUNT);
        terms.requireWithin(STAMPS, 1, type(uint32).max);
        terms.requireWithin(MIN_SPEND, 0, SPEND_MINOR_MAX);
        terms.requireWithin(BADGE, 0, type(uint32).max);
        terms.requireWithin(POINTS, terms.word(BADGE) == 0 ? 1 : 0, LOT_MAX);
        terms.requireWithin(MAX_CARDS, 0, type(uint32).max);
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
            uint256 stamps = (progress & STAMP_MASK) + 1;
            uint256 cards = progress >> STAMP_BITS;
            uint256 due = _due(terms, stamps);
            if (due > cards) {
                award = RepeatedAwards.times(due - cards, terms.word(POINTS), cards == 0 ? terms.word(BADGE) : 0);
                cards = due;
            }
            next = stamps | (cards << STAMP_BITS);
        }
    }

    /// @inheritdoc IRule
    function takeBack(
        uint256[] calldata terms,
        uint256 progress,
        Happening calldata happening,
        TakenBack calldata takenBack
    ) external pure returns (uint256 next, Award award) {
        if (happening.spendMinor < terms.word(MIN_SPEND) || !TakeBack.losesCount(happening, takenBack)) {
            return (progress, award);
        }

        unchecked {
            uint256 stamps = TakeBack.less(progress & STAMP_MASK, 1);
            uint256 cards = progress >> STAMP_BITS;
            uint256 due = _due(terms, stamps);
            if (due < cards) {
                award = RepeatedAwards.times(cards - due, terms.word(POINTS), due == 0 ? terms.word(BADGE) : 0);
                cards = due;
            }
            next = stamps | (cards << STAMP_BITS);
        }
    }

    /// @dev Full cards that so many stamps are worth.
    function _due(uint256[] calldata terms, uint256 stamps) private pure returns (uint256 due) {
        uint256 most = terms.word(MAX_CARDS);
        due = stamps / terms.word(STAMPS);
        if (due > most && most > 0) due = most;
    }
}
