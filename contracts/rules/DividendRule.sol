// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";
import {RepeatedAwards} from "../libraries/RepeatedAwards.sol";
import {BPS, EARN_RATE_BPS_MAX} from "../libraries/Constants.sol";
import {TakeBack} from "../libraries/TakeBack.sol";
import {RuleTerms} from "../libraries/RuleTerms.sol";
import {Award, awardOf} from "../types/Award.sol";
import {Happening, Occasion, TakenBack} from "../types/Happening.sol";

/// @title Dividend: a part of what was spent, paid once when its time has come
/// @dev Terms: basis points of the spend, Unix time in seconds from which it is payable. Purchases count until then. Progress,
/// from the lowest bit up: spend in minor units 96 bits, 1 bit set once the dividend was paid.
contract DividendRule is IRule {
    using RuleTerms for uint256[];

    uint256 private constant RATE_BPS = 0;
    uint256 private constant PAYABLE_FROM = 1;
    uint256 private constant COUNT = 2;

    uint256 private constant PAID = 1 << 96;

    /// @inheritdoc IRule
    function check(uint256[] calldata terms) external pure {
        terms.requireCount(COUNT);
        terms.requireWithin(RATE_BPS, 1, EARN_RATE_BPS_MAX);
        terms.requireWithin(PAYABLE_FROM, 1, type(uint40).max);
    }

    /// @inheritdoc IRule
    function weigh(uint256[] calldata terms, uint256 progress, Happening calldata happening)
        external
        pure
        returns (uint256 next, Award award)
    {
        next = progress;
        bool payable_ = happening.time >= terms.word(PAYABLE_FROM);
        Occasion occasion = happening.occasion;
        if (occasion == Occasion.Purchase && !payable_) {
            unchecked {
                next = progress + happening.spendMinor;
            }
        } else if (occasion == Occasion.Claim && payable_ && progress & PAID == 0) {
            next = progress | PAID;
            award = awardOf(_worth(terms, progress));
        }
    }

    /// @inheritdoc IRule
    function takeBack(
        uint256[] calldata terms,
        uint256 progress,
        Happening calldata happening,
        TakenBack calldata takenBack
    ) external pure returns (uint256 next, Award award) {
        if (happening.time >= terms.word(PAYABLE_FROM)) return (progress, award);

        uint256 spend = progress & (PAID - 1);
        uint256 left = TakeBack.less(spend, TakeBack.spendLost(happening, takenBack));
        next = (progress & PAID) | left;
        if (progress & PAID != 0) {
            unchecked {
                award = awardOf(_worth(terms, spend) - _worth(terms, left));
            }
        }
    }

    /// @dev Points that so much spend is worth, rounded down.
    function _worth(uint256[] calldata terms, uint256 spend) private pure returns (uint256) {
        unchecked {
            return RepeatedAwards.atMost48Bits(spend * terms.word(RATE_BPS) / BPS);
        }
    }
}
