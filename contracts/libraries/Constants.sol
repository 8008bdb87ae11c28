// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Width of one lot, in bits.
uint256 constant LOT_BITS = 48;

/// @dev Lots in one account; the longest validity, in epochs.
uint256 constant LOT_COUNT = 4;

/// @dev Most points in one lot of one account, and in one epoch of the whole coalition.
uint256 constant LOT_MAX = 0xFFFFFFFFFFFF;

/// @dev Largest spend of one purchase, in minor units.
uint256 constant SPEND_MINOR_MAX = 0xFFFFFFFFFFFF;

/// @dev Whole, in basis points.
uint256 constant BPS = 10_000;

/// @dev Highest base earn rate, in basis points of a point per minor unit: 100 points per minor unit.
uint256 constant EARN_RATE_BPS_MAX = 1_000_000;

/// @dev Most operations in one transaction.
uint256 constant BATCH_MAX = 500;

/// @dev Receipts that share a word.
uint256 constant RECEIPT_BITS = 32;

/// @dev Longest hold, in seconds.
uint256 constant HOLD_SECONDS_MAX = 30 days;

/// @dev Shortest epoch, in seconds: 24 bits of them last some 1,900 years.
uint256 constant EPOCH_SECONDS_MIN = 1 hours;

/// @dev Gas that a contract account may use to check a signature (ERC-1271).
uint256 constant ERC1271_GAS = 100_000;

/// @dev Flags of an account.
uint256 constant FLAG_ENROLLED = 1;
uint256 constant FLAG_INDEBTED = 2;
uint256 constant FLAG_KEY_CHANGED = 4;

/// @dev Flag of the coalition's own word: the ledger is paused.
uint256 constant FLAG_PAUSED = 1;
