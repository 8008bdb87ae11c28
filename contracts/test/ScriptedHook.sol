// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEarnHook} from "../interfaces/IEarnHook.sol";
import {PartnerId} from "../types/PartnerId.sol";

/// @title A campaign book that answers what it is told to
/// @notice Tells what it was asked, and may call somebody in the middle of it.
contract ScriptedHook is IEarnHook {
    event Heard(
        PartnerId partner, address member, uint256 receipt, uint256 spendMinor, uint256 points, uint256 memberSince
    );
    event HeardBack(
        PartnerId partner,
        address member,
        uint256 receipt,
        uint256 spendMinor,
        uint256 points,
        uint256 memberSince,
        uint256[] words,
        uint256 spendBefore,
        uint256 spendAfter
    );

    /// @notice What a call in the middle answered.
    event Answered(bool succeeded, bytes answer);

    error Refused();

    bool public reverting;
    mapping(PartnerId partner => uint256) public briefingFor;

    uint256 private _points;
    uint256[] private _words;
    uint256[] private _others;
    address private _target;
    bytes private _attack;
    bytes private _raw;

    function isListening() external pure returns (bool) {
        return true;
    }

    function open(PartnerId partner, bool open_) external {
        briefingFor[partner] = open_ ? 1 : 0;
    }

    /// @notice Sets what the next purchases get, and what their reversals give back.
    function script(uint256 points, uint256[] calldata words, uint256[] calldata others) external {
        _points = points;
        _words = words;
        _others = others;
    }

    /// @notice Answers purchases with these bytes from now on, whatever they mean.
    function say(bytes calldata raw) external {
        _raw = raw;
    }

    /// @notice Reverts from now on.
    function refuse() external {
        reverting = true;
    }

    /// @notice Makes every question call `target` with `data` first.
    function attack(address target, bytes calldata data) external {
        _target = target;
        _attack = data;
    }

    /// @notice Calls `target` with `data` now.
    function relay(address target, bytes calldata data) external {
        (bool succeeded, bytes memory answer) = target.call(data);
        if (!succeeded) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
    }

    /// @inheritdoc IEarnHook
    function earned(
        PartnerId partner,
        address member,
        uint256 receipt,
        uint256 spendMinor,
        uint40 memberSince,
        uint256 points,
        uint256
    ) external returns (uint256 awarded, bytes32 awards, uint256[] memory others) {
        _interrupt();
        emit Heard(partner, member, receipt, spendMinor, points, memberSince);
        bytes memory raw = _raw;
        if (raw.length > 0) {
            assembly ("memory-safe") {
                return(add(raw, 32), mload(raw))
            }
        }
        uint256[] memory words = _words;
        return (_points, words.length == 0 ? bytes32(0) : keccak256(abi.encodePacked(words)), _others);
    }

    /// @inheritdoc IEarnHook
    function takenBack(
        PartnerId partner,
        address member,
        uint256 receipt,
        uint256 spendMinor,
        uint256 points,
        uint256 memberSince,
        uint256[] calldata words,
        uint256 spendBefore,
        uint256 spendAfter
    ) external returns (uint256 taken, uint256[] memory others) {
        _interrupt();
        emit HeardBack(
            partner, member, receipt, spendMinor, points, memberSince, words, spendBefore, spendAfter
        );
        return (_points, _others);
    }

    function _interrupt() private {
        require(!reverting, Refused());
        if (_target == address(0)) return;

        (bool succeeded, bytes memory answer) = _target.call(_attack);

        emit Answered(succeeded, answer);
    }
}
