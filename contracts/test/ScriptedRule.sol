// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRule} from "../interfaces/IRule.sol";

/// @title A rule whose terms say how it answers, well or badly
/// @dev Terms: behaviour when asked of a happening, behaviour when asked of a reversal, and what it answers where it answers:
/// progress and award of a happening, progress and award of a reversal. It does not inherit `IRule`, whose functions are
/// `pure`: one of the behaviours writes.
contract ScriptedRule {
    /// @param Answering answers what the terms say.
    /// @param Reverting reverts.
    /// @param Looping burns all the gas that it gets.
    /// @param ShortReturning answers with one word.
    /// @param LongReturning answers with three words.
    /// @param HugeReturning answers with as many bytes as its gas allows.
    /// @param HugeReverting reverts with as many.
    /// @param Writing tries to change its storage before it answers.
    enum Behaviour {
        Answering,
        Reverting,
        Looping,
        ShortReturning,
        LongReturning,
        HugeReturning,
        HugeReverting,
        Writing
    }

    uint256 public writes;

    /// @notice Answers as the terms say, whatever it is asked.
    fallback(bytes calldata question) external returns (bytes memory) {
        bool isReversal = bytes4(question) == IRule.takeBack.selector;
        uint256[] memory terms = abi.decode(question[4:], (uint256[]));
        Behaviour chosen = Behaviour(terms[isReversal ? 1 : 0]);
        (uint256 next, uint256 award) = isReversal ? (terms[4], terms[5]) : (terms[2], terms[3]);

        if (chosen == Behaviour.Reverting) revert("no");
        if (chosen == Behaviour.Looping) {
            while (true) {}
        }
        if (chosen == Behaviour.ShortReturning) return abi.encode(next);
        if (chosen == Behaviour.LongReturning) return abi.encode(next, award, award);
        if (chosen == Behaviour.HugeReturning) {
            assembly ("memory-safe") {
                return(mload(64), 200000)
            }
        }
        if (chosen == Behaviour.HugeReverting) {
            assembly ("memory-safe") {
                revert(mload(64), 200000)
            }
        }
        if (chosen == Behaviour.Writing) ++writes;
        return abi.encode(next, award);
    }

    /// @notice Accepts any terms.
    function check(uint256[] calldata) external pure {}
}
