// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Words kept as the code of a contract
/// @notice Words that never change are cheaper to read from a contract's code than from storage: 100 gas for all of them
/// together, once the account is warm.
/// @dev The code is STOP, so that nobody can run the words, the hash, and then the words one after another. Who reads them copies
/// the code from its second byte on (`RuleCall`).
library WordStore {
    error WordStoreFailed();

    /// @notice Where the words are now: the contract's address in the lower 160 bits, their number above.
    /// @param codeHash hash of the code of the rule that reads them.
    function write(bytes32 codeHash, uint256[] memory words) internal returns (uint256 place) {
        uint256 size = words.length * 32 + 33;
        bytes memory creation = abi.encodePacked(hex"61", uint16(size), hex"80600a3d393df300", codeHash, words);
        address store;
        assembly ("memory-safe") {
            store := create(0, add(creation, 32), mload(creation))
        }
        require(store != address(0), WordStoreFailed());
        place = uint256(uint160(store)) | (words.length << 160);
    }
}
