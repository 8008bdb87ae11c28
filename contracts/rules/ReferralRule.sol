// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";
import {LOT_MAX, SPEND_MINOR_MAX} from "../libraries/Constants.sol";
import {TakeBack} from "../libraries/TakeBack.sol";
import {RuleTerms} from "../libraries/RuleTerms.sol";
import {Award, NO_AWARD, awardOf} from "../types/Award.sol";
import {Happening, Occasion, TakenBack} from "../types/Happening.sol";

/// @title Referral: both sides are paid at the new member's first qualifying purchase
/// @notice Who may refer whom, the campaign book decides.
/// @dev Terms: points for the new member, points for who referred, minimum spend in minor units. Progress: Unix time in
/// seconds of the purchase that was paid, 0 if none stands.
contract ReferralRule is IRule {
    using RuleTerms for uint256[];

    uint256 private constant POINTS = 0;
    uint256 private constant COMPANION_POINTS = 1;
    uint256 private constant MIN_SPEND = 2;
    uint256 private constant TERMS = 3;

    /// @inheritdoc IRule
    function check(uint256[] calldata terms) external pure {
        terms.requireCount(TERMS);
        terms.requireWithin(COMPANION_POINTS, 0, LOT_MAX);
        terms.requireWithin(POINTS, terms.word(COMPANION_POINTS) == 0 ? 1 : 0, LOT_MAX);
        terms.requireWithin(MIN_SPEND, 0, SPEND_MINOR_MAX);
    }

    /// @inheritdoc IRule
    function weigh(uint256[] calldata terms, uint256 progress, Happening calldata happening)
        external
        pure
        returns (uint256 next, Award award)
    {
        if (progress != 0 || happening.occasion != Occasion.Purchase) return (progress, NO_AWARD);
        if (happening.subject == 0 || happening.spendMinor < terms.word(MIN_SPEND)) return (progress, NO_AWARD);

        return (uint40(happening.time), awardOf(terms.word(POINTS), terms.word(COMPANION_POINTS), 0));
    }

    /// @inheritdoc IRule
    /// @dev Once the purchase is lost, another can be the first.
    function takeBack(
        uint256[] calldata terms,
        uint256 progress,
        Happening calldata happening,
        TakenBack calldata takenBack
    ) external pure returns (uint256 next, Award award) {
        if (progress == 0 || progress != happening.time) return (progress, NO_AWARD);

        next = TakeBack.losesCount(happening, takenBack) ? 0 : progress;
        award = awardOf(TakeBack.pointsBack(happening, takenBack), _companionBack(terms, happening, takenBack), 0);
    }

    /// @dev Points that go back from who referred, in the proportion in which they go back from the member.
    function _companionBack(uint256[] calldata terms, Happening calldata happening, TakenBack calldata takenBack)
        private
        pure
        returns (uint256)
    {
        uint256 given = terms.word(COMPANION_POINTS);
        if (takenBack.whole) return TakeBack.losesCount(happening, takenBack) ? given : 0;

        unchecked {
            uint256 spend = happening.spendMinor;
            return given * takenBack.spendBefore / spend - given * takenBack.spendAfter / spend;
        }
    }
}
