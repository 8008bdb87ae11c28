// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";
import {LOT_MAX} from "../libraries/Constants.sol";
import {RuleTerms} from "../libraries/RuleTerms.sol";
import {Award, NO_AWARD, awardOf} from "../types/Award.sol";
import {Happening, Occasion, TakenBack} from "../types/Happening.sol";

/// @title Milestone: enrolment bonus, anniversary, birthday
/// @notice A purchase or a claim only brings it to light; a birthday is attested, so that no date of birth is on the chain.
/// @dev Terms: type (1 enrolment, 2 anniversary, 3 birthday), points, Unix time in seconds before which a milestone does not
/// count, action code of a birthday, badge. Progress: 0 as long as none was paid; then 1 for an enrolment, the membership
/// year for an anniversary, and one more than the membership year for a birthday. Membership years are 365 days, counted
/// from enrolment, the first being 0.
contract MilestoneRule is IRule {
    using RuleTerms for uint256[];

    uint256 private constant TYPE = 0;
    uint256 private constant POINTS = 1;
    uint256 private constant SINCE = 2;
    uint256 private constant ACTION = 3;
    uint256 private constant BADGE = 4;
    uint256 private constant TERMS = 5;

    uint256 private constant ENROLMENT = 1;
    uint256 private constant BIRTHDAY = 3;

    uint256 private constant YEAR_SECONDS = 365 days;

    /// @inheritdoc IRule
    function check(uint256[] calldata terms) external pure {
        terms.requireCount(TERMS);
        terms.requireWithin(TYPE, ENROLMENT, BIRTHDAY);
        terms.requireWithin(BADGE, 0, type(uint32).max);
        terms.requireWithin(POINTS, terms.word(BADGE) == 0 ? 1 : 0, LOT_MAX);
        terms.requireWithin(SINCE, 0, type(uint40).max);
        bool attested = terms.word(TYPE) == BIRTHDAY;
        terms.requireWithin(ACTION, attested ? 1 : 0, attested ? type(uint32).max : 0);
    }

    /// @inheritdoc IRule
    function weigh(uint256[] calldata terms, uint256 progress, Happening calldata happening)
        external
        pure
        returns (uint256 next, Award award)
    {
        next = _reached(terms, happening);
        if (next <= progress) return (progress, NO_AWARD);

        award = awardOf(terms.word(POINTS), 0, terms.word(BADGE));
    }

    /// @inheritdoc IRule
    /// @dev A returned purchase does not make a member less of one: nothing goes back.
    function takeBack(uint256[] calldata, uint256 progress, Happening calldata, TakenBack calldata)
        external
        pure
        returns (uint256 next, Award award)
    {
        return (progress, NO_AWARD);
    }

    /// @dev Progress of somebody who was paid the milestone that is due now; 0 if none is.
    function _reached(uint256[] calldata terms, Happening calldata happening) private pure returns (uint256) {
        uint256 type_ = terms.word(TYPE);
        uint256 enrolled = happening.memberSince;
        uint256 time = happening.time;
        if (enrolled == 0 || time < enrolled) return 0;

        unchecked {
            uint256 year = uint40((time - enrolled) / YEAR_SECONDS);
            if (type_ == BIRTHDAY) {
                if (happening.occasion != Occasion.Attestation || happening.subject != terms.word(ACTION)) return 0;
                return time >= terms.word(SINCE) ? year + 1 : 0;
            }

            if (happening.occasion != Occasion.Purchase && happening.occasion != Occasion.Claim) return 0;
            if (type_ == ENROLMENT) return enrolled >= terms.word(SINCE) ? 1 : 0;
            return enrolled + year * YEAR_SECONDS >= terms.word(SINCE) ? year : 0;
        }
    }
}
