// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Award} from "../types/Award.sol";
import {Happening, TakenBack} from "../types/Happening.sol";

/// @title A kind of campaign
/// @notice A contract of pure functions. It holds nothing, calls nothing and touches no balance; anyone can ask it for a
/// preview. The campaign book calls it with bounded gas, and checks what it answers: progress below 2^200, and an award that
/// the terms' caps and budget allow.
/// @dev `terms` are words whose meaning is the kind's own. Progress starts at 0.
interface IRule {
    /// @notice Terms that this kind cannot run on: which word, and its value.
    error TermInvalid(uint256 index, uint256 value);

    /// @notice Terms with the wrong number of words.
    error TermCountInvalid(uint256 count, uint256 wanted);

    /// @notice Reverts with `TermInvalid` or `TermCountInvalid` unless the kind can run on these terms.
    function check(uint256[] calldata terms) external pure;

    /// @notice Progress after something happened, and what it is worth.
    function weigh(uint256[] calldata terms, uint256 progress, Happening calldata happening)
        external
        pure
        returns (uint256 next, Award award);

    /// @notice Progress after a purchase was taken back, whole or in part, and what goes back of the awards that it had led to.
    /// @dev The book never takes back more than the campaign has paid the member.
    function takeBack(
        uint256[] calldata terms,
        uint256 progress,
        Happening calldata happening,
        TakenBack calldata takenBack
    ) external pure returns (uint256 next, Award award);
}
