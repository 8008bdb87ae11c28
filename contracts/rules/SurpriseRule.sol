// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";
import {RepeatedAwards} from "../libraries/RepeatedAwards.sol";
import {BPS, LOT_MAX, SPEND_MINOR_MAX} from "../libraries/Constants.sol";
import {TakeBack} from "../libraries/TakeBack.sol";
import {RuleTerms} from "../libraries/RuleTerms.sol";
import {Award, NO_AWARD, awardOf} from "../types/Award.sol";
import {Happening, Occasion, TakenBack} from "../types/Happening.sol";

/// @title Surprise: each purchase is an entry in a draw
/// @notice Entry `i` wins if keccak256(abi.encode(random word, i)) modulo 10,000 is below the chance. Where a sponsor withheld its
/// seed, each entry is worth what it would win on average, rounded down over all of them: withholding saves nothing.
/// @dev Terms: chance in basis points, points of a prize, most entries (at most 128), minimum spend in minor units. Progress, from
/// the lowest bit up: entries 8 bits; state 2 (0 open, 1 drawn, 2 drawn without a seed); one bit for each entry that won 128.
contract SurpriseRule is IRule {
    using RuleTerms for uint256[];

    uint256 private constant CHANCE_BPS = 0;
    uint256 private constant PRIZE = 1;
    uint256 private constant MOST = 2;
    uint256 private constant MIN_SPEND = 3;
    uint256 private constant TERMS = 4;

    uint256 private constant ENTRIES_MAX = 128;
    uint256 private constant STATE = 3 << 8;
    uint256 private constant DRAWN = 1 << 8;
    uint256 private constant DRAWN_BLIND = 2 << 8;
    uint256 private constant FIRST_WIN = 1 << 10;

    /// @inheritdoc IRule
    function check(uint256[] calldata terms) external pure {
        terms.requireCount(TERMS);
        terms.requireWithin(CHANCE_BPS, 1, BPS);
        terms.requireWithin(MOST, 1, ENTRIES_MAX);
        terms.requireWithin(PRIZE, 1, LOT_MAX / terms.word(MOST));
        terms.requireWithin(MIN_SPEND, 0, SPEND_MINOR_MAX);
    }

    /// @inheritdoc IRule
    function weigh(uint256[] calldata terms, uint256 progress, Happening calldata happening)
        external
        pure
        returns (uint256 next, Award award)
    {
        if (progress & STATE != 0) return (progress, NO_AWARD);
        if (happening.occasion == Occasion.Draw) return _drawn(terms, progress, happening.subject);

        bool enters = happening.occasion == Occasion.Purchase && happening.spendMinor >= terms.word(MIN_SPEND)
            && progress < terms.word(MOST);
        unchecked {
            return (enters ? progress + 1 : progress, NO_AWARD);
        }
    }

    /// @inheritdoc IRule
    /// @dev The last entry goes. After the draw its prize goes back, so that member and sponsors are where they would be had
    /// the purchase gone back before.
    function takeBack(
        uint256[] calldata terms,
        uint256 progress,
        Happening calldata happening,
        TakenBack calldata takenBack
    ) external pure returns (uint256 next, Award award) {
        uint256 entries = uint8(progress);
        if (entries == 0 || happening.spendMinor < terms.word(MIN_SPEND)) return (progress, NO_AWARD);
        if (!TakeBack.losesCount(happening, takenBack)) return (progress, NO_AWARD);

        unchecked {
            next = progress - 1;
            if (progress & STATE == DRAWN_BLIND) {
                return (next, awardOf(_expected(terms, entries) - _expected(terms, entries - 1)));
            }

            uint256 win = FIRST_WIN << (entries - 1);
            if (progress & win != 0) return (next ^ win, awardOf(terms.word(PRIZE)));
        }
    }

    /// @dev Progress after the draw, and what it paid.
    function _drawn(uint256[] calldata terms, uint256 entries, uint256 random)
        private
        pure
        returns (uint256 next, Award award)
    {
        if (random == 0) return (entries | DRAWN_BLIND, awardOf(_expected(terms, entries)));

        unchecked {
            uint256 chanceBps = terms.word(CHANCE_BPS);
            uint256 wins = 0;
            next = entries | DRAWN;
            for (uint256 entry = 0; entry < entries; ++entry) {
                if (_lot(random, entry) % BPS < chanceBps) {
                    next |= FIRST_WIN << entry;
                    ++wins;
                }
            }
            award = awardOf(RepeatedAwards.atMost48Bits(wins * terms.word(PRIZE)));
        }
    }

    /// @dev Points that so many entries win on average, rounded down.
    function _expected(uint256[] calldata terms, uint256 entries) private pure returns (uint256) {
        unchecked {
            return RepeatedAwards.atMost48Bits(entries * terms.word(PRIZE) * terms.word(CHANCE_BPS) / BPS);
        }
    }

    /// @dev keccak256(abi.encode(random, entry)).
    function _lot(uint256 random, uint256 entry) private pure returns (uint256 lot) {
        assembly ("memory-safe") {
            mstore(0, random)
            mstore(32, entry)
            lot := keccak256(0, 64)
        }
    }
}
