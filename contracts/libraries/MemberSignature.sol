// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {ERC1271_GAS} from "./Constants.sol";

/// @title Signatures of members
/// @notice Accepts the signature of a key (ECDSA, 65 bytes, low s) or of a contract account (ERC-1271).
library MemberSignature {
    /// @dev More than the call itself costs before the account gets its gas.
    uint256 private constant CALL_GAS = 5_000;

    /// @notice The caller sent too little gas to hear a contract account out.
    error GasTooLow(uint256 available, uint256 needed);

    /// @notice True if `signer` signed `digest`.
    /// @dev A contract account gets `ERC1271_GAS` and one word of return data, so that it cannot stop the batch. A caller
    /// cannot make it fail by sending little gas either: that reverts the whole batch.
    function isValid(address signer, bytes32 digest, bytes memory signature) internal view returns (bool valid) {
        // slither-disable-next-line unused-return
        (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecover(digest, signature);
        if (failure == ECDSA.RecoverError.NoError && recovered == signer) return true;
        if (signer.code.length == 0) return false;

        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        uint256 available = gasleft() - gasleft() / 64;
        uint256 needed = ERC1271_GAS + CALL_GAS;
        require(available > needed, GasTooLow(available, needed));
        bytes4 expected = IERC1271.isValidSignature.selector;
        assembly ("memory-safe") {
            mstore(0, 0)
            let answered := staticcall(ERC1271_GAS, signer, add(question, 32), mload(question), 0, 32)
            valid := and(and(answered, gt(returndatasize(), 31)), eq(mload(0), expected))
        }
    }
}
