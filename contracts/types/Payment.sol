// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Award} from "./Award.sol";
import {MemberKey, MemberWord} from "./MemberWord.sol";

/// @notice An award that competes with others of its group. `points` is what budget and cap allow of it.
struct Candidate {
    MemberKey key;
    uint256 group;
    uint256 version;
    MemberWord word;
    uint256 next;
    Award award;
    uint256 points;
}

/// @notice What the campaigns do about one thing that happened, or about a list of them.
/// @param receipt the purchase's, or what stands for it in events.
/// @param awarded points for the member.
/// @param words room for the words that tell of it, see `IEarnHook`; `wordCount` are written.
/// @param others room for points for others, packed as in `IEarnHook`; `otherCount` are written.
/// @param best of each group, the award that is ahead; `groupCount` are written.
struct Payment {
    uint256 receipt;
    uint256 awarded;
    uint256[] words;
    uint256 wordCount;
    uint256[] others;
    uint256 otherCount;
    Candidate[] best;
    uint256 groupCount;
}

using {tell, tellOther, othersTold, wordsHash} for Payment global;

/// @notice A payment with room for what `count` campaigns or members can lead to.
function paymentFor(uint256 receipt, uint256 count) pure returns (Payment memory) {
    return Payment(receipt, 0, roomFor(count), 0, noWords(), 0, noCandidates(), 0);
}

/// @notice Room for so many words and one more, each of which is written before it is read.
function roomFor(uint256 count) pure returns (uint256[] memory words) {
    assembly ("memory-safe") {
        let size := add(count, 1)
        words := mload(64)
        mstore(words, size)
        mstore(64, add(add(words, 32), shl(5, size)))
    }
}

function noWords() pure returns (uint256[] memory none) {}

function noCandidates() pure returns (Candidate[] memory none) {}

/// @dev There is room for a word of each campaign, and one more for the member's tier.
function tell(Payment memory payment, uint256 word) pure {
    uint256 place = payment.wordCount;
    unchecked {
        payment.wordCount = place + 1;
    }
    uint256[] memory words = payment.words;
    assembly ("memory-safe") {
        mstore(add(add(words, 32), shl(5, place)), word)
    }
}

/// @dev A campaign, or a member, leads to at most two: who bought, and who referred.
function tellOther(Payment memory payment, address account, uint256 points) pure {
    if (payment.otherCount == 0) payment.others = roomFor(2 * payment.words.length);
    payment.others[payment.otherCount++] = uint256(uint160(account)) | (points << 160);
}

/// @notice Points for others. Cuts the room to what is in it.
function othersTold(Payment memory payment) pure returns (uint256[] memory others) {
    others = payment.others;
    uint256 count = payment.otherCount;
    if (count == 0) return noWords();
    assembly ("memory-safe") {
        mstore(others, count)
    }
}

/// @notice Hash of the words, one after another; 0 for none.
function wordsHash(Payment memory payment) pure returns (bytes32 hash) {
    uint256[] memory words = payment.words;
    uint256 count = payment.wordCount;
    if (count == 0) return 0;
    assembly ("memory-safe") {
        hash := keccak256(add(words, 32), mul(count, 32))
    }
}
