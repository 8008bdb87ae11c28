// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CampaignId} from "../types/CampaignId.sol";
import {Terms} from "../types/Terms.sol";

/// @title Hash of terms
/// @notice What sponsors approve: it names the chain, the contract of agreements, the campaign, the version and every term.
library TermsHash {
    /// @dev Where the ABI puts the terms, behind the four words before and this one.
    uint256 private constant HEAD_BYTES = 160;

    /// @notice keccak256(abi.encode(chain id, agreements, campaign, version, terms)).
    function hash(address agreements, CampaignId campaign, uint256 version, Terms calldata terms)
        internal
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, agreements, campaign, version, terms));
    }

    /// @notice The same, for terms that are the last of a call's arguments, encoded as the ABI says.
    /// @dev Takes the terms as they stand in the call, where they are encoded already. Encoded in any other way they have a hash
    /// that nobody approved.
    function hashOfLast(address agreements, CampaignId campaign, uint256 version, Terms calldata terms)
        internal
        view
        returns (bytes32)
    {
        // slither-disable-next-line write-after-write
        bytes calldata encoded;
        assembly ("memory-safe") {
            encoded.offset := terms
            encoded.length := sub(calldatasize(), terms)
        }
        bytes memory head = abi.encode(block.chainid, agreements, campaign, version, HEAD_BYTES);
        return keccak256(bytes.concat(head, encoded));
    }
}
