// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title A contract account (ERC-1271) that behaves well or badly, as a test wants
/// @dev Does not inherit `IERC1271`, whose function is `view`: one of the behaviours writes.
contract ContractAccount {
    /// @param Honest says yes to its owner's signature only.
    /// @param Refusing says no to everything, by the value that the standard suggests.
    /// @param Reverting reverts.
    /// @param GasBurning burns all the gas that it gets.
    /// @param NonsenseReturning answers yes with more than the standard's four bytes in the word.
    /// @param ShortReturning answers yes with its four bytes only, not a whole word.
    /// @param HugeReturning answers with 10,000 zero bytes.
    /// @param HugeReverting reverts with 10,000 bytes.
    /// @param Writing tries to change its storage before it says yes.
    enum Behaviour {
        Honest,
        Refusing,
        Reverting,
        GasBurning,
        NonsenseReturning,
        ShortReturning,
        HugeReturning,
        HugeReverting,
        Writing
    }

    address public immutable owner;
    Behaviour public behaviour;

    constructor(address owner_, Behaviour behaviour_) {
        owner = owner_;
        behaviour = behaviour_;
    }

    /// @notice Calls `target` as this account.
    function execute(address target, bytes calldata data) external returns (bytes memory) {
        (bool done, bytes memory result) = target.call(data);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
        return result;
    }

    /// @notice As `IERC1271`.
    function isValidSignature(bytes32 hash, bytes calldata signature) external returns (bytes4) {
        Behaviour chosen = behaviour;
        bytes4 yes = IERC1271.isValidSignature.selector;
        if (chosen == Behaviour.Refusing) return 0xffffffff;
        if (chosen == Behaviour.Reverting) revert("no");
        if (chosen == Behaviour.GasBurning) {
            while (true) {}
        }
        if (chosen == Behaviour.NonsenseReturning) {
            assembly ("memory-safe") {
                mstore(0, or(yes, 1))
                return(0, 32)
            }
        }
        if (chosen == Behaviour.ShortReturning) {
            assembly ("memory-safe") {
                mstore(0, yes)
                return(0, 4)
            }
        }
        if (chosen == Behaviour.HugeReturning) {
            assembly ("memory-safe") {
                return(mload(64), 10000)
            }
        }
        if (chosen == Behaviour.HugeReverting) {
            assembly ("memory-safe") {
                revert(mload(64), 10000)
            }
        }
        if (chosen == Behaviour.Writing) {
            behaviour = Behaviour.Honest;
        }
        (address recovered,,) = ECDSA.tryRecover(hash, signature);
        return recovered == owner ? yes : bytes4(0xffffffff);
    }
}
