// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @dev Makes brownie keep the library's contract, which it does only where a contract of the project depends on it.
abstract contract AccessManagerImport is AccessManager {}
