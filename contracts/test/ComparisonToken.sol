// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title An ordinary token, to compare the cost of a transfer with
contract ComparisonToken is ERC20 {
    /// @param holder account that gets `supply`, all there will ever be.
    constructor(address holder, uint256 supply) ERC20("Comparison", "CMP") {
        _mint(holder, supply);
    }
}
