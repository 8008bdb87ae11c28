// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";
import {LOT_MAX, SPEND_MINOR_MAX} from "../libraries/Constants.sol";
import {PartnerSet} from "../libraries/PartnerSet.sol";
import {TakeBack} from "../libraries/TakeBack.sol";
import {RuleTerms} from "../libraries/RuleTerms.sol";
import {Award, NO_AWARD, awardOf} from "../types/Award.sol";
import {Happening, Occasion, TakenBack} from "../types/Happening.sol";

/// @title Quest: visit so many different partners out of a set
/// @notice The visits to different partners that belong together are a round. A round begins with its first visit; what is not
/// complete when the window ends has lapsed, and the next visit begins anew. A complete round pays.
/// @dev Terms: partners needed, points, window in seconds (0: the campaign's), minimum spend in minor units, badge, repeats
/// (0: one round), partners. Progress, from the lowest bit up:
///
/// | bits    | what                                                                                     |
/// |---------|------------------------------------------------------------------------------------------|
/// | 0–63    | partners visited in the newest round                                                     |
/// | 64–103  | Unix time in seconds at which it began                                                   |
/// | 104–143 | the same of the first round since a round last lapsed: earlier ones are closed           |
/// | 144–159 | rounds that stand                                                                        |
/// | 160–165 | visits left over from rounds that fell                                                   |
/// | 166     | 1 if the newest round stands: it was complete, and paid                                  |
contract QuestRule is IRule {
    using RuleTerms for uint256[];

    uint256 private constant NEEDED = 0;
    uint256 private constant POINTS = 1;
    uint256 private constant WINDOW = 2;
    uint256 private constant MIN_SPEND = 3;
    uint256 private constant BADGE = 4;
    uint256 private constant REPEATS = 5;
    uint256 private constant PARTNERS = 6;

    uint256 private constant VISITED = type(uint64).max;
    uint256 private constant BEGUN_SHIFT = 64;
    uint256 private constant SINCE_SHIFT = 104;
    uint256 private constant ROUND = 1 << 144;
    uint256 private constant SPARE = 1 << 160;
    uint256 private constant STANDS = 1 << 166;
    uint256 private constant NEWEST = STANDS | (uint256(type(uint40).max) << BEGUN_SHIFT) | VISITED;

    /// @inheritdoc IRule
    function check(uint256[] calldata terms) external pure {
        PartnerSet.requireSet(terms, PARTNERS, 1);
        terms.requireWithin(NEEDED, 1, terms.length - PARTNERS);
        terms.requireWithin(BADGE, 0, type(uint32).max);
        terms.requireWithin(POINTS, terms.word(BADGE) == 0 ? 1 : 0, LOT_MAX);
        terms.requireWithin(WINDOW, 0, type(uint32).max);
        terms.requireWithin(MIN_SPEND, 0, SPEND_MINOR_MAX);
        terms.requireWithin(REPEATS, 0, type(uint16).max - 1);
    }

    /// @inheritdoc IRule
    function weigh(uint256[] calldata terms, uint256 progress, Happening calldata happening)
        external
        pure
        returns (uint256 next, Award award)
    {
        if (happening.occasion != Occasion.Purchase || _rounds(progress) > terms.word(REPEATS)) return (progress, NO_AWARD);
        uint256 visit = _visitOf(terms, happening);
        if (visit == 0) return (progress, NO_AWARD);

        next = _inRound(terms, progress, uint40(happening.time));
        if (next & visit != 0) return (progress, NO_AWARD);
        next |= visit;
        if (PartnerSet.countOf(next & VISITED) < terms.word(NEEDED)) return (next, NO_AWARD);

        unchecked {
            return ((next + ROUND) | STANDS, awardOf(terms.word(POINTS), 0, terms.word(BADGE)));
        }
    }

    /// @inheritdoc IRule
    function takeBack(
        uint256[] calldata terms,
        uint256 progress,
        Happening calldata happening,
        TakenBack calldata takenBack
    ) external pure returns (uint256 next, Award award) {
        uint256 visit = _visitOf(terms, happening);
        if (visit == 0 || !TakeBack.losesCount(happening, takenBack)) return (progress, NO_AWARD);

        uint256 begun = uint40(progress >> BEGUN_SHIFT);
        if (happening.time >= begun && progress & visit != 0) return _withoutVisit(terms, progress, visit);
        if (happening.time > begun) return (progress, NO_AWARD);
        return _withoutEarlierVisit(terms, progress, happening.time, takenBack.points);
    }

    /// @dev Progress with a round that a visit at `time` can belong to.
    function _inRound(uint256[] calldata terms, uint256 progress, uint256 time) private pure returns (uint256) {
        unchecked {
            uint256 begun = uint40(progress >> BEGUN_SHIFT);
            bool stands = progress & STANDS != 0;
            if (progress & VISITED != 0 && !stands) {
                if (terms.word(WINDOW) == 0 || time < begun + terms.word(WINDOW)) return progress;
                begun = 0;
            }

            if (begun == 0) return (progress & (SPARE - ROUND)) | (time << BEGUN_SHIFT) | (time << SINCE_SHIFT);
            return (progress & ~NEWEST) | (time << BEGUN_SHIFT);
        }
    }

    /// @dev Without a visit of the newest round, that round does not stand.
    function _withoutVisit(uint256[] calldata terms, uint256 progress, uint256 visit)
        private
        pure
        returns (uint256 next, Award award)
    {
        next = progress ^ visit;
        if (progress & STANDS == 0) return (next, NO_AWARD);

        unchecked {
            next -= STANDS + ROUND;
            return (next, _fallen(terms, next, terms.word(POINTS)));
        }
    }

    /// @dev The first visit that is lost lets its round fall; the other visits of that round are left over, and nothing
    /// depends on them. Of closed rounds only the visit that was paid matters.
    function _withoutEarlierVisit(uint256[] calldata terms, uint256 progress, uint256 time, uint256 paid)
        private
        pure
        returns (uint256 next, Award award)
    {
        unchecked {
            bool closed = time < uint40(progress >> SINCE_SHIFT);
            if (!closed && (progress / SPARE) & 63 > 0) return (progress - SPARE, NO_AWARD);

            uint256 standing = _rounds(progress) - ((progress / STANDS) & 1);
            if (standing == 0 || (closed && paid == 0)) return (progress, NO_AWARD);

            next = progress - ROUND;
            if (closed) return (next, _fallen(terms, next, paid));
            next += SPARE * (terms.word(NEEDED) - 1);
            return (next, _fallen(terms, next, terms.word(POINTS)));
        }
    }

    /// @dev What goes back with a round: the badge only if no other round stands.
    function _fallen(uint256[] calldata terms, uint256 next, uint256 points) private pure returns (Award) {
        return awardOf(points, 0, _rounds(next) == 0 ? terms.word(BADGE) : 0);
    }

    /// @dev The bit of the visit that a purchase is, 0 if it is none.
    function _visitOf(uint256[] calldata terms, Happening calldata happening) private pure returns (uint256) {
        return happening.spendMinor < terms.word(MIN_SPEND) ? 0 : PartnerSet.bitOf(terms, PARTNERS, happening.partner);
    }

    function _rounds(uint256 progress) private pure returns (uint256) {
        return uint16(progress / ROUND);
    }
}
