// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";
import {Award} from "../types/Award.sol";
import {PartnerId} from "../types/PartnerId.sol";
import {PROGRESS_BITS, RULE_GAS} from "./Constants.sol";

/// @dev What a rule is asked, word by word as the ABI has it: the function, where the terms begin, progress, a `Happening`, a
/// `TakenBack`. It lies in memory ready to be sent, and is asked of one campaign after the other. `weigh` does not look at
/// the last four. `occasion` is an `Occasion`.
struct Question {
    uint256 selector;
    uint256 termsAt;
    uint256 progress;
    uint256 occasion;
    PartnerId partner;
    uint256 time;
    uint256 spendMinor;
    uint256 points;
    uint256 tier;
    uint256 memberSince;
    uint256 subject;
}

/// @title Asking a rule
/// @notice A rule gets bounded gas and can change nothing; what it answers is read as two words and checked. A rule that
/// reverts, loops or answers nonsense is told apart from one that answers.
library RuleCall {
    uint256 internal constant WEIGH = uint32(IRule.weigh.selector);
    uint256 private constant AWARD_BITS = 128;
    uint256 internal constant TAKE_BACK = uint32(IRule.takeBack.selector);

    /// @dev A call passes on at most 63 of 64 parts of the gas; the rest is more than the call costs before.
    uint256 private constant GAS_NEEDED = RULE_GAS * 64 / 63 + 5_000;

    /// @notice The caller sent too little gas to hear a rule out.
    error GasTooLow(uint256 available, uint256 needed);

    /// @notice What the rule answers.
    /// @param terms where its terms are, see `WordStore`. They are sent along from beyond the memory in use.
    /// @dev A rule whose code is no longer the one that was listed counts as one that does not answer. A caller cannot make a
    /// rule fail by sending little gas: that reverts everything.
    function ask(Question memory question, address rule, uint256 terms)
        internal
        view
        returns (bool answered, uint256 next, Award award)
    {
        require(gasleft() > GAS_NEEDED, GasTooLow(gasleft(), GAS_NEEDED));
        assembly ("memory-safe") {
            let arguments := add(question, 32)
            let start := mload(64)
            let size := shl(5, shr(160, terms))
            extcodecopy(terms, start, 1, add(size, 32))
            let codeHash := mload(start)
            mstore(arguments, sub(start, arguments))
            mstore(start, shr(160, terms))

            let called := add(question, 28)
            answered := staticcall(RULE_GAS, rule, called, sub(add(add(start, 32), size), called), 0, 64)
            next := mload(0)
            award := mload(32)
            answered := and(and(answered, eq(returndatasize(), 64)), eq(extcodehash(rule), codeHash))
            answered := and(answered, iszero(or(shr(PROGRESS_BITS, next), shr(AWARD_BITS, award))))
        }
    }
}
