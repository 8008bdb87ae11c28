// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Expirable ERC-20 (ERC-7818)
/// @dev The names and the order of arguments are the standard's.
interface IERC7818 is IERC20 {
    /// @dev What an epoch is measured in. The name is the standard's.
    enum EPOCH_TYPE {
        BLOCKS_BASED,
        TIME_BASED
    }

    /// @dev The optional error of the standard.
    error ERC7818TransferredExpiredToken(address sender, uint256 epoch);

    /// @notice Points of `account` that were earned in `epoch`; 0 if the epoch has expired.
    function balanceOfAtEpoch(uint256 epoch, address account) external view returns (uint256);

    /// @notice The epoch that runs now.
    function currentEpoch() external view returns (uint256);

    /// @notice Length of an epoch, in seconds.
    function epochLength() external view returns (uint256);

    /// @notice Always `TIME_BASED`.
    function epochType() external view returns (EPOCH_TYPE);

    /// @notice Number of epochs for which points are valid, the one in which they were earned included.
    function validityDuration() external view returns (uint256);

    /// @notice True if points earned in `epoch` are no longer valid.
    function isEpochExpired(uint256 epoch) external view returns (bool);

    /// @notice Transfers `value` points that were earned in `epoch`. Reverts if it has expired.
    function transferAtEpoch(uint256 epoch, address to, uint256 value) external returns (bool);

    /// @notice As `transferAtEpoch`, from the allowance of `from`.
    function transferFromAtEpoch(uint256 epoch, address from, address to, uint256 value) external returns (bool);
}
