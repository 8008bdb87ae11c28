// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEarnHook} from "../interfaces/IEarnHook.sol";
import {IPointLedger} from "../interfaces/IPointLedger.sol";
import {PartnerId} from "../types/PartnerId.sol";

/// @title A campaign book whose answers are drawn from hashes of the questions
/// @notice For fuzzing: its twin is `tests/fuzz/hook.py`.
contract RandomHook is IEarnHook {
    uint256 private constant BONUS_MAX = 0xFFFF;

    error BriefingLost();

    address[] private _accounts;

    /// @param accounts whom it may give something beside the purchaser.
    constructor(address[] memory accounts) {
        _accounts = accounts;
    }

    /// @notice Has the ledger credit `others`.
    function award(IPointLedger ledger, uint256[] calldata others) external {
        ledger.award(others);
    }

    /// @inheritdoc IEarnHook
    function isListening() external pure returns (bool) {
        return true;
    }

    /// @inheritdoc IEarnHook
    function briefingFor(PartnerId partner) external pure returns (uint256) {
        return PartnerId.unwrap(partner) % 3;
    }

    /// @inheritdoc IEarnHook
    function earned(
        PartnerId partner,
        address member,
        uint256 receipt,
        uint256 spendMinor,
        uint40 memberSince,
        uint256 points,
        uint256 briefing
    ) external view returns (uint256 awarded, bytes32 awards, uint256[] memory others) {
        require(briefing == PartnerId.unwrap(partner) % 3, BriefingLost());
        uint256 dice = uint256(keccak256(abi.encode(partner, member, receipt, spendMinor, points, memberSince)));
        uint256[] memory words = new uint256[](dice & 3);
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] = uint256(keccak256(abi.encode(dice, i)));
        }
        if (words.length == 0) return (awarded, awards, others);

        awarded = _points(dice);
        awards = keccak256(abi.encodePacked(words));
        others = _drawn(dice);
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
    ) external view returns (uint256 taken, uint256[] memory others) {
        bytes32 asked = keccak256(abi.encode(partner, member, receipt, spendMinor, points, memberSince));
        uint256 dice = uint256(
            keccak256(abi.encode(asked, keccak256(abi.encodePacked(words)), spendBefore, spendAfter))
        );
        return (_points(dice), _drawn(dice));
    }

    /// @dev Mostly little, sometimes nothing, rarely very much.
    function _points(uint256 dice) private pure returns (uint256) {
        uint256 size = (dice >> 2) & 0x3F;
        return size < 8 ? 0 : (dice >> 8) & (size == 0x3F ? 0x1FFFFFFFFFF : 0x3FF);
    }

    /// @dev Up to three accounts, the same one maybe twice, with up to `BONUS_MAX` points.
    function _drawn(uint256 dice) private view returns (uint256[] memory others) {
        others = new uint256[]((dice >> 64) & 3);
        for (uint256 i = 0; i < others.length; ++i) {
            uint256 points = (dice >> (128 + 16 * i)) & BONUS_MAX;
            address account = _accounts[((dice >> (72 + 8 * i)) & 0xFF) % _accounts.length];
            others[i] = uint256(uint160(account)) | (points << 160);
        }
    }
}
