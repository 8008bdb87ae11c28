// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Number of a partner in the coalition, given in order of on-boarding and starting at 1. 0 is nobody.
type PartnerId is uint32;
