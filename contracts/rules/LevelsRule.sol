// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";
import {PartnerSet} from "../libraries/PartnerSet.sol";
import {TakeBack} from "../libraries/TakeBack.sol";
import {RuleTerms} from "../libraries/RuleTerms.sol";
import {Award, NO_AWARD, awardOf} from "../types/Award.sol";
import {Happening, Occasion, TakenBack} from "../types/Happening.sol";

/// @title Levels: an ordered chain of stages, each a condition and a reward
/// @notice Passing a stage pays its reward and opens the next, which counts from 0. A stage that a reversal leaves short falls:
/// its reward goes back, and what is missing is made up first, for the reward anew; the open stage keeps its count meanwhile.
/// Stages further back stay passed.
/// @dev Terms: number of stages, a word for each, partners of the stages that want different ones. A stage, from the lowest
/// bit up: condition 8 bits (1 visits, 2 spend in minor units, 3 different partners, 4 attested actions), threshold 48, minimum
/// spend in minor units 48, points 48, badge 32, action code 32 (0: any). Progress, from the lowest bit up:
///
/// | bits    | what                                                                                     |
/// |---------|------------------------------------------------------------------------------------------|
/// | 0–6     | stages passed                                                                            |
/// | 7       | 1 if the last of them fell                                                               |
/// | 8–71    | count of the open stage; a bit for each partner where it wants different ones            |
/// | 72–135  | the same of the last stage passed                                                        |
/// | 136–167 | Unix time in seconds at which the open stage opened                                      |
/// | 168–199 | the same of the last stage passed                                                        |
contract LevelsRule is IRule {
    using RuleTerms for uint256[];

    uint256 private constant STAGES = 0;
    uint256 private constant STAGES_MAX = 32;
    uint256 private constant STAGE_BITS = 216;

    uint256 private constant VISITS = 1;
    uint256 private constant SPEND = 2;
    uint256 private constant PARTNERS = 3;
    uint256 private constant ACTIONS = 4;

    uint256 private constant PASSED = 127;
    uint256 private constant FELL = 128;
    uint256 private constant COUNT_SHIFT = 8;
    uint256 private constant LAST_SHIFT = 72;
    uint256 private constant OPENED_SHIFT = 136;
    uint256 private constant LAST_OPENED_SHIFT = 168;

    /// @inheritdoc IRule
    function check(uint256[] calldata terms) external pure {
        require(terms.length > 1, TermCountInvalid(terms.length, 2));
        terms.requireWithin(STAGES, 1, STAGES_MAX);
        uint256 first = terms.word(STAGES) + 1;
        PartnerSet.requireSet(terms, first, 0);
        uint256 partners = terms.length - first;

        for (uint256 i = 1; i < first; ++i) {
            uint256 stage = terms[i];
            uint256 condition = _condition(stage);
            uint256 threshold = _threshold(stage);
            bool sound = stage >> STAGE_BITS == 0 && condition >= VISITS && condition <= ACTIONS && threshold > 0
                && (condition != PARTNERS || threshold <= partners)
                && (condition == ACTIONS ? _minSpend(stage) == 0 : _action(stage) == 0);
            require(sound, TermInvalid(i, stage));
        }
    }

    /// @inheritdoc IRule
    function weigh(uint256[] calldata terms, uint256 progress, Happening calldata happening)
        external
        pure
        returns (uint256 next, Award award)
    {
        uint256 passed = progress & PASSED;
        uint256 last = (progress / FELL) & 1;
        if (passed - last >= terms.word(STAGES)) return (progress, NO_AWARD);

        unchecked {
            uint256 stage = terms[1 + passed - last];
            uint256 shift = last == 0 ? COUNT_SHIFT : LAST_SHIFT;
            uint256 before = uint64(progress >> shift);
            uint256 count = _counted(terms, stage, before, happening);
            if (count == before) return (progress, NO_AWARD);
            next = _withCount(progress, shift, count);
            if (!_isPassed(stage, count)) return (next, NO_AWARD);

            award = awardOf(_points(stage), 0, _badge(stage));
            next = last == 0 ? _opened(passed + 1, count, happening.time, progress) : next ^ FELL;
        }
    }

    /// @inheritdoc IRule
    function takeBack(
        uint256[] calldata terms,
        uint256 progress,
        Happening calldata happening,
        TakenBack calldata takenBack
    ) external pure returns (uint256 next, Award award) {
        uint256 passed = progress & PASSED;
        uint256 opened = uint32(progress >> OPENED_SHIFT);
        uint256 time = happening.time;
        if (passed > terms.word(STAGES)) return (progress, NO_AWARD);

        if (_isSince(time, opened, takenBack) && passed < terms.word(STAGES)) {
            next = _uncounted(terms, terms[1 + passed], progress, COUNT_SHIFT, happening, takenBack);
            if (next != progress) return (next, NO_AWARD);
        }

        if (passed == 0) return (progress, NO_AWARD);
        uint256 lastOpened = progress >> LAST_OPENED_SHIFT;
        if (_isSince(time, lastOpened, takenBack)) return _ofLast(terms, progress, happening, takenBack);
        return (progress, TakeBack.losesCount(happening, takenBack) ? awardOf(takenBack.points) : NO_AWARD);
    }

    /// @dev True if a purchase was counted after a stage opened. One that was paid at that very time passed the stage before.
    function _isSince(uint256 time, uint256 opened, TakenBack calldata takenBack) private pure returns (bool) {
        return time > opened || (time == opened && takenBack.points == 0);
    }

    /// @dev Progress when a stage was passed at `time` with `count`.
    function _opened(uint256 passed, uint256 count, uint256 time, uint256 progress) private pure returns (uint256) {
        uint256 lastOpened = uint32(progress >> OPENED_SHIFT);
        return passed | (uint256(uint64(count)) << LAST_SHIFT) | (uint256(uint32(time)) << OPENED_SHIFT)
            | (lastOpened << LAST_OPENED_SHIFT);
    }

    /// @dev A purchase that the last stage passed may have counted. If that leaves it short, it falls.
    function _ofLast(
        uint256[] calldata terms,
        uint256 progress,
        Happening calldata happening,
        TakenBack calldata takenBack
    ) private pure returns (uint256 next, Award award) {
        uint256 stage = terms[progress & PASSED];
        next = _uncounted(terms, stage, progress, LAST_SHIFT, happening, takenBack);
        if (progress & FELL != 0 || next == progress || _isPassed(stage, uint64(next >> LAST_SHIFT))) return (next, NO_AWARD);

        next |= FELL;
        award = awardOf(_points(stage), 0, _badge(stage));
    }

    /// @dev A stage's count after something happened.
    function _counted(uint256[] calldata terms, uint256 stage, uint256 count, Happening calldata happening)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256 condition = _condition(stage);
            if (condition == ACTIONS) {
                uint256 action = _action(stage);
                bool done = happening.occasion == Occasion.Attestation && (action == 0 || action == happening.subject);
                return done ? count + 1 : count;
            }

            if (happening.occasion != Occasion.Purchase || happening.spendMinor < _minSpend(stage)) return count;
            if (condition == VISITS) return count + 1;
            if (condition == SPEND) return count + happening.spendMinor;
            return count | PartnerSet.bitOf(terms, 1 + terms.word(STAGES), happening.partner);
        }
    }

    /// @dev Progress without a purchase, or a part of it, in the count at `shift`.
    function _uncounted(
        uint256[] calldata terms,
        uint256 stage,
        uint256 progress,
        uint256 shift,
        Happening calldata happening,
        TakenBack calldata takenBack
    ) private pure returns (uint256) {
        uint256 condition = _condition(stage);
        if (condition == ACTIONS || happening.spendMinor < _minSpend(stage)) return progress;

        uint256 count = uint64(progress >> shift);
        if (condition == SPEND) {
            count = TakeBack.less(count, TakeBack.spendLost(happening, takenBack));
        } else if (TakeBack.losesCount(happening, takenBack)) {
            if (condition == VISITS) count = TakeBack.less(count, 1);
            else count &= ~PartnerSet.bitOf(terms, 1 + terms.word(STAGES), happening.partner);
        }
        return _withCount(progress, shift, count);
    }

    function _withCount(uint256 progress, uint256 shift, uint256 count) private pure returns (uint256) {
        return (progress & ~(uint256(type(uint64).max) << shift)) | (uint256(uint64(count)) << shift);
    }

    /// @dev True if a stage's count is what it wants.
    function _isPassed(uint256 stage, uint256 count) private pure returns (bool) {
        return (_condition(stage) == PARTNERS ? PartnerSet.countOf(count) : count) >= _threshold(stage);
    }

    // ---- the parts of a stage

    function _condition(uint256 stage) private pure returns (uint256) {
        return uint8(stage);
    }

    function _threshold(uint256 stage) private pure returns (uint256) {
        return uint48(stage >> 8);
    }

    function _minSpend(uint256 stage) private pure returns (uint256) {
        return uint48(stage >> 56);
    }

    function _points(uint256 stage) private pure returns (uint256) {
        return uint48(stage >> 104);
    }

    function _badge(uint256 stage) private pure returns (uint256) {
        return uint32(stage >> 152);
    }

    function _action(uint256 stage) private pure returns (uint256) {
        return uint32(stage >> 184);
    }
}
