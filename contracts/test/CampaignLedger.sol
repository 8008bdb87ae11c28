// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICampaignLedger} from "../interfaces/ICampaignLedger.sol";
import {IEarnHook} from "../interfaces/IEarnHook.sol";
import {PartnerId} from "../types/PartnerId.sol";

/// @title A ledger of members alone, for tests of the campaign book
/// @notice Passes purchases on as the ledger does, and says what it was told.
contract CampaignLedger is ICampaignLedger {
    IEarnHook public book;

    mapping(address account => uint256) public memberSinceOf;

    event HookEarned(uint256 awarded, bytes32 awards, uint256[] others);
    event HookTakenBack(uint256 taken, uint256[] others);
    event OthersAwarded(uint256[] others);

    error CallerNotBook();

    function setBook(IEarnHook book_) external {
        book = book_;
    }

    function setMemberSince(address account, uint256 since) external {
        memberSinceOf[account] = since;
    }

    function earn(PartnerId partner, address member, uint256 receipt, uint48 spendMinor, uint48 points) external {
        (uint256 awarded, bytes32 awards, uint256[] memory others) =
            book.earned(
                partner, member, receipt, spendMinor, uint40(memberSinceOf[member]), points, book.briefingFor(partner)
            );
        emit HookEarned(awarded, awards, others);
    }

    /// @notice Tells one purchase of each member, as a batch does.
    /// @return used gas of each call: the call itself and the decoding of what it answers included.
    function earnAll(PartnerId partner, address[] calldata members, uint256 receipt, uint48 spendMinor, uint48 points)
        external
        returns (uint256[] memory used)
    {
        used = new uint256[](members.length);
        uint40 since = uint40(memberSinceOf[members[0]]);
        IEarnHook told = book;
        uint256 briefing = told.briefingFor(partner);
        for (uint256 i = 0; i < members.length; ++i) {
            uint256 before = gasleft();
            // slither-disable-next-line unused-return
            told.earned(partner, members[i], receipt + i, spendMinor, since, points, briefing);
            used[i] = before - gasleft();
        }
    }

    function takeBack(
        PartnerId partner,
        address member,
        uint256 receipt,
        uint256 spendMinor,
        uint256 points,
        uint256[] calldata words,
        uint256 spendBefore,
        uint256 spendAfter
    ) external {
        (uint256 taken, uint256[] memory others) = book.takenBack(
            partner, member, receipt, spendMinor, points, memberSinceOf[member], words, spendBefore, spendAfter
        );
        emit HookTakenBack(taken, others);
    }

    function award(uint256[] calldata others) external {
        require(msg.sender == address(book), CallerNotBook());
        emit OthersAwarded(others);
    }

    function listen() external view {
        require(msg.sender == address(book), CallerNotBook());
    }

    function signerOf(address account) external pure returns (address) {
        return account;
    }
}
